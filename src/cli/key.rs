//! `latchkey key`: those of people and those that sign tokens. Knows neither.

use std::io::{Read, Write, stdin};

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use crate::runtime::{commands, inspect};

use super::Outcome;
use super::config_flags::ConfigFlags;

/// Longest text that is looked at, in bytes.
const TEXT_MAX: u64 = 4_096;

/// Look into API keys, and turn the keys that sign tokens
#[derive(Args)]
pub struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Inspect(Inspect),
    Rotate(Rotate),
}

/// Say what a leaked string is, and whose
#[derive(Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
struct Inspect {
    #[command(flatten)]
    flags: ConfigFlags,
}

/// Let the next key sign tokens, on a stopped server
#[derive(Args)]
#[command(long_about = ROTATE_ABOUT, after_help = ROTATE_EXAMPLES)]
struct Rotate {
    /// End every token that was ever given out: who has tokens logs in again
    #[arg(long)]
    revoke: bool,

    #[command(flatten)]
    flags: ConfigFlags,
}

const ROTATE_ABOUT: &str = "\
Let the next key sign tokens, on a stopped server.

What signed till now goes on verifying for as long as its tokens may live, so nobody notices. With --revoke it does not:
every access and refresh token that was ever given out ends; sessions with a cookie and API keys go on. A server that
runs is asked over its API instead: POST /api/v1/signing-keys/rotate. A key that is a secret of the configuration (JWT_SECRET_KEY) is changed there.";

const ROTATE_EXAMPLES: &str = "\
Examples:
  latchkey key rotate
  latchkey key rotate --revoke --data-dir /var/lib/latchkey";

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
        match self.command {
            Command::Inspect(inspect) => inspect.run(out),
            Command::Rotate(Rotate { revoke, flags }) => {
                for line in commands::rotate_keys(&flags.load()?, revoke)? {
                    writeln!(out, "{line}")?;
                }
                Ok(())
            }
        }
    }
}

impl Inspect {
    fn run(self, out: &mut dyn Write) -> Outcome {
        let loaded = self.flags.load()?;
        let mut text = Zeroizing::new(String::with_capacity(4_096));
        stdin().lock().take(TEXT_MAX).read_to_string(&mut text)?;
        for line in inspect::key(&loaded, text.trim())? {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}
