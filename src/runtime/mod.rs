//! The composition root: builds the parts, starts and stops them. Knows every layer below; only the command line knows it.

pub mod commands;
pub mod data_dir;
pub mod failure;
pub mod hardening;
