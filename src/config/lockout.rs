//! `[lockout]`: how many wrong passwords are too many. Knows no accounts.

use std::time::Duration;

use super::reader::Reader;
use super::{DAY, MINUTE};

/// Lockouts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lockout {
    /// Wrong passwords from one network that lock an account there.
    pub failures: usize,
    /// How long a wrong password counts there.
    pub window: Duration,
    /// How long the lock lasts.
    pub lock_for: Duration,
    /// Wrong passwords in a row, from everywhere, that lock an account but for its known places.
    pub account_failures: u32,
    /// How long after the last of them they are forgotten.
    pub forget_after: Duration,
    /// How long a network stays a known place after a login.
    pub place_ttl: Duration,
    /// Pairs of account and network that are remembered.
    pub max_entries: usize,
}

impl Lockout {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            failures: reader.number("lockout.failures", 1..=20),
            window: reader.duration("lockout.window", MINUTE..=DAY),
            lock_for: reader.duration("lockout.lock_for", MINUTE..=DAY),
            account_failures: reader.number("lockout.account_failures", 10..=100),
            forget_after: reader.duration("lockout.forget_after", DAY..=365 * DAY),
            place_ttl: reader.duration("lockout.place_ttl", DAY..=3_650 * DAY),
            max_entries: reader.number("lockout.max_entries", 1_000..=10_000_000),
        }
    }
}
