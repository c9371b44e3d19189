//! Giving out tokens: at login, and again at refresh.

use super::audit::{Draft, Witness};
use super::explain::why;
use super::suspicion::Suspicion;
use super::user_rights::slugs;
use super::{Context, Services};
use crate::crypto::TokenFault;
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::{SessionId, TokenId, UserId};
use crate::domain::session::{self, Family, Presented, Session, TokenPolicy};
use crate::domain::suspicion::Suspicious;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessClaims, RefreshClaims};
use crate::domain::trace::Kind;
use crate::domain::user::User;
use crate::store::{self, StoreError, Txn};

/// Tokens for a person.
pub struct Granted {
    /// Whose they are.
    pub user: User,
    /// The session they belong to.
    pub session: SessionId,
    /// The access token, a JWT.
    pub access_token: String,
    /// The refresh token, a JWT.
    pub refresh_token: String,
    /// Whole seconds that the access token lives.
    pub expires_in: u32,
}

/// Why a refresh gave no tokens.
#[derive(Debug, thiserror::Error)]
pub enum RefreshFault {
    /// The token is none of ours, was used before, or its session or account is over.
    #[error("the refresh token is not valid")]
    Invalid,
    /// The token was good once.
    #[error("the refresh token has expired")]
    Expired,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Exchanges a refresh token for a new pair (RFC 6749, section 6; rotation as RFC 9700, 4.14).
pub async fn refresh(app: &Services, ctx: &Context, token: &str) -> Result<Granted, RefreshFault> {
    let claims = app.tokens.verify_refresh(token, ctx.now).map_err(|fault| {
        ctx.trail.note(match fault {
            TokenFault::Expired => Kind::RefreshExpired.into(),
            fault => why::of_token(app, fault, token, ctx.now),
        });
        if fault == TokenFault::Expired { RefreshFault::Expired } else { RefreshFault::Invalid }
    })?;
    ctx.trail.about(claims.user_id);
    let (user, session_id) = (claims.user_id, claims.sid);
    let witness = Witness::of_caller(app, ctx, user)?;
    let step = Step {
        user,
        session: session_id,
        presented: claims.jti,
        successor: TokenId::new(ctx.now, &app.random()),
        witness,
        theft: Suspicion::new(app, ctx, Suspicious::TokenReuse),
    };
    let policy = app.policy.tokens;
    let outcome = app.write("refresh", ctx, move |txn| step.run(txn, &policy)).await?;
    match outcome {
        Exchange::Granted(user, family) => Ok(mint(app, ctx.now, *user, (session_id, &family))?),
        Exchange::Expired => {
            ctx.trail.note(Kind::RefreshExpired);
            Err(RefreshFault::Expired)
        }
        Exchange::Reused => {
            ctx.trail.note(Kind::RefreshReused.with("session", session_id));
            Err(RefreshFault::Invalid)
        }
        Exchange::Refused => {
            why::session(app, ctx, (user, session_id));
            Err(RefreshFault::Invalid)
        }
    }
}

/// What a refresh came to. A reuse is refused *and* written, so it is no error of the transaction.
enum Exchange {
    Granted(Box<User>, Family),
    Expired,
    Reused,
    Refused,
}

struct Step {
    user: UserId,
    session: SessionId,
    presented: TokenId,
    successor: TokenId,
    witness: Witness,
    theft: Suspicion,
}

impl Step {
    fn run(&self, txn: &mut Txn<'_>, policy: &TokenPolicy) -> Result<Exchange, StoreError> {
        let now = txn.now();
        let user = store::user::by_id(txn, self.user)?.filter(|user| user.status.is_usable());
        let session = store::session::by_id(txn, self.session)?.filter(|session| session.user == self.user);
        let (Some(user), Some(session)) = (user, session) else { return Ok(Exchange::Refused) };
        let session::Kind::Tokens(mut family) = session.kind else { return Ok(Exchange::Refused) };
        if session.epoch != user.session_epoch {
            return Ok(Exchange::Refused);
        }
        match family.present(self.presented, now, self.successor, policy) {
            Presented::Expired => return Ok(Exchange::Expired),
            Presented::Reused => {
                store::session::remove(txn, &session)?;
                let event = self.event(Action::RefreshReused, Outcome::Denied);
                let event = event.detail("suspicious", Suspicious::TokenReuse.name()).done();
                self.theft.write(txn, &event)?;
                txn.emit(event)?;
                return Ok(Exchange::Reused);
            }
            Presented::Rotated => txn.emit(self.event(Action::RefreshRotated, Outcome::Success).done())?,
            Presented::Repeated => {
                let event = self.event(Action::RefreshRotated, Outcome::Success).reason("repeated");
                txn.emit(event.done())?;
            }
        }
        store::session::put(
            txn,
            &Session { last_used_at: now, kind: session::Kind::Tokens(family), ..session },
        )?;
        Ok(Exchange::Granted(Box::new(user), family))
    }

    fn event(&self, action: Action, outcome: Outcome) -> Draft {
        self.witness.event(action, outcome).session(self.session)
    }
}

/// Signs a fresh access token, and the refresh token that is the head of the session's family.
pub(super) fn mint(
    app: &Services,
    now: Timestamp,
    user: User,
    (session, family): (SessionId, &Family),
) -> Result<Granted, StoreError> {
    let head = family.head;
    let ends_at = Timestamp::from_seconds(now.seconds()).plus(app.policy.tokens.access_ttl);
    let ends_at = ends_at.min(family.expires_at);
    let access = AccessClaims {
        user_id: user.id,
        email: user.email.as_str().to_owned(),
        name: user.name.as_str().to_owned(),
        roles: app.policy.claims.roles(&user).map_or_else(|| slugs(app, &user), Ok)?,
        extra: app.policy.claims.extra(&user),
        iat: now.seconds(),
        exp: ends_at.seconds(),
        jti: TokenId::new(now, &app.random()),
        sid: session,
    };
    let refresh = RefreshClaims {
        user_id: user.id,
        sub: app.policy.claims.subject(&user),
        iat: head.issued_at.seconds(),
        exp: head.expires_at.seconds(),
        jti: head.id,
        sid: session,
    };
    // The line by which operators count what was given out (S31).
    tracing::info!(user = %user.id, session = %session, "Token generated");
    Ok(Granted {
        access_token: app.tokens.sign_access(&access),
        refresh_token: app.tokens.sign_refresh(&refresh),
        expires_in: u32::try_from(ends_at.seconds().saturating_sub(now.seconds())).unwrap_or(0),
        session,
        user,
    })
}
