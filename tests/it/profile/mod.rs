//! The dialects of the profiles.

mod mount;
mod scribes;
