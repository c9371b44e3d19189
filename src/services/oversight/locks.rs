//! What is locked now, why, and the end of any one lock.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::lock::lasting;
use super::{Deed, OversightFault, Thing, walk};
use crate::crypto::digest::to_hex;
use crate::domain::address::network;
use crate::domain::audit::Action;
use crate::domain::feed::Cursor;
use crate::domain::id::{SuspicionId, UserId};
use crate::domain::lockout::{Guesses, Place, Rule, Subject};
use crate::domain::login::DenyReason;
use crate::domain::role::Permission;
use crate::domain::time::Timestamp;
use crate::services::audit::{Draft, open_personal};
use crate::services::caller::Caller;
use crate::services::code_guard::WrongCodes;
use crate::services::events::as_of;
use crate::services::lockout::Lockouts;
use crate::services::role::{Refused, require};
use crate::services::{Context, Services, flatten};
use crate::store::lane::{self, EventV1, LANE_0, LaneRecordV1, OutcomeV1, Span};
use crate::store::suspicion;
use crate::store::{self, Abort, Page, Read, StoreError, Txn};

pub use super::lock::{Lock, Whom};

/// Most attempts that are told of one lock.
const ATTEMPTS_MAX: usize = 20;

/// How far commits may run against the order of their times.
const DISORDER_MS: i64 = 5_000;

/// Which locks to list.
#[derive(Debug, Clone, Default)]
pub struct LockFilter {
    /// Only those of this account.
    pub user: Option<UserId>,
    /// Only those that began before this one.
    pub after: Option<SuspicionId>,
    /// Most locks to answer.
    pub limit: usize,
}

/// A page of locks.
#[derive(Debug)]
pub struct LockPage {
    /// The locks, the one that began last first.
    pub locks: Vec<Lock>,
    /// Where the next page starts, when there may be one.
    pub next: Option<SuspicionId>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Lists what is locked now. Needs `audit:read`.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &LockFilter,
) -> Result<LockPage, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    Ok(app.read(|read| {
        let rows = |after, limit| suspicion::list(read, filter.user, after, limit);
        let (locks, next) = walk(filter.after, filter.limit, rows, |id, record| {
            Ok(ControlFlow::Continue(lasting(app, read, (id, &record), ctx.now)?))
        })?;
        Ok(LockPage { locks, next, as_of: as_of(read)? })
    })?)
}

/// The rules whose locks of the account `user` last at `now`.
pub(in crate::services) fn rules_locking(
    app: &Services,
    read: &impl Read,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Rule>, StoreError> {
    let rows = |after, limit| suspicion::list(read, Some(user), after, limit);
    let (rules, _) = walk(None, usize::MAX, rows, |id, record| {
        let lock = lasting(app, read, (id, &record), now)?;
        Ok(ControlFlow::Continue(lock.map(|lock| lock.rule)))
    })?;
    Ok(rules)
}

/// A wrong guess that led to a lock.
#[derive(Debug)]
pub struct GuessSeen {
    /// When it was made.
    pub at: Timestamp,
    /// What was tried.
    pub action: String,
    /// Why it was denied.
    pub reason: Option<String>,
    /// Where it came from.
    pub client: Option<IpAddr>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// The request.
    pub request_id: String,
}

/// A lock with the last wrong guesses that led to it, newest first. Needs `audit:read`.
pub async fn explain(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: SuspicionId,
) -> Result<(Lock, Vec<GuessSeen>), OversightFault> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let found = app.read(|read| {
        let Some(lock) = by_id(app, read, id, ctx.now)? else { return Ok(None) };
        let attempts = attempts(app, read, &lock)?;
        Ok(Some((lock, attempts)))
    })?;
    found.ok_or(OversightFault::NotFound(Thing::Lock))
}

/// Lifts the lock `id`, and no other, unless its account outranks the caller. Needs `users:update`.
pub async fn lift(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: SuspicionId,
) -> Result<(), OversightFault> {
    const NONE: OversightFault = OversightFault::NotFound(Thing::Lock);
    require(app, ctx, caller, Permission::UsersUpdate).await?;
    let lock = app.read(|read| by_id(app, read, id, ctx.now))?.ok_or(NONE)?;
    let told = |record: Draft| {
        let record = record.detail("lockout", id.to_string()).detail("rule", lock.rule.name());
        let record = record.reason("lifted_by_operator");
        match lock.whom.name_hash() {
            None => record,
            Some(hash) => record.detail("name_hash", hash),
        }
    };
    let deed = Deed::new(app, ctx, (caller, lock.whom.user()), Action::LockoutCleared, told)?;
    let end = End::of(app, &lock);
    let run = app.store.transact("lockout.lift", app.stamp(ctx), move |txn| {
        deed.run(txn, |txn| if end.write(txn)? { Ok(()) } else { Err(Abort::Rule(NONE)) })
    });
    run.await.map_err(flatten)?
}

