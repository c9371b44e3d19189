//! Keeping how denied requests were judged: handed over at the edge, written in the background. Knows no HTTP, and not
//! how a trace is read.
//!
//! ## Decision: a trace never costs its request more than a place in a queue
//! The edge hands it over and goes on. A job writes what waits in groups, one transaction for ten. When the queue is
//! full, or the store cannot write, the trace is left out and counted: it explains a denial, and denies nothing.
//!
//! ## Decision: each source has a share
//! Whoever makes the server deny without end would push out everybody else's traces, and make it write without end. So
//! one source (an account whose credential was good, or else a network as the limits know it) has a twentieth of the
//! room in a day, at once or spread; above it, its traces are left out and counted, before anything is made of them.
//! Many sources at a time push out the oldest: the newest are worth most.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::trail::{Notes, Trail};
use crate::domain::id::{TraceId, UserId};
use crate::domain::limit::{Budget, Spent};
use crate::domain::recent::Recent;
use crate::domain::time::Timestamp;
use crate::domain::trace::{Step, TracePolicy};
use crate::services::audit::{Personal, person_key, seal_personal};
use crate::services::limits::Key;
use crate::services::{Services, StoreError};
use crate::store::trace::{self, StepV1, TraceV1};

/// Most traces that wait to be written.
const WAITING_MAX: usize = 1_000;

/// Most traces of one transaction: each is five writes, and so is each old one that makes room, of the hundred.
const BATCH: usize = 9;

/// One source's share of the room.
const SHARES: u32 = 20;

/// Most sources that are remembered.
const SOURCES_MAX: usize = 10_000;

/// A denied request, as it left.
#[derive(Debug, Clone)]
pub struct Denied {
    /// When.
    pub at: Timestamp,
    /// Its name.
    pub request_id: String,
    /// The method, or `OTHER`.
    pub method: &'static str,
    /// The pattern of its path.
    pub route: Arc<str>,
    /// What was answered.
    pub status: u16,
    /// Where it came from.
    pub client: IpAddr,
    /// Who called, once known.
    pub caller: Option<UserId>,
    /// How it was judged.
    pub notes: Notes,
}

/// Traces on their way to the store. One value, shared by all requests.
pub struct Traces {
    policy: TracePolicy,
    share: Budget,
    sources: Recent<Key, Spent>,
    waiting: Mutex<VecDeque<Denied>>,
    /// Rung when one waits.
    pub bell: Notify,
    kept: AtomicU64,
    left_out: AtomicU64,
}

