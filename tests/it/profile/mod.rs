//! The dialects of the profiles.

mod cirtusai;
mod cirtusai_actor;
mod cirtusai_factor;
mod description;
mod mount;
mod pynomaly;
mod pynomaly_debug;
mod pynomaly_keys;
mod pynomaly_mfa;
mod scribes;
