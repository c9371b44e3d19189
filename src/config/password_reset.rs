//! `[password_reset]`: the mailed link that sets a new password. Knows no accounts.

use std::time::Duration;

use super::reader::Reader;
use super::{DAY, MINUTE};

/// The mailed link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordReset {
    /// Life of the link.
    pub ttl: Duration,
}

impl PasswordReset {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { ttl: reader.duration("password_reset.ttl", 5 * MINUTE..=DAY) }
    }
}
