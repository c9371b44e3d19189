//! `latchkey serve`. Knows no server.

use std::io::Write;

use clap::Args;

use crate::runtime::commands;

use super::Outcome;
use super::config_flags::ServerFlags;

/// Start the server
#[derive(Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Serve {
    #[command(flatten)]
    flags: ServerFlags,
}

const ABOUT: &str = "\
Start the server, and run until SIGTERM or SIGINT.

Works without any file: the data folder, the keys and a self-signed certificate are made when they are missing,
and a one-time setup code for the first administrator is printed.

With --dev it listens on 127.0.0.1:8080 unless --listen says otherwise, refuses every address but loopback, keeps
mail at /dev/mailbox, has a clock to move at /dev/clock and two users whose password is printed. Its data folder is
latchkey-dev beside the usual one: only --data-dir and LATCHKEY_DATA_DIR change that, the file does not.";

const EXAMPLES: &str = "\
Examples:
  latchkey serve
  latchkey serve --config /etc/latchkey/auth.toml
  latchkey serve --listen 127.0.0.1:9443 --data-dir ./data --log debug
  latchkey serve --dev --listen 127.0.0.1:3000";

impl Serve {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        Ok(commands::serve(&self.flags.load()?, out)?)
    }
}
