//! Which accounts there are.
//!
//! ## Decision: counting is asked for, following is not
//! A total needs a look at every account, so it is bounded and costs up to [`OFFSET_MAX`] rows. Whoever pages by cursor
//! gets none: a page looks at no more than [`LOOKED_AT_MAX`] accounts, and may be short or empty and still have a next one.

use crate::domain::feed::Cursor;
use crate::domain::id::UserId;
use crate::domain::order::Order;
use crate::domain::role::{Permission, Role};
use crate::domain::time::Timestamp;
use crate::domain::user::{Status, User};
use crate::services::caller::Caller;
use crate::services::events::as_of;
use crate::services::role::{Refused, require};
use crate::services::{Context, Services};
use crate::store::{self, Read, StoreError};

/// The farthest an `offset` reaches, and the highest exact total.
pub const OFFSET_MAX: usize = 10_000;

/// Most accounts that a page without a total looks at.
pub const LOOKED_AT_MAX: usize = 1_000;

/// Most accounts one scan reads: of a page with a total, and of one without.
const SCAN: (usize, usize) = (500, 100);

/// Which accounts to list.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Only accounts with this status.
    pub status: Option<Status>,
    /// Only accounts with this role.
    pub role: Option<Role>,
    /// Only accounts whose address, username or name contains this, without regard to ASCII case.
    pub search: Option<String>,
    /// Only accounts that have a second factor, or none.
    pub has_factor: Option<bool>,
    /// Only accounts made at this time or later.
    pub from: Option<Timestamp>,
    /// Only accounts made before this time.
    pub to: Option<Timestamp>,
    /// Which come first.
    pub order: Order,
    /// Where to begin.
    pub start: Start,
    /// Most accounts to answer.
    pub limit: usize,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Behind so many matches, at most [`OFFSET_MAX`]; and all are counted.
    Offset(usize),
    /// Behind this account, or at the first one; and none is counted.
    After(Option<UserId>),
}

impl Default for Start {
    fn default() -> Self {
        Self::Offset(0)
    }
}

/// A page of accounts.
#[derive(Debug)]
pub struct UserPage {
    /// The accounts, in the order asked for.
    pub users: Vec<User>,
    /// How many match, if they were counted.
    pub total: Option<Total>,
    /// Where the next page starts, when there may be one.
    pub next: Option<UserId>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// How many accounts match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// How many, as far as [`OFFSET_MAX`] accounts were looked at.
    pub count: usize,
    /// Whether there are more accounts than were looked at, so that it is a lower bound.
    pub is_capped: bool,
}

/// Lists accounts. Needs `users:read`.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &UserFilter,
) -> Result<UserPage, Refused> {
    require(app, ctx, caller, Permission::UsersRead).await?;
    Ok(app.read(|read| match filter.start {
        Start::Offset(offset) => counted(read, filter, offset),
        Start::After(after) => followed(read, filter, after),
    })?)
}

/// Accounts with an address or username that begins with something.
#[derive(Debug)]
pub struct Lookup {
    /// In the order of those names.
    pub users: Vec<User>,
    /// Whether there are more of them.
    pub more: bool,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// The first accounts, in the order of names, whose address or username begins with `start`, whatever the case. An index
/// serves it, however many accounts there are. Needs `users:read`.
pub async fn look_up(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    (start, limit): (&str, usize),
) -> Result<Lookup, Refused> {
    require(app, ctx, caller, Permission::UsersRead).await?;
    let start = start.trim().to_ascii_lowercase();
    Ok(app.read(|read| {
        let (users, more) = store::user::named_like(read, &start, limit)?;
        Ok(Lookup { users, more, as_of: as_of(read)? })
    })?)
}

fn counted(read: &impl Read, filter: &UserFilter, offset: usize) -> Result<UserPage, StoreError> {
    let narrowed = Narrowed::new(filter);
    let (mut users, mut count, mut next) = (Vec::new(), 0, None);
    let mut walk = Walk { after: narrowed.start, seen: 0 };
    let is_capped = loop {
        let (batch, more) = walk.batch(read, &narrowed, SCAN.0)?;
        for user in batch.into_iter().filter(|user| narrowed.fits(user)) {
            if count >= offset && users.len() < filter.limit {
                users.push(user);
            } else if count >= offset && next.is_none() {
                next = users.last().map(|user: &User| user.id);
            }
            count += 1;
        }
        if !more || walk.seen >= OFFSET_MAX {
            break more;
        }
    };
    // Behind the last account that was looked at there may be more that match.
    let next = next.or_else(|| walk.after.filter(|_| is_capped));
    Ok(UserPage { users, total: Some(Total { count, is_capped }), next, as_of: as_of(read)? })
}

fn followed(read: &impl Read, filter: &UserFilter, after: Option<UserId>) -> Result<UserPage, StoreError> {
    let narrowed = Narrowed::new(filter);
    let mut walk = Walk { after: filter.order.later(after, narrowed.start), seen: 0 };
    let mut users: Vec<User> = Vec::new();
    let next = loop {
        let (batch, more) = walk.batch(read, &narrowed, SCAN.1)?;
        let end = batch.last().map(|user| user.id);
        let room = filter.limit.saturating_sub(users.len());
        users.extend(batch.into_iter().filter(|user| narrowed.fits(user)).take(room));
        let last = users.last().map(|user| user.id);
        if users.len() >= filter.limit {
            break last.filter(|_| more || last != end);
        }
        if !more || walk.seen >= LOOKED_AT_MAX {
            break walk.after.filter(|_| more);
        }
    };
    Ok(UserPage { users, total: None, next, as_of: as_of(read)? })
}

/// How far accounts were looked at.
struct Walk {
    after: Option<UserId>,
    seen: usize,
}

impl Walk {
    /// The next accounts within the range, and whether there are more of it.
    fn batch(
        &mut self,
        read: &impl Read,
        narrowed: &Narrowed<'_>,
        scan: usize,
    ) -> Result<(Vec<User>, bool), StoreError> {
        let order = narrowed.filter.order;
        let (mut users, mut more) = store::user::list(read, (order, self.after), scan)?;
        self.seen += users.len();
        self.after = users.last().map(|user| user.id).or(self.after);
        if let Some(end) = narrowed.end {
            let within = users.partition_point(|user| !order.is_behind(&user.id, &end));
            more &= within == users.len();
            users.truncate(within);
        }
        Ok((users, more))
    }
}

/// What is asked for. Ids grow with time, so a range of times is a range of ids.
struct Narrowed<'a> {
    filter: &'a UserFilter,
    needle: Option<String>,
    /// Where the range begins and ends, in the order asked for.
    start: Option<UserId>,
    end: Option<UserId>,
}

impl<'a> Narrowed<'a> {
    fn new(filter: &'a UserFilter) -> Self {
        let edge = |at: Option<Timestamp>| at.map(UserId::edge);
        let (start, end) = filter.order.ends(edge(filter.from), edge(filter.to));
        Self { filter, needle: filter.search.as_deref().map(str::to_lowercase), start, end }
    }

    fn fits(&self, user: &User) -> bool {
        let Self { filter, needle, .. } = self;
        filter.status.is_none_or(|status| status == user.status)
            && filter.role.is_none_or(|role| user.roles.contains(&role))
            && filter.has_factor.is_none_or(|has| has == user.has_factor)
            && needle.as_deref().is_none_or(|needle| is_found(user, needle))
    }
}

fn is_found(user: &User, needle: &str) -> bool {
    let fields = [user.email.as_str(), user.username.as_str(), user.name.as_str()];
    fields.iter().any(|field| field.to_lowercase().contains(needle))
}
