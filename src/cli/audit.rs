//! `latchkey audit`. Knows no records.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::runtime::commands::{self, AuditSource};

use super::Outcome;
use super::config_flags::ConfigFlags;

/// Verify the audit log
#[derive(Args)]
pub struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Verify(Verify),
}

/// Verify that no record of the audit log was changed, removed or moved
#[derive(Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
struct Verify {
    /// A copy of the store file, instead of the data folder
    #[arg(long, value_name = "FILE", requires = "keys", conflicts_with_all = ["data_dir", "config", "dev"])]
    store: Option<PathBuf>,

    /// The copy of the keys folder that belongs to it
    #[arg(long, value_name = "DIR", requires = "store")]
    keys: Option<PathBuf>,

    #[command(flatten)]
    flags: ConfigFlags,
}

const ABOUT: &str = "\
Verify that no record of the audit log was changed, removed or moved. Reads the data folder of a stopped server,
or a copy of its store and keys. Ends with 1 and names the first bad record when there is one.";

const EXAMPLES: &str = "\
Examples:
  latchkey audit verify
  latchkey audit verify --data-dir /var/lib/latchkey
  latchkey audit verify --store backup/store.redb --keys backup/keys";

impl Audit {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        let Command::Verify(verify) = self.command;
        let source = match (verify.store, verify.keys) {
            (Some(store), Some(keys)) => AuditSource::Copy { store, keys },
            _ => AuditSource::DataDir(verify.flags.load()?.config.data_dir),
        };
        writeln!(out, "{}", commands::verify_audit(source)?)?;
        Ok(())
    }
}
