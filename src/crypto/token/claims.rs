//! The claims of a token as JSON, and the rules they must keep. Knows nothing of signatures.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::{CLOCK_SKEW, TokenFault, TokenRules};
use crate::domain::id::NotAnId;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessClaims, ExtraClaims, RefreshClaims};

/// The last second of the year 9999.
const LATEST: i64 = 253_402_300_799;

/// What a token is for: the claim `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Access,
    Refresh,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }

    const fn longest_life(self, rules: &TokenRules) -> Duration {
        match self {
            Self::Access => rules.access_ttl,
            Self::Refresh => rules.refresh_ttl,
        }
    }
}

/// The claims of either kind, in the order in which they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireClaims<'a> {
    #[serde(borrow)]
    user_id: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    email: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    roles: Option<Cow<'a, [String]>>,
    #[serde(borrow, default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    sub: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    role: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    permissions: Option<Cow<'a, [String]>>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    iat: i64,
    exp: i64,
    #[serde(borrow)]
    jti: Cow<'a, str>,
    #[serde(borrow)]
    sid: Cow<'a, str>,
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
}

/// Whether a token issued at `iat` that ends at `exp` is good at `now`.
pub(super) fn valid_at(iat: i64, exp: i64, now: Timestamp) -> Result<(), TokenFault> {
    if Timestamp::from_seconds(iat) > now.plus(CLOCK_SKEW) {
        return Err(TokenFault::NotYetValid);
    }
    if now >= Timestamp::from_seconds(exp) {
        return Err(TokenFault::Expired);
    }
    Ok(())
}

/// The claims `iat` and `exp` of a payload.
pub(super) fn times(payload: &[u8]) -> Option<(i64, i64)> {
    let claims: WireClaims<'_> = serde_json::from_slice(payload).ok()?;
    Some((claims.iat, claims.exp))
}

/// Reads a member that may be absent but, when it is there, is not `null`.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl<'a> WireClaims<'a> {
    pub(super) fn from_access(claims: &'a AccessClaims, rules: &'a TokenRules) -> Self {
        Self {
            user_id: claims.user_id.to_string().into(),
            email: Some(claims.email.as_str().into()),
            name: Some(claims.name.as_str().into()),
            roles: Some(claims.roles.as_slice().into()),
            sub: claims.extra.sub.as_deref().map(Cow::from),
            role: claims.extra.role.as_deref().map(Cow::from),
            permissions: claims.extra.permissions.as_deref().map(Cow::from),
            kind: Kind::Access.name().into(),
            iat: claims.iat,
            exp: claims.exp,
            jti: claims.jti.to_string().into(),
            sid: claims.sid.to_string().into(),
            iss: rules.issuer.as_str().into(),
            aud: rules.audience.as_str().into(),
        }
    }

    pub(super) fn from_refresh(claims: &'a RefreshClaims, rules: &'a TokenRules) -> Self {
        Self {
            user_id: claims.user_id.to_string().into(),
            email: None,
            name: None,
            roles: None,
            sub: claims.sub.as_deref().map(Cow::from),
            role: None,
            permissions: None,
            kind: Kind::Refresh.name().into(),
            iat: claims.iat,
            exp: claims.exp,
            jti: claims.jti.to_string().into(),
            sid: claims.sid.to_string().into(),
            iss: rules.issuer.as_str().into(),
            aud: rules.audience.as_str().into(),
        }
    }

    /// Reads a payload: one JSON object with these members, each once and of its type, and no other;
    /// of this kind, by these rules, good at `now`.
    pub(super) fn read(
        payload: &'a [u8],
        kind: Kind,
        rules: &TokenRules,
        now: Timestamp,
    ) -> Result<Self, TokenFault> {
        // The derived reader would take an array of the members' values for an object.
        if payload.first() != Some(&b'{') {
            return Err(TokenFault::Malformed);
        }
        let claims: Self = serde_json::from_slice(payload).map_err(|_| TokenFault::Malformed)?;
        claims.check(kind, rules, now)?;
        Ok(claims)
    }

    /// Kind first, then whose token it is, then its times.
    fn check(&self, kind: Kind, rules: &TokenRules, now: Timestamp) -> Result<(), TokenFault> {
        if self.kind != kind.name() {
            return Err(TokenFault::WrongKind);
        }
        if self.iss != rules.issuer {
            return Err(TokenFault::WrongIssuer);
        }
        if self.aud != rules.audience {
            return Err(TokenFault::WrongAudience);
        }
        if self.iat < 0 || self.exp <= self.iat || self.exp > LATEST {
            return Err(TokenFault::Malformed);
        }
        let (issued, expires) = (Timestamp::from_seconds(self.iat), Timestamp::from_seconds(self.exp));
        if expires.since(issued) > kind.longest_life(rules) {
            return Err(TokenFault::LivesTooLong);
        }
        valid_at(self.iat, self.exp, now)
    }

    /// Malformed when a claim of this kind is missing or an id is not one.
    pub(super) fn into_access(self) -> Result<AccessClaims, TokenFault> {
        Ok(AccessClaims {
            user_id: self.user_id.parse()?,
            email: self.email.ok_or(TokenFault::Malformed)?.into_owned(),
            name: self.name.ok_or(TokenFault::Malformed)?.into_owned(),
            roles: self.roles.ok_or(TokenFault::Malformed)?.into_owned(),
            extra: ExtraClaims {
                sub: self.sub.map(Cow::into_owned),
                role: self.role.map(Cow::into_owned),
                permissions: self.permissions.map(Cow::into_owned),
            },
            iat: self.iat,
            exp: self.exp,
            jti: self.jti.parse()?,
            sid: self.sid.parse()?,
        })
    }

    /// Malformed when a claim of another kind is there or an id is not one.
    pub(super) fn into_refresh(self) -> Result<RefreshClaims, TokenFault> {
        let of_access = [self.email.is_some(), self.name.is_some(), self.roles.is_some()];
        let of_profile = [self.role.is_some(), self.permissions.is_some()];
        if of_access.contains(&true) || of_profile.contains(&true) {
            return Err(TokenFault::Malformed);
        }
        Ok(RefreshClaims {
            user_id: self.user_id.parse()?,
            sub: self.sub.map(Cow::into_owned),
            iat: self.iat,
            exp: self.exp,
            jti: self.jti.parse()?,
            sid: self.sid.parse()?,
        })
    }
}

impl From<NotAnId> for TokenFault {
    fn from(_: NotAnId) -> Self {
        Self::Malformed
    }
}
