//! Sessions: who calls, which sessions a person has, and how they end.

use super::audit::Witness;
use super::caller::Caller;
use super::events::as_of;
use super::role::{Refused, require};
use super::{Context, Services, flatten};
use crate::crypto::CsrfToken;
use crate::crypto::digest::{sha256, to_hex};
use crate::crypto::token::TokenFault;
use crate::domain::address::network;
use crate::domain::audit::{Action, Outcome};
use crate::domain::feed::Cursor;
use crate::domain::held::Held;
use crate::domain::id::{SessionId, UserId};
use crate::domain::order::Order;
use crate::domain::role::Permission;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::one_time::{self, Purpose};
use crate::store::{self, Abort, Read, StoreError, Txn};

/// Most sessions one scan looks at; a person with more is counted as having this many.
const SESSIONS_MAX: usize = 1_000;

/// Most sessions whose rows are removed with the act that ended them; the sweep removes the rest.
const REMOVED_AT_ONCE: usize = 20;

/// A caller whose access token or cookie was checked against the store.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The account, as it is now.
    pub user: User,
    /// What it holds now.
    pub held: Held,
    /// The session.
    pub session: SessionId,
    /// When the person last proved in it who they are.
    pub authenticated_at: Timestamp,
    /// What a changing request has to carry; in a session that lives by a cookie.
    pub csrf: Option<CsrfToken>,
}

