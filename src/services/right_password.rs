//! What follows on a right password: a session, or a login that waits for its second step. Knows no password.

use std::sync::Arc;

use super::audit::{Draft, Witness};
use super::factor::{FactorFault, Holder, Proof, Stage, weigh};
use super::lockout::{Attempt, Notice};
use super::login::{Account, LoggedIn, LoginFault, note_denied};
use super::opening::{Opening, prepare};
use super::{Context, Services, pending_login};
use crate::crypto::Phc;
use crate::domain::audit::{Action, Outcome};
use crate::domain::login::DenyReason;
use crate::domain::user::User;
use crate::store::{self, StoreError, Txn};

/// A right password.
pub(super) struct Right {
    pub(super) account: Account,
    /// Its hash under the current costs, where the stored one is outdated.
    pub(super) renewed: Option<Phc>,
    pub(super) attempt: Arc<Attempt>,
    pub(super) notice: Notice,
}

/// Goes on after a right password: with what is to be opened where no second factor is on, with both steps at once
/// where its `code` came along, and else with a wait for it.
pub(super) async fn go_on(
    app: &Services,
    ctx: &Context,
    right: Right,
    code: Option<&str>,
    opening: Opening<'_>,
) -> Result<LoggedIn, LoginFault> {
    match (right.account.user.has_factor, code) {
        (false, _) => grant(app, ctx, right, None, opening).await,
        (true, Some(code)) => {
            let proof = inline(app, ctx, &right, code).await?;
            grant(app, ctx, right, Some(proof), opening).await
        }
        (true, None) => wait(app, ctx, right, opening != Opening::Tokens).await,
    }
}

impl Right {
    fn stranger(&self, app: &Services, ctx: &Context) -> Witness {
        Witness::of_stranger(app, ctx, self.account.user.id, &self.account.person)
    }

    fn denied(&self, app: &Services, ctx: &Context, reason: DenyReason) -> Draft {
        self.stranger(app, ctx).event(Action::LoginFailed, Outcome::Denied).reason(reason.name())
    }

    /// The account as it is now, if nothing changed that the decision stood on.
    fn unchanged(&self, txn: &Txn<'_>) -> Result<Option<User>, StoreError> {
        let before = &self.account;
        let user = store::user::by_id(txn, before.user.id)?;
        let phc = store::user::phc(txn, before.user.id)?;
        let unchanged = phc.as_deref() == Some(before.phc.as_str());
        Ok(user.filter(|user| unchanged && same_standing(user, &before.user)))
    }

    /// Stores the renewed verifier, if there is one.
    fn renew(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        let renewed = self.renewed.as_ref();
        renewed
            .map_or(Ok(()), |phc| store::user::renew_phc(txn, self.account.user.id, phc.as_str().to_owned()))
    }
}

/// Weighs the code of a login that is done in one call.
async fn inline(app: &Services, ctx: &Context, right: &Right, code: &str) -> Result<Proof, LoginFault> {
    let stranger = right.stranger(app, ctx);
    let holder = Holder { user: &right.account.user, witness: &stranger, stage: Stage::On };
    let fault = match weigh(app, ctx, &holder, code).await {
        Ok(proof) => return Ok(proof),
        Err(fault) => fault,
    };
    right.attempt.give_back();
    match fault {
        FactorFault::Locked { retry_after } => {
            let event = right.denied(app, ctx, DenyReason::Locked).detail("rule", "factor").done();
            app.write("login.locked", ctx, move |txn| txn.emit(event.clone())).await?;
            Err(LoginFault::Locked { retry_after })
        }
        FactorFault::Store(error) => Err(error.into()),
        FactorFault::NotSetUp | FactorFault::Wrong => Err(LoginFault::WrongCode),
    }
}

