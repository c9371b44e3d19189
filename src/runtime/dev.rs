//! What `--dev` adds: two accounts to try things with, and a banner that says so.

use std::io::{self, Write};

use super::failure::Failure;
use crate::crypto::Password;
use crate::domain::role::Role;
use crate::services::Services;
use crate::services::import::{Admitted, Newcomer, NewcomerFault, import};
use crate::services::password::Owner;

/// The password of both accounts.
pub const PASSWORD: &str = "latchkey-dev-password";

const ACCOUNTS: [(&str, &str, &str, Role); 2] = [
    ("admin@example.com", "admin", "Dev Admin", Role::SuperAdmin),
    ("user@example.com", "user", "Dev User", Role::Developer),
];

/// Makes the accounts, unless they are there from an earlier start. They are imported, because their password is
/// to work under every policy that is tried.
pub async fn seed(app: &Services) -> Result<(), Failure> {
    let hash = app.hashing.hash(Password::new(PASSWORD), app.random()).await;
    let hash = hash.map_err(|error| Failure::from_error(&error))?;
    let mut admitted = Admitted::default();
    for (email, username, name, role) in ACCOUNTS {
        let owner = Owner { email, username: Some(username), name: Some(name) };
        let newcomer = Newcomer { owner, role, is_proved: true, hash: hash.as_str() };
        match admitted.admit(app, &newcomer) {
            Ok(()) | Err(NewcomerFault::Exists(_)) => {}
            Err(error) => return Err(Failure::from_error(&error)),
        }
    }
    let made = import(app, &app.own_context("dev"), admitted).await;
    made.map(|_| ()).map_err(|error| Failure::from_error(&error))
}

/// Says loudly that this is no place for real accounts.
pub fn banner(out: &mut dyn Write, url: &str) -> io::Result<()> {
    writeln!(out, "==================================================================")?;
    writeln!(out, "  DEVELOPMENT MODE: known passwords, captured mail, movable clock.")?;
    writeln!(out, "  Never put real accounts in here. Loopback only.")?;
    writeln!(out)?;
    writeln!(out, "  API and Swagger UI   {url}/docs")?;
    writeln!(out, "  Captured mail        {url}/dev/mailbox")?;
    writeln!(out, "  Clock                {url}/dev/clock")?;
    for (email, username, _, role) in ACCOUNTS {
        writeln!(out, "  {email:<20} {username:<6} {:<12} {PASSWORD}", role.name())?;
    }
    writeln!(out, "==================================================================")
}
