//! What the access tokens said that verified a while ago. Knows no key and no clock.
//!
//! ## Decision
//! A client sends the same access token with every request for an hour. Reading it (HMAC, base64url, JSON) was the
//! largest part of what an authenticated request costs beside the work of any request, and what it says never
//! changes. So it is read once, and kept with its text, found by its signature. Only tokens that verified are kept, so a
//! stranger fills nothing. What can change is judged at every use: its times here, its session and its account in the
//! store. The table is part of the keys it was verified with and goes when they go.
//!
//! Alternatives: the token's SHA-256 in place of its text costs half a microsecond a request and hides little, for
//! the key that signs is in the same memory.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Subject;

/// Tokens of one generation; there are two. Full, with tokens of 700 bytes, they take some 3 MB.
const GENERATION: usize = 2_048;

/// The last segment of an HS256 token.
type Signature = [u8; 43];

/// The tokens of late: as many as were used since twice [`GENERATION`] others were.
#[derive(Default)]
pub(super) struct Seen(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<Signature, Kept>,
    old: HashMap<Signature, Kept>,
}

struct Kept {
    token: Box<str>,
    subject: Subject,
}

impl Seen {
    /// What this very token said.
    pub(super) fn get(&self, token: &str) -> Option<Subject> {
        let signature = token.as_bytes().last_chunk()?;
        let mut generations = self.lock();
        if let Some(kept) = generations.young.get(signature) {
            return (*kept.token == *token).then_some(kept.subject);
        }
        let kept = generations.old.remove(signature)?;
        let subject = (*kept.token == *token).then_some(kept.subject);
        generations.insert(*signature, kept);
        subject
    }

    /// Keeps what a token said that has verified.
    pub(super) fn insert(&self, token: &str, subject: Subject) {
        if let Some(signature) = token.as_bytes().last_chunk() {
            self.lock().insert(*signature, Kept { token: token.into(), subject });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn insert(&mut self, signature: Signature, kept: Kept) {
        if self.young.len() >= GENERATION {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(signature, kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{SessionId, UserId};

    fn numbered(number: usize) -> (String, Subject) {
        let subject = Subject {
            user_id: UserId::from_bytes([1; 16]),
            sid: SessionId::from_bytes([2; 16]),
            iat: i64::try_from(number).unwrap(),
            exp: i64::MAX,
        };
        (format!("header.payload.{number:043}"), subject)
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let seen = Seen::default();
        let (token, subject) = numbered(0);
        seen.insert(&token, subject);
        for number in 1..10 * GENERATION {
            let (other, its) = numbered(number);
            seen.insert(&other, its);
            assert_eq!(seen.get(&token), Some(subject));
        }
        assert_eq!(seen.get(&numbered(1).0), None);
        let generations = seen.lock();
        let held = generations.young.len() + generations.old.len();
        assert!(held <= 2 * GENERATION, "{held}");
    }

    #[test]
    fn another_text_under_the_same_signature_is_another_token() {
        let seen = Seen::default();
        let (token, subject) = numbered(7);
        seen.insert(&token, subject);
        let altered = token.replace("payload", "pay1oad");
        assert_eq!(seen.get(&altered), None);
        {
            let mut generations = seen.lock();
            generations.old = mem::take(&mut generations.young);
        }
        assert_eq!((seen.get(&altered), seen.get(&token)), (None, Some(subject)));
        assert_eq!((seen.get(""), seen.get("short")), (None, None));
    }
}
