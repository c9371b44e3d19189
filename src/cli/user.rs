//! `latchkey user`. Knows no accounts.

use std::io::Write;

use clap::{Args, Subcommand};

use crate::runtime::commands::{self, NewUser};

use super::Outcome;
use super::config_flags::ConfigFlags;
use super::password::PasswordFrom;

/// Make users on a stopped server
#[derive(Args)]
pub struct User {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Create(Create),
}

/// Make a user, active and with a verified email address
#[derive(Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
struct Create {
    /// The email address
    #[arg(long)]
    email: String,

    /// The name of the role, such as super_admin [default: registration.default_role]
    #[arg(long)]
    role: Option<String>,

    /// The name to log in with [default: made from the email address]
    #[arg(long)]
    username: Option<String>,

    /// The name to show
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    password: PasswordFrom,

    #[command(flatten)]
    flags: ConfigFlags,
}

const ABOUT: &str = "\
Make a user, active and with a verified email address. The server must be stopped.

The password is asked for, unless it comes from a file or from standard input. It is never an argument: those
can be seen by every user of the machine.";

const EXAMPLES: &str = "\
Examples:
  latchkey user create --email ada@example.com --role super_admin
  latchkey user create --email bob@example.com --password-file ./password
  pass show bob | latchkey user create --email bob@example.com --password-stdin";

impl User {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        let Command::Create(create) = self.command;
        let loaded = create.flags.load()?;
        let user = NewUser {
            email: create.email,
            username: create.username,
            name: create.name,
            role: create.role.unwrap_or_else(|| loaded.config.registration.default_role.clone()),
            password: create.password.read()?,
        };
        let made = commands::create_user(&loaded, &user)?;
        writeln!(out, "{made}")?;
        Ok(())
    }
}
