//! Reads accounts of another system: one JSON object a line. Knows no store.

use std::fmt;
use std::io::BufRead;

use serde_json::{Map, Value};

use super::failure::Failure;
use crate::config::plain_io_error;
use crate::domain::role::Role;
use crate::services::Services;
use crate::services::import::{Admitted, Newcomer};
use crate::services::password::Owner;

/// A line that gives no account.
#[derive(Debug)]
pub struct BadLine {
    /// Its number, from 1.
    pub number: usize,
    /// What is wrong. Holds no hash.
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.number, self.reason)
    }
}

/// Reads every line and admits whom it names, unless it is bad. Empty lines do not count.
pub fn read(app: &Services, lines: impl BufRead) -> Result<(Admitted, Vec<BadLine>), Failure> {
    let (mut admitted, mut bad) = (Admitted::default(), Vec::new());
    for (number, line) in (1..).zip(lines.split(b'\n')) {
        let line = line.map_err(|error| {
            Failure::new(format!("cannot read line {number}: {}", plain_io_error(&error)))
        })?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if let Err(reason) = admit(app, &mut admitted, &line) {
            bad.push(BadLine { number, reason });
        }
    }
    Ok((admitted, bad))
}

fn admit(app: &Services, admitted: &mut Admitted, line: &[u8]) -> Result<(), String> {
    // The library's words may quote a value, and a value may be a hash.
    let mut members: Map<String, Value> =
        serde_json::from_slice(line).map_err(|_| "is not a JSON object".to_owned())?;
    let email = required(&mut members, "email")?;
    let hash = required(&mut members, "password_hash")?;
    let (username, name) = (text(&mut members, "username")?, text(&mut members, "name")?);
    let role = match text(&mut members, "role")? {
        Some(role) => role.parse::<Role>().map_err(|fault| format!("role: {fault}"))?,
        None => app.policy.registration.default_role,
    };
    let is_proved = match members.remove("email_verified") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_proved)) => is_proved,
        Some(_) => return Err("email_verified: must be true or false".to_owned()),
    };
    if let Some(unknown) = members.keys().next() {
        return Err(format!("{unknown:?} is not known here"));
    }
    let owner = Owner { email: &email, username: username.as_deref(), name: name.as_deref() };
    let newcomer = Newcomer { owner, role, is_proved, hash: &hash };
    admitted.admit(app, &newcomer).map_err(|fault| fault.to_string())
}

fn required(members: &mut Map<String, Value>, name: &str) -> Result<String, String> {
    text(members, name)?.ok_or_else(|| format!("{name}: is missing"))
}

/// A member that may be missing; null is missing too, as other systems export it.
fn text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name}: must be text")),
    }
}