/// Has the login wait for its second step. The wrong passwords before it stay counted until that is done.
async fn wait(app: &Services, ctx: &Context, right: Right, is_cookie: bool) -> Result<LoggedIn, LoginFault> {
    let id = right.account.user.id;
    let (handle, login) = pending_login::begin(app, ctx, &right.account.user, is_cookie);
    let asked = right.stranger(app, ctx).event(Action::LoginMfaRequired, Outcome::Success).done();
    let denied = right.denied(app, ctx, DenyReason::AccountChanged).done();
    let held = Arc::clone(&right.attempt);
    let waits = app
        .write("login.wait", ctx, move |txn| {
            if right.unchanged(txn)?.is_none() {
                txn.emit(denied.clone())?;
                right.attempt.failed_late(txn, &right.notice)?;
                return Ok(false);
            }
            right.renew(txn)?;
            store::factor::insert_pending(txn, &login)?;
            txn.emit(asked.clone())?;
            let attempt = Arc::clone(&right.attempt);
            txn.on_commit(move || attempt.give_back());
            Ok(true)
        })
        .await
        .inspect_err(|_| held.give_back())?;
    if waits {
        return Ok(LoggedIn::CodeNeeded(handle.reveal()));
    }
    note_denied(ctx, id, DenyReason::AccountChanged);
    Err(LoginFault::Denied)
}

/// Opens a session, with the second factor that `proof` is to spend, and stores the renewed verifier.
async fn grant(
    app: &Services,
    ctx: &Context,
    right: Right,
    proof: Option<Proof>,
    opening: Opening<'_>,
) -> Result<LoggedIn, LoginFault> {
    let (promise, entry) = match prepare(app, ctx, &right.account.user, opening) {
        Ok(prepared) => prepared,
        Err(error) => {
            right.attempt.give_back();
            return Err(error.into());
        }
    };
    let (session, id) = (entry.id(), right.account.user.id);
    let witness = Witness::of_self(app, ctx, right.account.user.id, &right.account.person);
    let succeeded = witness.event(Action::LoginSucceeded, Outcome::Success).session(session);
    let changed = right.denied(app, ctx, DenyReason::AccountChanged).done();
    let wrong_code = right.denied(app, ctx, DenyReason::WrongCode).done();
    let too_many = right.denied(app, ctx, DenyReason::TooManySessions).done();
    let held = (Arc::clone(&right.attempt), proof.as_ref().map(Proof::held));
    let granted = app
        .write("login", ctx, move |txn| {
            let Some(user) = right.unchanged(txn)? else {
                txn.emit(changed.clone())?;
                right.attempt.failed_late(txn, &right.notice)?;
                return Ok(Err(LoginFault::Denied));
            };
            let mut event = succeeded.clone();
            if let Some(proof) = &proof {
                let Some(proved) = proof.spend(txn)? else {
                    txn.emit(wrong_code.clone())?;
                    let attempt = Arc::clone(&right.attempt);
                    txn.on_commit(move || attempt.give_back());
                    return Ok(Err(LoginFault::WrongCode));
                };
                event = event.detail("factor", proved.name());
            }
            right.renew(txn)?;
            if entry.write(txn, &witness)?.is_err() {
                txn.emit(too_many.clone())?;
                let attempt = Arc::clone(&right.attempt);
                txn.on_commit(move || attempt.give_back());
                return Ok(Err(LoginFault::TooManySessions));
            }
            txn.emit(event.done())?;
            right.attempt.succeeded(txn, &witness)?;
            Ok(Ok(user))
        })
        .await
        // The password was right: a store that cannot write must not lock its owner out.
        .inspect_err(|_| {
            held.0.give_back();
            held.1.iter().for_each(|guess| guess.give_back());
        })?;
    if let Err(fault) = &granted {
        note_denied(
            ctx,
            id,
            match fault {
                LoginFault::WrongCode => DenyReason::WrongCode,
                LoginFault::TooManySessions => DenyReason::TooManySessions,
                _ => DenyReason::AccountChanged,
            },
        );
    }
    Ok(LoggedIn::Done(promise.kept(app, ctx.now, granted?, session)?))
}

/// Whether nothing changed that the decision stood on.
fn same_standing(now: &User, before: &User) -> bool {
    now.status == before.status
        && now.email_verified_at == before.email_verified_at
        && now.session_epoch == before.session_epoch
}
