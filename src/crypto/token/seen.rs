//! What the access tokens said that verified a while ago. Knows no key and no clock.
//!
//! ## Decision
//! A client sends the same access token with every request for an hour. Reading it (HMAC, base64url, JSON) was the
//! largest part of what an authenticated request costs beside the work of any request, and what it says
//! never changes. So it is read once, and kept under the SHA-256 of its whole text: memory holds nothing that opens a
//! door. Only tokens that verified are kept, so a stranger fills nothing. What can change is judged at every use: its
//! times here, its session and its account in the store. The table is part of the keys it was verified with and
//! goes when they go.
//!
//! Alternatives: none for HS256 alone, whose HMAC is cheap, but the rest of the reading is not; the text itself as
//! the key of the table, which would keep live tokens in memory.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Subject;

/// Tokens of one generation; there are two. A full table takes some 0.7 MB.
const GENERATION: usize = 4_096;

type Digest = [u8; 32];

/// The tokens of late: as many as were used since twice [`GENERATION`] others were.
#[derive(Default)]
pub(super) struct Seen(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<Digest, Subject>,
    old: HashMap<Digest, Subject>,
}

impl Seen {
    /// What the token with this digest said.
    pub(super) fn get(&self, digest: &Digest) -> Option<Subject> {
        let mut generations = self.lock();
        if let Some(subject) = generations.young.get(digest) {
            return Some(*subject);
        }
        let subject = generations.old.remove(digest)?;
        generations.insert(*digest, subject);
        Some(subject)
    }

    /// Keeps what a token said that has verified.
    pub(super) fn insert(&self, digest: Digest, subject: Subject) {
        self.lock().insert(digest, subject);
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn insert(&mut self, digest: Digest, subject: Subject) {
        if self.young.len() >= GENERATION {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(digest, subject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{SessionId, UserId};

    fn numbered(number: u64) -> (Digest, Subject) {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        let subject = Subject {
            user_id: UserId::from_bytes([1; 16]),
            sid: SessionId::from_bytes([2; 16]),
            iat: i64::try_from(number).unwrap(),
            exp: i64::MAX,
        };
        (digest, subject)
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let seen = Seen::default();
        let (digest, subject) = numbered(0);
        seen.insert(digest, subject);
        for number in 1..10 * GENERATION as u64 {
            let (other, its) = numbered(number);
            seen.insert(other, its);
            assert_eq!(seen.get(&digest), Some(subject));
        }
        assert_eq!(seen.get(&numbered(1).0), None);
        let generations = seen.lock();
        let held = generations.young.len() + generations.old.len();
        assert!(held <= 2 * GENERATION, "{held}");
    }
}
