//! `latchkey user`. Knows no accounts.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::config::plain_io_error;
use crate::runtime::commands::{self, NewUser};
use crate::runtime::failure::Failure;

use super::Outcome;
use super::config_flags::ConfigFlags;
use super::outcome::Failed;
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
    Import(Import),
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

/// Make the users of another system, with the hashes of their passwords
#[derive(Args)]
#[command(long_about = IMPORT_ABOUT, after_help = IMPORT_EXAMPLES)]
struct Import {
    /// A file with one JSON object a line, or - for standard input
    file: PathBuf,

    /// Import the other lines when some are bad
    #[arg(long)]
    skip_bad: bool,

    #[command(flatten)]
    flags: ConfigFlags,
}

const IMPORT_ABOUT: &str = "\
Make the users of another system, with the hashes of their passwords. The server must be stopped.

Each line is a JSON object with \"email\" and \"password_hash\", and perhaps \"username\", \"name\", \"role\" and
\"email_verified\" (false when missing: then the address is to be verified here). A hash is Argon2id as a PHC string,
or bcrypt ($2a$, $2b$, $2y$) of cost 4 to 14; at the next login of its owner it is replaced.

All lines are checked first, and when one is bad nobody is imported. Nobody who exists already is changed.";

const IMPORT_EXAMPLES: &str = "\
Examples:
  latchkey user import users.jsonl
  psql -At -c \"select json_build_object('email', email, 'password_hash', hash) from users\" | latchkey user import -";

impl User {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        match self.command {
            Command::Create(create) => create.run(out),
            Command::Import(import) => import.run(out),
        }
    }
}

impl Create {
    fn run(self, out: &mut dyn Write) -> Outcome {
        let loaded = self.flags.load()?;
        let user = NewUser {
            email: self.email,
            username: self.username,
            name: self.name,
            role: self.role.unwrap_or_else(|| loaded.config.registration.default_role.clone()),
            password: self.password.read()?,
        };
        let made = commands::create_user(&loaded, &user)?;
        writeln!(out, "{made}")?;
        Ok(())
    }
}

impl Import {
    fn run(self, out: &mut dyn Write) -> Outcome {
        let loaded = self.flags.load()?;
        let lines: Box<dyn BufRead> = if self.file.as_os_str() == "-" {
            Box::new(io::stdin().lock())
        } else {
            let opened = File::open(&self.file).map_err(|error| unreadable(&self.file, &error))?;
            Box::new(BufReader::new(opened))
        };
        let imported = commands::import_users(&loaded, lines, self.skip_bad)?;
        let bad = imported.bad.iter().map(|line| Failure::new(line.to_string()));
        if !self.skip_bad && !imported.bad.is_empty() {
            let what = format!("bad lines {}; nobody was imported", imported.bad.len());
            let sum = Failure::new(what).help("correct them, or import the others with --skip-bad");
            return Err(Failed::For(bad.chain([sum]).collect()));
        }
        for line in bad {
            writeln!(io::stderr(), "note: {line}")?;
        }
        writeln!(out, "imported {}, skipped {}", imported.made, imported.bad.len())?;
        Ok(())
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {}", path.display(), plain_io_error(error)))
}
