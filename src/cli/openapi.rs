//! `latchkey openapi`. Knows no API.

use std::io::Write;

use clap::Args;

use crate::runtime::commands;

use super::Outcome;

/// Print the OpenAPI description of the API as JSON
#[derive(Args)]
#[command(after_help = "Examples:\n  latchkey openapi > openapi.json")]
pub struct Openapi {}

impl Openapi {
    #[expect(clippy::unused_self, reason = "every subcommand runs the same way")]
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        out.write_all(commands::openapi_json().as_bytes())?;
        Ok(())
    }
}
