//! The bodies of the profiles: what other systems' clients send and read. Knows nothing of routes or rules.
//!
//! A request type here ignores what it does not know, and an answer may say `null`: so do the systems whose clients
//! these are.

pub mod cirtusai;
pub mod pynomaly;
pub mod scribes;
