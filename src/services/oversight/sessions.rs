//! The live sessions of everybody, and the end of any one of them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use ipnet::IpNet;

use super::{Deed, OversightFault, Thing, walk};
use crate::domain::address::covers;
use crate::domain::audit::Action;
use crate::domain::feed::Cursor;
use crate::domain::id::{SessionId, UserId};
use crate::domain::order::Order;
use crate::domain::role::Permission;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::services::caller::Caller;
use crate::services::events::as_of;
use crate::services::role::{Refused, require};
use crate::services::session::live_session;
use crate::services::{Context, Services, flatten};
use crate::store::{self, Abort, Page, Read, StoreError};

/// Which sessions to list.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Only those of this account.
    pub user: Option<UserId>,
    /// Only those that were opened from this network.
    pub network: Option<IpNet>,
    /// Only those that were opened at or after this time.
    pub since: Option<Timestamp>,
    /// Only those that were opened before this time.
    pub until: Option<Timestamp>,
    /// Only those that live by a cookie, or only those that do not.
    pub by_cookie: Option<bool>,
    /// Which come first.
    pub order: Order,
    /// Only those behind this one in that order.
    pub after: Option<SessionId>,
    /// Most sessions to answer.
    pub limit: usize,
}

impl SessionFilter {
    fn holds(&self, session: &Session) -> bool {
        self.network.is_none_or(|network| covers(&network, session.client))
            && self.since.is_none_or(|since| session.created_at >= since)
            && self.until.is_none_or(|until| session.created_at < until)
            && self.by_cookie.is_none_or(|by_cookie| session.cookie().is_some() == by_cookie)
    }
}

/// A page of live sessions.
#[derive(Debug)]
pub struct LiveSessions {
    /// The sessions with their accounts, in the order asked for.
    pub sessions: Vec<(Session, User)>,
    /// Where the next page starts, when there may be one.
    pub next: Option<SessionId>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Lists the live sessions of everybody. Needs `audit:read`.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &SessionFilter,
) -> Result<LiveSessions, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    Ok(app.read(|read| matching(read, filter, ctx.now))?)
}

/// The live sessions that `filter` holds, as far as one request looks.
pub(super) fn matching(
    read: &impl Read,
    filter: &SessionFilter,
    now: Timestamp,
) -> Result<LiveSessions, StoreError> {
    let order = filter.order;
    let rows = |after, limit| rows(read, filter.user, (order, after), limit);
    let mut owners = HashMap::new();
    // Ids are in the order of time: no earlier one is of a later session.
    let edge = |at: Option<Timestamp>| at.map(SessionId::edge);
    let (start, end) = order.ends(edge(filter.since), edge(filter.until));
    let after = order.later(filter.after, start);
    let (sessions, next) = walk(after, filter.limit, rows, |id, session: Session| {
        if end.is_some_and(|end| order.is_behind(&id, &end)) {
            return Ok(ControlFlow::Break(()));
        }
        if !filter.holds(&session) {
            return Ok(ControlFlow::Continue(None));
        }
        let owner = owner(read, &mut owners, session.user)?;
        let owner = owner.filter(|owner| session.is_alive(owner.session_epoch, now));
        Ok(ControlFlow::Continue(owner.map(|owner| (session, owner))))
    })?;
    Ok(LiveSessions { sessions, next, as_of: as_of(read)? })
}

fn rows(
    read: &impl Read,
    user: Option<UserId>,
    after: (Order, Option<SessionId>),
    limit: usize,
) -> Result<Page<SessionId, Session>, StoreError> {
    let (sessions, more) = match user {
        Some(user) => store::session::of_user(read, user, after, limit)?,
        None => store::session::all(read, after, limit)?,
    };
    Ok(Page { rows: sessions.into_iter().map(|session| (session.id, session)).collect(), more })
}

/// The account `id`, if it may be used.
pub(super) fn owner(
    read: &impl Read,
    known: &mut HashMap<UserId, Option<User>>,
    id: UserId,
) -> Result<Option<User>, StoreError> {
    if let Some(user) = known.get(&id) {
        return Ok(user.clone());
    }
    let user = store::user::by_id(read, id)?.filter(|user| user.status.is_usable());
    known.insert(id, user.clone());
    Ok(user)
}

/// Ends the live session `id`, with all that it gave out, unless its owner outranks the caller. Needs `users:update`.
pub async fn end(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: SessionId,
) -> Result<(), OversightFault> {
    const NONE: OversightFault = OversightFault::NotFound(Thing::Session);
    require(app, ctx, caller, Permission::UsersUpdate).await?;
    let live = app.read(|read| {
        let Some(session) = store::session::by_id(read, id)? else { return Ok(None) };
        live_session(read, session.user, id, ctx.now)
    });
    let (User { id: owner, .. }, _) = live?.ok_or(NONE)?;
    let deed = Deed::new(app, ctx, (caller, Some(owner)), Action::SessionEnded, |record| {
        record.session(id).reason("ended_by_operator")
    })?;
    let run = app.store.transact("session.end_any", app.stamp(ctx), move |txn| {
        deed.run(txn, |txn| {
            let live = live_session(txn, owner, id, txn.now())?;
            let (_, session) = live.ok_or(Abort::Rule(NONE))?;
            Ok(store::session::remove(txn, &session)?)
        })
    });
    run.await.map_err(flatten)?
}
