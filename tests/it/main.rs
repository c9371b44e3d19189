//! Latchkey from outside, as one binary. It needs nothing but the Rust toolchain.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic,
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail, and reads best when it is plain; clippy excuses only functions marked as tests"
)]

mod architecture;
mod audit_chain;
mod cli;
mod crash;
mod damage;
mod examples;
mod factor_model;
mod harness;
mod http;
mod mail;
mod model;
mod process;
mod profile;
mod promises;
mod race;
mod readme;
mod retention;
mod rules;
mod scrub;
mod secrets;
mod supply_chain;
mod sweep;
mod webhook;
