//! Switching a second factor off. Knows nothing of how it was switched on.

use super::{MfaFault, change, draft, refuse_unless_on};
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::SessionId;
use crate::domain::mail::FactorNews;
use crate::domain::user::User;
use crate::services::audit::{Draft, Witness};
use crate::services::factor::{FactorFault, Holder, Proof, Stage, notice, weigh};
use crate::services::mail::Sealed;
use crate::services::password_proof::prove;
use crate::services::session::{AuthFault, Principal, live_owner};
use crate::services::{Context, Services, flatten};
use crate::store::lane::EventV1;
use crate::store::{self, Abort, StoreError, Txn};

/// Switches the second factor off with the account's password. The caller's session goes on, every other one ends,
/// and the owner gets a mail.
pub async fn disable(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    password: &str,
) -> Result<(), MfaFault> {
    switch_off(app, ctx, caller, (password, None)).await
}

/// The same where the factor itself is asked for too: `code`, time-based or a backup code, is used up.
pub async fn disable_with_code(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    (password, code): (&str, &str),
) -> Result<(), MfaFault> {
    switch_off(app, ctx, caller, (password, Some(code))).await
}

/// The same with `code` alone, time-based or a backup code, which is used up (X23).
pub async fn disable_by_code(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    code: &str,
) -> Result<(), MfaFault> {
    refuse_unless_free(app, caller)?;
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let proof = proof(app, ctx, (caller, &witness), code).await?;
    let (held, id, session) = (proof.held(), caller.user.id, caller.session);
    let disabled = draft(&witness, caller, Action::MfaDisabled, Outcome::Success);
    let act = Disabling::new(app, ctx, (caller, &witness), (Some(proof), disabled));
    let run = app.store.transact("mfa.disable", app.stamp(ctx), move |txn| {
        let user = live_owner(txn, id, session, txn.now())?;
        let user = user.ok_or(Abort::Rule(MfaFault::Caller(AuthFault::Invalid)))?;
        Ok(act.run(txn, user)?)
    });
    told(app, run.await.map_err(flatten).inspect_err(|_| held.give_back())?)
}

async fn switch_off(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    (password, code): (&str, Option<&str>),
) -> Result<(), MfaFault> {
    refuse_unless_free(app, caller)?;
    let proved = prove(app, ctx, caller, password, Action::MfaDisabled).await?;
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let proof = match code {
        Some(code) => {
            Some(proof(app, ctx, (caller, &witness), code).await.inspect_err(|_| proved.give_back())?)
        }
        None => None,
    };
    let held = proof.as_ref().map(Proof::held);
    let act = Disabling::new(app, ctx, (caller, &witness), (proof, proved.success()));
    let done = proved.then(app, ctx, "mfa.disable", move |txn, user| act.run(txn, user)).await;
    told(app, done.inspect_err(|_| held.iter().for_each(|held| held.give_back()))?)
}

/// Refuses where no factor is on, or the caller's role demands one.
fn refuse_unless_free(app: &Services, caller: &Principal) -> Result<(), MfaFault> {
    if app.policy.factor.requires(caller.held.roles) {
        return Err(MfaFault::Demanded);
    }
    refuse_unless_on(app, caller)
}

/// What is told of a code that was right, or not.
fn told(app: &Services, is_right: bool) -> Result<(), MfaFault> {
    if !is_right {
        return Err(FactorFault::Wrong.into());
    }
    app.mail_queued.notify_one();
    Ok(())
}

/// What switching off writes.
struct Disabling {
    proof: Option<Proof>,
    session: SessionId,
    disabled: Draft,
    wrong: EventV1,
    mail: Sealed,
}

impl Disabling {
    fn new(
        app: &Services,
        ctx: &Context,
        (caller, witness): (&Principal, &Witness),
        (proof, disabled): (Option<Proof>, Draft),
    ) -> Self {
        let wrong = draft(witness, caller, Action::MfaDisabled, Outcome::Denied).reason("wrong_code").done();
        let mail = notice(app, ctx, &caller.user, FactorNews::Disabled);
        Self { proof, session: caller.session, disabled, wrong, mail }
    }

    /// Answers whether the code, where one is asked for, was right.
    fn run(&self, txn: &mut Txn<'_>, mut user: User) -> Result<bool, StoreError> {
        if let Some(proof) = &self.proof
            && proof.spend(txn)?.is_none()
        {
            txn.emit(self.wrong.clone())?;
            return Ok(false);
        }
        store::factor::remove(txn, user.id)?;
        let has_phone = store::sms_factor::is_on(txn, user.id)?;
        change(txn, &mut user, has_phone, (Some(self.session), &self.disabled))?;
        self.mail.insert(txn)?;
        Ok(true)
    }
}

/// Weighs the code; a lock is recorded.
async fn proof(
    app: &Services,
    ctx: &Context,
    (caller, witness): (&Principal, &Witness),
    code: &str,
) -> Result<Proof, FactorFault> {
    let holder = Holder { user: &caller.user, witness, stage: Stage::On };
    let weighed = weigh(app, ctx, &holder, code).await;
    if let Err(FactorFault::Locked { .. }) = &weighed {
        let denied = draft(witness, caller, Action::MfaDisabled, Outcome::Denied).reason("locked");
        let denied = denied.detail("rule", "factor").done();
        app.write("mfa.locked", ctx, move |txn| txn.emit(denied.clone())).await?;
    }
    weighed
}
