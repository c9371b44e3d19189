//! Who may do what: the one question every guarded operation asks.

use super::audit::{Witness, person_key};
use super::session::Principal;
use super::{Context, Services};
use crate::domain::audit::{Action, Outcome};
use crate::domain::role::{self, Permission};
use crate::store::StoreError;

/// A caller was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The caller's roles do not hold the permission.
    #[error("the permission {required} is missing")]
    Missing {
        /// What is needed.
        required: Permission,
        /// What the caller holds.
        held: Vec<Permission>,
    },
    /// The caller's role must have a second factor, and has none (G41).
    #[error("a second factor is missing")]
    NoFactor,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Refuses, and records it, unless the caller's roles hold `required` and the caller has the second factor that they
/// must have.
pub async fn require(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    required: Permission,
) -> Result<(), Refused> {
    let is_allowed = role::allows(&caller.user.roles, required);
    if is_allowed && (caller.user.has_factor || !app.policy.factor.requires(&caller.user.roles)) {
        return Ok(());
    }
    let person = app.read(|read| person_key(app, read, caller.user.id))?;
    let witness = Witness::of_self(app, ctx, caller.user.id, &person);
    let event = witness.event(Action::AccessDenied, Outcome::Denied).session(caller.session);
    let event = event.reason(if is_allowed { "mfa_required" } else { "permission_missing" });
    let event = event.detail("required", required.name()).done();
    app.write("access.denied", ctx, move |txn| txn.emit(event.clone())).await?;
    if is_allowed {
        return Err(Refused::NoFactor);
    }
    Err(Refused::Missing { required, held: held(caller) })
}

/// What the caller's roles hold, without repetition.
pub fn held(caller: &Principal) -> Vec<Permission> {
    let mut held: Vec<Permission> = Vec::new();
    for permission in caller.user.roles.iter().flat_map(|role| role.permissions()) {
        if !held.contains(permission) {
            held.push(*permission);
        }
    }
    held
}