/// The end of exactly one lock.
struct End {
    lock: Lock,
    account: Subject,
    names: Vec<Subject>,
    lockouts: Arc<Lockouts>,
    codes: Arc<WrongCodes>,
}

impl End {
    fn of(app: &Services, lock: &Lock) -> Self {
        let (account, names) = lock.whom.subjects(app);
        let (lockouts, codes) = (Arc::clone(&app.lockouts), Arc::clone(&app.wrong_codes));
        Self { lock: lock.clone(), account, names, lockouts, codes }
    }

    /// Ends it, if it is still there. What memory counts is forgotten once the transaction is durable.
    fn write(&self, txn: &mut Txn<'_>) -> Result<bool, StoreError> {
        let subjects = self.names.iter().copied().chain([self.account]);
        match (self.lock.rule, self.lock.network, self.lock.whom.user()) {
            (Rule::Account, ..) => {
                let streak = store::lockout::streak(txn, self.account, txn.now())?;
                if streak.and_then(|streak| streak.locked_at) != Some(self.lock.since) {
                    return Ok(false);
                }
                for subject in subjects {
                    store::lockout::clear(txn, subject)?;
                }
            }
            (Rule::Network, Some(network), _) => {
                let (lockouts, subjects) = (Arc::clone(&self.lockouts), subjects.collect::<Vec<_>>());
                txn.on_commit(move || lockouts.clear(&subjects, Place::of(network.addr())));
            }
            (Rule::Factor, _, Some(user)) => {
                let codes = Arc::clone(&self.codes);
                txn.on_commit(move || codes.with(user, Guesses::clear));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn by_id(
    app: &Services,
    read: &impl Read,
    id: SuspicionId,
    now: Timestamp,
) -> Result<Option<Lock>, StoreError> {
    let Some(record) = suspicion::by_id(read, id)? else { return Ok(None) };
    lasting(app, read, (id, &record), now)
}

/// The last wrong guesses up to the beginning of the lock, from the audit log.
fn attempts(app: &Services, read: &impl Read, lock: &Lock) -> Result<Vec<GuessSeen>, StoreError> {
    let before = lane::first_after(read, LANE_0, lock.since.millis().saturating_add(DISORDER_MS))?;
    let rows = |before, limit| records(read, lock.whom.user(), before, limit);
    let (mut keys, mut left) = (HashMap::new(), ATTEMPTS_MAX);
    let (found, _) = walk(Some(before), usize::MAX, rows, |_, record: LaneRecordV1| {
        if left == 0 {
            return Ok(ControlFlow::Break(()));
        }
        let mut seen = Vec::new();
        for event in record.events.iter().filter(|event| is_guess(lock, event)) {
            let personal = open_personal(app, read, &mut keys, event)?;
            let client = personal.as_ref().map(|personal| personal.client);
            if lock.network.is_none_or(|place| client.map(network) == Some(place)) {
                seen.push(GuessSeen {
                    at: Timestamp::from_millis(event.at),
                    action: event.action.clone(),
                    reason: event.reason.clone(),
                    client,
                    user_agent: personal.and_then(|personal| personal.user_agent),
                    request_id: event.request_id.clone(),
                });
            }
        }
        left = left.saturating_sub(seen.len());
        Ok(ControlFlow::Continue(Some(seen)))
    })?;
    Ok(found.into_iter().flatten().take(ATTEMPTS_MAX).collect())
}

/// Commits before `before` that concern the account, or all of them.
fn records(
    read: &impl Read,
    user: Option<UserId>,
    before: Option<u64>,
    limit: usize,
) -> Result<Page<u64, LaneRecordV1>, StoreError> {
    let span = Span { before, ..Span::newest(limit) };
    match user {
        Some(user) => lane::by_subject(read, *user.as_bytes(), LANE_0, span),
        None => lane::records(read, LANE_0, span),
    }
}

/// Whether `event` is a wrong guess of the kind that the lock counts, by whoever it locks and in its time.
fn is_guess(lock: &Lock, event: &EventV1) -> bool {
    use DenyReason as R;
    const PASSWORDS: [R; 6] = [
        R::UnknownUser,
        R::WrongPassword,
        R::EmailNotVerified,
        R::AccountInactive,
        R::AccountSuspended,
        R::AccountChanged,
    ];
    const CODES: [R; 1] = [R::WrongCode];
    let reasons: &[R] = if lock.rule == Rule::Factor { &CODES } else { &PASSWORDS };
    let at = Timestamp::from_millis(event.at);
    let is_of_whom = match lock.whom {
        Whom::Account(ref user) => event.subject == Some(*user.id.as_bytes()),
        Whom::Nobody(ref tag) => {
            event.detail.iter().any(|(name, hash)| name == "name_hash" && *hash == to_hex(tag))
        }
    };
    is_of_whom
        && event.outcome != OutcomeV1::Success
        && at <= lock.since
        && lock.first_at.is_none_or(|first| at >= first)
        && reasons.iter().any(|reason| event.reason.as_deref() == Some(reason.name()))
}
