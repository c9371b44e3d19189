//! Accounts as an administrator sees and changes them.

pub(super) mod act;
pub mod care;
pub mod creation;
pub mod factors;
pub mod listing;

use super::caller::Caller;
use super::session::end_all_of;
use super::{Context, Services};
use crate::domain::audit::Action;
use crate::domain::id::UserId;
use crate::domain::role::{Permission, Role};
use crate::domain::user::{DisplayName, Status, User, Username};
use crate::store::user::Taken;
use crate::store::{self, Abort, Read, StoreError, Txn};

use act::Act;
pub use act::{ActFault, OwnAct};

/// Most super administrators that are looked at to find another active one.
const SUPER_ADMINS_MAX: usize = 1_000;

/// What an administrator changes of an account.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// The new display name.
    pub name: Option<DisplayName>,
    /// The new username.
    pub username: Option<Username>,
    /// The new status: active, inactive or suspended.
    pub status: Option<Status>,
}

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateFault {
    /// An account cannot be set back to pending.
    #[error("an account cannot be made pending again")]
    NotSettable,
    /// Another account has the username.
    #[error("another account has this username")]
    Taken(Taken),
    /// Nothing was done.
    #[error(transparent)]
    Act(#[from] ActFault),
}

impl From<StoreError> for UpdateFault {
    fn from(error: StoreError) -> Self {
        Self::Act(error.into())
    }
}

/// Changes the names or the status of an account. A status that switches it off ends its sessions and its API keys at
/// once, for good. Needs `users:update`.
pub async fn update(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: UserId,
    change: UserChange,
) -> Result<User, UpdateFault> {
    let act = Act::begin(app, ctx, caller, id, Permission::UsersUpdate).await?;
    if change.status == Some(Status::Pending) {
        return Err(UpdateFault::NotSettable);
    }
    act.run(app, ctx, "user.update", move |act, txn, user| apply(act, txn, user, &change)).await
}

fn apply(
    act: &Act,
    txn: &mut Txn<'_>,
    mut user: User,
    change: &UserChange,
) -> Result<Result<User, UpdateFault>, Abort<UpdateFault>> {
    let status = change.status.filter(|status| *status != user.status);
    if status.is_some_and(|status| !status.is_usable()) && is_last_super_admin(txn, &user)? {
        txn.emit(act.denied("last_super_admin"))?;
        return Ok(Err(ActFault::LastSuperAdmin.into()));
    }
    let updated = |field| act.success(Action::UserUpdated).detail("field", field).done();
    if let Some(name) = change.name.clone().filter(|name| *name != user.name) {
        user.name = name;
        txn.emit(updated("name"))?;
    }
    if let Some(username) = change.username.clone().filter(|username| *username != user.username) {
        let renamed = store::user::rename(txn, &mut user, username)?;
        renamed.map_err(|taken| Abort::Rule(UpdateFault::Taken(taken)))?;
        txn.emit(updated("username"))?;
    }
    if let Some(status) = status {
        let event = act.success(Action::UserStatusChanged);
        txn.emit(event.detail("from", user.status.name()).detail("to", status.name()).done())?;
        if !status.is_usable() {
            end_all_of(txn, &mut user)?;
            user.key_epoch = user.key_epoch.wrapping_add(1);
        }
        user.status = status;
    }
    store::user::put(txn, &user)?;
    Ok(Ok(user))
}

/// Whether `user` is the only super administrator that is active.
pub(super) fn is_last_super_admin(read: &impl Read, user: &User) -> Result<bool, StoreError> {
    if !user.roles.contains(&Role::SuperAdmin) {
        return Ok(false);
    }
    let holders = store::user::with_role(read, Role::SuperAdmin, SUPER_ADMINS_MAX)?;
    Ok(!holders.iter().any(|other| other.id != user.id && other.status == Status::Active))
}
