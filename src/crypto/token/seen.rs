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

use super::Subject;
use crate::domain::recent::Recent;

/// Tokens that are kept at most. With tokens of 700 bytes they take some 3 MB.
const MAX: usize = 4_096;

/// The last segment of an HS256 token.
type Signature = [u8; 43];

/// The tokens of late.
pub(super) struct Seen(Recent<Signature, Option<Kept>>);

struct Kept {
    token: Box<str>,
    subject: Subject,
}

impl Default for Seen {
    fn default() -> Self {
        Self(Recent::new(MAX))
    }
}

impl Seen {
    /// What this very token said.
    pub(super) fn get(&self, token: &str) -> Option<Subject> {
        let of_token =
            |kept: &Option<Kept>| kept.as_ref().filter(|kept| *kept.token == *token).map(|kept| kept.subject);
        self.0.look(token.as_bytes().last_chunk()?, of_token)?
    }

    /// Keeps what a token said that has verified.
    pub(super) fn insert(&self, token: &str, subject: Subject) {
        if let Some(signature) = token.as_bytes().last_chunk() {
            self.0.with(*signature, |kept| *kept = Some(Kept { token: token.into(), subject }));
        }
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
        for number in 1..10 * MAX {
            let (other, its) = numbered(number);
            seen.insert(&other, its);
            assert_eq!(seen.get(&token), Some(subject));
        }
        assert_eq!(seen.get(&numbered(1).0), None);
        let held = seen.0.len();
        assert!(held <= MAX, "{held}");
    }

    #[test]
    fn another_text_under_the_same_signature_is_another_token() {
        let seen = Seen::default();
        let (token, subject) = numbered(7);
        seen.insert(&token, subject);
        let altered = token.replace("payload", "pay1oad");
        assert_eq!(seen.get(&altered), None);
        // In the old generation, too.
        for number in 0..MAX / 2 {
            let (other, its) = numbered(1_000_000 + number);
            seen.insert(&other, its);
        }
        assert_eq!((seen.get(&altered), seen.get(&token)), (None, Some(subject)));
        assert_eq!((seen.get(""), seen.get("short")), (None, None));
    }
}
