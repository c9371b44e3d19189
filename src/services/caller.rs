//! Who asks: an account, and what it shows for it. Knows nothing of how that came to the server.

use super::audit::Draft;
use super::role::Refused;
use super::session::{AuthFault, Principal, live_owner};
use crate::domain::held::Held;
use crate::domain::id::{ApiKeyId, SessionId, UserId};
use crate::domain::permission::{Permission, Permissions};
use crate::domain::user::User;
use crate::store::{self, Abort, StoreError, Txn};

/// A caller whose credential was checked against the store.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account, as it is now.
    pub user: User,
    /// What it holds now.
    pub held: Held,
    /// What it shows.
    pub credential: Credential,
}

/// What a caller shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The access token of a session: all that the account may do.
    Session(SessionId),
    /// An API key: what its scopes ask for, as far as the account may do it.
    ApiKey {
        /// The key.
        id: ApiKeyId,
        /// What its scopes stand for.
        scopes: Permissions,
    },
}

impl Caller {
    /// What the caller may do now: never more than the account holds (R53).
    pub fn rights(&self) -> Permissions {
        let held = self.held.permissions;
        self.scopes().map_or(held, |scopes| held.and(scopes))
    }

    /// What a key's scopes stand for; `None` for a session, which is good for everything.
    pub const fn scopes(&self) -> Option<Permissions> {
        match self.credential {
            Credential::Session(_) => None,
            Credential::ApiKey { scopes, .. } => Some(scopes),
        }
    }

    /// The record of an act, with what the caller showed for it.
    pub fn signed(&self, record: Draft) -> Draft {
        match self.credential {
            Credential::Session(id) => record.session(id),
            Credential::ApiKey { id, .. } => record.detail("api_key", id.to_string()),
        }
    }

    /// The caller's account as it is in this transaction. Whoever was switched off, logged out or revoked after the
    /// head of the request is nobody any more.
    pub(super) fn still_there<E: From<AuthFault>>(&self, txn: &Txn<'_>) -> Result<User, Abort<E>> {
        let user = match self.credential {
            Credential::Session(id) => live_owner(txn, self.user.id, id, txn.now())?,
            Credential::ApiKey { id, .. } => owner_of_key(txn, self.user.id, id)?,
        };
        user.ok_or_else(|| Abort::Rule(AuthFault::Invalid.into()))
    }

    /// The same, and what the account holds, if the caller still may do what needs `needed`: a right that was taken after
    /// the head of the request is gone, too (R35). Of such a refusal nothing is recorded here: nothing is written.
    pub(super) fn still_may<E>(&self, txn: &Txn<'_>, needed: Permission) -> Result<(User, Held), Abort<E>>
    where
        E: From<AuthFault> + From<Refused>,
    {
        let user = self.still_there(txn)?;
        let held = store::role::held(txn, &user)?;
        let rights = self.scopes().map_or(held.permissions, |scopes| held.permissions.and(scopes));
        if rights.contains(needed) {
            Ok((user, held))
        } else {
            Err(Abort::Rule(Refused::Missing { required: needed, held: rights }.into()))
        }
    }
}

/// The account `user`, if `id` is one of its live keys.
fn owner_of_key(txn: &Txn<'_>, user: UserId, id: ApiKeyId) -> Result<Option<User>, StoreError> {
    let Some(key) = store::api_key::by_id(txn, id)? else { return Ok(None) };
    Ok(store::user::by_id(txn, user)?.filter(|user| key.is_alive(user, txn.now())))
}

impl From<Principal> for Caller {
    fn from(principal: Principal) -> Self {
        Self {
            user: principal.user,
            held: principal.held,
            credential: Credential::Session(principal.session),
        }
    }
}
