//! `[mfa]`: second factors. Knows no secret.

use super::reader::Reader;
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

/// The label of an otpauth URI parts issuer and account by a colon.
fn issuer(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0 => Err("is empty".into()),
        1..=64 if !text.contains(|c: char| c == ':' || c.is_control()) => Ok(text.to_owned()),
        1..=64 => Err("must hold no colon and no control character".into()),
        _ => Err("is longer than 64 characters".into()),
    }
}

fn role(text: &str) -> Result<Role, String> {
    let names = || Role::ALL.map(|role| format!("{:?}", role.name())).join(" or ");
    text.parse().map_err(|_| format!("expected {}, found {text:?}", names()))
}