/// Why a caller is nobody.
#[derive(Debug, thiserror::Error)]
pub enum AuthFault {
    /// The token is none of ours, is of another kind, or its session or account is over.
    #[error("the access token is not valid")]
    Invalid,
    /// The token was good once.
    #[error("the access token has expired")]
    Expired,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks an access token. What the token says never outranks what the store says now (R27).
pub fn authenticate(app: &Services, token: &str, now: Timestamp) -> Result<Principal, AuthFault> {
    let token = app.tokens.subject(token, now).map_err(|fault| match fault {
        TokenFault::Expired => AuthFault::Expired,
        _ => AuthFault::Invalid,
    })?;
    let live = app.read(|read| live_principal(read, token.user_id, token.sid, now))?;
    Ok(live.ok_or(AuthFault::Invalid)?.0)
}

/// The account `id` as a caller, if it may be used and `session` is one of its live sessions; and that.
pub(super) fn live_principal(
    read: &impl Read,
    id: UserId,
    session: SessionId,
    now: Timestamp,
) -> Result<Option<(Principal, Session)>, StoreError> {
    let Some((user, session)) = live_session(read, id, session, now)? else { return Ok(None) };
    let (held, authenticated_at) = (store::role::held(read, &user)?, session.authenticated_at);
    let principal = Principal { user, held, session: session.id, authenticated_at, csrf: None };
    Ok(Some((principal, session)))
}

/// The account `id`, if it may be used and `session` is one of its live sessions.
pub(super) fn live_owner(
    read: &impl Read,
    id: UserId,
    session: SessionId,
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    Ok(live_session(read, id, session, now)?.map(|(user, _)| user))
}

/// The same, with the session.
pub(super) fn live_session(
    read: &impl Read,
    id: UserId,
    session: SessionId,
    now: Timestamp,
) -> Result<Option<(User, Session)>, StoreError> {
    match store::session::by_id(read, session)?.filter(|session| session.user == id) {
        Some(session) => with_owner(read, session, now),
        None => Ok(None),
    }
}

/// The session with its owner, if it is alive and the account may be used.
pub(super) fn with_owner(
    read: &impl Read,
    session: Session,
    now: Timestamp,
) -> Result<Option<(User, Session)>, StoreError> {
    let user = store::user::by_id(read, session.user)?.filter(|user| user.status.is_usable());
    Ok(user.filter(|user| session.is_alive(user.session_epoch, now)).map(|user| (user, session)))
}

/// A page of a person's own live sessions.
#[derive(Debug)]
pub struct SessionPage {
    /// The sessions, newest first.
    pub sessions: Vec<Session>,
    /// Where the next page starts, when there is one.
    pub next: Option<SessionId>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// The caller's own live sessions, newest first, older than `after`.
pub fn list(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    after: Option<SessionId>,
    limit: usize,
) -> Result<SessionPage, StoreError> {
    app.read(|read| page(read, ctx, &caller.user, (after, limit)))
}

/// The same of the account `id`; `None`: there is no such account. Needs `users:update`: who may end them may see them,
/// and where they were opened.
pub async fn list_of(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: UserId,
    range: (Option<SessionId>, usize),
) -> Result<Option<SessionPage>, Refused> {
    require(app, ctx, caller, Permission::UsersUpdate).await?;
    Ok(app.read(|read| {
        let user = store::user::by_id(read, id)?;
        user.map(|user| page(read, ctx, &user, range)).transpose()
    })?)
}

fn page(
    read: &impl Read,
    ctx: &Context,
    user: &User,
    (after, limit): (Option<SessionId>, usize),
) -> Result<SessionPage, StoreError> {
    let (sessions, more) = store::session::of_user(read, user.id, (Order::Newest, after), limit)?;
    let next = if more { sessions.last().map(|session| session.id) } else { None };
    let alive = |session: &Session| session.is_alive(user.session_epoch, ctx.now);
    let sessions = sessions.into_iter().filter(alive).collect();
    Ok(SessionPage { sessions, next, as_of: as_of(read)? })
}

/// What stands for the browser and the network of a session's login: 16 hexadecimal digits, alike where both are (T29).
pub fn fingerprint(session: &Session) -> String {
    let agent = session.user_agent.as_deref().unwrap_or_default();
    let place = format!("{agent}:{}", network(session.client));
    to_hex(&sha256(place.as_bytes())).chars().take(16).collect()
}

/// Why a session was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndFault {
    /// The caller has no such live session.
    #[error("no such session")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends one of the caller's own sessions, with both its tokens or its cookie, at once.
pub async fn end(app: &Services, ctx: &Context, caller: &Principal, id: SessionId) -> Result<(), EndFault> {
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let user = caller.user.id;
    let reason = if id == caller.session { "logout" } else { "revoked" };
    let event = witness.event(Action::SessionEnded, Outcome::Success).session(id).reason(reason).done();
    app.store
        .transact("session.end", app.stamp(ctx), move |txn| {
            let epoch = store::user::by_id(txn, user)?.map(|user| user.session_epoch);
            let session = store::session::by_id(txn, id)?.filter(|session| {
                session.user == user && epoch.is_some_and(|epoch| session.is_alive(epoch, txn.now()))
            });
            let session = session.ok_or(Abort::Rule(EndFault::NotFound))?;
            store::session::remove(txn, &session)?;
            Ok(txn.emit(event.clone())?)
        })
        .await
        .map_err(flatten)
}

/// Ends every session of the caller, this one too; answers how many were alive.
pub async fn end_all(app: &Services, ctx: &Context, caller: &Principal) -> Result<usize, StoreError> {
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let id = caller.user.id;
    app.write("session.end_all", ctx, move |txn| {
        let Some(mut user) = store::user::by_id(txn, id)? else { return Ok(0) };
        let ended = end_all_of(txn, &mut user)?;
        store::user::put(txn, &user)?;
        let event = witness.event(Action::SessionAllEnded, Outcome::Success).reason("logout_all");
        txn.emit(event.detail("sessions_ended", ended.to_string()).done())?;
        Ok(ended)
    })
    .await
}

/// Ends every session of `user` by raising its epoch (the caller stores the account), and removes
/// the rows of the newest ones. Answers how many were alive.
pub(super) fn end_all_of(txn: &mut Txn<'_>, user: &mut User) -> Result<usize, StoreError> {
    end_others_of(txn, user, None)
}

/// The same, but the session `kept` lives on under the new epoch, if it was alive. A link that sets a new password or
/// another address was asked for in the epoch that ends, and ends with it; so does what a registration may go on with.
pub(super) fn end_others_of(
    txn: &mut Txn<'_>,
    user: &mut User,
    kept: Option<SessionId>,
) -> Result<usize, StoreError> {
    let (now, ending) = (txn.now(), user.session_epoch);
    let (mut sessions, _) = store::session::of_user(txn, user.id, (Order::Newest, None), SESSIONS_MAX)?;
    sessions.retain(|session| Some(session.id) != kept);
    for session in sessions.iter().take(REMOVED_AT_ONCE) {
        store::session::remove(txn, session)?;
    }
    one_time::remove_of(txn, Purpose::ResetPassword, user.id)?;
    one_time::remove_of(txn, Purpose::ChangeEmail, user.id)?;
    one_time::remove_of(txn, Purpose::Invitation, user.id)?;
    one_time::remove_of(txn, Purpose::EnrolFactor, user.id)?;
    user.session_epoch = ending.wrapping_add(1);
    let kept = kept.map(|id| store::session::by_id(txn, id)).transpose()?.flatten();
    if let Some(kept) = kept.filter(|kept| kept.user == user.id && kept.is_alive(ending, now)) {
        store::session::put(txn, &Session { epoch: user.session_epoch, ..kept })?;
    }
    Ok(sessions.iter().filter(|session| session.is_alive(ending, now)).count())
}
