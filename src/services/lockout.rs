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
//! ## Decision: what a login answers depends on the typed name, what is compared on the account
//! Problem: a budget for each name gives whoever knows address and username twice the guesses (R15). One budget for
//! both, with an answer that shows it, tells whoever fails at a username until an address is locked that both are one
//! account's, and that there is one. Choice: every login takes two places, one of the typed name and one of the account;
//! a name of nobody has a second budget as well. The first alone decides on "locked". Where only the second is used
//! up, the guess costs its hash, is compared with nothing and is denied like any wrong one.

mod memory;
mod unlocking;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::audit::Witness;
use super::explain::why;
use super::suspicion::Suspicion;
use super::{Context, Services};
use crate::domain::audit::{Action, Outcome};
use crate::domain::lockout::{Guesses, LockoutPolicy, Place, Rule, Subject, wait};
use crate::domain::suspicion::Suspicious;
use crate::domain::time::Timestamp;
use crate::store::{self, StoreError, Txn};

pub use memory::Lockouts;
pub use unlocking::{Lifted, Unlocking};

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
        return Ok(Ok(Attempt::default()));
    }
    let held = take(app, ctx, (subject, subject))?;
    Ok(held.map(|held| Attempt { held: vec![held], ..Attempt::default() }))
}

/// Takes a place for one guess at the typed name, and one at the account it reaches. With `Some` lock the account's
/// budget is used up: nothing may be compared, and nobody may see it.
pub fn begin_login(
    app: &Services,
    ctx: &Context,
    target: &Target,
) -> Result<Result<(Attempt, Option<Locked>), Locked>, StoreError> {
    if !app.policy.limits.applies_to(ctx.client) {
        return Ok(Ok((Attempt::default(), None)));
    }
    let (policy, place) = (app.policy.lockout, Place::of(ctx.client));
    let names = target.names.iter().copied().filter(|name| *name != target.typed).collect();
    let typed = match take(app, ctx, (target.typed, target.account))? {
        Ok(held) => held,
        Err(locked) => {
            let is_news = app.lockouts.guesses.with((target.account, place), |guesses| {
                guesses.is_locked(ctx.now, &policy) && guesses.tell(&policy)
            });
            return Ok(Err(Locked { is_news, ..locked }));
        }
    };
    let account = take(app, ctx, (target.account, target.account)).inspect_err(|_| typed.give_back())?;
    Ok(Ok(match account {
        // The account's place is free again before the name's: who gets the second finds the first.
        Ok(account) => (Attempt { held: vec![account, typed], names, uncompared: None }, None),
        Err(locked) => (Attempt { held: vec![typed], names, uncompared: Some(target.account) }, Some(locked)),
    }))
}

/// What a login guesses at.
#[derive(Debug, Clone)]
pub struct Target {
    /// The typed name.
    pub typed: Subject,
    /// The account; for a name of nobody, its second budget.
    pub account: Subject,
    /// All names of the account.
    pub names: Vec<Subject>,
}

/// Takes one place of a budget: of an account, or of a name that reaches it. Known places are the account's.
fn take(
    app: &Services,
    ctx: &Context,
    (subject, account): (Subject, Subject),
) -> Result<Result<Arc<Held>, Locked>, StoreError> {
    let (policy, place, lockouts) = (app.policy.lockout, Place::of(ctx.client), &app.lockouts);
    let refuse = |rule, until: Timestamp, is_news| {
        let failures = policy.account_failures;
        ctx.trail.note(match rule {
            Rule::Account => why::account_lock(&policy, failures, until),
            Rule::Network | Rule::Factor => why::network_lock(&policy, until),
        });
        lockouts.refused.fetch_add(1, Ordering::Relaxed);
        Ok(Err(Locked { retry_after: wait(ctx.now, until), rule, is_news }))
    };
    let taken = lockouts.guesses.with((subject, place), |guesses| {
        guesses.take(ctx.now, &policy).map_err(|until| (until, guesses.tell(&policy)))
    });
    if let Err((until, is_news)) = taken {
        return refuse(Rule::Network, until, is_news);
    }
    // First in the air, then the look at the store: whatever has landed before is in what is read now, so no guess
    // is missed in both.
    let ahead = lockouts.depart(subject);
    let held = Held {
        lockouts: Arc::clone(lockouts),
        key: (subject, place),
        policy,
        tells: subject == account,
        is_judged: AtomicBool::new(false),
        has_landed: AtomicBool::new(false),
    };
    let held = Arc::new(held);
    let seen = app.read(|read| {
        let streak = store::lockout::streak(read, subject, ctx.now)?;
        Ok((streak, store::lockout::knows_place(read, account, place, ctx.now)?))
    });
    let (streak, is_known) = match seen {
        Ok(seen) => seen,
        Err(error) => {
            held.give_back();
            return Err(error);
        }
    };
    let failures = streak.map_or(0, |streak| streak.failures);
    if is_known || failures.saturating_add(ahead) < policy.account_failures {
        return Ok(Ok(held));
    }
    held.give_back();
    let forgotten = streak.filter(|_| failures >= policy.account_failures);
    refuse(Rule::Account, forgotten.map_or(ctx.now, |streak| streak.forgotten_at), false)
}

