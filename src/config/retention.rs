//! `[retention]` and `[personal_data]`: how long is kept what nobody uses any more, and who may have an account forgotten.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::reader::Reader;
use super::{DAY, duration};
use crate::domain::retention::Retention;

/// How long the audit log may be kept: long enough to look into what somebody noticed late.
const AUDIT: RangeInclusive<Duration> =
    Duration::from_secs(30 * 86_400)..=Duration::from_secs(3_650 * 86_400);

/// What people may do with what is held of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonalData {
    /// Whether they may delete their own accounts.
    pub self_deletion: bool,
}

impl PersonalData {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { self_deletion: reader.switch("personal_data.self_deletion") }
    }
}

/// Reads the section of how long what is kept.
pub fn read(reader: &mut Reader) -> Retention {
    Retention {
        audit: reader.parsed("retention.audit", duration::EXPECTED, |text| {
            let given = duration::parse(text).ok_or_else(|| format!("expected {}", duration::EXPECTED))?;
            AUDIT
                .contains(&given)
                .then_some(given)
                .ok_or_else(|| format!("must be from 30d to 3650d, and is {text}"))
        }),
        suspicious_events: reader.duration("retention.suspicious_events", DAY..=DAY * 3_650),
        dead_mails: reader.duration("retention.dead_mails", DAY..=DAY * 365),
        dead_events: reader.duration("retention.dead_events", DAY..=DAY * 365),
    }
}
