//! `[step_up]`: how fresh a login must be for a sensitive act. Knows no acts.

use std::time::Duration;

use super::DAY;
use super::reader::Reader;

/// Freshness that sensitive acts ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepUp {
    /// How long a proved password or factor counts; zero asks for none.
    pub ttl: Duration,
}

impl StepUp {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { ttl: reader.duration("step_up.ttl", Duration::ZERO..=DAY) }
    }
}
