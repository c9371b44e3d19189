//! `[lockout]`: how many wrong passwords are too many. Knows no accounts.

use super::reader::Reader;
use super::{DAY, MINUTE};
use crate::domain::lockout::LockoutPolicy;

/// Reads the section.
pub fn read(reader: &mut Reader) -> LockoutPolicy {
    LockoutPolicy {
        failures: reader.number("lockout.failures", 1..=20),
        window: reader.duration("lockout.window", MINUTE..=DAY),
        lock_for: reader.duration("lockout.lock_for", MINUTE..=DAY),
        account_failures: reader.number("lockout.account_failures", 10..=100),
        forget_after: reader.duration("lockout.forget_after", DAY..=365 * DAY),
        place_ttl: reader.duration("lockout.place_ttl", DAY..=3_650 * DAY),
        max_entries: reader.number("lockout.max_entries", 1_000..=10_000_000),
    }
}
