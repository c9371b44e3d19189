//! `[api_keys]`: how keys for programs look and live. Knows no keys.

use std::time::Duration;

use super::DAY;
use super::reader::Reader;
use crate::domain::api_key::{GRACE_MAX, is_prefix};

/// Keys for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeys {
    /// What a new key begins with.
    pub prefix: String,
    /// Most keys of one user.
    pub max_per_user: usize,
    /// The age of a secret at which its owner is told to change it.
    pub rotate_after: Duration,
    /// How long the old secret goes on working after a rotation.
    pub rotation_grace: Duration,
}

impl ApiKeys {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let max_per_user: u32 = reader.number("api_keys.max_per_user", 1..=1_000);
        Self {
            prefix: reader.parsed("api_keys.prefix", "a prefix", prefix).unwrap_or_default(),
            max_per_user: usize::try_from(max_per_user).unwrap_or(usize::MAX),
            rotate_after: reader.duration("api_keys.rotate_after", DAY..=3_650 * DAY),
            rotation_grace: reader.duration("api_keys.rotation_grace", Duration::ZERO..=GRACE_MAX),
        }
    }
}

fn prefix(text: &str) -> Result<String, String> {
    if is_prefix(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("must be 1 to 20 of a-z, 0-9 and _, with _ at the end, and is {text:?}"))
    }
}
