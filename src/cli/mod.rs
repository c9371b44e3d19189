//! The command line: one file per subcommand. Knows how to ask and how to print, not how anything is done.
//!
//! Exit codes: 0 done, 1 failed, 2 the arguments make no sense.

#![expect(clippy::doc_markdown, reason = "clap prints the comments as they stand")]

mod audit;
mod check;
mod check_access;
mod completions;
mod config_flags;
mod console;
mod explain;
mod healthcheck;
mod key;
mod openapi;
mod outcome;
mod password;
mod serve;
mod user;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::runtime::failure::Failure;
use crate::runtime::hardening::harden_process;

use outcome::{Failed, Outcome, failed};

/// An authentication server in one executable.
#[derive(Parser)]
#[command(name = "latchkey", version, disable_help_subcommand = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  latchkey serve                    start; folder, keys and certificate are made when missing
  latchkey serve --dev              try it out on http://127.0.0.1:8080
  latchkey user create --email ada@example.com --role super_admin
  latchkey console                  watch and operate the server of this machine
  latchkey explain REQUEST_ID       why a request was denied, and what helps
  latchkey check                    print the effective configuration and its sources

Every key of auth.toml is described in auth.toml.example.";

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Check(check::Check),
    CheckAccess(check_access::CheckAccess),
    Healthcheck(healthcheck::Healthcheck),
    User(user::User),
    Key(key::Key),
    Audit(audit::Audit),
    Console(console::Console),
    Explain(explain::Explain),
    Openapi(openapi::Openapi),
    Completions(completions::Completions),
}

/// Runs the command that `arguments` name, the name of the program first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let mut out = io::stdout();
    let result = harden_process().map_err(|error| failed(&error)).and_then(|()| match cli.command {
        Command::Serve(serve) => serve.run(&mut out),
        Command::Check(check) => check.run(&mut out),
        Command::CheckAccess(check) => check.run(&mut out),
        Command::Healthcheck(healthcheck) => healthcheck.run(&mut out),
        Command::User(user) => user.run(&mut out),
        Command::Key(key) => key.run(&mut out),
        Command::Audit(audit) => audit.run(&mut out),
        Command::Console(console) => console.run(&mut out),
        Command::Explain(explain) => explain.run(&mut out),
        Command::Openapi(openapi) => openapi.run(&mut out),
        Command::Completions(completions) => completions.run(&mut out),
    });
    match result.and_then(|()| Ok(out.flush()?)) {
        Ok(()) | Err(Failed::OutputClosed) => ExitCode::SUCCESS,
        Err(Failed::For(failures)) => {
            tell(&failures);
            ExitCode::FAILURE
        }
        Err(Failed::Usage(failure)) => {
            tell(&[failure]);
            ExitCode::from(2)
        }
    }
}

fn tell(failures: &[Failure]) {
    let mut err = io::stderr().lock();
    for failure in failures {
        // Nobody is left to tell when standard error is closed too.
        let _ = writeln!(err, "latchkey: {}", failure.what);
        if let Some(help) = &failure.help {
            let _ = writeln!(err, "help: {help}");
        }
    }
}

/// Help and version are no errors; everything else is told in the words of clap, under our name.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    // Without any argument the text is the help itself, not an error.
    let text =
        text.strip_prefix("error: ").map_or_else(|| text.clone(), |error| format!("latchkey: {error}"));
    let _ = write!(io::stderr(), "{text}");
    ExitCode::from(2)
}
