//! Keeping how denied requests were judged: handed over at the edge, written in the background. Knows no HTTP, and not
//! how a trace is read.
//!
//! ## Decision: a trace never costs its request more than a place in a queue
//! The edge hands it over and goes on. A job writes what waits, hundreds in one transaction. What the store cannot
//! write is left out and counted: it explains a denial, and denies nothing.
//!
//! ## Decision: each source has a share
//! Whoever makes the server deny without end would push out everybody else's traces, and make it write without end. So
//! one source (an account whose credential was good, or else a network as the limits know it) has a twentieth of the
//! room in a day, at once or spread. Many sources at a time push out the oldest: the newest are worth most.
//!
//! ## Decision: a flood is kept in memory
//! Under load a request without a credential is refused in 12 microseconds of the processor, one for want of a permission in
//! 45, and to write why takes 6 more; no row that survives a crash costs less than a twentieth of so little. So
//! `SOMEBODYS` are written a minute, `NOBODYS` where it was about no account. The newest `ASIDE_MAX` of what is not
//! written lie in memory, found as the others are, until the server ends; what they push out is counted.
//! (`cargo bench --bench http_load -- --only denials`.)
//!
//! ## Decision: ids grow, whatever the clock does
//! Traces are told newest first and page by page, from the store and from memory. An id is of the time of its request,
//! or else follows the one before, at the start the newest that is stored.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::trail::{Notes, Trail};
use crate::crypto::seal::SealKey;
use crate::domain::id::{TraceId, UserId};
use crate::domain::limit::{Budget, Class, Spent};
use crate::domain::recent::Recent;
use crate::domain::time::Timestamp;
use crate::domain::trace::{Kind, Step, TracePolicy};
use crate::services::audit::{Personal, person_key, seal_personal};
use crate::services::limits::Key;
use crate::services::{Services, StoreError};
use crate::store::trace::{self, FiledV1, Kept, StepV1, TraceV1, Wanted};
use crate::store::{Read, Txn};

/// Most traces that wait to be written.
const WAITING_MAX: usize = 1_000;

/// One source's share of the room.
const SHARES: u32 = 20;

/// Most traces that are written in a minute, at once or spread, of requests that were about no account.
const NOBODYS: Budget = Budget::per_minute(60);

/// The same of requests of an account, or about one, as a login is.
const SOMEBODYS: Budget = Budget::per_minute(600);

/// Most traces that lie in memory, of less than half a KiB each.
const ASIDE_MAX: usize = 1_000;

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
    /// Who called, and by what kind of credential, once known.
    pub caller: Option<(UserId, &'static str)>,
    /// The budget that it took from last, if that had room.
    pub room: Option<Room>,
    /// How it was judged.
    pub notes: Notes,
}

/// What is left of a budget.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// The budget's class.
    pub class: Class,
    /// So many.
    pub left: u32,
    /// Of so many.
    pub count: u32,
}

impl Denied {
    fn user(&self) -> Option<UserId> {
        self.caller.map(|(user, _)| user)
    }

    /// Whose request it was, or whom it was about.
    fn owner(&self) -> Option<UserId> {
        self.user().or(self.notes.about)
    }

    fn source(&self) -> Key {
        self.user().map_or_else(|| Key::client(self.client), Key::user)
    }

    /// What was passed before it was denied; made only for those who read it or write it.
    fn passed(&self) -> impl Iterator<Item = Step> {
        let known = self.caller.map(|(user, by)| Kind::Known.with("by", by).with("user", user));
        let room = self.room.map(|Room { class, left, count }| {
            Kind::Room.with("class", class.name()).with("left", left).with("count", count)
        });
        known.into_iter().chain(room)
    }
}

/// Traces on their way to the store, and in memory. One value, shared by all requests.
pub struct Traces {
    policy: TracePolicy,
    share: Budget,
    sources: Recent<Key, Spent>,
    state: Mutex<State>,
    writing: tokio::sync::Mutex<()>,
    /// Rung when one waits.
    pub bell: Notify,
    kept: AtomicU64,
    left_out: AtomicU64,
}

#[derive(Default)]
struct State {
    last: Option<TraceId>,
    nobodys: Spent,
    somebodys: Spent,
    waiting: VecDeque<(TraceId, Denied)>,
    aside: VecDeque<(TraceId, Denied)>,
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
            state: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
            bell: Notify::new(),
            kept: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// The same, whose ids follow `newest`.
    #[must_use]
    pub fn after(self, newest: Option<TraceId>) -> Self {
        self.state().last = newest;
        self
    }

    /// A trail for a new request.
    pub fn trail(&self) -> Trail {
        Trail::new(!self.policy.keep_for.is_zero())
    }

