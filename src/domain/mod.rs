//! Pure rules and state machines. Knows no I/O, no clock and no randomness: time, ids and secrets come in as values.

pub mod address;
pub mod id;
pub mod time;
