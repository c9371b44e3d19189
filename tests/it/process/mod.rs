//! The real binary as its operator and its clients meet it: files, sockets, signals, exit codes.
//!
//! Every wait is for something that is said or closed, and ends at [`server::PATIENCE`]; nothing sleeps.

pub mod client;
pub mod server;

mod admin_socket;
mod admin_socket_path;
mod attack;
mod check_access;
mod commands;
mod console;
mod development;
mod events;
mod events_kill;
mod explain;
mod hardship;
mod import;
mod profile;
mod refusals;
mod server_view;
mod smtp;
mod start;
mod stop;
mod tls;
