//! `latchkey check`: what counts, and why. Knows no keys.

use std::io::Write;

use clap::Args;

use crate::config::Loaded;
use crate::runtime::commands;

use super::Outcome;
use super::config_flags::ServerFlags;

/// Print the effective configuration and where each value comes from
#[derive(Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Check {
    #[command(flatten)]
    flags: ServerFlags,

    /// Check the whole store as well; the server must be stopped
    #[arg(long)]
    store: bool,
}

const ABOUT: &str = "\
Print the effective configuration, secrets redacted, and where each value comes from: the default, a line of the
file, an environment variable or a flag. Ends with 1 and names every error when the configuration is refused.";

const EXAMPLES: &str = "\
Examples:
  latchkey check
  latchkey check --config /etc/latchkey/auth.toml
  latchkey check --store --data-dir /var/lib/latchkey";

impl Check {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        let loaded = self.flags.load()?;
        print(&loaded, out)?;
        if self.store {
            writeln!(out)?;
            for line in commands::check_store(&loaded)? {
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }
}

fn print(loaded: &Loaded, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "# file: {}", loaded.file.as_deref().unwrap_or("none"))?;
    for setting in &loaded.settings {
        let line = match &setting.shown {
            Some(shown) => format!("{} = {shown}", setting.key),
            None => format!("# {} is not set", setting.key),
        };
        writeln!(out, "{line:<48} # {}", setting.source)?;
    }
    Ok(())
}
