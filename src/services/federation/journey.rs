//! What a browser keeps of a login that it began elsewhere. Knows no provider.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::{Context, Services};
use crate::crypto::digest;
use crate::domain::time::Timestamp;

/// How long a login may take elsewhere (R67).
pub const STATE_TTL: Duration = Duration::from_secs(600);

/// Binds the sealed text to what it is for.
const PLACE: &[u8] = b"latchkey federation";

/// What a login elsewhere is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Aim {
    /// A session that lives by tokens.
    Tokens,
    /// A session that lives by a cookie, for the pages of this server.
    Cookie {
        /// Where the browser goes on.
        return_to: String,
    },
    /// A link with the account that somebody is logged in to.
    Link {
        /// The account.
        user: [u8; 16],
        /// The session.
        session: [u8; 16],
        /// Whether it began at a page of this server, and ends there.
        at_page: bool,
    },
}

/// A login elsewhere that was begun. Never shown; the browser has it sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Journey {
    provider: String,
    state: [u8; 32],
    nonce: [u8; 32],
    verifier: [u8; 32],
    expires_at: i64,
    aim: Aim,
}

impl Journey {
    pub(super) fn new(app: &Services, ctx: &Context, provider: &str, aim: Aim) -> Self {
        Self {
            provider: provider.to_owned(),
            state: app.random(),
            nonce: app.random(),
            verifier: app.random(),
            expires_at: ctx.now.plus(STATE_TTL).millis(),
            aim,
        }
    }

    /// For the cookie.
    pub(super) fn sealed(&self, app: &Services) -> String {
        let plain = postcard::to_stdvec(self).unwrap_or_default();
        digest::to_base64url(&app.keys.federation.seal(PLACE, &plain, app.random()))
    }

    /// From the cookie, if it is one of ours; it may be too old.
    pub(super) fn open(app: &Services, cookie: &str) -> Option<Self> {
        let sealed = digest::from_base64url(cookie.as_bytes())?;
        let plain = app.keys.federation.open(PLACE, &sealed).ok()?;
        postcard::from_bytes(&plain).ok()
    }

    /// Whether it went to `provider`, is the one that came back with `state`, and is not too old at `now`.
    pub(super) fn is_of(&self, provider: &str, state: Option<&str>, now: Timestamp) -> bool {
        let is_same = state.is_some_and(|state| digest::same(state.as_bytes(), self.state().as_bytes()));
        is_same && self.provider == provider && now < self.expires_at()
    }

    pub(super) fn state(&self) -> String {
        digest::to_base64url(&self.state)
    }

    pub(super) fn nonce(&self) -> String {
        digest::to_base64url(&self.nonce)
    }

    pub(super) fn verifier(&self) -> String {
        digest::to_base64url(&self.verifier)
    }

    /// The S256 challenge of the verifier (RFC 7636, section 4.2).
    pub(super) fn challenge(&self) -> String {
        digest::to_base64url(&digest::sha256(self.verifier().as_bytes()))
    }

    /// Stands for the state where it is remembered as come back.
    pub(super) fn key(&self) -> [u8; 16] {
        digest::sha256(&self.state).first_chunk().copied().unwrap_or_default()
    }

    pub(super) const fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.expires_at)
    }

    pub(super) const fn aim(&self) -> &Aim {
        &self.aim
    }
}
