//! The keys of tokens at one time: the one that signs, and those that verify beside it. Knows no claims.

use super::key::TokenKey;
use super::seen::Seen;
use crate::domain::signing_key::PublicKey;
use crate::domain::time::Timestamp;

/// The keys in use. It does not change: a turn puts another ring in its place, with what was seen under this one.
pub struct KeyRing {
    current: TokenKey,
    /// Published already.
    next: Option<TokenKey>,
    /// What signed before, each until the last of its tokens is over.
    retired: Vec<(TokenKey, Timestamp)>,
    pub(super) seen: Seen,
}

impl KeyRing {
    /// The ring of one key.
    pub fn new(current: TokenKey) -> Self {
        Self { current, next: None, retired: Vec::new(), seen: Seen::default() }
    }

    /// With the key that signs after the next turn.
    #[must_use]
    pub fn with_next(mut self, key: TokenKey) -> Self {
        self.next = Some(key);
        self
    }

    /// With a key that verifies what it signed, until a time.
    #[must_use]
    pub fn with_retired(mut self, key: TokenKey, until: Timestamp) -> Self {
        self.retired.push((key, until));
        self
    }

    /// The key that signs.
    pub const fn current(&self) -> &TokenKey {
        &self.current
    }

    /// The keys that verify at `now`. The next key has signed nothing.
    pub(super) fn verifying(&self, now: Timestamp) -> impl Iterator<Item = &TokenKey> {
        let retired = self.retired.iter().filter(move |(_, until)| *until > now).map(|(key, _)| key);
        std::iter::once(&self.current).chain(retired)
    }

    /// The keys that others may verify with at `now`, with the one they will need next. HMAC keys are not among them.
    pub fn published(&self, now: Timestamp) -> Vec<PublicKey> {
        self.verifying(now).chain(&self.next).filter_map(TokenKey::public).collect()
    }
}
