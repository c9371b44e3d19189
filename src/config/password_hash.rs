//! `[password_hash]`: what a password hash costs. Knows no hash function.

use std::time::Duration;

use super::reader::Reader;
use super::{HOUR, SECOND};

/// Argon2id with one lane, and the memory that hashing may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub iterations: u32,
    /// Memory of all hashes at one time, in MiB.
    pub memory_budget_mib: u32,
    /// Hashes that may wait for a permit; one more is answered 503.
    pub queue: u32,
    /// How long a hash may wait for a permit; after that it is answered 503.
    pub max_wait: Duration,
    /// How long unused memory is kept.
    pub idle_free: Duration,
}

impl PasswordHash {
    /// How many hashes run at one time; at least 1.
    pub fn permits(&self) -> u32 {
        let permits = u64::from(self.memory_budget_mib) * 1024 / u64::from(self.memory_kib.max(1));
        u32::try_from(permits).unwrap_or(u32::MAX).max(1)
    }

    pub(super) fn read(reader: &mut Reader) -> Self {
        let hash = Self {
            memory_kib: reader.number("password_hash.memory_kib", 19_456..=1_048_576),
            iterations: reader.number("password_hash.iterations", 2..=16),
            memory_budget_mib: reader.number("password_hash.memory_budget_mib", 19..=1_048_576),
            queue: reader.number("password_hash.queue", 0..=10_000),
            max_wait: reader.duration("password_hash.max_wait", SECOND..=10 * SECOND),
            idle_free: reader.duration("password_hash.idle_free", SECOND..=HOUR),
        };
        if u64::from(hash.memory_budget_mib) * 1024 < u64::from(hash.memory_kib) {
            let reason = format!("does not hold one hash of password_hash.memory_kib = {}", hash.memory_kib);
            reader.problem("password_hash.memory_budget_mib", &reason);
        }
        hash
    }
}
