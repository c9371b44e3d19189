//! The dialects of the profiles.

mod cirtusai;
mod cirtusai_actor;
mod cirtusai_factor;
mod description;
mod mount;
mod scribes;
