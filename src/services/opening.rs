//! What a login that is done opens: a session that lives by tokens or by a cookie. Knows nothing of how somebody
//! proved who they are.
//!
//! ## Decision: how many sessions there may be is counted where the new one is written
//! Of any number of logins at once each counts the live sessions in its own transaction, and those run one after
//! another: never are there more than the policy allows.
//!
//! ## Decision: a login ends the session that the browser came with
//! Whoever planted a cookie in a browser before its owner logs in has nothing of it: the login always makes a new id
//! and a new secret, and the old session is over, whoever's it was.

use zeroize::Zeroizing;

use super::audit::Witness;
use super::cookie::{self, Open};
use super::forward_auth::{self, ProxyCookie};
use super::token::{Granted, mint};
use super::{Context, Services};
use crate::crypto::{CsrfToken, SessionCookie};
use crate::domain::audit::{Action, Outcome};
use crate::domain::cookie::{Cookie, CookiePolicy, MAX_LIMIT, OverMax};
use crate::domain::id::{SessionId, TokenId, UserId};
use crate::domain::session::{Family, Kind, Session};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::lane::EventV1;
use crate::store::{self, StoreError, Txn};

/// Most sessions with a cookie that are looked at: those that ended and were not removed yet are among them.
const SCAN: usize = 10 * MAX_LIMIT;

/// What a login is to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening<'a> {
    /// Tokens.
    Tokens,
    /// A cookie.
    Cookie {
        /// The cookie that the browser came with.
        presented: Option<&'a str>,
    },
}

/// What a login opened.
pub enum Opened {
    /// Tokens.
    Tokens(Box<Granted>),
    /// A cookie.
    Cookie(Box<Admitted>),
}

/// Somebody who is logged in with a cookie.
pub struct Admitted {
    /// Who.
    pub user: User,
    /// The cookie.
    pub cookie: NewCookie,
}

/// A cookie that the browser does not have yet.
pub struct NewCookie {
    /// Its value: a secret.
    pub value: Zeroizing<String>,
    /// What goes with its changing requests.
    pub csrf: CsrfToken,
    /// When its session ends if it is not used.
    pub expires_at: Timestamp,
    /// When its session ends.
    pub ends_at: Timestamp,
    /// The cookie that shows the session to applications behind a proxy, where there are any.
    pub proxy: Option<ProxyCookie>,
}

impl NewCookie {
    pub(super) fn new(app: &Services, value: &SessionCookie, life: &Cookie) -> Self {
        let (expires_at, ends_at) = (life.expires_at(), life.ends_at);
        let proxy = forward_auth::proxy_cookie(app, value.id(), life);
        Self { value: value.reveal(), csrf: app.keys.cookies.csrf(value), expires_at, ends_at, proxy }
    }
}

/// There are as many live sessions as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

/// What the person is given when the session is written.
pub(super) enum Promise {
    Tokens(Family),
    Cookie(SessionCookie, Cookie),
}

/// A session to be written.
#[derive(Clone)]
pub(super) struct Entry {
    session: Session,
    policy: CookiePolicy,
    /// The session that ends for it, and the record of that.
    replaced: Option<(SessionId, EventV1)>,
}

/// A session of `user` that begins now.
pub(super) fn prepare(
    app: &Services,
    ctx: &Context,
    user: &User,
    opening: Opening<'_>,
) -> Result<(Promise, Entry), StoreError> {
    let id = SessionId::new(ctx.now, &app.random());
    let (promise, replaced) = match opening {
        Opening::Tokens => {
            let family = Family::begin(ctx.now, TokenId::new(ctx.now, &app.random()), &app.policy.tokens);
            (Promise::Tokens(family), None)
        }
        Opening::Cookie { presented } => {
            let value = SessionCookie::new(id, app.random());
            let hash = *app.keys.cookies.hash(app.policy.cookies.name, &value).as_bytes();
            let life = Cookie::begin(hash, ctx.now, &app.policy.cookies);
            let open = presented.map(|text| cookie::open(app, ctx, text)).transpose()?.flatten();
            let replaced = open.map(|open| replacement(app, ctx, &open)).transpose()?;
            (Promise::Cookie(value, life), replaced)
        }
    };
    let session = Session {
        id,
        user: user.id,
        epoch: user.session_epoch,
        created_at: ctx.now,
        authenticated_at: ctx.now,
        last_used_at: ctx.now,
        client: ctx.client,
        user_agent: ctx.user_agent.clone(),
        kind: match promise {
            Promise::Tokens(family) => Kind::Tokens(family),
            Promise::Cookie(_, life) => Kind::Cookie(life),
        },
    };
    Ok((promise, Entry { session, policy: app.policy.cookies, replaced }))
}

fn replacement(app: &Services, ctx: &Context, open: &Open) -> Result<(SessionId, EventV1), StoreError> {
    let (user, id) = (open.user.id, open.session.id);
    let witness = Witness::of_caller(app, ctx, user)?;
    let event = witness.event(Action::SessionEnded, Outcome::Success).session(id).reason("replaced");
    Ok((id, event.done()))
}

impl Promise {
    /// What the login of `user` opened, once its session is written.
    pub(super) fn kept(
        self,
        app: &Services,
        now: Timestamp,
        user: User,
        session: SessionId,
    ) -> Result<Opened, StoreError> {
        Ok(match self {
            Self::Tokens(family) => Opened::Tokens(Box::new(mint(app, now, user, (session, &family))?)),
            Self::Cookie(value, life) => {
                let cookie = NewCookie::new(app, &value, &life);
                Opened::Cookie(Box::new(Admitted { user, cookie }))
            }
        })
    }
}

impl Entry {
    /// The session's id.
    pub(super) const fn id(&self) -> SessionId {
        self.session.id
    }

    /// Writes the session, and ends those that make room for it; the records of their ends are by `witness`.
    pub(super) fn write(
        &self,
        txn: &mut Txn<'_>,
        witness: &Witness,
    ) -> Result<Result<(), TooMany>, StoreError> {
        if self.session.cookie().is_some() {
            let live = self.live(txn)?;
            let excess = live.len().saturating_add(1).saturating_sub(self.policy.max);
            if excess > 0 && self.policy.over_max == OverMax::Refuse {
                return Ok(Err(TooMany));
            }
            for old in live.iter().take(excess) {
                store::session::remove(txn, old)?;
                let event = witness.event(Action::SessionEnded, Outcome::Success).session(old.id);
                txn.emit(event.reason("evicted").done())?;
            }
        }
        if let Some((id, event)) = &self.replaced
            && let Some(old) = store::session::by_id(txn, *id)?
        {
            store::session::remove(txn, &old)?;
            txn.emit(event.clone())?;
        }
        store::session::insert(txn, &self.session)?;
        Ok(Ok(()))
    }

    /// The other live sessions of the account with a cookie, oldest login first; not the one that ends anyway.
    fn live(&self, txn: &Txn<'_>) -> Result<Vec<Session>, StoreError> {
        let replaced = self.replaced.as_ref().map(|(id, _)| *id);
        let mut all = store::session::cookies_of(txn, self.user(), SCAN)?;
        all.retain(|one| one.is_alive(self.session.epoch, txn.now()) && Some(one.id) != replaced);
        all.sort_by_key(|one| (one.created_at, one.id));
        Ok(all)
    }

    const fn user(&self) -> UserId {
        self.session.user
    }
}
