//! `latchkey check-access`. Knows no rules.

use std::io::Write;

use clap::Args;

use crate::runtime::access::{self, Answer, Request};

use super::Outcome;
use super::config_flags::ConfigFlags;
use super::outcome::failed;

/// Say which rule of forward-auth decides about a request
#[derive(Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct CheckAccess {
    /// The host of the application
    #[arg(long)]
    host: String,

    /// The path, without the query
    #[arg(long)]
    path: String,

    /// The method
    #[arg(long, default_value = "GET")]
    method: String,

    /// Say as well whether this account may: its address, username or id; the server must be stopped
    #[arg(long)]
    user: Option<String>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    flags: ConfigFlags,
}

const ABOUT: &str = "\
Say which [[forward_auth.rule]] decides about a request to an application, what it asks for, and with --user whether
that account may. Asks no server: it reads the configuration, and for --user the store of a stopped server.";

const EXAMPLES: &str = "\
Examples:
  latchkey check-access --host app.example.com --path /admin
  latchkey check-access --host app.example.com --path /admin --method POST --user ada@example.com --json";

impl CheckAccess {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        let Self { host, path, method, user, json, flags } = self;
        let loaded = flags.load()?;
        let request = Request { host: &host, path: &path, method: &method, user: user.as_deref() };
        let answer = access::check(&loaded, &request)?;
        if json {
            let text = serde_json::to_string(&answer).map_err(|error| failed(&error))?;
            writeln!(out, "{text}")?;
        } else {
            print(&answer, out)?;
        }
        Ok(())
    }
}

fn print(answer: &Answer, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "rule: {}", answer.rule.as_deref().unwrap_or("none"))?;
    match (&answer.needs, answer.refused) {
        (Some(needs), _) => writeln!(out, "needs: {needs}")?,
        (None, why) => writeln!(out, "refused: {}", why.unwrap_or_default())?,
    }
    if let Some(user) = &answer.user {
        let may = if user.may { "may" } else { "may not" };
        writeln!(out, "{}: {may}: {}", user.email, user.because)?;
    }
    Ok(())
}
