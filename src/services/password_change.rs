//! Changing one's own password, with the old one.
//!
//! ## Decision: rules before the guess, history after it
//! The rules of passwords are public, so a new password that breaks one is refused before anything is hashed and
//! costs no guess. Whether it was used before is looked up only once the current one was right: asked earlier, it
//! would be a second door at which to guess the current password.

use super::audit::{Draft, Witness, person_key};
use super::login::within_limits;
use super::mail::Sealed;
use super::new_password::{self, NewPasswordFault};
use super::session::{AuthFault, Principal, live_owner};
use super::{Context, Services, flatten};
use crate::crypto::{HashError, Password, Phc, Verifier};
use crate::domain::audit::{Action, Outcome};
use crate::domain::mail::NewPassword;
use crate::store::{self, Abort, StoreError, Txn};

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeFault {
    /// The current password is another one.
    #[error("the current password is wrong")]
    WrongPassword,
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
    let new = Password::new(new);
    new_password::check(app, &new, user)?;
    let (before, person) =
        app.read(|read| Ok((store::user::phc(read, user.id)?, person_key(app, read, user.id)?)))?;
    let witness = Witness::of_self(app, ctx, user.id, &person);

    let (current, is_possible) = within_limits(current);
    let verifier = before.clone().filter(|_| is_possible).map_or(Verifier::Nobody, Verifier::Phc);
    if !app.hashing.verify(current, verifier).await?.matches {
        let denied = event(&witness, caller, Outcome::Denied).reason("wrong_password").done();
        app.write("password.denied", ctx, move |txn| txn.emit(denied.clone())).await?;
        return Err(ChangeFault::WrongPassword);
    }
    let change = Change {
        caller: caller.clone(),
        before,
        new: new_password::hash(app, new, user).await?,
        notice: new_password::notice(app, ctx, user, NewPassword::Changed),
        witness,
    };
    app.store
        .transact("password.change", app.stamp(ctx), move |txn| change.run(txn))
        .await
        .map_err(flatten)??;
    app.mail_queued.notify_one();
    Ok(())
}

/// A change that was decided on, to be held against the account as it is when it is written.
struct Change {
    caller: Principal,
    before: Option<String>,
    new: Phc,
    notice: Sealed,
    witness: Witness,
}

impl Change {
    /// The inner fault is a denial that is recorded, so the transaction goes through.
    fn run(&self, txn: &mut Txn<'_>) -> Result<Result<(), ChangeFault>, Abort<ChangeFault>> {
        let caller = &self.caller;
        let now = txn.now();
        let Some(mut user) = live_owner(txn, caller.user.id, caller.session, now)? else {
            return Err(Abort::Rule(ChangeFault::Caller(AuthFault::Invalid)));
        };
        if store::user::phc(txn, user.id)? != self.before {
            let denied = event(&self.witness, caller, Outcome::Denied).reason("account_changed");
            txn.emit(denied.done())?;
            return Ok(Err(ChangeFault::WrongPassword));
        }
        let ended = new_password::set(txn, &mut user, &self.new, Some(caller.session))?;
        let changed = event(&self.witness, caller, Outcome::Success);
        txn.emit(changed.detail("sessions_ended", ended.to_string()).done())?;
        Ok(Ok(self.notice.insert(txn)?))
    }
}

fn event(witness: &Witness, caller: &Principal, outcome: Outcome) -> Draft {
    witness.event(Action::PasswordChanged, outcome).session(caller.session)
}
