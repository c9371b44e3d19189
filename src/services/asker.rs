//! Who asks about tokens: a registered service, or an API key that was given the scope. Knows nothing of the questions.

use super::audit::{Draft, Witness, person_key};
use super::caller::Caller;
use super::role::{Refused, require};
use super::session::AuthFault;
use super::{Context, Services};
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::{ServiceId, UserId};
use crate::domain::permission::Permission;
use crate::store::{self, Abort, StoreError, Txn};

/// Who asks.
#[derive(Debug, Clone)]
pub enum Asker {
    /// A registered service: it may ask and revoke, by being one.
    Service(ServiceId),
    /// An API key: it may do what its scopes and its owner's roles allow.
    Program(Box<Caller>),
}

impl Asker {
    /// Refuses, and records it, an API key that does not hold `permission`.
    pub(super) async fn require(
        &self,
        app: &Services,
        ctx: &Context,
        permission: Permission,
    ) -> Result<(), Refused> {
        match self {
            Self::Service(_) => Ok(()),
            Self::Program(caller) => require(app, ctx, caller, permission).await,
        }
    }

    /// The record of a success that concerns `subject`. A service is no account, so it is named among the facts, and what
    /// is personal is sealed under the subject's key.
    pub(super) fn record(
        &self,
        app: &Services,
        ctx: &Context,
        action: Action,
        subject: UserId,
    ) -> Result<Draft, StoreError> {
        let key_of = |id| app.read(|read| person_key(app, read, id));
        Ok(match self {
            Self::Service(id) => {
                let witness = Witness::of_stranger(app, ctx, subject, &*key_of(subject)?);
                witness.event(action, Outcome::Success).detail("service", id.to_string())
            }
            Self::Program(caller) => {
                let actor = caller.user.id;
                let witness = Witness::of_other(app, ctx, (actor, subject), &*key_of(actor)?);
                caller.signed(witness.event(action, Outcome::Success))
            }
        })
    }

    /// Whether who asked is still there in this transaction, and an account still may do what needs `needed`.
    pub(super) fn still_may<E>(&self, txn: &Txn<'_>, needed: Permission) -> Result<(), Abort<E>>
    where
        E: From<AuthFault> + From<Refused>,
    {
        match self {
            Self::Service(id) => match store::service::by_id(txn, *id)? {
                Some(_) => Ok(()),
                None => Err(Abort::Rule(AuthFault::Invalid.into())),
            },
            Self::Program(caller) => caller.still_may(txn, needed).map(drop),
        }
    }
}
