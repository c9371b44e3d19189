//! An account with what it may do, and why. Knows no change.

use super::caller::Caller;
use super::events::as_of;
use super::role::{Refused, require};
use super::{Context, Services};
use crate::domain::feed::Cursor;
use crate::domain::held::{Ground, grounds};
use crate::domain::id::UserId;
use crate::domain::permission::{Permission, Permissions};
use crate::domain::user::User;
use crate::store::{self, Read, StoreError};

/// Why an account was not shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowFault {
    /// There is no such account.
    #[error("no such user")]
    NotFound,
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The account `id`, and what it may do. Needs `users:read`, but for one's own account.
pub async fn show(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: UserId,
) -> Result<(User, Permissions), ShowFault> {
    about(app, ctx, caller, id, |read, user| {
        let held = store::role::held(read, &user)?;
        Ok((user, held.permissions))
    })
    .await
}

/// What an account may do, and by what.
#[derive(Debug)]
pub struct Explained {
    /// Each permission, and all that it is held by.
    pub permissions: Vec<(Permission, Vec<Ground>)>,
    /// The state that it was read from.
    pub as_of: Cursor,
}

/// Explains what the account `id` may do. Needs `users:read`, but for one's own account.
pub async fn explain(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: UserId,
) -> Result<Explained, ShowFault> {
    about(app, ctx, caller, id, |read, user| {
        let permissions = grounds(&user, |role| store::role::by_id(read, role))?;
        Ok(Explained { permissions, as_of: as_of(read)? })
    })
    .await
}

async fn about<T>(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: UserId,
    look: impl FnOnce(&store::Snapshot<'_>, User) -> Result<T, StoreError>,
) -> Result<T, ShowFault> {
    if id != caller.user.id {
        require(app, ctx, caller, Permission::UsersRead).await?;
    }
    let seen = app.read(|read| match store::user::by_id(read, id)? {
        Some(user) => look(read, user).map(Some),
        None => Ok(None),
    })?;
    seen.ok_or(ShowFault::NotFound)
}

/// The slugs of all roles of `user`. Reads nothing for an account without custom roles.
pub fn slugs(app: &Services, user: &User) -> Result<Vec<String>, StoreError> {
    let mut slugs: Vec<_> = user.roles.iter().map(|role| role.name().to_owned()).collect();
    if !user.custom_roles.is_empty() {
        slugs.extend(app.read(|read| custom_slugs(read, user))?);
    }
    Ok(slugs)
}

fn custom_slugs(read: &impl Read, user: &User) -> Result<Vec<String>, StoreError> {
    let roles = user.custom_roles.iter().map(|id| store::role::by_id(read, *id));
    roles.filter_map(|role| Some(role.transpose()?.map(|role| role.slug))).collect()
}
