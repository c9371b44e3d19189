//! `[mfa]`: second factors. Knows no secret.

use super::reader::Reader;
use crate::domain::factor::{BackupCodeFormat, FactorPolicy};
use crate::domain::role::Role;

/// Reads the section. `service` is the issuer when none is configured.
pub fn read(reader: &mut Reader, service: &str) -> FactorPolicy {
    let given = reader.parsed("mfa.issuer", "a name", issuer);
    // The label of an otpauth URI parts issuer and account by a colon.
    let issuer = given.unwrap_or_else(|| service.replace(':', " "));
    reader.set_shown("mfa.issuer", Some(format!("{issuer:?}")));
    FactorPolicy {
        issuer,
        required_for: reader.list("mfa.required_for", "a list of roles", role),
        debug_codes: reader.switch("mfa.debug_codes"),
        backup_codes: BackupCodeFormat::default(),
        enrolment_burns_step: true,
    }
}

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
