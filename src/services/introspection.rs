//! Whether a token is good now, and what for (RFC 7662). Knows nothing of how the question travels.
//!
//! ## Decision: a refresh token is good only for who asks for one
//! A resource server that passes on whatever it was shown must not be told `active` of a refresh token, or it would take
//! one for an access token (R26: kinds never mix). So a refresh token is looked for only where the hint names it. Other
//! tokens are looked for whatever the hint says (RFC 7662, 2.1).
//!
//! ## Decision: an API key is judged as if it were used, and is not used
//! The time of its last use stays. A key that is for some networks only is good only where the question says from which
//! address it came (RFC 7662, 2.1 allows such a parameter), or its list would mean nothing at a service. A canary is as
//! dead as ever, and rings.

use std::net::{IpAddr, Ipv4Addr};

use super::api_key::usage::{self, UseFault};
use super::asker::Asker;
use super::caller::Caller;
use super::role::{Refused, may};
use super::session::{Principal, live_principal};
use super::{Context, Services};
use crate::crypto::KeyHash;
use crate::domain::id::{SessionId, TokenId};
use crate::domain::permission::{Permission, Permissions};
use crate::domain::session::{self, Presented};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::StoreError;

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The text of the token.
    pub token: &'a str,
    /// Whether it is said to be a refresh token.
    pub is_refresh: bool,
    /// From where the token was shown to who asks, where they say so.
    pub client: Option<IpAddr>,
}

/// What a good token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
    /// An API key.
    ApiKey,
}

/// A token that is good now.
#[derive(Debug)]
pub struct Standing {
    /// What it is.
    pub kind: Kind,
    /// Whose it is.
    pub user: User,
    /// What it allows now: nothing, where the account's roles ask for a second factor that it does not have.
    pub rights: Permissions,
    /// Names it.
    pub id: String,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// When it was issued, in seconds since the Unix epoch; `None` of a secret that was replaced.
    pub issued_at: Option<i64>,
    /// The first second in which it is dead; `None`: it does not end by itself.
    pub expires_at: Option<i64>,
}

/// How the token stands at this moment; `None`: it is good for nothing, whatever it is. An API key that asks needs
/// `users:read`.
pub async fn introspect(
    app: &Services,
    ctx: &Context,
    asker: &Asker,
    question: Question<'_>,
) -> Result<Option<Standing>, Refused> {
    asker.require(app, ctx, Permission::UsersRead).await?;
    let found = if question.is_refresh { of_refresh(app, ctx, question.token)? } else { None };
    let found = if found.is_none() { of_access(app, ctx, question.token)? } else { found };
    Ok(if found.is_none() { of_key(app, ctx, question).await? } else { found })
}

pub(super) fn of_access(app: &Services, ctx: &Context, token: &str) -> Result<Option<Standing>, StoreError> {
    let Ok(claims) = app.tokens.verify_access(token, ctx.now) else { return Ok(None) };
    let live = app.read(|read| live_principal(read, claims.user_id, claims.sid, ctx.now))?;
    Ok(live
        .map(|(principal, _)| of_session(app, Kind::Access, principal, (claims.jti, claims.iat, claims.exp))))
}

/// Good is what a refresh would take.
pub(super) fn of_refresh(app: &Services, ctx: &Context, token: &str) -> Result<Option<Standing>, StoreError> {
    let Ok(claims) = app.tokens.verify_refresh(token, ctx.now) else { return Ok(None) };
    let live = app.read(|read| live_principal(read, claims.user_id, claims.sid, ctx.now))?;
    let live = live.filter(|(_, session)| {
        let session::Kind::Tokens(mut family) = session.kind else { return false };
        let shown = family.present(claims.jti, ctx.now, claims.jti, &app.policy.tokens);
        matches!(shown, Presented::Rotated | Presented::Repeated)
    });
    Ok(live.map(|(principal, _)| {
        of_session(app, Kind::Refresh, principal, (claims.jti, claims.iat, claims.exp))
    }))
}

/// What is told of a token of a session: its name, and when it was issued and ends.
fn of_session(
    app: &Services,
    kind: Kind,
    principal: Principal,
    (id, issued_at, expires_at): (TokenId, i64, i64),
) -> Standing {
    let session = principal.session;
    let caller = Caller::from(principal);
    Standing {
        kind,
        rights: allowed(app, &caller),
        user: caller.user,
        id: id.to_string(),
        session: Some(session),
        issued_at: Some(issued_at),
        expires_at: Some(expires_at),
    }
}

async fn of_key(
    app: &Services,
    ctx: &Context,
    question: Question<'_>,
) -> Result<Option<Standing>, StoreError> {
    // An address that is on no list of networks, but for one of everything.
    let client = question.client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let (key, caller) = match usage::look_up(app, question.token, client, ctx.now) {
        Ok(found) => found,
        Err(UseFault::Noticed(noticed)) if noticed.is_canary() || question.client.is_some() => {
            let there = Context { client: question.client.unwrap_or(ctx.client), ..ctx.clone() };
            usage::record(app, &there, noticed).await?;
            return Ok(None);
        }
        Err(UseFault::Invalid | UseFault::Noticed(_)) => return Ok(None),
        Err(UseFault::Store(error)) => return Err(error),
    };
    let former_end = KeyHash::of(question.token).ok().and_then(|hash| key.former_end(hash.as_bytes()));
    let end = former_end.into_iter().chain(key.expires_at).min();
    Ok(Some(Standing {
        kind: Kind::ApiKey,
        rights: allowed(app, &caller),
        user: caller.user,
        id: key.id.to_string(),
        session: None,
        issued_at: former_end.is_none().then(|| key.rotated_at.seconds()),
        expires_at: end.map(Timestamp::seconds),
    }))
}

/// What the caller would be let do.
fn allowed(app: &Services, caller: &Caller) -> Permissions {
    caller.rights().iter().filter(|permission| may(app, caller, *permission)).collect()
}