/// A place for one guess. Dropped, it counts as a wrong one.
#[must_use]
#[derive(Default)]
pub struct Attempt {
    held: Vec<Arc<Held>>,
    /// Other names of the account, which share its success.
    names: Vec<Subject>,
    /// The account, where its budget was used up: it is counted there too, so that both counts stay together.
    uncompared: Option<Subject>,
}

struct Held {
    lockouts: Arc<Lockouts>,
    key: (Subject, Place),
    policy: LockoutPolicy,
    /// Whether it is the account's, of which locks and known places are recorded.
    tells: bool,
    is_judged: AtomicBool,
    has_landed: AtomicBool,
}

impl Attempt {
    /// The guess could not be judged.
    pub fn give_back(&self) {
        self.held.iter().for_each(|held| held.give_back());
    }

    /// The guess was wrong. Called before the transaction that [writes](Failure::write) it.
    pub fn failed(self, notice: Notice) -> Failure {
        let tell = |held: &Arc<Held>| {
            let judged = held.judge(|guesses| {
                guesses.fail();
                held.tells && guesses.tell(&held.policy)
            });
            judged.unwrap_or(false)
        };
        let locks_network = self.held.iter().map(tell).fold(false, |any, locks| any | locks);
        Failure { held: self.held, uncompared: self.uncompared, locks_network, notice }
    }

    /// The password was right: ends the row of wrong ones, and makes the network a known place. Once the
    /// transaction is durable, what was counted for the network is forgotten.
    pub fn succeeded(&self, txn: &mut Txn<'_>, witness: &Witness) -> Result<(), StoreError> {
        for held in &self.held {
            let (subject, place) = held.key;
            let failures = store::lockout::clear(txn, subject)?;
            if held.tells && failures >= held.policy.account_failures {
                let event = witness.event(Action::LockoutCleared, Outcome::Success);
                txn.emit(event.reason("login").done())?;
            }
            if held.tells {
                store::lockout::note_place(txn, subject, place, &held.policy)?;
            }
            let held = Arc::clone(held);
            txn.on_commit(move || {
                held.judge(Guesses::succeed);
                held.land();
            });
        }
        self.names.iter().try_for_each(|name| store::lockout::clear(txn, *name).map(drop))
    }

    /// The password was right, and yet nothing came of it: writes one more failure. The network's count stays.
    pub fn failed_late(&self, txn: &mut Txn<'_>, notice: &Notice) -> Result<(), StoreError> {
        self.held.iter().try_for_each(|held| held.count(txn, false, notice))
    }
}

impl Held {
    /// Judges the guess, once.
    fn judge<R>(&self, verdict: impl FnOnce(&mut Guesses) -> R) -> Option<R> {
        let is_first = !self.is_judged.swap(true, Ordering::SeqCst);
        is_first.then(|| self.lockouts.guesses.with(self.key, verdict))
    }

    fn give_back(&self) {
        self.judge(Guesses::give_back);
        self.land();
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
        if self.tells && failures == self.policy.account_failures {
            notice.write(txn, Rule::Account)?;
        } else if self.tells && locks_network {
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
    held: Vec<Arc<Held>>,
    uncompared: Option<Subject>,
    locks_network: bool,
    notice: Notice,
}

impl Failure {
    /// Writes the failure, and the lock that it begins, if any.
    pub fn write(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        if let (Some(account), Some(held)) = (self.uncompared, self.held.first()) {
            let failures = store::lockout::add_failure(txn, account, &held.policy)?;
            if failures == held.policy.account_failures {
                self.notice.write(txn, Rule::Account)?;
            }
        }
        self.held.iter().try_for_each(|held| held.count(txn, self.locks_network, &self.notice))
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

/// The end of an account's locks, under each of its names: everywhere, and for the network of the request.
pub struct Clearing {
    lockouts: Arc<Lockouts>,
    account: Subject,
    names: Vec<Subject>,
    place: Place,
    policy: LockoutPolicy,
    is_locked_here: bool,
}

impl Clearing {
    /// Prepares the end of the locks of `account` as the client sees them. Ends nothing yet.
    pub fn new(app: &Services, ctx: &Context, account: Subject, names: Vec<Subject>) -> Self {
        let (place, policy, lockouts) =
            (Place::of(ctx.client), app.policy.lockout, Arc::clone(&app.lockouts));
        let is_locked_here =
            lockouts.guesses.with((account, place), |guesses| guesses.is_locked(ctx.now, &policy));
        Self { lockouts, account, names, place, policy, is_locked_here }
    }

    /// Ends them, and records it for `reason`, a stable name, if there was one.
    pub fn write(&self, txn: &mut Txn<'_>, witness: &Witness, reason: &str) -> Result<(), StoreError> {
        let failures = store::lockout::clear(txn, self.account)?;
        if self.is_locked_here || failures >= self.policy.account_failures {
            txn.emit(witness.event(Action::LockoutCleared, Outcome::Success).reason(reason).done())?;
        }
        for name in &self.names {
            store::lockout::clear(txn, *name)?;
        }
        for subject in self.names.iter().copied().chain([self.account]) {
            let (lockouts, key) = (Arc::clone(&self.lockouts), (subject, self.place));
            txn.on_commit(move || lockouts.guesses.with(key, Guesses::clear));
        }
        Ok(())
    }
}
