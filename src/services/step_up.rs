//! Fresh proof of who one is, for sensitive acts (RFC 9470). Knows nothing of the acts.

use std::time::Duration;

use super::password_proof::{ProofFault, prove};
use super::session::Principal;
use super::{Context, Services};
use crate::domain::audit::Action;
use crate::store;

/// The last proof is too old for this act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the act needs a fresh proof of the password or of a second factor")]
pub struct StepUpNeeded {
    /// How old the proof may be.
    pub max_age: Duration,
}

/// Refuses a caller who proved neither the password nor a factor within `step_up.ttl`. What was known when the request
/// came in decides; nothing is read.
///
/// An act that takes the password in its own body need not ask: that is a proof.
pub fn require_fresh(app: &Services, ctx: &Context, caller: &Principal) -> Result<(), StepUpNeeded> {
    let (max_age, proved_at) = (app.policy.step_up_ttl, caller.authenticated_at);
    // A clock that was set back makes no old proof fresh.
    let age = ctx.now.since(proved_at).max(proved_at.since(ctx.now));
    if max_age.is_zero() || age <= max_age { Ok(()) } else { Err(StepUpNeeded { max_age }) }
}

/// Makes the caller's session fresh with the account's password; answers for how long. A wrong one counts like a failed
/// login.
pub async fn with_password(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    password: &str,
) -> Result<Duration, ProofFault> {
    let session = caller.session;
    let proved = prove(app, ctx, caller, password, Action::SessionSteppedUp).await?;
    let event = proved.success().reason("password").done();
    let renew = move |txn: &mut store::Txn<'_>, _| {
        store::session::authenticated(txn, session)?;
        txn.emit(event.clone())
    };
    proved.then(app, ctx, "step_up", renew).await?;
    Ok(app.policy.step_up_ttl)
}
