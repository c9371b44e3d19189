//! Switching a second factor on with its first code: in a session, or with the token of a registration. Knows nothing of
//! how either was shown.

use super::{MfaFault, Shown, change, draw};
use crate::crypto::OneTimeKind;
use crate::domain::audit::{Action, Outcome};
use crate::domain::factor::{BackupHash, Factor};
use crate::domain::id::SessionId;
use crate::domain::mail::FactorNews;
use crate::domain::user::User;
use crate::services::audit::{Draft, Witness, person_key};
use crate::services::factor::{FactorFault, Holder, Proof, Stage, notice, weigh};
use crate::services::mail::Sealed;
use crate::services::one_time::Presented;
use crate::services::session::{AuthFault, Principal, live_owner};
use crate::services::{Context, Services, flatten};
use crate::store::{self, Abort, Read, StoreError, Txn};

/// Switches the second factor on with its first code. The caller's session goes on, every other one ends, and the
/// owner gets a mail.
pub async fn enable(app: &Services, ctx: &Context, caller: &Principal, code: &str) -> Result<(), MfaFault> {
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    switch_on(app, ctx, (By::Session(caller.session, None), &caller.user, witness), code).await
}

/// The same with new backup codes, in place of those that the enrolment began with (T53).
pub async fn enable_with_codes(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    code: &str,
) -> Result<Vec<Shown>, MfaFault> {
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let (shown, hashes) = draw(app, caller.user.id);
    let by = By::Session(caller.session, Some(hashes));
    switch_on(app, ctx, (by, &caller.user, witness), code).await?;
    Ok(shown)
}

/// The same for whoever has just registered, with the one-time `token` that this answered, which is used up. Every
/// session of the account ends.
pub async fn enable_first(app: &Services, ctx: &Context, token: &str, code: &str) -> Result<(), MfaFault> {
    let token = Presented::read(app, ctx, OneTimeKind::EnrolFactor, token).ok_or(AuthFault::Invalid)?;
    let found = app.read(|read| {
        let Some(user) = registrant(read, &token)? else { return Ok(None) };
        Ok(Some((person_key(app, read, user.id)?, user)))
    })?;
    let (person, user) = found.ok_or(AuthFault::Invalid)?;
    let witness = Witness::of_self(app, ctx, user.id, &person);
    switch_on(app, ctx, (By::Token(token), &user, witness), code).await
}

/// Who may use a registration's `token`, if somebody may.
fn registrant(read: &impl Read, token: &Presented) -> Result<Option<User>, StoreError> {
    let Some(found) = token.live(read)? else { return Ok(None) };
    Ok(store::user::by_id(read, found.owner)?.filter(|user| user.status.is_usable()))
}

async fn switch_on(
    app: &Services,
    ctx: &Context,
    (by, user, witness): (By, &User, Witness),
    code: &str,
) -> Result<(), MfaFault> {
    let event = |outcome| by.signed(witness.event(Action::MfaEnabled, outcome));
    let denied = event(Outcome::Denied);
    let holder = Holder { user, witness: &witness, stage: Stage::Enrolling };
    let proof = match weigh(app, ctx, &holder, code).await {
        Err(fault @ FactorFault::Locked { .. }) => {
            let event = denied.reason("locked").detail("rule", "factor").done();
            app.write("mfa.locked", ctx, move |txn| txn.emit(event.clone())).await?;
            return Err(fault.into());
        }
        weighed => weighed?,
    };
    let held = proof.held();
    let act = Enabling {
        enabled: event(Outcome::Success),
        denied: denied.reason("wrong_code"),
        mail: notice(app, ctx, user, FactorNews::Enabled),
        user: user.clone(),
        by,
        proof,
    };
    let run = app.store.transact("mfa.enable", app.stamp(ctx), move |txn| act.run(txn));
    run.await.map_err(flatten).inspect_err(|_| held.give_back())??;
    app.mail_queued.notify_one();
    Ok(())
}

/// What opens the door.
enum By {
    /// With new backup codes, or those that there are.
    Session(SessionId, Option<Vec<BackupHash>>),
    Token(Presented),
}

impl By {
    fn session(&self) -> Option<SessionId> {
        match self {
            Self::Session(id, _) => Some(*id),
            Self::Token(_) => None,
        }
    }

    fn signed(&self, event: Draft) -> Draft {
        match self.session() {
            Some(id) => event.session(id),
            None => event.detail("by", "registration"),
        }
    }
}

struct Enabling {
    user: User,
    by: By,
    proof: Proof,
    enabled: Draft,
    denied: Draft,
    mail: Sealed,
}

impl Enabling {
    /// The inner fault is a denial that is recorded, so the transaction goes through.
    fn run(&self, txn: &mut Txn<'_>) -> Result<Result<(), MfaFault>, Abort<MfaFault>> {
        let user = match &self.by {
            By::Session(session, _) => live_owner(txn, self.user.id, *session, txn.now())?,
            By::Token(token) => registrant(txn, token)?,
        };
        let mut user = user.ok_or(Abort::Rule(MfaFault::Caller(AuthFault::Invalid)))?;
        if self.proof.spend(txn)?.is_none() {
            txn.emit(self.denied.clone().done())?;
            return Ok(Err(FactorFault::Wrong.into()));
        }
        if let By::Session(_, Some(hashes)) = &self.by
            && let Some(factor) = store::factor::of_user(txn, user.id)?
        {
            store::factor::put(txn, user.id, &Factor { backup_codes: hashes.clone(), ..factor })?;
        }
        change(txn, &mut user, true, (self.by.session(), &self.enabled))?;
        Ok(Ok(self.mail.insert(txn)?))
    }
}
