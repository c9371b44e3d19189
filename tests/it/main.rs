//! Latchkey from outside. Needs nothing but the Rust toolchain.

mod cli;
