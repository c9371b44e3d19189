//! Who has which role and which direct permission. A change counts from the next request on (R35).

use super::caller::Person;
use super::role_act::{Act, RoleFault, refuse_beyond};
use super::user::is_last_super_admin;
use super::{Context, Services};
use crate::domain::audit::Action;
use crate::domain::custom_role::{AnyRole, ROLES_PER_USER_MAX};
use crate::domain::held::{Held, Lineage};
use crate::domain::id::UserId;
use crate::domain::permission::Scope;
use crate::domain::role::{Role, Roles};
use crate::domain::user::User;
use crate::store::{self, Abort, Read, Txn};

/// What is given to an account, or taken from it.
#[derive(Debug, Clone)]
pub enum Right {
    /// The role with this id or slug.
    Role(String),
    /// A permission beside its roles.
    Permission(Scope),
}

/// Gives `right` to the account `id`. What it has already is no change. Nobody gives more than they hold, or to whom
/// stands above them (R56).
pub async fn give(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    (id, right): (UserId, Right),
) -> Result<(), RoleFault> {
    let act = Act::begin(app, ctx, caller, Some(id)).await?;
    act.run((app, ctx, "right.give"), move |act, txn, actor| {
        let (old, right) = target(txn, id, &right, actor)?;
        refuse_beyond(held(txn, &right)?, actor)?;
        let mut user = old.clone();
        let is_new = match &right {
            Known::Role(AnyRole::BuiltIn(role)) => add(&mut user.roles, *role),
            Known::Role(AnyRole::Custom(role)) => add(&mut user.custom_roles, role.id),
            Known::Permission(scope) => add(&mut user.permissions, *scope),
        };
        if user.custom_roles.len() > ROLES_PER_USER_MAX {
            return Err(RoleFault::TooManyHeld.stop());
        }
        if is_new {
            let actions = (Action::RoleGranted, Action::PermissionGranted);
            write(act, txn, (&old, &user), (&right, actions))?;
        }
        Ok(())
    })
    .await
}

/// Takes `right` from the account `id`, which may be the caller's own. The last active super administrator keeps that
/// role (R58).
pub async fn take(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    (id, right): (UserId, Right),
) -> Result<(), RoleFault> {
    let act = Act::begin(app, ctx, caller, Some(id)).await?;
    act.run((app, ctx, "right.take"), move |act, txn, actor| {
        let (old, right) = target(txn, id, &right, actor)?;
        let mut user = old.clone();
        match &right {
            Known::Role(AnyRole::BuiltIn(role)) => user.roles.retain(|held| held != role),
            Known::Role(AnyRole::Custom(role)) => user.custom_roles.retain(|held| *held != role.id),
            Known::Permission(scope) => user.permissions.retain(|held| held != scope),
        }
        if user == old {
            return Err(RoleFault::NotHeld.stop());
        }
        if !user.roles.contains(&Role::SuperAdmin) && is_last_super_admin(txn, &old)? {
            return Err(RoleFault::LastSuperAdmin.stop());
        }
        let actions = (Action::RoleRevoked, Action::PermissionRevoked);
        write(act, txn, (&old, &user), (&right, actions))
    })
    .await
}

/// A right that was looked up.
enum Known {
    Role(AnyRole),
    Permission(Scope),
}

/// The account, which does not stand above `actor`, and the right.
fn target(
    read: &impl Read,
    id: UserId,
    right: &Right,
    actor: Held,
) -> Result<(User, Known), Abort<RoleFault>> {
    let user = store::user::by_id(read, id)?.ok_or_else(|| RoleFault::NoUser.stop())?;
    let right = match right {
        Right::Role(text) => {
            Known::Role(store::role::find(read, text)?.ok_or_else(|| RoleFault::NoRole.stop())?)
        }
        Right::Permission(scope) => Known::Permission(*scope),
    };
    if store::role::held(read, &user)?.outranks(actor) {
        return Err(RoleFault::Outranked.stop());
    }
    Ok((user, right))
}

/// What comes with a right.
fn held(read: &impl Read, right: &Known) -> Result<Held, Abort<RoleFault>> {
    Ok(match right {
        Known::Role(role) => Lineage::of(role.id(), |id| store::role::by_id(read, id))?.held(),
        Known::Permission(scope) => Held { permissions: scope.permissions(), roles: Roles::NONE },
    })
}

fn add<T: PartialEq>(all: &mut Vec<T>, one: T) -> bool {
    let is_new = !all.contains(&one);
    if is_new {
        all.push(one);
    }
    is_new
}

/// Stores the account and records the act: `of_role`, or `of_permission`.
fn write(
    act: &Act,
    txn: &mut Txn<'_>,
    (old, user): (&User, &User),
    (right, (of_role, of_permission)): (&Known, (Action, Action)),
) -> Result<(), Abort<RoleFault>> {
    store::role::put_holder(txn, old, user)?;
    let event = match right {
        Known::Role(role) => act.event(of_role).detail("role", role.slug()),
        Known::Permission(scope) => act.event(of_permission).detail("permission", scope.name()),
    };
    Ok(txn.emit(event.done())?)
}
