//! What memory holds of guesses: those of late, and how many are under way. Knows no rule.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::lockout::{Guesses, Lock, LockoutPolicy, Place, Subject};
use crate::domain::recent::Recent;
use crate::domain::time::Timestamp;

/// Guesses of late, in bounded memory, and how many are being judged.
pub struct Lockouts {
    pub(super) guesses: Recent<(Subject, Place), Guesses>,
    /// Each subject that is being guessed at. As many as there are requests under way.
    under_way: Mutex<HashMap<Subject, u32>>,
    pub(super) set: AtomicU64,
    pub(super) refused: AtomicU64,
}

impl Lockouts {
    /// Remembers the guesses of at most `max_entries` pairs of subject and network.
    pub fn new(max_entries: usize) -> Self {
        let guesses = Recent::new(max_entries);
        Self { guesses, under_way: Mutex::default(), set: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }

    /// Locks that began since the start.
    pub fn set(&self) -> u64 {
        self.set.load(Ordering::Relaxed)
    }

    /// Guesses that were refused since the start.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Pairs of subject and network that are remembered.
    pub fn entries(&self) -> usize {
        self.guesses.len()
    }

    /// The lock of `subject` at `place`, if there is one.
    pub(in crate::services) fn lock(
        &self,
        subject: Subject,
        place: Place,
        now: Timestamp,
        policy: &LockoutPolicy,
    ) -> Option<Lock> {
        self.guesses.peek(&(subject, place), |guesses| guesses.lock(now, policy)).flatten()
    }

    /// Ends the locks of `subjects` at `place`.
    pub(in crate::services) fn clear(&self, subjects: &[Subject], place: Place) {
        for subject in subjects {
            self.guesses.with((*subject, place), Guesses::clear);
        }
    }

    /// Answers how many guesses at `subject` were under way before this one.
    pub(super) fn depart(&self, subject: Subject) -> u32 {
        let mut under_way = self.under_way();
        let count = under_way.entry(subject).or_default();
        *count += 1;
        *count - 1
    }

    pub(super) fn land(&self, subject: Subject) {
        let mut under_way = self.under_way();
        let Some(count) = under_way.get_mut(&subject) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            under_way.remove(&subject);
        }
    }

    /// A panic in another caller leaves the map whole.
    fn under_way(&self) -> MutexGuard<'_, HashMap<Subject, u32>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
