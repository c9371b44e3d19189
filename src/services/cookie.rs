//! Sessions that live by a cookie: who calls with one, when it was used, what does not fit. Knows no HTTP, and not how
//! a cookie is given out.

use super::audit::{Draft, Witness, person_key};
use super::caller::Caller;
use super::role;
use super::session::{AuthFault, Principal, live_session, with_owner};
use super::suspicion::Suspicion;
use super::{Context, Services, flatten};
use crate::crypto::{CsrfToken, HashedToken, ProxyCookie, SessionCookie};
use crate::domain::audit::{Action, Outcome};
use crate::domain::cookie::{Mismatch, is_due};
use crate::domain::held::Held;
use crate::domain::id::{SessionId, UserId};
use crate::domain::session::{self, Session};
use crate::domain::trace::Kind;
use crate::domain::user::User;
use crate::store::{self, Abort, StoreError, Txn};

/// Somebody with a good cookie.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who.
    pub principal: Principal,
    /// Whether the use is to be written, with [`note_use`].
    pub is_due: bool,
}

/// Why a cookie opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum CookieFault {
    /// None of ours, or of a session or an account that is over.
    #[error("the session is not valid")]
    Invalid,
    /// Shown where its session is not at home: to be recorded with [`record`].
    #[error("the session is not at home here")]
    Noticed(Noticed),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A cookie that was shown where its session is not at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noticed {
    session: SessionId,
    user: UserId,
    mismatch: Mismatch,
}

/// A live session, and whose it is.
pub(super) struct Open {
    pub(super) user: User,
    held: Held,
    pub(super) session: Session,
}

/// Who calls with the cookie `text`. The reads of a token, and no more. Writes nothing, and is no use of the session.
pub fn authenticate(app: &Services, ctx: &Context, text: &str) -> Result<Visitor, CookieFault> {
    let value = SessionCookie::parse(text).map_err(|_| CookieFault::Invalid)?;
    let csrf = app.keys.cookies.csrf(&value);
    at_home(app, ctx, find(app, ctx, &value)?.ok_or(CookieFault::Invalid)?, Some(csrf))
}

/// The same with the cookie for applications. It is good for nothing else.
pub(super) fn authenticate_proxy(app: &Services, ctx: &Context, text: &str) -> Result<Visitor, CookieFault> {
    let value = ProxyCookie::parse(text).map_err(|_| CookieFault::Invalid)?;
    let is_of = |stored: &HashedToken| app.keys.cookies.for_proxy(value.id(), stored).matches(&value);
    at_home(app, ctx, open_by(app, ctx, value.id(), is_of)?.ok_or(CookieFault::Invalid)?, None)
}

/// Whoever is in the session, if it is shown where it is at home.
fn at_home(
    app: &Services,
    ctx: &Context,
    open: Open,
    csrf: Option<CsrfToken>,
) -> Result<Visitor, CookieFault> {
    let Open { user, held, session } = open;
    let agent = ctx.user_agent.as_deref();
    if let Some(mismatch) = app.policy.cookies.mismatch(&session, ctx.client, agent) {
        return Err(CookieFault::Noticed(Noticed { session: session.id, user: user.id, mismatch }));
    }
    let principal =
        Principal { user, held, session: session.id, authenticated_at: session.authenticated_at, csrf };
    Ok(Visitor { principal, is_due: is_due(&session, ctx.now) })
}

/// The live session that the cookie `text` opens, wherever it is shown.
pub(super) fn open(app: &Services, ctx: &Context, text: &str) -> Result<Option<Open>, StoreError> {
    SessionCookie::parse(text).map_or(Ok(None), |value| find(app, ctx, &value))
}

fn find(app: &Services, ctx: &Context, value: &SessionCookie) -> Result<Option<Open>, StoreError> {
    let shown = app.keys.cookies.hash(app.policy.cookies.name, value);
    open_by(app, ctx, value.id(), |stored| stored.matches(&shown))
}

/// The live session `id`, if what is stored of its cookie is what was shown.
fn open_by(
    app: &Services,
    ctx: &Context,
    id: SessionId,
    is_shown: impl Fn(&HashedToken) -> bool,
) -> Result<Option<Open>, StoreError> {
    app.read(|read| {
        let Some(session) = store::session::by_id(read, id)? else { return Ok(None) };
        let stored = session.cookie().map(|cookie| HashedToken::from_bytes(cookie.hash));
        if !stored.is_some_and(|stored| is_shown(&stored)) {
            return Ok(None);
        }
        let Some((user, session)) = with_owner(read, session, ctx.now)? else { return Ok(None) };
        let held = store::role::held(read, &user)?;
        Ok(Some(Open { user, held, session }))
    })
}

