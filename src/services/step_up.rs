//! Fresh proof of who one is, for sensitive acts (RFC 9470). Knows nothing of the acts.

use std::time::Duration;

use super::session::Principal;
use super::{Context, Services};

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
