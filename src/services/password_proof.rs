//! Proving one's password in the body of an act, through the guard of guesses. Knows nothing of the acts.

use std::sync::Arc;
use std::time::Duration;

use super::audit::{Draft, Witness, person_key};
use super::lockout::{self, Attempt, Locked, Notice};
use super::login::within_limits;
use super::session::{AuthFault, Principal, live_owner};
use super::{Context, Services};
use crate::crypto::{HashError, Verifier};
use crate::domain::audit::{Action, Outcome};
use crate::domain::trace::Kind;
use crate::domain::user::User;
use crate::store::{self, StoreError, Txn};

/// Why a password proved nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProofFault {
    /// It is another one.
    #[error("the password is wrong")]
    WrongPassword,
    /// Too many wrong passwords; this one was not compared.
    #[error("too many wrong passwords")]
    Locked {
        /// When to come back; whole seconds, at least one.
        retry_after: Duration,
    },
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The password could not be compared now.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A right password. What stands on it is done by [`then`](Proved::then), which looks at the account again.
#[must_use]
pub(super) struct Proved {
    door: Door,
    before: Option<String>,
    attempt: Arc<Attempt>,
    notice: Notice,
}

/// Compares `typed` with the caller's password, for `action`. A wrong one is recorded as a denial of it, and
/// counts like a failed login.
pub(super) async fn prove(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    typed: &str,
    action: Action,
) -> Result<Proved, ProofFault> {
    let id = caller.user.id;
    let (before, person) = app.read(|read| Ok((store::user::phc(read, id)?, person_key(app, read, id)?)))?;
    let door = Door { caller: caller.clone(), action, witness: Witness::of_self(app, ctx, id, &person) };
    let notice = Notice::new(app, ctx, door.witness.clone(), None);
    let attempt = match lockout::begin(app, ctx, app.keys.account(id))? {
        Ok(attempt) => attempt,
        Err(locked) => return Err(door.locked(app, ctx, locked, notice).await?),
    };
    let matches = compare(app, before.clone(), typed).await.inspect_err(|_| attempt.give_back())?;
    if matches {
        return Ok(Proved { door, before, attempt: Arc::new(attempt), notice });
    }
    ctx.trail.note(Kind::PasswordWrong.with("user", id));
    let (event, failure) =
        (door.event(Outcome::Denied).reason("wrong_password").done(), attempt.failed(notice));
    app.write("password.denied", ctx, move |txn| {
        txn.emit(event.clone())?;
        failure.write(txn)
    })
    .await?;
    Err(ProofFault::WrongPassword)
}

/// Whether `typed` is the password behind `phc`, at the cost of one hash.
async fn compare(app: &Services, phc: Option<String>, typed: &str) -> Result<bool, HashError> {
    let (typed, is_possible) = within_limits(typed);
    let verifier = phc.filter(|_| is_possible).map_or(Verifier::Nobody, Verifier::Phc);
    Ok(app.hashing.verify(typed, verifier).await?.matches)
}

impl Proved {
    /// The record of the act, as it came about.
    pub(super) fn success(&self) -> Draft {
        self.door.event(Outcome::Success)
    }

    /// The act does not come about, for reasons that say nothing against the password.
    pub(super) fn give_back(&self) {
        self.attempt.give_back();
    }

    /// Runs `act` on the account as it is now, in a transaction `name`, if the caller's session still lives and the
    /// password is still the one that was proved. The closure may run again.
    pub(super) async fn then<T: Send + 'static>(
        self,
        app: &Services,
        ctx: &Context,
        name: &'static str,
        mut act: impl FnMut(&mut Txn<'_>, User) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ProofFault> {
        let held = self.attempt.clone();
        let run = move |txn: &mut Txn<'_>| {
            let caller = &self.door.caller;
            let Some(user) = live_owner(txn, caller.user.id, caller.session, txn.now())? else {
                let attempt = self.attempt.clone();
                txn.on_commit(move || attempt.give_back());
                return Ok(Err(ProofFault::Caller(AuthFault::Invalid)));
            };
            if store::user::phc(txn, user.id)? != self.before {
                txn.emit(self.door.event(Outcome::Denied).reason("account_changed").done())?;
                self.attempt.failed_late(txn, &self.notice)?;
                return Ok(Err(ProofFault::WrongPassword));
            }
            let done = act(txn, user)?;
            self.attempt.succeeded(txn, &self.door.witness)?;
            Ok(Ok(done))
        };
        app.write(name, ctx, run).await.inspect_err(|_| held.give_back())?
    }
}

/// Who is at the door, and what is written of them.
struct Door {
    caller: Principal,
    action: Action,
    witness: Witness,
}

impl Door {
    fn event(&self, outcome: Outcome) -> Draft {
        self.witness.event(self.action, outcome).session(self.caller.session)
    }

    async fn locked(
        &self,
        app: &Services,
        ctx: &Context,
        locked: Locked,
        notice: Notice,
    ) -> Result<ProofFault, StoreError> {
        let event = self.event(Outcome::Denied).reason("locked").detail("rule", locked.rule.name()).done();
        app.write("password.locked", ctx, move |txn| {
            txn.emit(event.clone())?;
            locked.write(txn, &notice)
        })
        .await?;
        Ok(ProofFault::Locked { retry_after: locked.retry_after })
    }
}
