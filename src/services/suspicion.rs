//! What looks like an attack: written with the act that gave it away, and read by whoever watches.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use super::audit::{Personal, Witness, open_personal};
use super::caller::Caller;
use super::events::as_of;
use super::oversight::{OversightFault, Thing, walk};
use super::role::{Refused, require};
use super::{Context, Services, flatten};
use crate::crypto::seal::SealKey;
use crate::domain::audit::{Action, Outcome};
use crate::domain::feed::Cursor;
use crate::domain::id::{SessionId, SuspicionId, UserId};
use crate::domain::role::Permission;
use crate::domain::suspicion::Suspicious;
use crate::domain::time::Timestamp;
use crate::store::lane::EventV1;
use crate::store::suspicion::{self, SuspicionV1};
use crate::store::{Abort, Read, StoreError, Txn};

/// A suspicious act to be written. Made before the transaction, for its id is random.
#[derive(Debug, Clone, Copy)]
pub struct Suspicion {
    id: SuspicionId,
    kind: Suspicious,
    kept: Duration,
}

impl Suspicion {
    /// One of this kind, at the time of the request.
    pub fn new(app: &Services, ctx: &Context, kind: Suspicious) -> Self {
        let kept = app.policy.retention.suspicious_events;
        Self { id: SuspicionId::new(ctx.now, &app.random()), kind, kept }
    }

    /// Writes it beside the audit `event` that it was noticed by.
    pub fn write(&self, txn: &mut Txn<'_>, event: &EventV1) -> Result<(), StoreError> {
        let expires_at = txn.now().plus(self.kept);
        let record =
            SuspicionV1 { kind: self.kind.name().to_owned(), event: event.clone(), acknowledged: None };
        suspicion::insert(txn, self.id, &record, expires_at)
    }
}

/// Which suspicious acts to list.
#[derive(Debug, Clone, Default)]
pub struct SuspicionFilter {
    /// Only those about this account.
    pub user: Option<UserId>,
    /// Only those that were acknowledged, or only those that were not.
    pub acknowledged: Option<bool>,
    /// Only those before this one in the list's order.
    pub after: Option<SuspicionId>,
    /// Most acts to answer.
    pub limit: usize,
}

/// A suspicious act.
#[derive(Debug)]
pub struct Seen {
    /// Names it.
    pub id: SuspicionId,
    /// The stable name of its kind.
    pub kind: String,
    /// Whose account it concerns.
    pub user: Option<UserId>,
    /// What was noticed: names and values. Without where it came from, once the person was forgotten.
    pub details: Vec<(String, String)>,
    /// When it happened.
    pub at: Timestamp,
    /// When and by whom it was acknowledged.
    pub acknowledged: Option<(Timestamp, UserId)>,
}

/// A page of suspicious acts.
#[derive(Debug)]
pub struct SuspicionPage {
    /// The acts, newest first.
    pub seen: Vec<Seen>,
    /// Where the next page starts, when there is one.
    pub next: Option<SuspicionId>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Lists suspicious acts, newest first. Needs `audit:read`.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &SuspicionFilter,
) -> Result<SuspicionPage, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    Ok(app.read(|read| page(app, read, filter, ctx.now))?)
}

