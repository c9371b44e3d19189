//! Changing one's own password, with the old one.
//!
//! ## Decision: rules before the guess, history after it
//! The rules of passwords are public, so a new password that breaks one is refused before anything is hashed and
//! costs no guess. Whether it was used before is looked up only once the current one was right: asked earlier, it
//! would be a second door at which to guess the current password.

use std::sync::Arc;
use std::time::Duration;

use super::audit::{Draft, Witness, person_key};
use super::lockout::{self, Attempt, Locked, Notice};
use super::login::within_limits;
use super::new_password::{NewPasswordFault, Prepared, allowed};
use super::session::{AuthFault, Principal, live_owner};
use super::{Context, Services, flatten};
use crate::crypto::{HashError, Verifier};
use crate::domain::audit::{Action, Outcome};
use crate::domain::mail::NewPassword;
use crate::store::{self, Abort, StoreError, Txn};

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeFault {
    /// The current password is another one.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Too many wrong passwords; this one was not compared.
    #[error("too many wrong passwords")]
    Locked {
        /// When to come back; whole seconds, at least one.
        retry_after: Duration,
    },
    /// The new password is not acceptable.
    #[error(transparent)]
    New(#[from] NewPasswordFault),
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The current password could not be compared now.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives the caller's account the password `new`, if `current` is its password. The caller's session goes on, every
/// other one ends, and the owner gets a mail.
pub async fn change(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    current: &str,
    new: &str,
) -> Result<(), ChangeFault> {
    let user = &caller.user;
    let new = allowed(app, new, user)?;
    let (before, person) =
        app.read(|read| Ok((store::user::phc(read, user.id)?, person_key(app, read, user.id)?)))?;
    let door = Door { caller: caller.clone(), witness: Witness::of_self(app, ctx, user.id, &person) };
    let notice = || Notice::new(app, ctx, door.witness.clone(), None);

    let attempt = match lockout::begin(app, ctx, app.keys.guessed_at(Some(user.id), ""))? {
        Ok(attempt) => attempt,
        Err(locked) => return door.locked(app, ctx, locked, notice()).await,
    };
    let matches = compare(app, before.clone(), current).await.inspect_err(|_| attempt.give_back())?;
    if !matches {
        let (event, failure) = (door.denied("wrong_password").done(), attempt.failed(notice()));
        app.write("password.denied", ctx, move |txn| {
            txn.emit(event.clone())?;
            failure.write(txn)
        })
        .await?;
        return Err(ChangeFault::WrongPassword);
    }
    // From here on the guess was right: whatever else is wrong must not count against its owner.
    let prepared = Prepared::new(app, ctx, user, new, NewPassword::Changed).await;
    let prepared = prepared.inspect_err(|_| attempt.give_back())?;
    let attempt = Arc::new(attempt);
    let change = Change { notice: notice(), attempt: attempt.clone(), door, before, prepared };
    let run = app.store.transact("password.change", app.stamp(ctx), move |txn| change.run(txn));
    run.await.map_err(flatten).inspect_err(|_| attempt.give_back())??;
    app.mail_queued.notify_one();
    Ok(())
}

/// Whether `typed` is the password behind `phc`, at the cost of one hash.
async fn compare(app: &Services, phc: Option<String>, typed: &str) -> Result<bool, HashError> {
    let (typed, is_possible) = within_limits(typed);
    let verifier = phc.filter(|_| is_possible).map_or(Verifier::Nobody, Verifier::Phc);
    Ok(app.hashing.verify(typed, verifier).await?.matches)
}

/// Who is at the door, and what is written of them.
struct Door {
    caller: Principal,
    witness: Witness,
}

impl Door {
    fn event(&self, outcome: Outcome) -> Draft {
        self.witness.event(Action::PasswordChanged, outcome).session(self.caller.session)
    }

    fn denied(&self, reason: &str) -> Draft {
        self.event(Outcome::Denied).reason(reason)
    }

    async fn locked(
        &self,
        app: &Services,
        ctx: &Context,
        locked: Locked,
        notice: Notice,
    ) -> Result<(), ChangeFault> {
        let event = self.denied("locked").detail("rule", locked.rule.name()).done();
        app.write("password.locked", ctx, move |txn| {
            txn.emit(event.clone())?;
            locked.write(txn, &notice)
        })
        .await?;
        Err(ChangeFault::Locked { retry_after: locked.retry_after })
    }
}

/// A change that was decided on, to be held against the account as it is when it is written.
struct Change {
    door: Door,
    before: Option<String>,
    prepared: Prepared,
    attempt: Arc<Attempt>,
    notice: Notice,
}

impl Change {
    /// The inner fault is a denial that is recorded, so the transaction goes through.
    fn run(&self, txn: &mut Txn<'_>) -> Result<Result<(), ChangeFault>, Abort<ChangeFault>> {
        let (caller, now) = (&self.door.caller, txn.now());
        let user = live_owner(txn, caller.user.id, caller.session, now)?;
        let mut user = user.ok_or(Abort::Rule(ChangeFault::Caller(AuthFault::Invalid)))?;
        if store::user::phc(txn, user.id)? != self.before {
            txn.emit(self.door.denied("account_changed").done())?;
            self.attempt.failed_late(txn, &self.notice)?;
            return Ok(Err(ChangeFault::WrongPassword));
        }
        let ended = self.prepared.set(txn, &mut user, Some(caller.session))?;
        txn.emit(self.door.event(Outcome::Success).detail("sessions_ended", ended.to_string()).done())?;
        Ok(Ok(self.attempt.succeeded(txn, &self.door.witness)?))
    }
}
