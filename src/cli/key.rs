//! `latchkey key`. Knows no keys.

use std::io::{Read, Write, stdin};

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use crate::runtime::inspect;

use super::Outcome;
use super::config_flags::ConfigFlags;

/// Longest text that is looked at, in bytes.
const TEXT_MAX: u64 = 4_096;

/// Look into API keys
#[derive(Args)]
pub struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Inspect(Inspect),
}

/// Say what a leaked string is, and whose
#[derive(Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
struct Inspect {
    #[command(flatten)]
    flags: ConfigFlags,
}

const ABOUT: &str = "\
Say what a leaked string is, and whose. The string is read from standard input, and is neither kept nor logged.

Its form and its checksum tell, without any server, whether it is an API key at all. Then it is looked up in the data
folder, which only one process has at a time: while the server runs, or without a data folder, the look-up is left
out, and said so. Ends with 0 when the string is a whole API key, and with 1 when it is none or no server's here.";

const EXAMPLES: &str = "\
Examples:
  latchkey key inspect < leaked.txt
  pbpaste | latchkey key inspect --data-dir /var/lib/latchkey";

impl Key {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        let Command::Inspect(Inspect { flags }) = self.command;
        let loaded = flags.load()?;
        let mut text = Zeroizing::new(String::with_capacity(4_096));
        stdin().lock().take(TEXT_MAX).read_to_string(&mut text)?;
        for line in inspect::key(&loaded, text.trim())? {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}
