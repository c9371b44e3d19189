//! The composition root: builds the parts, starts and stops them. Knows every layer below; only the command line knows it.

pub mod access;
pub mod around;
pub mod build;
pub mod commands;
pub mod data_dir;
pub mod dev;
pub mod failure;
pub mod hardening;
pub mod healthcheck;
pub mod import;
pub mod inspect;
pub mod jobs;
pub mod listen;
pub mod log_lines;
pub mod metrics;
pub mod serve;
pub mod telemetry;
pub mod transport;
