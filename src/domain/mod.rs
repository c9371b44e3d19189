//! Pure rules and state machines. Knows no I/O, no clock and no randomness: time, ids and secrets come in as values.

pub mod email;
pub mod id;
pub mod link;
pub mod mail;
pub mod template;
pub mod time;