/// The session that a cookie's value names, whether it opens it or not: the id is no secret.
pub fn named(text: &str) -> Option<SessionId> {
    SessionCookie::parse(text).ok().map(|value| value.id())
}

/// Writes that the session of `caller` was used, which moves its idle end.
pub async fn note_use(app: &Services, ctx: &Context, caller: &Principal) -> Result<(), StoreError> {
    let (user, id, policy) = (caller.user.id, caller.session, app.policy.cookies);
    app.write("cookie.use", ctx, move |txn| {
        let now = txn.now();
        let Some((_, session)) = live_session(txn, user, id, now)? else { return Ok(()) };
        let Some(cookie) = session.cookie().filter(|_| is_due(&session, now)) else { return Ok(()) };
        let kind = session::Kind::Cookie(cookie.used(now, &policy));
        store::session::put(txn, &Session { last_used_at: now, kind, ..session })
    })
    .await
}

/// Why the idle end was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveFault {
    /// The session lives by tokens.
    #[error("the session lives by tokens")]
    NoCookie,
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Moves the idle end of the caller's session, and no other: T30. Answers the session as it is then.
pub async fn refresh(app: &Services, ctx: &Context, caller: &Principal) -> Result<Session, MoveFault> {
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let (user, id, policy) = (caller.user.id, caller.session, app.policy.cookies);
    let event = witness.event(Action::SessionRefreshed, Outcome::Success).session(id).done();
    let run = move |txn: &mut Txn<'_>| {
        let live = live_session(txn, user, id, txn.now())?;
        let (_, session) = live.ok_or(Abort::Rule(MoveFault::Caller(AuthFault::Invalid)))?;
        let cookie = session.cookie().ok_or(Abort::Rule(MoveFault::NoCookie))?;
        let kind = session::Kind::Cookie(cookie.used(txn.now(), &policy));
        let session = Session { last_used_at: txn.now(), kind, ..session };
        store::session::put(txn, &session)?;
        txn.emit(event.clone())?;
        Ok(session)
    };
    app.store.transact("cookie.refresh", app.stamp(ctx), run).await.map_err(flatten)
}

/// The caller's session as it is now.
pub fn own(app: &Services, ctx: &Context, caller: &Principal) -> Result<Session, AuthFault> {
    let live = app.read(|read| live_session(read, caller.user.id, caller.session, ctx.now))?;
    live.map(|(_, session)| session).ok_or(AuthFault::Invalid)
}

/// Records a cookie that was shown where its session is not at home: T33, T34.
pub async fn record(app: &Services, ctx: &Context, noticed: Noticed) -> Result<(), StoreError> {
    ctx.trail.about(noticed.user);
    let step = Kind::CookieAway.with("session", noticed.session);
    ctx.trail.note(step.with("mismatch", noticed.mismatch.words()));
    let person = app.read(|read| person_key(app, read, noticed.user))?;
    let kind = noticed.mismatch.kind();
    let witness = Witness::of_stranger(app, ctx, noticed.user, &person);
    let event = witness.event(Action::AccessDenied, Outcome::Denied).session(noticed.session);
    let event = event.reason(kind.name()).detail("suspicious", noticed.mismatch.words()).done();
    let suspicion = Suspicion::new(app, ctx, kind);
    app.write("cookie.noticed", ctx, move |txn| {
        suspicion.write(txn, &event)?;
        txn.emit(event.clone())
    })
    .await
}

/// Records a request that no page of ours sent, by `cause`; of `caller`, if it came with a good cookie.
pub async fn record_forged(
    app: &Services,
    ctx: &Context,
    caller: Option<&Principal>,
    cause: &'static str,
) -> Result<(), StoreError> {
    ctx.trail.note(Kind::Forged.with("cause", cause));
    let why = |event: Draft| event.reason("csrf").detail("cause", cause);
    if let Some(caller) = caller {
        return role::denied(app, ctx, &Caller::from(caller.clone()), why).await;
    }
    let event = why(Witness::of_nobody(app, ctx).event(Action::AccessDenied, Outcome::Denied)).done();
    app.write("access.denied", ctx, move |txn| txn.emit(event.clone())).await
}
