//! The guard of every door that takes a password: what may be guessed at all, and what is written of wrong guesses.
//! Knows no password and no hash.
//!
//! A door calls [`begin`] before it hashes. The [`Attempt`] it gets ends in one of four ways: [`Attempt::failed`],
//! [`Attempt::succeeded`], [`Attempt::give_back`], or it is dropped, and then it was wrong: whoever hangs up before
//! the answer has guessed all the same.
//!
//! ## Decision: names of nobody are counted like accounts, in the same rows
//! Problem: an unknown name must be locked when an account would be, through a restart too; counts kept in memory
//! for names and in the store for accounts would differ after it. Choice: both are a keyed hash of sixteen bytes,
//! so both walk the same code and the same tables, and a row says nothing. Strangers can fill that table with
//! names, one row for each denied login, which costs an audit record anyway; rows go 30 days after the last guess.
//! What is counted for one network lives in memory, for both, and a restart forgets it, for both.
//!
//! ## Decision: one account, one budget, whichever of its names is typed
//! A budget for each name would give whoever knows address and username twice the guesses (R15). The price: who
//! fails at a username until an address is locked has learned that both are one account's. That costs five logins a
//! try, leaves a lock and a suspicious event, and is the one thing by which a known name differs from an unknown.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::audit::Witness;
use super::recent::Recent;
use super::suspicion::Suspicion;
use super::{Context, Services};
use crate::domain::audit::{Action, Outcome};
use crate::domain::lockout::{Guesses, LockoutPolicy, Place, Rule, Subject};
use crate::domain::suspicion::Suspicious;
use crate::store::{self, StoreError, Txn};

/// When to come back, at the least: while guesses that are still being judged hold the last places.
const SOON: Duration = Duration::from_secs(1);

/// Guesses of late, in bounded memory, and how many are being judged.
pub struct Lockouts {
    guesses: Recent<(Subject, Place), Guesses>,
    /// Each subject that is being guessed at. As many as there are requests under way.
    under_way: Mutex<HashMap<Subject, u32>>,
    set: AtomicU64,
    refused: AtomicU64,
}

impl Lockouts {
    /// Remembers the guesses of at most `max_entries` pairs of subject and network.
    pub fn new(max_entries: usize) -> Self {
        let guesses = Recent::new(max_entries);
        Self { guesses, under_way: Mutex::default(), set: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }

    /// Locks that began since the start.
    pub fn set(&self) -> u64 {
        self.set.load(Ordering::Relaxed)
    }

    /// Guesses that were refused since the start.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Pairs of subject and network that are remembered.
    pub fn entries(&self) -> usize {
        self.guesses.len()
    }

    /// Answers how many guesses at `subject` were under way before this one.
    fn depart(&self, subject: Subject) -> u32 {
        let mut under_way = self.under_way();
        let count = under_way.entry(subject).or_default();
        *count += 1;
        *count - 1
    }

    fn land(&self, subject: Subject) {
        let mut under_way = self.under_way();
        let Some(count) = under_way.get_mut(&subject) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            under_way.remove(&subject);
        }
    }