/// Marks the suspicious act `id` as seen; whoever did it first stands. Needs `audit:read`, and `users:update`: whoever
/// may only read silences no alarm.
pub async fn acknowledge(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: SuspicionId,
) -> Result<Seen, OversightFault> {
    const NONE: OversightFault = OversightFault::NotFound(Thing::Suspicion);
    require(app, ctx, caller, Permission::AuditRead).await?;
    require(app, ctx, caller, Permission::UsersUpdate).await?;
    let kept = app.policy.retention.suspicious_events;
    let fresh = |record: &SuspicionV1, now| now < Timestamp::from_millis(record.event.at).plus(kept);
    let record = app.read(|read| suspicion::by_id(read, id))?.filter(|record| fresh(record, ctx.now));
    let record = record.ok_or(NONE)?;
    let witness =
        Witness::of_operator(app, ctx, caller.user.id, record.event.subject.map(UserId::from_bytes))?;
    let event = caller.signed(witness.event(Action::SuspicionAcknowledged, Outcome::Success));
    let event = event.detail("suspicion", id.to_string()).detail("type", record.kind).done();
    let caller = caller.clone();
    let run = app.store.transact("suspicion.acknowledge", app.stamp(ctx), move |txn| {
        let (actor, _) = caller.still_may::<OversightFault>(txn, Permission::UsersUpdate)?;
        let mut record = suspicion::by_id(txn, id)?.ok_or(Abort::Rule(NONE))?;
        if record.acknowledged.is_none() {
            record.acknowledged = Some((txn.now().millis(), *actor.id.as_bytes()));
            suspicion::put(txn, id, &record)?;
            txn.emit(event.clone())?;
        }
        Ok(record)
    });
    let record = run.await.map_err(flatten::<OversightFault>)?;
    Ok(app.read(|read| seen(app, read, &mut HashMap::new(), (id, record)))?)
}

/// Whether something suspicious about the account `user` waits to be seen by an operator.
pub(super) fn is_waiting(
    app: &Services,
    read: &impl Read,
    user: UserId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let filter = SuspicionFilter {
        user: Some(user),
        acknowledged: Some(false),
        limit: 1,
        ..SuspicionFilter::default()
    };
    Ok(!page(app, read, &filter, now)?.seen.is_empty())
}

/// A page of suspicious acts, whoever asks.
pub(super) fn page(
    app: &Services,
    read: &impl Read,
    filter: &SuspicionFilter,
    now: Timestamp,
) -> Result<SuspicionPage, StoreError> {
    let mut keys = HashMap::new();
    let rows = |after, limit| suspicion::list(read, filter.user, after, limit);
    let (seen, next) = walk(filter.after, filter.limit, rows, |id, record: SuspicionV1| {
        // A late sweep shows nothing for longer.
        if now >= Timestamp::from_millis(record.event.at).plus(app.policy.retention.suspicious_events) {
            return Ok(ControlFlow::Break(()));
        }
        let is_wanted = filter.acknowledged.is_none_or(|wanted| wanted == record.acknowledged.is_some());
        let shown = is_wanted.then(|| seen(app, read, &mut keys, (id, record))).transpose()?;
        Ok(ControlFlow::Continue(shown))
    })?;
    Ok(SuspicionPage { seen, next, as_of: as_of(read)? })
}

fn seen(
    app: &Services,
    read: &impl Read,
    keys: &mut HashMap<UserId, Option<SealKey>>,
    (id, record): (SuspicionId, SuspicionV1),
) -> Result<Seen, StoreError> {
    let SuspicionV1 { kind, event, acknowledged } = record;
    let personal = open_personal(app, read, keys, &event)?;
    let (user, at) = (event.subject.map(UserId::from_bytes), Timestamp::from_millis(event.at));
    let acknowledged = acknowledged.map(|(at, by)| (Timestamp::from_millis(at), UserId::from_bytes(by)));
    Ok(Seen { id, kind, user, details: details(event, personal), at, acknowledged })
}

fn details(event: EventV1, personal: Option<Personal>) -> Vec<(String, String)> {
    let (client, user_agent) =
        personal.map_or((None, None), |known| (Some(known.client.to_string()), known.user_agent));
    let facts = [
        ("action", Some(event.action)),
        ("reason", event.reason),
        ("actor_id", event.actor.map(|id| UserId::from_bytes(id).to_string())),
        ("session_id", event.session.map(|id| SessionId::from_bytes(id).to_string())),
        ("request_id", Some(event.request_id)),
        ("ip_address", client),
        ("user_agent", user_agent),
    ];
    let facts = facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), fact?)));
    facts.chain(event.detail).collect()
}
