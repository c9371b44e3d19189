//! Signed tokens: HS256 JWTs (RFC 7519), written and strictly read. Knows no session: a token that
//! verifies here may still belong to a dead one.
//!
//! ## Decision
//! The library's own `decode` judges time by its own clock, lets claims be absent and ignores `crit`
//! (measured), so tokens are read by a parser of ours that knows one algorithm, three header members
//! and two kinds of claims, and refuses everything else. `jsonwebtoken` signs; aws-lc-rs verifies
//! with a key whose first block is already digested, so each token crosses two implementations.
//! Nothing of a claim is looked at before the signature holds.

mod claims;
mod compact;
mod seen;

use std::fmt;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey};
use zeroize::Zeroizing;

use super::digest::{self, MacKey};
use crate::domain::id::{SessionId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessClaims, RefreshClaims};
use claims::{Kind, WireClaims, valid_at};
use seen::Seen;

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

/// Signs and verifies tokens. The secret is the HS256 key as it stands, for every kind.
pub struct TokenKeys {
    rules: TokenRules,
    signing: EncodingKey,
    current: VerifyingKey,
    retired: Vec<VerifyingKey>,
    seen: Seen,
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

struct VerifyingKey {
    kid: String,
    /// The first segment of every token of ours under this key.
    header: String,
    mac: MacKey,
}

impl TokenKeys {
    /// From the current secret's bytes. A secret of fewer than 32 bytes is refused.
    pub fn new(secret: &[u8], rules: TokenRules) -> Result<Self, SecretTooShort> {
        let current = VerifyingKey::new(secret)?;
        Ok(Self {
            rules,
            signing: EncodingKey::from_secret(secret),
            current,
            retired: Vec::new(),
            seen: Seen::default(),
        })
    }

    /// Also verifies tokens that name the key of a retired secret.
    pub fn with_retired(mut self, secret: &[u8]) -> Result<Self, SecretTooShort> {
        self.retired.push(VerifyingKey::new(secret)?);
        Ok(self)
    }

    /// The current key's name: 16 hexadecimal digits that say nothing of the secret.
    pub fn kid(&self) -> &str {
        &self.current.kid
    }

    /// What every token agrees with.
    pub const fn rules(&self) -> &TokenRules {
        &self.rules
    }

    /// The text of an access token. The same claims always give the same text.
    pub fn sign_access(&self, claims: &AccessClaims) -> String {
        self.sign(&WireClaims::from_access(claims, &self.rules))
    }

    /// The text of a refresh token. The same claims always give the same text.
    pub fn sign_refresh(&self, claims: &RefreshClaims) -> String {
        self.sign(&WireClaims::from_refresh(claims, &self.rules))
    }

    /// Whose an access token is that is good at `now`. One that verified before is not read again.
    pub fn subject(&self, token: &str, now: Timestamp) -> Result<Subject, TokenFault> {
        if let Some(subject) = self.seen.get(token) {
            return valid_at(subject.iat, subject.exp, now).map(|()| subject);
        }
        let AccessClaims { user_id, sid, iat, exp, .. } = self.verify_access(token, now)?;
        let subject = Subject { user_id, sid, iat, exp };
        self.seen.insert(token, subject);
        Ok(subject)
    }

    /// The claims of an access token that is good at `now`.
    pub fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenFault> {
        let payload = self.signed_payload(token)?;
        WireClaims::read(&payload, Kind::Access, &self.rules, now)?.into_access()
    }

    /// The claims of a refresh token that is good at `now`.
    pub fn verify_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshClaims, TokenFault> {
        let payload = self.signed_payload(token)?;
        WireClaims::read(&payload, Kind::Refresh, &self.rules, now)?.into_refresh()
    }

    #[expect(
        clippy::expect_used,
        reason = "strings and integers always have a JSON form, and an HMAC key signs HS256"
    )]
    fn sign(&self, claims: &WireClaims) -> String {
        let payload = serde_json::to_vec(claims).expect("claims have a JSON form");
        let mut token = [&self.current.header, ".", &digest::to_base64url(&payload)].concat();
        let signature = jsonwebtoken::crypto::sign(token.as_bytes(), &self.signing, Algorithm::HS256);
        token.push('.');
        token.push_str(&signature.expect("an HMAC key signs HS256"));
        token
    }

    /// The decoded payload of a token whose signature holds.
    fn signed_payload(&self, token: &str) -> Result<Vec<u8>, TokenFault> {
        let compact = compact::split(token)?;
        let key = self.key_of(compact.header)?;
        if !key.mac.verify(compact.signed.as_bytes(), &compact.signature) {
            return Err(TokenFault::BadSignature);
        }
        digest::from_base64url(compact.payload.as_bytes()).ok_or(TokenFault::Malformed)
    }

    /// The key that a header names; without a `kid`, the current one.
    fn key_of(&self, header: &str) -> Result<&VerifyingKey, TokenFault> {
        if header == self.current.header {
            return Ok(&self.current);
        }
        let header = digest::from_base64url(header.as_bytes()).ok_or(TokenFault::Malformed)?;
        match compact::kid(&header)? {
            None => Ok(&self.current),
            Some(kid) => std::iter::once(&self.current)
                .chain(&self.retired)
                .find(|key| key.kid == kid)
                .ok_or(TokenFault::UnknownKey),
        }
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeys").field("kid", &self.current.kid).finish_non_exhaustive()
    }
}

impl VerifyingKey {
    fn new(secret: &[u8]) -> Result<Self, SecretTooShort> {
        if secret.len() < MIN_SECRET_LEN {
            return Err(SecretTooShort { length: secret.len() });
        }
        let named = digest::sha256(&Zeroizing::new([b"latchkey/1/kid\0", secret].concat()));
        let (front, _) = named.split_at(8);
        let kid = digest::to_hex(front);
        let header = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#);
        Ok(Self { kid, header: digest::to_base64url(header.as_bytes()), mac: MacKey::new(secret) })
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
    /// The header names another algorithm than HS256.
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
