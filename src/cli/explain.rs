//! `latchkey explain`. Knows no rule.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::config::{Environment, TOKEN_VARIABLE};
use crate::console::explain::{Question, ask};
use crate::console::{Options, Refusal};
use crate::runtime::failure::Failure;

use super::Outcome;
use super::config_flags::ConfigFlags;
use super::outcome::Failed;

/// Say why a request was denied, and what helps
#[derive(Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct Explain {
    /// The id of a request, as its answer named it
    #[arg(value_name = "REQUEST_ID", conflicts_with_all = ["user", "address", "since", "simulate"])]
    id: Option<String>,

    /// What this account asked for, or what was about it: an id, an email address or a username
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// What came from this address
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,

    /// What was denied since then, as 2026-11-21T10:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// What would happen to a request; nothing happens
    #[arg(long, num_args = 4, value_names = ["USER", "METHOD", "PATH", "ADDRESS"],
        conflicts_with_all = ["user", "address", "since"])]
    simulate: Option<Vec<String>>,

    /// Print the answer of the server as JSON
    #[arg(long)]
    json: bool,

    /// A server: https://HOST:PORT, unix:/PATH, or http://127.0.0.1:PORT [default: the admin socket here]
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    /// Trust the authorities in this PEM file, instead of the public ones
    #[arg(long, value_name = "FILE", conflicts_with = "fingerprint")]
    ca_file: Option<PathBuf>,

    /// Trust the one certificate with this SHA-256, as `latchkey serve` prints it
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,

    /// A file with an access token or an API key [default: $LATCHKEY_TOKEN]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,

    #[command(flatten)]
    flags: ConfigFlags,
}

const ABOUT: &str = "\
Say why a request was denied, step by step, and what helps. The client is told little, but the id of the request; the server
keeps the rest for a day ([explain]). Asks the running server over its admin socket; each look is recorded there.

With --simulate it says what would happen to a request now: the credential is taken to be good and the password right, and
nothing happens.";

const EXAMPLES: &str = "\
Examples:
  latchkey explain 019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b12
  latchkey explain --user ada@example.com
  latchkey explain --address 203.0.113.7 --json
  latchkey explain --simulate ada@example.com POST /api/v1/auth/login 203.0.113.7";

impl Explain {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        let question = match (self.id, self.simulate.as_deref()) {
            (Some(id), _) => Question::Request(id),
            (None, Some([user, method, path, address])) => Question::Simulation {
                user: user.clone(),
                method: method.clone(),
                path: path.clone(),
                address: address.clone(),
            },
            _ => Question::Search { user: self.user, address: self.address, since: self.since },
        };
        let socket = match &self.server {
            None => self.flags.load()?.config.admin_socket.map(|socket| socket.path),
            Some(_) => None,
        };
        let environment = Environment::of_process();
        let options = Options {
            server: self.server,
            ca_file: self.ca_file,
            fingerprint: self.fingerprint,
            key_file: self.key_file,
            token: environment.value(TOKEN_VARIABLE).filter(|token| !token.is_empty()).map(str::to_owned),
            socket,
            ..Options::default()
        };
        let lines = ask(&options, &question, self.json).map_err(|refusal| match refusal {
            Refusal::Settings(what) => Failed::For(vec![Failure::new(what)]),
            other => super::failed(&other),
        })?;
        for line in lines {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}