    /// Takes `denied` over.
    pub fn keep(&self, denied: Denied) {
        // What it pushed out is dropped when others may go on.
        let pushed_out = self.place(denied);
        if pushed_out.is_some() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Gives `denied` its place; answers what had to go for it.
    fn place(&self, denied: Denied) -> Option<(TraceId, Denied)> {
        let State { last, nobodys, somebodys, waiting, aside } = &mut *self.state();
        let (at, is_nobodys) = (denied.at, denied.owner().is_none());
        let (budget, spent) = if is_nobodys { (NOBODYS, nobodys) } else { (SOMEBODYS, somebodys) };
        let id = following(*last, at);
        *last = Some(id);
        let mut spent_then = *spent;
        if waiting.len() < WAITING_MAX
            && budget.take(&mut spent_then, at).is_ok()
            && self.sources.with(denied.source(), |spent| self.share.take(spent, at).is_ok())
        {
            *spent = spent_then;
            waiting.push_back((id, denied));
            self.bell.notify_one();
            return None;
        }
        aside.push_back((id, denied));
        if aside.len() > ASIDE_MAX { aside.pop_front() } else { None }
    }

    /// How long and how many are kept.
    pub const fn policy(&self) -> TracePolicy {
        self.policy
    }

    /// Traces written since the start.
    pub fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    /// Traces that were not kept, or no longer are, for want of room, since the start.
    pub fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    fn batch(&self) -> Vec<(TraceId, Denied)> {
        let mut state = self.state();
        let count = state.waiting.len().min(trace::BATCH);
        state.waiting.drain(..count).collect()
    }

    /// A panic in another caller leaves the queues and the count whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn following(last: Option<TraceId>, at: Timestamp) -> TraceId {
    let next = last.map(|last| TraceId::from_bytes(last.as_uuid().as_u128().saturating_add(1).to_be_bytes()));
    TraceId::new(at, &[0; 10]).max(next.unwrap_or(TraceId::from_bytes([0; 16])))
}

/// Writes all that waits; what another caller is writing is written, too, when this returns. A group that could not be
/// written is left out and counted.
pub async fn write(app: &Services) -> Result<(), StoreError> {
    let _alone = app.traces.writing.lock().await;
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

async fn put(app: &Services, batch: &[(TraceId, Denied)]) -> Result<(), StoreError> {
    let filed: Vec<_> = app.read(|read| filed(app, read, batch).collect())?;
    let max = u64::from(app.traces.policy.max_entries);
    let insert = move |txn: &mut Txn<'_>| trace::insert(txn, &filed, max);
    app.write("traces", &app.own_context("traces"), insert).await
}

/// Of what lies in memory, what is `wanted`, newest first.
pub(super) fn aside(app: &Services, read: &impl Read, wanted: &Wanted<'_>) -> Result<Vec<Kept>, StoreError> {
    let is_before = |id: &TraceId| wanted.before.is_none_or(|before| *id < before);
    let aside: Vec<_> =
        app.traces.state().aside.iter().rev().filter(|(id, _)| is_before(id)).cloned().collect();
    // Filed one by one, until there are enough.
    let kept = filed(app, read, &aside).map(|filed| filed?.open(wanted));
    kept.filter_map(Result::transpose).take(wanted.limit).collect()
}

fn filed<'a>(
    app: &'a Services,
    read: &'a impl Read,
    batch: &'a [(TraceId, Denied)],
) -> impl Iterator<Item = Result<FiledV1, StoreError>> + 'a {
    let mut keys: HashMap<UserId, Arc<SealKey>> = HashMap::new();
    batch.iter().map(move |(id, denied)| {
        let owner = denied.owner();
        let key = match owner.map(|id| keys.entry(id)) {
            None => &app.keys.nobody,
            Some(Entry::Occupied(known)) => known.into_mut(),
            Some(Entry::Vacant(place)) => {
                let key = person_key(app, read, *place.key())?;
                place.insert(key)
            }
        };
        file(app, (*id, denied), (owner, key))
    })
}

fn file(
    app: &Services,
    (id, denied): (TraceId, &Denied),
    (owner, key): (Option<UserId>, &SealKey),
) -> Result<FiledV1, StoreError> {
    let step = |step: &Step| StepV1 {
        kind: step.kind.name().to_owned(),
        facts: step.facts.iter().map(|(name, fact)| ((*name).to_owned(), fact.to_string())).collect(),
    };
    let Notes { steps, about } = &denied.notes;
    let user = denied.user();
    let users = [user, about.filter(|about| Some(*about) != user)];
    let mut tags = vec![of_request(app, &denied.request_id), of_client(app, denied.client)];
    tags.extend(users.into_iter().flatten().map(|user| of_user(app, user)));
    let personal = Personal { client: denied.client, user_agent: None, note: None };
    let trace = TraceV1 {
        request_id: denied.request_id.clone(),
        method: denied.method.to_owned(),
        route: denied.route.to_string(),
        status: denied.status,
        actor: user.map(|id| *id.as_bytes()),
        about: about.map(|id| *id.as_bytes()),
        personal: seal_personal(app, (owner, &denied.request_id), key, &personal),
        steps: denied.passed().map(|passed| step(&passed)).chain(steps.iter().map(step)).collect(),
    };
    FiledV1::new((id, denied.at), tags, &trace)
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
    app.traces.state().aside.retain(|(_, denied)| denied.at > end);
    let oldest = app.read(|read| trace::first(read, 1))?;
    if !oldest.iter().any(|(_, block)| block.is_over(end)) {
        return Ok(false);
    }
    app.write("traces.sweep", &ctx, move |txn| trace::expire(txn, end)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_whatever_the_clock_does() {
        let at = Timestamp::from_seconds;
        let mut last = None;
        for now in [10, 10, 20, 5, 5, 21].map(at) {
            let next = following(last, now);
            assert!(Some(next) > last, "{now}");
            last = Some(next);
        }
        assert_eq!(last.unwrap().made_at(), at(21));
    }
}
