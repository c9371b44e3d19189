//! Fresh proof of who one is, for sensitive acts (RFC 9470). Knows nothing of the acts.
//!
//! ## Decision: where a second factor is on, a code is the proof, and a password is none
//! Whoever sits at a session they should not have may know the password too: it leaks, and it is what the second factor
//! was switched on against. The session itself shows that the password was right once, so a code alone completes both.
//! Acts that take the password in their own body (the contract has a factor switched off so) take it still.

use std::time::Duration;

use super::audit::{Draft, Witness};
use super::factor::{FactorFault, Holder, Proof, Stage, weigh};
use super::password_proof::{ProofFault, prove};
use super::session::{AuthFault, Principal, live_owner};
use super::{Context, Services, flatten};
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::SessionId;
use crate::store::{self, Abort, StoreError, Txn};

/// The last proof is too old for this act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the act needs a fresh proof of the password or of a second factor")]
pub struct StepUpNeeded {
    /// How old the proof may be.
    pub max_age: Duration,
    /// Whether the proof is a code of the second factor, and not the password.
    pub by_code: bool,
}

/// Refuses a caller who proved neither the password nor a factor within `step_up.ttl`. What was known when the request
/// came in decides; nothing is read.
///
/// An act that takes the password in its own body need not ask: that is a proof.
pub fn require_fresh(app: &Services, ctx: &Context, caller: &Principal) -> Result<(), StepUpNeeded> {
    let (max_age, proved_at) = (app.policy.step_up_ttl, caller.authenticated_at);
    // A clock that was set back makes no old proof fresh.
    let age = ctx.now.since(proved_at).max(proved_at.since(ctx.now));
    if max_age.is_zero() || age <= max_age {
        return Ok(());
    }
    Err(StepUpNeeded { max_age, by_code: caller.user.has_factor })
}

/// Why a session did not become fresh.
#[derive(Debug, thiserror::Error)]
pub enum StepUpFault {
    /// A second factor is on, so a password is not enough.
    #[error("the proof must be a code of the second factor")]
    CodeNeeded,
    /// The password proved nothing.
    #[error(transparent)]
    Password(#[from] ProofFault),
    /// The code proved nothing.
    #[error(transparent)]
    Factor(#[from] FactorFault),
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the caller's session fresh with the account's password; answers for how long. A wrong one counts like a failed
/// login.
pub async fn with_password(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    password: &str,
) -> Result<Duration, StepUpFault> {
    if caller.user.has_factor {
        return Err(StepUpFault::CodeNeeded);
    }
    let session = caller.session;
    let proved = prove(app, ctx, caller, password, Action::SessionSteppedUp).await?;
    let event = proved.success().reason("password");
    let renew = move |txn: &mut Txn<'_>, _| renew(txn, session, &event);
    proved.then(app, ctx, "step_up", renew).await?;
    Ok(app.policy.step_up_ttl)
}

/// The same with a code of the second factor, which is used up.
pub async fn with_code(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    code: &str,
) -> Result<Duration, StepUpFault> {
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let event = |outcome| witness.event(Action::SessionSteppedUp, outcome).session(caller.session);
    let holder = Holder { user: &caller.user, witness: &witness, stage: Stage::On };
    let proof = match weigh(app, ctx, &holder, code).await {
        Err(fault @ FactorFault::Locked { .. }) => {
            let denied = event(Outcome::Denied).reason("locked").detail("rule", "factor").done();
            app.write("step_up.locked", ctx, move |txn| txn.emit(denied.clone())).await?;
            return Err(fault.into());
        }
        weighed => weighed?,
    };
    let held = proof.held();
    let step = ByCode {
        caller: caller.clone(),
        proof,
        success: event(Outcome::Success),
        denied: event(Outcome::Denied).reason("wrong_code"),
    };
    let run = app.store.transact("step_up", app.stamp(ctx), move |txn| step.run(txn));
    run.await.map_err(flatten).inspect_err(|_| held.give_back())??;
    Ok(app.policy.step_up_ttl)
}

struct ByCode {
    caller: Principal,
    proof: Proof,
    success: Draft,
    denied: Draft,
}

impl ByCode {
    /// The inner fault is a denial that is recorded, so the transaction goes through.
    fn run(&self, txn: &mut Txn<'_>) -> Result<Result<(), StepUpFault>, Abort<StepUpFault>> {
        let Principal { user, session, .. } = &self.caller;
        let owner = live_owner(txn, user.id, *session, txn.now())?;
        owner.ok_or(Abort::Rule(StepUpFault::Caller(AuthFault::Invalid)))?;
        let Some(used) = self.proof.spend(txn)? else {
            txn.emit(self.denied.clone().done())?;
            return Ok(Err(FactorFault::Wrong.into()));
        };
        Ok(Ok(renew(txn, *session, &self.success.clone().reason(used.name()))?))
    }
}

fn renew(txn: &mut Txn<'_>, session: SessionId, event: &Draft) -> Result<(), StoreError> {
    store::session::authenticated(txn, session)?;
    txn.emit(event.clone().done())
}
