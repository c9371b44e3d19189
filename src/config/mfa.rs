//! `[mfa]`: second factors. Knows no secret.

use super::reader::Reader;
use crate::domain::factor::{ISSUER_CHARS, is_issuer};
use crate::domain::role::Role;

/// Second factors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mfa {
    /// The name that authenticator apps show; `None` means `mail.from_name`.
    pub issuer: Option<String>,
    /// Roles that may administer nothing without a second factor.
    pub required_for: Vec<Role>,
    /// Whether owners may see their own valid codes.
    pub debug_codes: bool,
}

impl Mfa {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            issuer: reader.parsed("mfa.issuer", "a name", issuer),
            required_for: reader.list("mfa.required_for", "a list of roles", role),
            debug_codes: reader.switch("mfa.debug_codes"),
        }
    }
}

fn issuer(text: &str) -> Result<String, String> {
    let fault = || format!("must be 1 to {ISSUER_CHARS} characters without a colon and control characters");
    if is_issuer(text) { Ok(text.to_owned()) } else { Err(fault()) }
}

fn role(text: &str) -> Result<Role, String> {
    let names = || Role::ALL.map(|role| format!("{:?}", role.name())).join(" or ");
    text.parse().map_err(|_| format!("expected {}, found {text:?}", names()))
}
