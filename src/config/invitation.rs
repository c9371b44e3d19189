//! `[invitation]`: the mailed link with which somebody sets the first password of an account. Knows no accounts.

use std::time::Duration;

use super::reader::Reader;
use super::{DAY, HOUR};

/// The mailed link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Life of the link.
    pub ttl: Duration,
}

impl Invitation {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { ttl: reader.duration("invitation.ttl", HOUR..=30 * DAY) }
    }
}
