//! What every change of roles and permissions has in common: who may, judged again in the transaction, and how a
//! refusal is recorded. Knows none of the changes.

use super::audit::{Draft, Witness, person_key};
use super::caller::{Caller, Person};
use super::role::{Refused, require};
use super::session::AuthFault;
use super::step_up::{StepUpNeeded, require_fresh_person};
use super::suspicion::Suspicion;
use super::{Context, Services, flatten};
use crate::domain::audit::{Action, Outcome};
use crate::domain::custom_role::{ROLES_MAX, ROLES_PER_USER_MAX, RoleFieldFault};
use crate::domain::held::Held;
use crate::domain::id::UserId;
use crate::domain::permission::Permission;
use crate::domain::suspicion::Suspicious;
use crate::store::{Abort, StoreError, Txn};

/// The permission that every change needs.
const NEEDED: Permission = Permission::UsersUpdate;

/// Why a role was not made, changed, deleted, given or taken.
#[derive(Debug, thiserror::Error)]
pub enum RoleFault {
    /// A field is not acceptable.
    #[error("a field is not valid: {0}")]
    Field(#[from] RoleFieldFault),
    /// Another role has the name, or the slug that it becomes.
    #[error("another role has this name")]
    Taken,
    /// There is no such role.
    #[error("no such role")]
    NoRole,
    /// There is no such account.
    #[error("no such user")]
    NoUser,
    /// The account does not have what is to be taken from it.
    #[error("the user does not have this")]
    NotHeld,
    /// There are as many custom roles as there may be.
    #[error("there are at most {ROLES_MAX} custom roles")]
    TooMany,
    /// The account has as many custom roles as it may have.
    #[error("an account has at most {ROLES_PER_USER_MAX} custom roles")]
    TooManyHeld,
    /// Built-in roles stay as they are.
    #[error("built-in roles cannot be changed")]
    BuiltIn,
    /// Accounts hold the role, or roles inherit from it.
    #[error("the role is in use")]
    InUse {
        /// How many accounts hold it, counted up to a thousand.
        holders: usize,
        /// How many roles inherit from it.
        heirs: usize,
    },
    /// The account or the role stands above the caller (R56).
    #[error("the account or the role outranks the caller")]
    Outranked,
    /// It is the last active super administrator (R58).
    #[error("the last active super administrator keeps the role")]
    LastSuperAdmin,
    /// The caller's sessions ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The caller proved who they are too long ago for this.
    #[error(transparent)]
    Stale(#[from] StepUpNeeded),
    /// The caller lacks the permission for the act, or for what it would give.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RoleFault {
    /// The fault as a transaction ends with it.
    pub(super) fn stop(self) -> Abort<Self> {
        Abort::Rule(self)
    }

    /// What the audit log says of the refusal, where it is one.
    fn denial(&self, event: Draft) -> Option<Draft> {
        Some(match self {
            Self::Outranked => event.reason("outranked"),
            Self::LastSuperAdmin => event.reason("last_super_admin"),
            Self::Refused(Refused::Missing { required, .. }) => {
                event.reason("permission_not_held").detail("required", required.name())
            }
            _ => return None,
        })
    }
}

/// A change by somebody who may make changes.
pub(super) struct Act {
    caller: Caller,
    witness: Witness,
    escalation: Suspicion,
}

impl Act {
    /// Begins a change that concerns `subject`, or no account. Needs `users:update` and a fresh proof.
    pub async fn begin(
        app: &Services,
        ctx: &Context,
        person: &Person,
        subject: Option<UserId>,
    ) -> Result<Self, RoleFault> {
        let proof = require_fresh_person(app, ctx, person);
        let caller = person.caller.clone();
        require(app, ctx, &caller, NEEDED).await?;
        proof?;
        let actor = caller.user.id;
        let person = app.read(|read| person_key(app, read, actor))?;
        let witness = Witness::of_other(app, ctx, (actor, subject.unwrap_or(actor)), &person);
        let escalation = Suspicion::new(app, ctx, Suspicious::PrivilegeEscalation);
        Ok(Self { caller, witness, escalation })
    }

    /// Runs `change` in one transaction, with what the caller holds then. A refusal is recorded, so `change` decides
    /// before it writes.
    pub async fn run<T: Send + 'static>(
        self,
        (app, ctx, name): (&Services, &Context, &'static str),
        mut change: impl FnMut(&Self, &mut Txn<'_>, Held) -> Result<T, Abort<RoleFault>> + Send + 'static,
    ) -> Result<T, RoleFault> {
        let run = move |txn: &mut Txn<'_>| {
            let done = self.caller.still_may(txn, NEEDED).and_then(|(_, held)| change(&self, txn, held));
            let Err(Abort::Rule(fault)) = done else { return done.map(Ok) };
            let event = self.caller.signed(self.witness.event(Action::AccessDenied, Outcome::Denied));
            let Some(event) = fault.denial(event) else { return Err(Abort::Rule(fault)) };
            let event = event.done();
            if !matches!(fault, RoleFault::LastSuperAdmin) {
                self.escalation.write(txn, &event)?;
            }
            txn.emit(event)?;
            Ok(Err(fault))
        };
        app.store.transact(name, app.stamp(ctx), run).await.map_err(flatten)?
    }

    /// The record of what was done.
    pub fn event(&self, action: Action) -> Draft {
        self.caller.signed(self.witness.event(action, Outcome::Success))
    }
}

/// Refuses what would give anybody more than `actor` holds (R56, G75).
pub(super) fn refuse_beyond(given: Held, actor: Held) -> Result<(), Abort<RoleFault>> {
    if let Some(required) = given.permissions.beyond(actor.permissions) {
        return Err(RoleFault::from(Refused::Missing { required, held: actor.permissions }).stop());
    }
    if given.rank() > actor.rank() { Err(RoleFault::Outranked.stop()) } else { Ok(()) }
}
