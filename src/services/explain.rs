//! Why a request was denied: what was kept of its judgement, for operators. The client was told less. Knows no HTTP.
//!
//! ## Decision: as guarded and as sealed as the audit log
//! A trace says whose account was reached for, and by which rule that was refused: it needs `audit:read`, and each look
//! is recorded, in a transaction that judges again whether the caller may. Where a request came from is sealed under the
//! key of the person; whoever is forgotten is forgotten here too. Traces are found by keyed hashes.

pub mod keeping;
pub mod simulation;
pub mod trail;
pub mod why;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;

use super::audit::{Witness, open_sealed};
use super::caller::Caller;
use super::events::as_of;
use super::role::{Refused, require};
use super::session::AuthFault;
use super::{Context, Services, flatten};
use crate::domain::audit::{Action, Outcome};
use crate::domain::feed::Cursor;
use crate::domain::id::{TraceId, UserId};
use crate::domain::permission::Permission;
use crate::domain::time::Timestamp;
use crate::domain::trace::Told;
use crate::domain::user::Identifier;
use crate::store::trace::{self, Kept, Wanted};
use crate::store::{self, Read, StoreError};

pub use keeping::Traces;

/// Most traces of one request id: the client may choose it, and choose it again.
const OF_REQUEST_MAX: usize = 20;

/// Why nothing was explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainFault {
    /// Nothing is kept under this request id.
    #[error("no trace of this request is kept")]
    NotKept,
    /// Nobody has the name.
    #[error("no such user")]
    NoUser,
    /// The caller's credential ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How one request was judged.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Names it.
    pub id: TraceId,
    /// When it was answered.
    pub at: Timestamp,
    /// The name of the request.
    pub request_id: String,
    /// Its method.
    pub method: String,
    /// The pattern of its path.
    pub route: String,
    /// What was answered.
    pub status: u16,
    /// Who called, once known.
    pub actor: Option<UserId>,
    /// Whose account it was about.
    pub about: Option<UserId>,
    /// Where it came from; `None` once the person was forgotten.
    pub client: Option<IpAddr>,
    /// The steps.
    pub steps: Vec<Told>,
}

/// What is looked for. What is absent excludes nothing.
#[derive(Debug, Clone, Default)]
pub struct TraceFilter {
    /// Only what an account asked for, or what was about it: its id, email address or username.
    pub user: Option<String>,
    /// Only the requests with this id.
    pub request_id: Option<String>,
    /// Only what came from this IPv4 address, or this address's IPv6 /64.
    pub client: Option<IpAddr>,
    /// Only at or after this time.
    pub since: Option<Timestamp>,
    /// Only before this one.
    pub before: Option<TraceId>,
    /// Most traces to answer.
    pub limit: usize,
}

/// A page of traces.
#[derive(Debug)]
pub struct TracePage {
    /// Newest first.
    pub traces: Vec<Trace>,
    /// Where the next page starts, when there may be one.
    pub next: Option<TraceId>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// How the requests with this id were judged, newest first. Needs `audit:read`; the look is recorded.
pub async fn of_request(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    request_id: &str,
) -> Result<Vec<Trace>, ExplainFault> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let filter = TraceFilter { limit: OF_REQUEST_MAX, ..TraceFilter::default() };
    let found = look(app, ctx, (&[keeping::of_request(app, request_id)], &filter)).await?.traces;
    let about = found.first().and_then(|trace| trace.about.or(trace.actor));
    record(app, ctx, caller, (about, "request")).await?;
    if found.is_empty() { Err(ExplainFault::NotKept) } else { Ok(found) }
}

/// How requests were judged, newest first. Needs `audit:read`; the look is recorded.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &TraceFilter,
) -> Result<TracePage, ExplainFault> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let user = filter.user.as_deref().map(|name| account(app, name)).transpose()?;
    let user = user.map(|user| user.ok_or(ExplainFault::NoUser)).transpose()?;
    let by_user = user.map(|user| keeping::of_user(app, user));
    let by_client = filter.client.map(|client| keeping::of_client(app, client));
    let by_request = filter.request_id.as_deref().map(|id| keeping::of_request(app, id));
    let tags: Vec<_> = by_request.into_iter().chain(by_user).chain(by_client).collect();
    let page = look(app, ctx, (&tags, filter)).await?;
    record(app, ctx, caller, (user, "search")).await?;
    Ok(page)
}

/// The account with this id, email address or username.
fn account(app: &Services, name: &str) -> Result<Option<UserId>, StoreError> {
    app.read(|read| {
        if let Ok(id) = name.parse::<UserId>() {
            return Ok(Some(id));
        }
        let identifier = Identifier::typed(name);
        let user = identifier.key().map(|key| store::user::by_identifier(read, key)).transpose()?;
        Ok(user.flatten().map(|user| user.id))
    })
}

async fn look(
    app: &Services,
    ctx: &Context,
    (tags, filter): (&[[u8; 16]], &TraceFilter),
) -> Result<TracePage, StoreError> {
    // What still waits is written first, so that whoever asks at once is answered.
    keeping::write(app).await?;
    let end = ctx.now.minus(app.traces.policy().keep_for);
    let since = filter.since.map_or(end, |since| since.max(end));
    let wanted = Wanted { tags, since, before: filter.before, limit: filter.limit.saturating_add(1) };
    app.read(|read| page(app, read, &wanted, filter.limit))
}

fn page(
    app: &Services,
    read: &impl Read,
    wanted: &Wanted<'_>,
    limit: usize,
) -> Result<TracePage, StoreError> {
    let mut kept = trace::list(read, wanted)?;
    kept.extend(keeping::aside(app, read, wanted)?);
    kept.sort_unstable_by_key(|kept| Reverse(kept.id));
    let has_more = kept.len() > limit;
    kept.truncate(limit);
    let next = kept.last().map(|last| last.id).filter(|_| has_more);
    let traces = kept.into_iter().map(|kept| opened(app, read, kept)).collect::<Result<_, _>>()?;
    Ok(TracePage { traces, next, as_of: as_of(read)? })
}

fn opened(app: &Services, read: &impl Read, Kept { id, at, trace }: Kept) -> Result<Trace, StoreError> {
    let (actor, about) = (trace.actor.map(UserId::from_bytes), trace.about.map(UserId::from_bytes));
    let place = (actor.or(about), trace.request_id.as_str());
    let personal = open_sealed(app, read, &mut HashMap::new(), place, &trace.personal)?;
    Ok(Trace {
        id,
        at,
        method: trace.method,
        route: trace.route,
        status: trace.status,
        actor,
        about,
        client: personal.map(|personal| personal.client),
        steps: trace.steps.into_iter().map(|step| Told::new(&step.kind, step.facts)).collect(),
        request_id: trace.request_id,
    })
}

/// Writes that the caller looked, if it still may.
async fn record(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    (about, what): (Option<UserId>, &'static str),
) -> Result<(), ExplainFault> {
    let witness = Witness::of_operator(app, ctx, caller.user.id, about)?;
    let event = caller.signed(witness.event(Action::RequestExplained, Outcome::Success)).reason(what).done();
    let caller = caller.clone();
    let run = app.store.transact("explain", app.stamp(ctx), move |txn| {
        caller.still_may::<ExplainFault>(txn, Permission::AuditRead)?;
        Ok(txn.emit(event.clone())?)
    });
    run.await.map_err(flatten)
}
