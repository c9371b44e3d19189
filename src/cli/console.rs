//! `latchkey console`. Knows no screen.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::config::{Environment, TOKEN_VARIABLE};
#[cfg(debug_assertions)]
use crate::console::Trial;
use crate::console::{self, Options, Refusal};
use crate::runtime::failure::Failure;

use super::Outcome;
use super::config_flags::ConfigFlags;
use super::outcome::Failed;

/// Watch and operate a server from the terminal
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Console {
    /// A server by its name in console.toml
    #[arg(long, value_name = "NAME", conflicts_with = "server")]
    context: Option<String>,

    /// A server: https://HOST:PORT, unix:/PATH, or http://127.0.0.1:PORT [default: the admin socket here]
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    /// Trust the authorities in this PEM file, instead of the public ones
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fingerprint", "context"])]
    ca_file: Option<PathBuf>,

    /// Trust the one certificate with this SHA-256, as `latchkey serve` prints it
    #[arg(long, value_name = "HEX", conflicts_with = "context")]
    fingerprint: Option<String>,

    /// A file with an access token or an API key [default: $LATCHKEY_TOKEN]
    #[arg(long, value_name = "FILE", conflicts_with = "context")]
    key_file: Option<PathBuf>,

    /// Start with writes allowed, for ten minutes; otherwise A allows them
    #[arg(long)]
    rw: bool,

    /// Lines instead of a screen: commands from standard input, rows to standard output
    #[arg(long)]
    plain: bool,

    /// Draw with ASCII only
    #[arg(long)]
    ascii: bool,

    /// ansi16, okabe-ito, high-contrast, light or mono [default: mono with $NO_COLOR, else ansi16]
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,

    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,

    /// Write a line to this file each time everything is drawn and no request is under way
    #[arg(long, value_name = "FILE", hide = true)]
    settle: Option<PathBuf>,

    /// Fail on purpose when the screen is drawn again: task or screen
    #[cfg(debug_assertions)]
    #[arg(long, value_name = "WHAT", hide = true)]
    fail: Option<String>,

    #[command(flatten)]
    flags: ConfigFlags,
}

const ABOUT: &str = "\
Watch and operate a server from the terminal, live: what needs attention, sessions, lockouts, the audit log, accounts, API
keys, health, and networks that guess. Nothing can be changed until A arms the console, for ten minutes, and every change
asks first. Press ? for the keys.

Servers, keys and colours are kept in $XDG_CONFIG_HOME/latchkey/console.toml:

  theme = \"okabe-ito\"
  [keys]
  quit = \"ctrl-q\"
  [contexts.prod]
  server = \"https://auth.example.com:8443\"
  key_file = \"/home/ops/.latchkey-prod\"
  fingerprint = \"AB:CD:..\"        # or ca_file
  read_only = true";

const EXAMPLES: &str = "\
Examples:
  latchkey console
  latchkey console --context prod
  LATCHKEY_TOKEN=.. latchkey console --server https://127.0.0.1:8443 --fingerprint AB:CD:..
  echo 'audit res:deny since:1h' | latchkey console --plain --context prod";

const WITHOUT_TERMINAL: &str = "\
standard input and output must be a terminal; without one, --plain reads commands as lines and prints rows as lines:
  echo 'sessions' | latchkey console --plain";

impl Console {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        let environment = Environment::of_process();
        let value = |name: &str| environment.value(name).filter(|value| !value.is_empty());
        let settings = value("XDG_CONFIG_HOME").map(PathBuf::from);
        let settings = settings.or_else(|| value("HOME").map(|home| PathBuf::from(home).join(".config")));
        let socket = match (&self.context, &self.server) {
            (None, None) => self.flags.load()?.config.admin_socket.map(|socket| socket.path),
            _ => None,
        };
        let options = Options {
            context: self.context,
            server: self.server,
            ca_file: self.ca_file,
            fingerprint: self.fingerprint,
            key_file: self.key_file,
            rw: self.rw,
            plain: self.plain,
            ascii: self.ascii,
            theme: self.theme,
            no_mouse: self.no_mouse,
            settle: self.settle,
            #[cfg(debug_assertions)]
            trial: self.fail.map(|what| if what == "task" { Trial::Task } else { Trial::Screen }),
            #[cfg(not(debug_assertions))]
            trial: None,
            token: value(TOKEN_VARIABLE).map(str::to_owned),
            no_color: value("NO_COLOR").is_some(),
            is_over_ssh: value("SSH_CONNECTION").is_some(),
            file: settings.map(|folder| folder.join("latchkey/console.toml")),
            socket,
        };
        console::run(options, out).map_err(|refusal| match refusal {
            Refusal::NoTerminal => Failed::Usage(Failure::new(refusal.to_string()).help(WITHOUT_TERMINAL)),
            other => super::failed(&other),
        })
    }
}
