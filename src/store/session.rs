//! Sessions at rest, by id and by account; those with a cookie by account once more, for there may be only so many.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::{Read, Scan, StoreError, Txn, expiry, tables};
use crate::domain::cookie::Cookie;
use crate::domain::id::{SessionId, TokenId, UserId};
use crate::domain::order::Order;
use crate::domain::session::{Family, Issue, Kind, Rotation, Session};
use crate::domain::time::Timestamp;

/// A session as stored under its id.
#[derive(Debug, Serialize, Deserialize)]
pub struct SessionV1 {
    user: [u8; 16],
    epoch: u32,
    created_at: i64,
    authenticated_at: i64,
    last_used_at: i64,
    client: IpAddr,
    user_agent: Option<String>,
    kind: KindV1,
}

impl Value for SessionV1 {
    const VERSION: u8 = 1;
}

#[derive(Debug, Serialize, Deserialize)]
enum KindV1 {
    Tokens { lazy: bool, expires_at: i64, head: IssueV1, previous: Option<(IssueV1, i64)> },
    Cookie { hash: [u8; 32], idle_ends_at: i64, ends_at: i64 },
}

#[derive(Debug, Serialize, Deserialize)]
struct IssueV1 {
    id: [u8; 16],
    issued_at: i64,
    expires_at: i64,
}

/// Each session of an account is there, and is the account's.
pub const USER_INDEX: IndexCheck = IndexCheck {
    table: tables::USER_SESSIONS.id(),
    holds: |snapshot, row_key| {
        let (user, id) = tables::USER_SESSIONS.key_of(row_key)?;
        Ok(by_id(snapshot, id)?.is_some_and(|session| session.user == user))
    },
};

/// Each session of an account with a cookie is there, is the account's, and has one.
pub const COOKIE_INDEX: IndexCheck = IndexCheck {
    table: tables::USER_COOKIES.id(),
    holds: |snapshot, row_key| {
        let (user, id) = tables::USER_COOKIES.key_of(row_key)?;
        Ok(by_id(snapshot, id)?.is_some_and(|session| session.user == user && session.cookie().is_some()))
    },
};

/// The session `id`, alive or not.
pub fn by_id(read: &impl Read, id: SessionId) -> Result<Option<Session>, StoreError> {
    Ok(read.get(&tables::SESSIONS, &id)?.map(|record| to_session(id, record)))
}

/// Sessions of an account in `order`, behind `after`; and whether there are more.
pub fn of_user(
    read: &impl Read,
    user: UserId,
    (order, after): (Order, Option<SessionId>),
    limit: usize,
) -> Result<(Vec<Session>, bool), StoreError> {
    let after = after.map(|after| (user, after));
    let scan = Scan::all(limit).prefix(&user).ordered(order, after.as_ref());
    let page = read.scan(&tables::USER_SESSIONS, scan)?;
    let mut sessions = Vec::with_capacity(page.rows.len());
    for ((_, id), ()) in page.rows {
        sessions.extend(by_id(read, id)?);
    }
    Ok((sessions, page.more))
}

/// The newest sessions of an account with a cookie, alive or not, newest first.
pub fn cookies_of(read: &impl Read, user: UserId, limit: usize) -> Result<Vec<Session>, StoreError> {
    let page = read.scan(&tables::USER_COOKIES, Scan::all(limit).prefix(&user).reverse())?;
    let mut sessions = Vec::with_capacity(page.rows.len());
    for ((_, id), ()) in page.rows {
        sessions.extend(by_id(read, id)?);
    }
    Ok(sessions)
}

/// Sessions of everybody in `order`, behind `after`; and whether there are more.
pub fn all(
    read: &impl Read,
    (order, after): (Order, Option<SessionId>),
    limit: usize,
) -> Result<(Vec<Session>, bool), StoreError> {
    let page = read.scan(&tables::SESSIONS, Scan::all(limit).ordered(order, after.as_ref()))?;
    Ok((page.rows.into_iter().map(|(id, record)| to_session(id, record)).collect(), page.more))
}

