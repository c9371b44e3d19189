//! One-time tokens as the use cases handle them: made, presented, judged. Knows nothing of what one opens.

use std::time::Duration;

use super::{Context, Services};
use crate::crypto::{HashedToken, OneTimeKind, PlainToken};
use crate::domain::id::{TokenId, UserId};
use crate::domain::time::Timestamp;
use crate::store::one_time::{self, OneTime, Purpose};
use crate::store::{Read, StoreError};

/// A new token of `kind` for `owner`: its text, and what is stored of it.
pub(super) fn issue(
    app: &Services,
    ctx: &Context,
    kind: OneTimeKind,
    owner: UserId,
    ttl: Duration,
) -> (PlainToken, OneTime) {
    let plain = PlainToken::new(kind, TokenId::new(ctx.now, &app.random()), app.random());
    let stored = OneTime {
        id: plain.id(),
        owner,
        hash: *app.keys.one_time.hash(&plain).as_bytes(),
        issued_at: ctx.now,
        expires_at: ctx.now.plus(ttl),
        address: None,
    };
    (plain, stored)
}

/// A well-formed token that somebody sent, without its secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct Presented {
    purpose: Purpose,
    id: TokenId,
    hash: HashedToken,
    at: Timestamp,
}

impl Presented {
    /// Reads a token that must be of this kind. `None`: no token of ours looks like this.
    pub(super) fn read(app: &Services, ctx: &Context, kind: OneTimeKind, text: &str) -> Option<Self> {
        let token = PlainToken::parse(kind, text).ok()?;
        let hash = app.keys.one_time.hash(&token);
        Some(Self { purpose: purpose(kind), id: token.id(), hash, at: ctx.now })
    }

    /// The stored token, if this is one: not used, not replaced by a newer one, not expired.
    pub(super) fn live(&self, read: &impl Read) -> Result<Option<OneTime>, StoreError> {
        let found = one_time::by_id(read, self.purpose, self.id)?;
        let fits = |found: &OneTime| {
            HashedToken::from_bytes(found.hash).matches(&self.hash) && self.at < found.expires_at
        };
        Ok(found.filter(fits))
    }
}

/// What a token of `kind` is good for, at rest.
pub(super) const fn purpose(kind: OneTimeKind) -> Purpose {
    match kind {
        OneTimeKind::VerifyEmail => Purpose::VerifyEmail,
        OneTimeKind::ResetPassword => Purpose::ResetPassword,
        OneTimeKind::ChangeEmail => Purpose::ChangeEmail,
        OneTimeKind::Setup => Purpose::Setup,
        OneTimeKind::Invitation => Purpose::Invitation,
        OneTimeKind::EnrolFactor => Purpose::EnrolFactor,
    }
}
