//! The budget of wrong second-factor codes of an account, at every door that takes one (R47). Knows no code.
//!
//! ## Decision: apart from the guard of passwords, and in memory
//! Whoever guesses codes has the password or a session already, so a right password must not refill this, and wrong
//! codes must not lock the owner's password out. A right code refills nothing either: the wrong ones of the last
//! hour count, whoever typed them. It is worth an hour, so a restart may forget it; the tries of one waiting login,
//! which no restart forgets, are in the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::audit::Witness;
use super::suspicion::Suspicion;
use super::{Context, Services};
use crate::domain::audit::{Action, Outcome};
use crate::domain::factor::{WRONG_CODES_MAX, WRONG_CODES_WINDOW};
use crate::domain::id::UserId;
use crate::domain::lockout::{Guesses, LockoutPolicy, Rule, wait};
use crate::domain::recent::Recent;
use crate::domain::suspicion::Suspicious;
use crate::domain::trace::Kind;
use crate::store::lane::EventV1;
use crate::store::{StoreError, Txn};

/// Wrong codes of late, in bounded memory.
pub type WrongCodes = Recent<UserId, Guesses>;

/// The numbers of `rule`.
pub(super) fn policy_of(app: &Services, rule: Rule) -> LockoutPolicy {
    let codes = LockoutPolicy {
        failures: WRONG_CODES_MAX,
        window: WRONG_CODES_WINDOW,
        lock_for: WRONG_CODES_WINDOW,
        ..app.policy.lockout
    };
    if rule == Rule::Factor { codes } else { app.policy.lockout }
}

/// Too many wrong codes; this one was not compared.
pub(super) struct TooMany {
    /// When to come back; whole seconds, at least one.
    pub(super) retry_after: Duration,
    /// To be written, where nobody was told of this lock yet.
    pub(super) lock: Option<Box<Lock>>,
}

/// Takes a place for one code of `user`. Nothing may be compared without it.
pub(super) fn begin(
    app: &Services,
    ctx: &Context,
    user: UserId,
    witness: &Witness,
) -> Result<CodeGuess, TooMany> {
    if !app.limits.applies_to(ctx.client) {
        return Ok(CodeGuess { held: None, is_judged: AtomicBool::new(false) });
    }
    let policy = policy_of(app, Rule::Factor);
    let taken = app
        .wrong_codes
        .with(user, |guesses| guesses.take(ctx.now, &policy).map_err(|until| (until, guesses.tell(&policy))));
    match taken {
        Ok(()) => {
            let held = Some((Arc::clone(&app.wrong_codes), user, policy));
            Ok(CodeGuess { held, is_judged: AtomicBool::new(false) })
        }
        Err((until, is_news)) => {
            ctx.trail.about(user);
            ctx.trail.note(
                Kind::CodesLocked
                    .with("allowed", u64::try_from(policy.failures).unwrap_or(u64::MAX))
                    .with("until", until),
            );
            Err(TooMany {
                retry_after: wait(ctx.now, until),
                lock: is_news.then(|| Box::new(Lock::new(app, ctx, witness))),
            })
        }
    }
}

/// A place for one code. Dropped, it counts as a wrong one: whoever hangs up has guessed all the same.
#[must_use]
pub(super) struct CodeGuess {
    held: Option<(Arc<WrongCodes>, UserId, LockoutPolicy)>,
    is_judged: AtomicBool,
}

impl CodeGuess {
    /// The code was wrong; answers whether that begins a lock.
    pub(super) fn wrong(&self) -> bool {
        self.judge(|guesses, policy| {
            guesses.fail();
            guesses.tell(policy)
        })
        .unwrap_or(false)
    }

    /// The code was right, or could not be judged.
    pub(super) fn give_back(&self) {
        self.judge(|guesses, _| guesses.give_back());
    }

    /// Judges the code, once.
    fn judge<R>(&self, verdict: impl FnOnce(&mut Guesses, &LockoutPolicy) -> R) -> Option<R> {
        let (table, user, policy) = self.held.as_ref()?;
        let is_first = !self.is_judged.swap(true, Ordering::SeqCst);
        is_first.then(|| table.with(*user, |guesses| verdict(guesses, policy)))
    }
}

impl Drop for CodeGuess {
    fn drop(&mut self) {
        self.wrong();
    }
}

/// What is written when too many wrong codes lock an account's second factor. Made before the transaction.
pub(super) struct Lock {
    event: EventV1,
    suspicion: Suspicion,
}

impl Lock {
    /// Of the person that `witness` watches.
    pub(super) fn new(app: &Services, ctx: &Context, witness: &Witness) -> Self {
        Self {
            event: witness.event(Action::LockoutSet, Outcome::Success).reason(Rule::Factor.name()).done(),
            suspicion: Suspicion::new(app, ctx, Suspicious::FailedLogins),
        }
    }

    /// Writes it.
    pub(super) fn write(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        self.suspicion.write(txn, &self.event)?;
        txn.emit(self.event.clone())
    }
}
