//! `[registration]`: who may sign up, and as what. Knows no accounts.

use std::time::Duration;

use super::reader::Reader;
use super::{DAY, MINUTE};
use crate::domain::role::Role;

/// Sign-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Whether anyone may sign up.
    pub enabled: bool,
    /// Whether login waits for the proof of the email address.
    pub require_verified_email: bool,
    /// Whether the answer hides that an address or a name is taken.
    pub hide_existing: bool,
    /// Life of the link in the mail.
    pub verify_ttl: Duration,
    /// The name of the role a new user gets. Never one that administers.
    pub default_role: String,
}

impl Registration {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let registration = Self {
            enabled: reader.switch("registration.enabled"),
            require_verified_email: reader.switch("registration.require_verified_email"),
            hide_existing: reader.switch("registration.hide_existing"),
            verify_ttl: reader.duration("registration.verify_ttl", 5 * MINUTE..=30 * DAY),
            default_role: reader
                .parsed("registration.default_role", "the name of a role", role)
                .unwrap_or_default(),
        };
        if registration.hide_existing && !registration.require_verified_email {
            let reason = "hides nothing while registration.require_verified_email is false: a login with the chosen password tells";
            reader.problem("registration.hide_existing", reason);
        }
        registration
    }
}

fn role(text: &str) -> Result<String, String> {
    let may = |role: &Role| *role < Role::Admin;
    match text.parse::<Role>() {
        Ok(role) if may(&role) => Ok(role.name().to_owned()),
        Ok(_) => Err(format!("{text:?} would make everyone who signs up an administrator")),
        Err(_) => {
            let names: Vec<_> =
                Role::ALL.iter().filter(|role| may(role)).map(|role| format!("{:?}", role.name())).collect();
            Err(format!("expected {}", names.join(" or ")))
        }
    }
}
