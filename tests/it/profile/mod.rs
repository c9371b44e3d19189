//! The dialects of the profiles.

mod cirtusai;
mod cirtusai_actor;
mod cirtusai_factor;
mod cross;
mod description;
mod mount;
mod pynomaly;
mod pynomaly_debug;
mod pynomaly_keys;
mod pynomaly_mfa;
mod scribes;
mod trading;
mod trading_access;
mod trading_actor;
mod trading_diagnosis;
mod trading_keys;
mod trading_mfa;
mod trading_sessions;
