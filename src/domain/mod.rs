//! Pure rules and state machines. Knows no I/O, no clock and no randomness: time, ids and secrets come in as values.

pub mod id;
pub mod time;
pub mod token;
