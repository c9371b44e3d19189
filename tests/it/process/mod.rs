//! The real binary as its operator and its clients meet it: files, sockets, signals, exit codes.
//!
//! Every wait is for something that is said or closed, and ends at [`server::PATIENCE`]; nothing sleeps.

pub mod client;
pub mod server;

mod attack;
mod commands;
mod development;
mod events;
mod import;
mod profile;
mod refusals;
mod smtp;
mod start;
mod stop;
mod tls;
