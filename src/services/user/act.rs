//! What every act on somebody's account has in common: the permission, the rank, the proof of who acts, and the record of
//! who did it to whom. Knows none of the acts.
//!
//! ## Decision: judged twice
//! The head of the request decides with what was known then. The transaction looks again at all of it: the caller may
//! have been switched off or lost the permission meanwhile, and the account may have got a higher rank. One that got
//! other names meanwhile is not touched, since mails were written and locks looked up by the old ones.

use crate::domain::audit::{Action, Outcome};
use crate::domain::id::UserId;
use crate::domain::role::Permission;
use crate::domain::suspicion::Suspicious;
use crate::domain::user::User;
use crate::services::audit::{Draft, Witness, person_key};
use crate::services::caller::{Caller, Person};
use crate::services::limits::Exceeded;
use crate::services::role::{Refused, outranks, require};
use crate::services::session::AuthFault;
use crate::services::step_up::{StepUpNeeded, require_fresh_person};
use crate::services::suspicion::Suspicion;
use crate::services::{Context, Services, flatten};
use crate::store::lane::EventV1;
use crate::store::{self, Abort, StoreError, Txn};

/// Why nothing was done to an account.
#[derive(Debug, thiserror::Error)]
pub enum ActFault {
    /// There is no such account.
    #[error("no such user")]
    NotFound,
    /// The account has a higher rank than the caller's (R56).
    #[error("the account outranks yours")]
    Outranked,
    /// It is the caller's own account, for which there is another way.
    #[error("one does not do this to one's own account")]
    Own(OwnAct),
    /// It is the last active super administrator (R58).
    #[error("the last active super administrator stays")]
    LastSuperAdmin,
    /// Another request changed the account at the same time.
    #[error("the account changed meanwhile")]
    Changed,
    /// The account has no such factor.
    #[error("no such factor")]
    NoFactor,
    /// The account is no invited one that waits for its owner.
    #[error("the account does not wait for its owner")]
    NotInvited,
    /// The address got too many mails.
    #[error("too many mails")]
    TooManyMails(Exceeded),
    /// The caller's sessions ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The caller proved who they are too long ago for this.
    #[error(transparent)]
    Stale(#[from] StepUpNeeded),
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What nobody does to their own account as an administrator: there it asks for more, or would undo a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnAct {
    /// Deleting it.
    Delete,
    /// Taking its password away.
    ResetPassword,
    /// Taking its second factor away.
    RemoveFactor,
    /// Ending its locks: whoever has a stolen session would guess the password without end.
    Unlock,
}

/// An act of the caller on an account.
pub(in crate::services) struct Act {
    /// The account as it was when the request came.
    pub(in crate::services) seen: User,
    needed: Permission,
    caller: Caller,
    witness: Witness,
    escalation: Suspicion,
}

impl Act {
    /// Begins one that needs `permission`.
    pub(in crate::services) async fn begin(
        app: &Services,
        ctx: &Context,
        caller: &Caller,
        id: UserId,
        permission: Permission,
    ) -> Result<Self, ActFault> {
        require(app, ctx, caller, permission).await?;
        let (person, seen) =
            app.read(|read| Ok((person_key(app, read, caller.user.id)?, store::user::by_id(read, id)?)))?;
        Ok(Self {
            seen: seen.ok_or(ActFault::NotFound)?,
            needed: permission,
            caller: caller.clone(),
            witness: Witness::of_other(app, ctx, (caller.user.id, id), &person),
            escalation: Suspicion::new(app, ctx, Suspicious::PrivilegeEscalation),
        })
    }

    /// The same, of a person who proved of late who they are, on somebody else.
    pub(in crate::services) async fn begin_sensitive(
        app: &Services,
        ctx: &Context,
        person: &Person,
        id: UserId,
        (permission, own): (Permission, OwnAct),
    ) -> Result<Self, ActFault> {
        Self::begin_fresh(app, ctx, person, id, permission).await?.on_another(own)
    }

    /// The same, perhaps on oneself.
    pub(in crate::services) async fn begin_fresh(
        app: &Services,
        ctx: &Context,
        person: &Person,
        id: UserId,
        permission: Permission,
    ) -> Result<Self, ActFault> {
        let act = Self::begin(app, ctx, &person.caller, id, permission).await?;
        require_fresh_person(app, ctx, person)?;
        Ok(act)
    }

    /// Refuses what nobody does to themselves.
    pub(in crate::services) fn on_another(self, own: OwnAct) -> Result<Self, ActFault> {
        if self.seen.id == self.caller.user.id { Err(ActFault::Own(own)) } else { Ok(self) }
    }

    /// The record of the act.
    pub(in crate::services) fn success(&self, action: Action) -> Draft {
        self.caller.signed(self.witness.event(action, Outcome::Success))
    }

    /// The record of a refusal.
    pub(in crate::services) fn denied(&self, reason: &str) -> EventV1 {
        self.caller.signed(self.witness.event(Action::AccessDenied, Outcome::Denied)).reason(reason).done()
    }

    /// Runs `deed` on the account as it is now, in a transaction `name`. An inner fault is a refusal that is recorded, so
    /// the transaction goes through. The closure may run again.
    pub(in crate::services) async fn run<T, E>(
        self,
        app: &Services,
        ctx: &Context,
        name: &'static str,
        mut deed: impl FnMut(&Self, &mut Txn<'_>, User) -> Result<Result<T, E>, Abort<E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ActFault> + From<StoreError> + Send + 'static,
    {
        let run = move |txn: &mut Txn<'_>| match self.target(txn) {
            Ok(Ok(user)) => deed(&self, txn, user),
            Ok(Err(fault)) => Ok(Err(fault.into())),
            Err(Abort::Rule(fault)) => Err(Abort::Rule(fault.into())),
            Err(Abort::Store(error)) => Err(Abort::Store(error)),
        };
        app.store.transact(name, app.stamp(ctx), run).await.map_err(flatten)?
    }

    fn target(&self, txn: &mut Txn<'_>) -> Result<Result<User, ActFault>, Abort<ActFault>> {
        let (actor, _) = self.caller.still_may::<ActFault>(txn, self.needed)?;
        let user = store::user::by_id(txn, self.seen.id)?.ok_or(Abort::Rule(ActFault::NotFound))?;
        if outranks(txn, &user, &actor)? {
            let event = self.denied("outranked");
            self.escalation.write(txn, &event)?;
            txn.emit(event)?;
            return Ok(Err(ActFault::Outranked));
        }
        let same_names = user.email == self.seen.email && user.username == self.seen.username;
        if same_names { Ok(Ok(user)) } else { Err(Abort::Rule(ActFault::Changed)) }
    }
}
