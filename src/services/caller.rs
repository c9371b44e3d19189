//! Who asks: an account or an operator of the host, and what it shows for it. Knows nothing of how that came to the
//! server.

use super::audit::{Draft, Witness};
use super::role::Refused;
use super::session::{AuthFault, Principal, live_owner};
use super::{Context, Services};
use crate::domain::audit::{Action, Outcome};
use crate::domain::held::Held;
use crate::domain::id::{ApiKeyId, SessionId, UserId};
use crate::domain::operator::Operator;
use crate::domain::permission::{Permission, Permissions};
use crate::domain::time::Timestamp;
use crate::domain::trace::Kind;
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
    /// Its end of the admin socket, for which the kernel vouches: all that its role may do.
    Operator,
}

impl From<&Operator> for Caller {
    fn from(operator: &Operator) -> Self {
        Self {
            user: operator.account(),
            held: Held::of_role(operator.role),
            credential: Credential::Operator,
        }
    }
}

/// Somebody who is no program: in a session, or an operator.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who it is.
    pub caller: Caller,
    /// When the person last proved in the session who they are; `None` for an operator, who does so at every request.
    pub(super) proved_at: Option<Timestamp>,
}

impl From<Principal> for Person {
    fn from(principal: Principal) -> Self {
        Self { proved_at: Some(principal.authenticated_at), caller: principal.into() }
    }
}

impl Person {
    /// An operator of the host.
    pub fn of_operator(caller: Caller) -> Self {
        Self { caller, proved_at: None }
    }
}

impl Caller {
    /// What the caller may do now: never more than the account holds (R53).
    pub fn rights(&self) -> Permissions {
        let held = self.held.permissions;
        self.scopes().map_or(held, |scopes| held.and(scopes))
    }

    /// What a key's scopes stand for; `None` for a session and an operator, who may do all that they hold.
    pub const fn scopes(&self) -> Option<Permissions> {
        match self.credential {
            Credential::Session(_) | Credential::Operator => None,
            Credential::ApiKey { scopes, .. } => Some(scopes),
        }
    }

    /// The record of an act, with what the caller showed for it.
    pub fn signed(&self, record: Draft) -> Draft {
        match self.credential {
            Credential::Session(id) => record.session(id),
            Credential::ApiKey { id, .. } => record.detail("api_key", id.to_string()),
            Credential::Operator => record.detail("operator", self.user.name.as_str()),
        }
    }

    /// The caller's account as it is in this transaction. Whoever was switched off, logged out or revoked after the
    /// head of the request is nobody any more.
    pub(super) fn still_there<E: From<AuthFault>>(&self, txn: &Txn<'_>) -> Result<User, Abort<E>> {
        let user = match self.credential {
            Credential::Session(id) => live_owner(txn, self.user.id, id, txn.now())?,
            Credential::ApiKey { id, .. } => owner_of_key(txn, self.user.id, id)?,
            // Neither the other end of a connection nor the rules change while the server runs.
            Credential::Operator => Some(self.user.clone()),
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

/// Records that the user `uid` of the host came to the admin socket, and is no operator.
pub async fn record_no_operator(app: &Services, ctx: &Context, uid: u32) -> Result<(), StoreError> {
    ctx.trail.note(Kind::NoOperator.with("uid", uid));
    let witness = Witness::of_operator(app, ctx, Operator::id_of(uid), None)?;
    let event = witness.event(Action::AccessDenied, Outcome::Denied).reason("not_an_operator").done();
    app.write("access.denied", ctx, move |txn| txn.emit(event.clone())).await
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