    /// A panic in another caller leaves the map whole.
    fn under_way(&self) -> MutexGuard<'_, HashMap<Subject, u32>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guess is refused unheard.
#[derive(Debug, Clone, Copy)]
pub struct Locked {
    /// When to come back; whole seconds, at least one.
    pub retry_after: Duration,
    /// The rule that locks.
    pub rule: Rule,
    /// Nobody was told of this lock yet, because a guess that led to it was never answered.
    is_news: bool,
}

impl Locked {
    /// Writes that the lock began, where nobody did before.
    pub fn write(&self, txn: &mut Txn<'_>, notice: &Notice) -> Result<(), StoreError> {
        if self.is_news { notice.write(txn, self.rule) } else { Ok(()) }
    }
}

/// Takes a place for one guess at `subject`. Nothing may be compared without it.
pub fn begin(app: &Services, ctx: &Context, subject: Subject) -> Result<Result<Attempt, Locked>, StoreError> {
    if !app.policy.limits.applies_to(ctx.client) {
        return Ok(Ok(Attempt(None)));
    }
    let (policy, place, lockouts) = (app.policy.lockout, Place::of(ctx.client), &app.lockouts);
    let refuse = |rule, wait: Duration, is_news| {
        lockouts.refused.fetch_add(1, Ordering::Relaxed);
        let seconds = wait.as_millis().div_ceil(1_000);
        let retry_after = Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)).max(SOON);
        Ok(Err(Locked { retry_after, rule, is_news }))
    };
    let taken = lockouts.guesses.with((subject, place), |guesses| {
        guesses.take(ctx.now, &policy).map_err(|until| (until, guesses.tell(&policy)))
    });
    if let Err((until, is_news)) = taken {
        return refuse(Rule::Network, until.since(ctx.now), is_news);
    }
    // First in the air, then the look at the store: whatever has landed before is in what is read now, so no guess
    // is missed in both.
    let ahead = lockouts.depart(subject);
    let held = Held {
        lockouts: Arc::clone(lockouts),
        key: (subject, place),
        policy,
        is_judged: AtomicBool::new(false),
        has_landed: AtomicBool::new(false),
    };
    let attempt = Attempt(Some(Arc::new(held)));
    let seen = app.read(|read| {
        let streak = store::lockout::streak(read, subject, ctx.now)?;
        Ok((streak, store::lockout::knows_place(read, subject, place, ctx.now)?))
    });
    let (streak, is_known) = match seen {
        Ok(seen) => seen,
        Err(error) => {
            attempt.give_back();
            return Err(error);
        }
    };
    let failures = streak.map_or(0, |streak| streak.failures);
    if is_known || failures.saturating_add(ahead) < policy.account_failures {
        return Ok(Ok(attempt));
    }
    attempt.give_back();
    let forgotten = streak.filter(|_| failures >= policy.account_failures);
    refuse(Rule::Account, forgotten.map_or(SOON, |streak| streak.forgotten_at.since(ctx.now)), false)
}

/// A place for one guess. Dropped, it counts as a wrong one.
#[must_use]
pub struct Attempt(Option<Arc<Held>>);

struct Held {
    lockouts: Arc<Lockouts>,
    key: (Subject, Place),
    policy: LockoutPolicy,
    is_judged: AtomicBool,
    has_landed: AtomicBool,
}

impl Attempt {
    /// The guess could not be judged.
    pub fn give_back(&self) {
        if let Some(held) = &self.0 {
            held.judge(Guesses::give_back);
            held.land();
        }
    }

    /// The guess was wrong. Called before the transaction that [writes](Failure::write) it.
    pub fn failed(self, notice: Notice) -> Failure {
        let tell = |held: &Held, guesses: &mut Guesses| {
            guesses.fail();
            guesses.tell(&held.policy)
        };
        let locks = self.0.as_ref().and_then(|held| held.judge(|guesses| tell(held, guesses)));
        Failure { held: self.0, locks_network: locks.unwrap_or(false), notice }
    }

    /// The password was right: ends the row of wrong ones, and makes the network a known place. Once the
    /// transaction is durable, what was counted for the network is forgotten.
    pub fn succeeded(&self, txn: &mut Txn<'_>, witness: &Witness) -> Result<(), StoreError> {
        let Some(held) = self.0.clone() else { return Ok(()) };
        let (subject, place) = held.key;
        let failures = store::lockout::clear(txn, subject)?;
        if failures >= held.policy.account_failures {
            let event = witness.event(Action::LockoutCleared, Outcome::Success);
            txn.emit(event.reason("login").done())?;
        }
        store::lockout::note_place(txn, subject, place, &held.policy)?;
        txn.on_commit(move || {
            held.judge(Guesses::succeed);
            held.land();
        });
        Ok(())
    }

    /// The password was right, and yet nothing came of it: writes one more failure. The network's count stays.
    pub fn failed_late(&self, txn: &mut Txn<'_>, notice: &Notice) -> Result<(), StoreError> {
        self.0.as_ref().map_or(Ok(()), |held| held.count(txn, false, notice))
    }
}

