//! Signed tokens: JWTs (RFC 7519), written and strictly read. Knows no session: a token that verifies here may still
//! belong to a dead one.
//!
//! ## Decision
//! The library's own `decode` judges time by its own clock, lets claims be absent and ignores `crit`
//! (measured), so tokens are read by a parser of ours that knows three header members and two kinds of claims, and
//! refuses everything else. `jsonwebtoken` signs; aws-lc-rs verifies with keys that are parsed once, so each token
//! crosses two implementations. Nothing of a claim is looked at before the signature holds.

mod claims;
mod compact;
mod identity;
mod key;
mod ring;
mod seen;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde::Serialize;

use super::digest;
use crate::domain::id::{SessionId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessClaims, IdentityClaims, RefreshClaims};
use claims::{Kind, WireClaims, valid_at};
use compact::Header;
use identity::WireIdentity;
pub use key::{SEED_BYTES, TokenKey};
pub use ring::KeyRing;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_LEN: usize = 8 * 1024;
/// The shortest secret that is taken, in bytes (RFC 7518, section 3.2).
pub const MIN_SECRET_LEN: usize = 32;
/// How far in the future `iat` may lie: the clocks of two machines that share the secret.
pub const CLOCK_SKEW: Duration = Duration::from_secs(5);

/// What every token must agree with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The `iss` of every token.
    pub issuer: String,
    /// The `aud` of every token.
    pub audience: String,
    /// The longest life of an access token.
    pub access_ttl: Duration,
    /// The longest life of a refresh token.
    pub refresh_ttl: Duration,
}

/// Signs and verifies tokens of every kind, with the keys of a ring that may turn.
pub struct TokenKeys {
    rules: TokenRules,
    ring: RwLock<Arc<KeyRing>>,
}

/// Whose an access token is, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Whose token.
    pub user_id: UserId,
    /// The session the token belongs to, and dies with.
    pub sid: SessionId,
    iat: i64,
    exp: i64,
}

impl TokenKeys {
    /// With one HS256 key, the bytes of a secret as they stand. One of fewer than 32 bytes is refused.
    pub fn new(secret: &[u8], rules: TokenRules) -> Result<Self, SecretTooShort> {
        if secret.len() < MIN_SECRET_LEN {
            return Err(SecretTooShort { length: secret.len() });
        }
        Ok(Self::with_ring(KeyRing::new(TokenKey::from_secret(secret)), rules))
    }

    /// With the keys of a ring.
    pub fn with_ring(ring: KeyRing, rules: TokenRules) -> Self {
        Self { rules, ring: RwLock::new(Arc::new(ring)) }
    }

    /// Signs and verifies with the keys that `load` gives from now on. Nobody signs or verifies while it loads, and no
    /// two load at a time; when it fails, all stays as it is.
    pub fn turn_to<E>(&self, load: impl FnOnce() -> Result<KeyRing, E>) -> Result<(), E> {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Arc::new(load()?);
        Ok(())
    }

    /// The name of the key that signs.
    pub fn kid(&self) -> String {
        self.ring().current().kid().to_owned()
    }

    /// The keys in use.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What every token agrees with.
    pub const fn rules(&self) -> &TokenRules {
        &self.rules
    }

    /// The text of an access token. But for ES256, the same claims always give the same text.
    pub fn sign_access(&self, claims: &AccessClaims) -> String {
        self.sign(|key| &key.header, &WireClaims::from_access(claims, &self.rules))
    }

    /// The text of a refresh token. But for ES256, the same claims always give the same text.
    pub fn sign_refresh(&self, claims: &RefreshClaims) -> String {
        self.sign(|key| &key.header, &WireClaims::from_refresh(claims, &self.rules))
    }

    /// The text of a signed identity.
    pub fn sign_identity(&self, claims: &IdentityClaims) -> String {
        self.sign(|key| &key.identity_header, &WireIdentity::new(claims, &self.rules))
    }

    /// Whose an access token is that is good at `now`. One that verified before is not read again.
    pub fn subject(&self, token: &str, now: Timestamp) -> Result<Subject, TokenFault> {
        let ring = self.ring();
        if let Some(subject) = ring.seen.get(token) {
            return valid_at(subject.iat, subject.exp, now).map(|()| subject);
        }
        let payload = signed_payload(&ring, token, now)?;
        let claims = WireClaims::read(&payload, Kind::Access, &self.rules, now)?.into_access()?;
        let AccessClaims { user_id, sid, iat, exp, .. } = claims;
        let subject = Subject { user_id, sid, iat, exp };
        ring.seen.insert(token, subject);
        Ok(subject)
    }

