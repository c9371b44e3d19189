//! Who may do what: the one question every guarded operation asks.

use super::audit::{Draft, Witness};
use super::caller::{Caller, Credential};
use super::explain::why;
use super::{Context, Services};
use crate::domain::audit::{Action, Outcome};
use crate::domain::permission::{Permission, Permissions};
use crate::domain::trace::Kind;
use crate::domain::user::User;
use crate::store::{self, Read, StoreError};

/// A caller was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The caller does not hold the permission: its roles do not, or its key was not given it.
    #[error("the permission {required} is missing")]
    Missing {
        /// What is needed.
        required: Permission,
        /// What the caller holds.
        held: Permissions,
    },
    /// The caller's role must have a second factor, and has none (G41).
    #[error("a second factor is missing")]
    NoFactor,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Refuses, and records it, unless the caller holds `required` and the account has the second factor that its roles
/// must have; a key is no way around it.
pub async fn require(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    required: Permission,
) -> Result<(), Refused> {
    let held = caller.rights();
    if held.contains(required) {
        return require_factor(app, ctx, caller, required).await;
    }
    ctx.trail.note(why::lacking(caller, required, held));
    let why = |event: Draft| event.reason("permission_missing").detail("required", required.name());
    denied(app, ctx, caller, why).await?;
    Err(Refused::Missing { required, held })
}

/// Refuses, and records it, an account without the second factor that its roles must have. `required` is what it is
/// needed for.
pub async fn require_factor(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    required: Permission,
) -> Result<(), Refused> {
    if has_factor(app, caller) {
        return Ok(());
    }
    ctx.trail.note(Kind::FactorDemanded.with("required", required));
    let why = |event: Draft| event.reason("mfa_required").detail("required", required.name());
    denied(app, ctx, caller, why).await?;
    Err(Refused::NoFactor)
}

/// Whether the caller holds `required`, and the account the second factor that its roles must have.
pub fn may(app: &Services, caller: &Caller, required: Permission) -> bool {
    caller.rights().contains(required) && has_factor(app, caller)
}

/// Whether the account has a second factor, or need not have one. Of an operator the host asked what it wanted to.
pub(super) fn has_factor(app: &Services, caller: &Caller) -> bool {
    caller.user.has_factor
        || caller.credential == Credential::Operator
        || !app.policy.factor.requires(caller.held.roles)
}

/// Whether `other` stands above `actor`: by rank, or by holding what `actor` lacks (R56). Asked in the transaction.
pub(super) fn outranks(read: &impl Read, other: &User, actor: &User) -> Result<bool, StoreError> {
    Ok(store::role::held(read, other)?.outranks(store::role::held(read, actor)?))
}

/// Records that the caller was refused; `why` says for what.
pub(super) async fn denied(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    why: impl FnOnce(Draft) -> Draft,
) -> Result<(), StoreError> {
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let event = why(caller.signed(witness.event(Action::AccessDenied, Outcome::Denied))).done();
    app.write("access.denied", ctx, move |txn| txn.emit(event.clone())).await
}