/// Stores a new session.
pub fn insert(txn: &mut Txn<'_>, session: &Session) -> Result<(), StoreError> {
    if session.cookie().is_some() {
        txn.put(&tables::USER_COOKIES, &(session.user, session.id), &())?;
    }
    txn.put(&tables::USER_SESSIONS, &(session.user, session.id), &())?;
    expiry::schedule(txn, session.expires_at(), &tables::SESSIONS, &session.id)?;
    txn.put(&tables::SESSIONS, &session.id, &to_record(session))
}

/// Stores a session again after its end moved on. Its place among the sessions to expire stays
/// where the login put it; the sweep moves it when it gets there, which saves two writes each time.
pub fn put(txn: &mut Txn<'_>, session: &Session) -> Result<(), StoreError> {
    txn.put(&tables::SESSIONS, &session.id, &to_record(session))
}

/// Removes a session. Its expiry row goes when the sweep reaches it.
pub fn remove(txn: &mut Txn<'_>, session: &Session) -> Result<(), StoreError> {
    if session.cookie().is_some() {
        txn.remove(&tables::USER_COOKIES, &(session.user, session.id))?;
    }
    txn.remove(&tables::USER_SESSIONS, &(session.user, session.id))?;
    txn.remove(&tables::SESSIONS, &session.id)
}

/// Handles the end that was planned for the session `id` at `planned`: removes the session, or plans
/// its new end when refreshes or uses have moved it. Answers whether it was removed.
pub fn expire(txn: &mut Txn<'_>, id: SessionId, planned: Timestamp) -> Result<bool, StoreError> {
    expiry::unschedule(txn, planned, &tables::SESSIONS, &id)?;
    match by_id(txn, id)? {
        Some(session) if session.expires_at() > txn.now() => {
            expiry::schedule(txn, session.expires_at(), &tables::SESSIONS, &id)?;
            Ok(false)
        }
        Some(session) => remove(txn, &session).map(|()| true),
        None => Ok(false),
    }
}

fn to_record(session: &Session) -> SessionV1 {
    SessionV1 {
        user: *session.user.as_bytes(),
        epoch: session.epoch,
        created_at: session.created_at.millis(),
        authenticated_at: session.authenticated_at.millis(),
        last_used_at: session.last_used_at.millis(),
        client: session.client,
        user_agent: session.user_agent.clone(),
        kind: match &session.kind {
            Kind::Tokens(family) => KindV1::Tokens {
                lazy: family.mode == Rotation::Lazy,
                expires_at: family.expires_at.millis(),
                head: to_issue_record(&family.head),
                previous: family.previous.map(|(issue, at)| (to_issue_record(&issue), at.millis())),
            },
            Kind::Cookie(cookie) => KindV1::Cookie {
                hash: cookie.hash,
                idle_ends_at: cookie.idle_ends_at.millis(),
                ends_at: cookie.ends_at.millis(),
            },
        },
    }
}

fn to_session(id: SessionId, record: SessionV1) -> Session {
    Session {
        id,
        user: UserId::from_bytes(record.user),
        epoch: record.epoch,
        created_at: Timestamp::from_millis(record.created_at),
        authenticated_at: Timestamp::from_millis(record.authenticated_at),
        last_used_at: Timestamp::from_millis(record.last_used_at),
        client: record.client,
        user_agent: record.user_agent,
        kind: match record.kind {
            KindV1::Tokens { lazy, expires_at, head, previous } => Kind::Tokens(Family {
                mode: if lazy { Rotation::Lazy } else { Rotation::Strict },
                expires_at: Timestamp::from_millis(expires_at),
                head: to_issue(&head),
                previous: previous.map(|(issue, at)| (to_issue(&issue), Timestamp::from_millis(at))),
            }),
            KindV1::Cookie { hash, idle_ends_at, ends_at } => Kind::Cookie(Cookie {
                hash,
                idle_ends_at: Timestamp::from_millis(idle_ends_at),
                ends_at: Timestamp::from_millis(ends_at),
            }),
        },
    }
}

fn to_issue_record(issue: &Issue) -> IssueV1 {
    IssueV1 {
        id: *issue.id.as_bytes(),
        issued_at: issue.issued_at.millis(),
        expires_at: issue.expires_at.millis(),
    }
}

fn to_issue(record: &IssueV1) -> Issue {
    Issue {
        id: TokenId::from_bytes(record.id),
        issued_at: Timestamp::from_millis(record.issued_at),
        expires_at: Timestamp::from_millis(record.expires_at),
    }
}