impl Traces {
    /// Nothing yet, under `policy`.
    pub fn new(policy: TracePolicy) -> Self {
        let period = policy.keep_for.clamp(Duration::from_secs(60), Duration::from_secs(86_400));
        let share = Budget::new((policy.max_entries / SHARES).max(1), period).unwrap_or(Budget::LEAST);
        Self {
            policy,
            share,
            sources: Recent::new(SOURCES_MAX),
            waiting: Mutex::default(),
            bell: Notify::new(),
            kept: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// A trail for a new request.
    pub fn trail(&self) -> Trail {
        Trail::new(!self.policy.keep_for.is_zero())
    }

    /// Takes over what `denied` makes, if `source` has room: the account that called, or the client.
    pub fn keep(
        &self,
        (caller, client, at): (Option<UserId>, IpAddr, Timestamp),
        denied: impl FnOnce() -> Denied,
    ) {
        let source = caller.map_or_else(|| Key::client(client), Key::user);
        let has_room = self.sources.with(source, |spent| self.share.take(spent, at).is_ok());
        let mut waiting = self.lock();
        if !has_room || waiting.len() >= WAITING_MAX {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.push_back(denied());
        drop(waiting);
        self.bell.notify_one();
    }

    /// How long and how many are kept.
    pub const fn policy(&self) -> TracePolicy {
        self.policy
    }

    /// Traces written since the start.
    pub fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    /// Traces that were not, since the start.
    pub fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    fn batch(&self) -> Vec<Denied> {
        let mut waiting = self.lock();
        let count = waiting.len().min(BATCH);
        waiting.drain(..count).collect()
    }

    /// A panic in another caller leaves the queue whole.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Denied>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes all that waits. A group that could not be written is left out and counted.
pub async fn write(app: &Services) -> Result<(), StoreError> {
    loop {
        let batch = app.traces.batch();
        if batch.is_empty() {
            return Ok(());
        }
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let written = put(app, &batch).await;
        let counter = if written.is_ok() { &app.traces.kept } else { &app.traces.left_out };
        counter.fetch_add(count, Ordering::Relaxed);
        written?;
    }
}

async fn put(app: &Services, batch: &[Denied]) -> Result<(), StoreError> {
    let traces = app.read(|read| {
        let stored = batch.iter().map(|denied| {
            let owner = denied.caller.or(denied.notes.about);
            let key = owner.map_or_else(|| Ok(app.keys.nobody.clone()), |id| person_key(app, read, id))?;
            let personal = Personal { client: denied.client, user_agent: None, note: None };
            let personal = seal_personal(app, (owner, &denied.request_id), &key, &personal);
            Ok((TraceId::new(denied.at, &app.random()), stored(app, denied, personal)))
        });
        stored.collect::<Result<Vec<_>, StoreError>>()
    })?;
    let max = u64::from(app.traces.policy.max_entries);
    let ctx = app.own_context("traces");
    app.write("traces", &ctx, move |txn| trace::insert(txn, &traces, (max, 1))).await
}

fn stored(app: &Services, denied: &Denied, personal: Vec<u8>) -> TraceV1 {
    let step = |step: &Step| StepV1 {
        kind: step.kind.name().to_owned(),
        facts: step.facts.iter().map(|(name, fact)| ((*name).to_owned(), fact.to_string())).collect(),
    };
    let Notes { steps, about } = &denied.notes;
    let users = [denied.caller, about.filter(|about| Some(*about) != denied.caller)];
    let mut tags = vec![of_request(app, &denied.request_id), of_client(app, denied.client)];
    tags.extend(users.into_iter().flatten().map(|user| of_user(app, user)));
    TraceV1 {
        at: denied.at.millis(),
        request_id: denied.request_id.clone(),
        method: denied.method.to_owned(),
        route: denied.route.to_string(),
        status: denied.status,
        actor: denied.caller.map(|id| *id.as_bytes()),
        about: about.map(|id| *id.as_bytes()),
        personal,
        steps: steps.iter().map(step).collect(),
        tags,
    }
}

/// What the traces of a request are found by.
pub(super) fn of_request(app: &Services, request_id: &str) -> [u8; 16] {
    app.keys.trace_tag("trace of request", request_id.as_bytes())
}

/// What the traces of an account are found by: its own requests, and those that were about it.
pub(super) fn of_user(app: &Services, user: UserId) -> [u8; 16] {
    app.keys.trace_tag("trace of user", user.as_bytes())
}

/// What the traces of a client are found by: its IPv4 address, or its IPv6 /64.
pub(super) fn of_client(app: &Services, client: IpAddr) -> [u8; 16] {
    app.keys.trace_tag("trace of client", &Key::client(client).0)
}

/// Removes traces that are too old, in one bounded step; answers whether there may be more.
pub async fn sweep(app: &Services) -> Result<bool, StoreError> {
    let ctx = app.own_context("sweep");
    let end = ctx.now.minus(app.traces.policy.keep_for);
    let is_over = move |at: i64| Timestamp::from_millis(at) <= end;
    let find = move |oldest: Vec<(TraceId, TraceV1)>| -> Vec<_> {
        oldest.into_iter().take_while(|(_, trace)| is_over(trace.at)).collect()
    };
    if app.read(|read| trace::first(read, 1)).map(find)?.is_empty() {
        return Ok(false);
    }
    app.write("traces.sweep", &ctx, move |txn| {
        let over = find(trace::first(txn, 2 * BATCH)?);
        trace::remove(txn, &over)?;
        Ok(over.len() == 2 * BATCH)
    })
    .await
}
