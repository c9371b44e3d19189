//! Who asks: an account, and what it shows for it. Knows nothing of how that came to the server.

use super::audit::Draft;
use super::session::{AuthFault, Principal};
use crate::domain::id::{ApiKeyId, SessionId};
use crate::domain::permission::Permissions;
use crate::domain::role;
use crate::domain::user::User;
use crate::store::{self, Abort, StoreError, Txn};

/// A caller whose credential was checked against the store.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account, as it is now.
    pub user: User,
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
    /// What the caller may do now: never more than the account's roles hold (R53).
    pub fn rights(&self) -> Permissions {
        let held = role::rights(&self.user.roles);
        match self.credential {
            Credential::Session(_) => held,
            Credential::ApiKey { scopes, .. } => held.and(scopes),
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
        let nobody = || Abort::Rule(AuthFault::Invalid.into());
        let user = store::user::by_id(txn, self.user.id)?.filter(|user| user.status.is_usable());
        let user = user.ok_or_else(nobody)?;
        let is_there = match self.credential {
            Credential::Session(_) => user.session_epoch == self.user.session_epoch,
            Credential::ApiKey { id, .. } => is_live_key(txn, id, &user)?,
        };
        if is_there { Ok(user) } else { Err(nobody()) }
    }
}

fn is_live_key(txn: &Txn<'_>, id: ApiKeyId, owner: &User) -> Result<bool, StoreError> {
    let key = store::api_key::by_id(txn, id)?;
    Ok(key.is_some_and(|key| key.is_alive(owner, txn.now())))
}

impl From<Principal> for Caller {
    fn from(principal: Principal) -> Self {
        Self { user: principal.user, credential: Credential::Session(principal.session) }
    }
}