impl Held {
    /// Judges the guess, once.
    fn judge<R>(&self, verdict: impl FnOnce(&mut Guesses) -> R) -> Option<R> {
        let is_first = !self.is_judged.swap(true, Ordering::SeqCst);
        is_first.then(|| self.lockouts.guesses.with(self.key, verdict))
    }

    fn land(&self) {
        if !self.has_landed.swap(true, Ordering::SeqCst) {
            self.lockouts.land(self.key.0);
        }
    }

    fn count(
        self: &Arc<Self>,
        txn: &mut Txn<'_>,
        locks_network: bool,
        notice: &Notice,
    ) -> Result<(), StoreError> {
        let failures = store::lockout::add_failure(txn, self.key.0, &self.policy)?;
        // One guess can begin both locks; the wider one is told.
        if failures == self.policy.account_failures {
            notice.write(txn, Rule::Account)?;
        } else if locks_network {
            notice.write(txn, Rule::Network)?;
        }
        let held = Arc::clone(self);
        txn.on_commit(move || {
            held.judge(Guesses::fail);
            held.land();
        });
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.judge(Guesses::fail);
        self.land();
    }
}

/// A wrong guess that is to be written.
pub struct Failure {
    held: Option<Arc<Held>>,
    locks_network: bool,
    notice: Notice,
}

impl Failure {
    /// Writes the failure, and the lock that it begins, if any.
    pub fn write(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        self.held.as_ref().map_or(Ok(()), |held| held.count(txn, self.locks_network, &self.notice))
    }
}

/// What is written when a lock begins. Made before the transaction.
pub struct Notice {
    lockouts: Arc<Lockouts>,
    witness: Witness,
    name_hash: Option<String>,
    suspicion: Suspicion,
}

impl Notice {
    /// Of a lock of the person that `witness` watches; of nobody, with the hash of the typed name.
    pub fn new(app: &Services, ctx: &Context, witness: Witness, name_hash: Option<String>) -> Self {
        let suspicion = Suspicion::new(app, ctx, Suspicious::FailedLogins);
        Self { lockouts: Arc::clone(&app.lockouts), witness, name_hash, suspicion }
    }

    fn write(&self, txn: &mut Txn<'_>, rule: Rule) -> Result<(), StoreError> {
        let mut draft = self.witness.event(Action::LockoutSet, Outcome::Success).reason(rule.name());
        if let Some(hash) = &self.name_hash {
            draft = draft.detail("name_hash", hash);
        }
        let event = draft.done();
        self.suspicion.write(txn, &event)?;
        txn.emit(event)?;
        let lockouts = Arc::clone(&self.lockouts);
        txn.on_commit(move || {
            lockouts.set.fetch_add(1, Ordering::Relaxed);
        });
        Ok(())
    }
}

/// The end of an account's locks: everywhere, and for the network of the request.
pub struct Clearing {
    lockouts: Arc<Lockouts>,
    key: (Subject, Place),
    policy: LockoutPolicy,
    is_locked_here: bool,
}

impl Clearing {
    /// Prepares the end of the locks of `subject` as the client sees them. Ends nothing yet.
    pub fn new(app: &Services, ctx: &Context, subject: Subject) -> Self {
        let (key, policy) = ((subject, Place::of(ctx.client)), app.policy.lockout);
        let is_locked_here = app.lockouts.guesses.with(key, |guesses| guesses.is_locked(ctx.now, &policy));
        Self { lockouts: Arc::clone(&app.lockouts), key, policy, is_locked_here }
    }

    /// Ends them, and records it for `reason`, a stable name, if there was one.
    pub fn write(&self, txn: &mut Txn<'_>, witness: &Witness, reason: &str) -> Result<(), StoreError> {
        let failures = store::lockout::clear(txn, self.key.0)?;
        if self.is_locked_here || failures >= self.policy.account_failures {
            txn.emit(witness.event(Action::LockoutCleared, Outcome::Success).reason(reason).done())?;
        }
        let (lockouts, key) = (Arc::clone(&self.lockouts), self.key);
        txn.on_commit(move || lockouts.guesses.with(key, Guesses::clear));
        Ok(())
    }
}