    /// The claims of an access token that is good at `now`.
    pub fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenFault> {
        let payload = signed_payload(&self.ring(), token, now)?;
        WireClaims::read(&payload, Kind::Access, &self.rules, now)?.into_access()
    }

    /// The claims of a refresh token that is good at `now`.
    pub fn verify_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshClaims, TokenFault> {
        let payload = signed_payload(&self.ring(), token, now)?;
        WireClaims::read(&payload, Kind::Refresh, &self.rules, now)?.into_refresh()
    }

    /// When a token says that it was issued and that it ends. Of one whose signature holds; here it is not looked at.
    pub fn times(&self, token: &str) -> Option<(Timestamp, Timestamp)> {
        let payload = digest::from_base64url(compact::split(token).ok()?.payload.as_bytes())?;
        let (issued_at, ends_at) = claims::times(&payload)?;
        Some((Timestamp::from_seconds(issued_at), Timestamp::from_seconds(ends_at)))
    }

    #[expect(clippy::expect_used, reason = "strings and integers always have a JSON form")]
    fn sign(&self, header: impl Fn(&TokenKey) -> &str, claims: &impl Serialize) -> String {
        let payload = serde_json::to_vec(claims).expect("claims have a JSON form");
        let ring = self.ring();
        let key = ring.current();
        let mut token = [header(key), ".", &digest::to_base64url(&payload)].concat();
        let signature = key.sign(&token);
        token.push('.');
        token.push_str(&signature);
        token
    }
}

/// The decoded payload of a token whose signature holds.
fn signed_payload(ring: &KeyRing, token: &str, now: Timestamp) -> Result<Vec<u8>, TokenFault> {
    let compact = compact::split(token)?;
    let key = key_of(ring, compact.header, now)?;
    if !key.verify(compact.signed, &compact.signature) {
        return Err(TokenFault::BadSignature);
    }
    digest::from_base64url(compact.payload.as_bytes()).ok_or(TokenFault::Malformed)
}

/// The key that a header names, which is of the algorithm that it names; without a `kid`, the current one.
fn key_of<'a>(ring: &'a KeyRing, header: &str, now: Timestamp) -> Result<&'a TokenKey, TokenFault> {
    if header == ring.current().header {
        return Ok(ring.current());
    }
    let header = digest::from_base64url(header.as_bytes()).ok_or(TokenFault::Malformed)?;
    let Header { alg, kid, .. } = Header::read(&header)?;
    if !ring.verifying(now).any(|key| key.algorithm.name() == alg) {
        return Err(TokenFault::WrongAlgorithm);
    }
    let key = match kid {
        None => ring.current(),
        Some(kid) => ring.verifying(now).find(|key| key.kid == kid).ok_or(TokenFault::UnknownKey)?,
    };
    if key.algorithm.name() == alg { Ok(key) } else { Err(TokenFault::WrongAlgorithm) }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeys").field("kid", &self.ring().current().kid).finish_non_exhaustive()
    }
}

/// The secret of HS256 is shorter than its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("JWT_SECRET_KEY is {length} bytes long; HS256 needs at least {MIN_SECRET_LEN} random bytes")]
pub struct SecretTooShort {
    /// The length found, in bytes.
    pub length: usize,
}

/// Why a token is refused. For the log and the decision trace; it carries nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Longer than 8 KiB; not looked at.
    #[error("the token is too long")]
    TooLong,
    /// Not three canonical base64url segments, or a header or payload that is not exactly as ours.
    #[error("the token is malformed")]
    Malformed,
    /// The header names another algorithm than the key it names, or none that is used here.
    #[error("the token names another algorithm")]
    WrongAlgorithm,
    /// The header names a key that is not known.
    #[error("the token names an unknown key")]
    UnknownKey,
    /// The signature is not that of this header and payload.
    #[error("the token's signature does not fit")]
    BadSignature,
    /// Signed by us, for another door.
    #[error("the token is of another kind")]
    WrongKind,
    /// Signed with our secret, by another issuer.
    #[error("the token has another issuer")]
    WrongIssuer,
    /// Signed by us, for another audience.
    #[error("the token has another audience")]
    WrongAudience,
    /// It would live longer than any token may.
    #[error("the token's life is longer than allowed")]
    LivesTooLong,
    /// Issued in the future.
    #[error("the token is not yet valid")]
    NotYetValid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
}

#[cfg(test)]
mod tests;
