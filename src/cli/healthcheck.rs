//! `latchkey healthcheck`. Knows no server.

use std::io::Write;

use clap::Args;

use crate::runtime::healthcheck;

use super::Outcome;
use super::config_flags::ServerFlags;

/// Ask the server on this machine whether it is ready
#[derive(Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Healthcheck {
    #[command(flatten)]
    flags: ServerFlags,
}

const ABOUT: &str = "\
Ask the server on this machine whether it is ready: for container engines and scripts. Reads the same configuration as
serve, asks GET /health/ready at the first address that answers plain HTTP, and ends with 0 for yes and 1 for no.";

const EXAMPLES: &str = "\
Examples:
  latchkey healthcheck
  latchkey healthcheck --listen 0.0.0.0:8000";

impl Healthcheck {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        let said = healthcheck::ask(&self.flags.load()?.config)?;
        Ok(writeln!(out, "{said}")?)
    }
}
