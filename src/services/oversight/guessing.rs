//! The logins of the audit log, looked at as guesses: who attacks from where, and what other rules of lockouts would have
//! done.
//!
//! ## Decision: a bounded look that says how far it went
//! There is no index of failures: one would cost every login a write, and strangers decide how many there are. So the log
//! is read, a slice at a time with others in between, and no further than [`RECORDS_MAX`] records. The answer says from
//! when on it counts, and whether that is all that was asked for.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::crypto::digest::from_hex;
use crate::crypto::seal::SealKey;
use crate::domain::audit::Action;
use crate::domain::feed::Cursor;
use crate::domain::id::UserId;
use crate::domain::incident::{Incident, Tally, Tried, Try};
use crate::domain::lockout::{LockoutPolicy, Place};
use crate::domain::login::DenyReason;
use crate::domain::role::Permission;
use crate::domain::time::Timestamp;
use crate::domain::what_if::{Replay, Replayed};
use crate::services::audit::open_personal;
use crate::services::caller::Caller;
use crate::services::events::as_of;
use crate::services::role::{Refused, require};
use crate::services::{Context, Services};
use crate::store::lane::{self, EventV1, LANE_0, Span};
use crate::store::{Read, StoreError};

/// Most commit records that one look reads.
const RECORDS_MAX: u64 = 20_000;

/// Records that are read before others have their turn.
const SLICE: usize = 200;

/// How far back other rules are tried out.
const DAY: Duration = Duration::from_secs(86_400);

/// How far commits may run against the order of their times.
const DISORDER: Duration = Duration::from_secs(5);

/// Which incidents to tell.
#[derive(Debug, Clone, Copy)]
pub struct IncidentQuery {
    /// How far back to look.
    pub window: Duration,
    /// The fewest failures that make one.
    pub failures_min: u64,
    /// Most of them.
    pub limit: usize,
}

/// What a look at the log found.
#[derive(Debug)]
pub struct Seen<T> {
    /// It.
    pub found: T,
    /// From when on records were looked at.
    pub from: Timestamp,
    /// Whether that is as far back as was asked for.
    pub is_complete: bool,
    /// The state that was looked at.
    pub as_of: Cursor,
}

/// Failed logins of late, added up by network, most first. Needs `audit:read`.
pub async fn incidents(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    query: &IncidentQuery,
) -> Result<Seen<Vec<Incident>>, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let mut tally = Tally::default();
    let seen = look(app, ctx.now.minus(query.window), |login| {
        let outcome = match login.kind {
            Kind::Failed { .. } => Tried::Failed,
            Kind::Locked => Tried::Locked,
            Kind::Succeeded => Tried::Succeeded,
            Kind::HalfWay => return,
        };
        tally.add(&Try { client: login.client, whom: login.whom, at: login.at, outcome });
    });
    let Seen { from, is_complete, as_of, .. } = seen.await?;
    Ok(Seen { found: tally.incidents(query.failures_min, query.limit), from, is_complete, as_of })
}

/// What the rules in force and `other` ones make of the logins of the last day. Needs `audit:read`.
pub async fn what_if(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    other: LockoutPolicy,
) -> Result<Seen<(Replayed, Replayed)>, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let (mut present, mut asked) = (Replay::under(app.policy.lockout), Replay::under(other));
    let seen = look(app, ctx.now.minus(DAY), |login| {
        let is_right = match login.kind {
            Kind::Failed { is_guess: true } => false,
            Kind::Succeeded | Kind::HalfWay => true,
            Kind::Failed { is_guess: false } | Kind::Locked => return,
        };
        let Some(whom) = login.whom else { return };
        for replay in [&mut present, &mut asked] {
            replay.guess(whom, Place::of(login.client), login.at, is_right);
        }
    });
    let Seen { from, is_complete, as_of, .. } = seen.await?;
    Ok(Seen { found: (present.counts(), asked.counts()), from, is_complete, as_of })
}

/// A login of the log.
struct Login {
    client: IpAddr,
    whom: Option<[u8; 16]>,
    at: Timestamp,
    kind: Kind,
}

enum Kind {
    /// It was denied; a wrong code, say, is no guess at a password.
    Failed { is_guess: bool },
    /// It began a lock.
    Locked,
    /// The password was right, and a second factor is asked for.
    HalfWay,
    /// It gave tokens.
    Succeeded,
}

/// Looks at the logins since `from`, oldest first, or at the newest of them.
async fn look(app: &Services, from: Timestamp, mut each: impl FnMut(Login)) -> Result<Seen<()>, StoreError> {
    let (head, wanted) = app.read(|read| {
        let first = lane::first_after(read, LANE_0, from.minus(DISORDER).millis())?;
        Ok((as_of(read)?, first.saturating_sub(1)))
    })?;
    let mut after = wanted.max(head.seq.saturating_sub(RECORDS_MAX));
    let is_complete = after == wanted;
    let (mut begins, mut keys) = (from, HashMap::new());
    let mut is_first = true;
    while after < head.seq {
        let span =
            Span { after: Some(after), before: Some(head.seq.saturating_add(1)), ..Span::oldest(SLICE) };
        let records = app.read(|read| {
            let page = lane::records(read, LANE_0, span)?;
            for (seq, record) in &page.rows {
                if is_first && !is_complete {
                    begins = Timestamp::from_millis(record.at).max(from);
                }
                is_first = false;
                for event in &record.events {
                    if let Some(login) = login(app, read, &mut keys, event)?.filter(|login| login.at >= from)
                    {
                        each(login);
                    }
                }
                after = *seq;
            }
            Ok(page.rows.len())
        })?;
        if records == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    Ok(Seen { found: (), from: begins, is_complete, as_of: head })
}

fn login(
    app: &Services,
    read: &impl Read,
    keys: &mut HashMap<UserId, Option<SealKey>>,
    event: &EventV1,
) -> Result<Option<Login>, StoreError> {
    const NO_GUESS: [DenyReason; 4] = [
        DenyReason::WrongCode,
        DenyReason::NoPendingLogin,
        DenyReason::TooManySessions,
        DenyReason::NoPassword,
    ];
    let is = |action: Action| event.action == action.name();
    let kind = if is(Action::LoginFailed) {
        let is_guess = !NO_GUESS.iter().any(|reason| event.reason.as_deref() == Some(reason.name()));
        Kind::Failed { is_guess }
    } else if is(Action::LockoutSet) {
        Kind::Locked
    } else if is(Action::LoginMfaRequired) {
        Kind::HalfWay
    } else if is(Action::LoginSucceeded) {
        Kind::Succeeded
    } else {
        return Ok(None);
    };
    let hash = event.detail.iter().find(|(name, _)| name == "name_hash");
    let whom = event.subject.or_else(|| hash.and_then(|(_, hash)| from_hex(hash)));
    // Where somebody came from who was forgotten, nobody knows.
    let personal = open_personal(app, read, keys, event)?;
    let at = Timestamp::from_millis(event.at);
    Ok(personal.map(|personal| Login { client: personal.client, whom, at, kind }))
}
