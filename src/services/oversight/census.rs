//! How many there are of everything. Knows nothing of which.
//!
//! ## Decision: counted when asked, and no further than is worth it
//! A count that is kept would be one row that every login writes. So rows are counted when somebody asks, a slice at a
//! time with others in between, and no more than [`COUNTED_MAX`] of a kind: beyond that an operator asks for a trend.

use std::collections::HashMap;

use super::locks::{self, LockFilter};
use super::sessions::owner;
use crate::domain::feed::Cursor;
use crate::domain::order::Order;
use crate::domain::role::Permission;
use crate::services::caller::Caller;
use crate::services::events::as_of;
use crate::services::role::{Refused, require};
use crate::services::{Context, Services};
use crate::store::{self, Snapshot, StoreError};

/// Most rows of a kind that are looked at.
pub const COUNTED_MAX: usize = 10_000;

/// Rows that are looked at before others have their turn.
const SLICE: usize = 500;

/// Most locks that are counted: each is looked up.
const LOCKS_MAX: usize = 100;

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How many were found.
    pub found: usize,
    /// Whether there may be more.
    pub is_capped: bool,
}

/// How many there are of everything.
#[derive(Debug)]
pub struct Census {
    /// Accounts.
    pub users: Count,
    /// Live sessions.
    pub sessions: Count,
    /// API keys, those of accounts that are switched off included.
    pub api_keys: Count,
    /// Locks.
    pub lockouts: Count,
    /// Mails that wait, and dead letters.
    pub mails: Count,
    /// The state before counting began.
    pub as_of: Cursor,
}

/// Counts everything. Needs `audit:read`.
pub async fn census(app: &Services, ctx: &Context, caller: &Caller) -> Result<Census, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let as_of = app.read(|read| as_of(read))?;
    let users = count(app, |read, after| {
        let (users, more) = store::user::list(read, (Order::Newest, after), SLICE)?;
        Ok(Slice::of_all(&users, |it| it.id, more))
    });
    let users = users.await?;
    let mut owners = HashMap::new();
    let sessions = count(app, |read, after| {
        let (sessions, more) = store::session::all(read, (Order::Newest, after), SLICE)?;
        let mut found = 0;
        for session in &sessions {
            let owner = owner(read, &mut owners, session.user)?;
            found += usize::from(owner.is_some_and(|owner| session.is_alive(owner.session_epoch, ctx.now)));
        }
        Ok(Slice { looked_at: sessions.len(), found, last: sessions.last().map(|it| it.id), more })
    });
    let sessions = sessions.await?;
    let api_keys = count(app, |read, after| {
        let (keys, more) = store::api_key::list(read, None, after, SLICE)?;
        Ok(Slice::of_all(&keys, |it| it.id, more))
    });
    let api_keys = api_keys.await?;
    let mails = count(app, |read, after| {
        let (mails, more) = store::outbox::list(read, after, SLICE)?;
        Ok(Slice::of_all(&mails, |it| it.id, more))
    });
    let mails = mails.await?;
    let all = LockFilter { limit: LOCKS_MAX, ..LockFilter::default() };
    let locked = locks::list(app, ctx, caller, &all).await?;
    let lockouts = Count { found: locked.locks.len(), is_capped: locked.next.is_some() };
    Ok(Census { users, sessions, api_keys, lockouts, mails, as_of })
}

/// What one slice of rows said.
struct Slice<I> {
    looked_at: usize,
    found: usize,
    last: Option<I>,
    more: bool,
}

impl<I> Slice<I> {
    /// Rows of which each counts.
    fn of_all<T>(rows: &[T], id: impl Fn(&T) -> I, more: bool) -> Self {
        Self { looked_at: rows.len(), found: rows.len(), last: rows.last().map(id), more }
    }
}

async fn count<I: Copy>(
    app: &Services,
    mut slice: impl FnMut(&Snapshot<'_>, Option<I>) -> Result<Slice<I>, StoreError>,
) -> Result<Count, StoreError> {
    let (mut after, mut looked_at, mut found) = (None, 0, 0);
    loop {
        let next = app.read(|read| slice(read, after))?;
        (looked_at, found, after) = (looked_at + next.looked_at, found + next.found, next.last);
        if !next.more || after.is_none() {
            return Ok(Count { found, is_capped: false });
        }
        if looked_at >= COUNTED_MAX {
            return Ok(Count { found, is_capped: true });
        }
        tokio::task::yield_now().await;
    }
}
