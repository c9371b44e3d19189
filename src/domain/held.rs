//! What an account holds: its built-in roles, its custom roles with all they inherit, and its direct permissions,
//! together. Knows no store: whoever asks says how a custom role is found.

use super::custom_role::{CustomRole, DEPTH_MAX};
use super::id::RoleId;
use super::permission::{Permission, Permissions, Scope};
use super::role::{Role, Roles};
use super::user::User;

/// What an account, or a role, holds at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// What it may do.
    pub permissions: Permissions,
    /// The built-in roles that it holds or inherits from.
    pub roles: Roles,
}

impl Held {
    /// What a built-in role holds.
    pub fn of_role(role: Role) -> Self {
        Self { permissions: role.permissions(), roles: Roles::NONE.with(role) }
    }

    /// What is held through either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self { permissions: self.permissions.or(other.permissions), roles: self.roles.or(other.roles) }
    }

    /// The rank: the highest built-in role among them, `None` without any.
    pub fn rank(self) -> Option<Role> {
        self.roles.highest()
    }

    /// Whether this is more than `other`: a higher rank, or a permission that `other` lacks (R56).
    pub fn outranks(self, other: Self) -> bool {
        self.rank() > other.rank() || self.permissions.beyond(other.permissions).is_some()
    }
}

/// What `user` holds. `find` looks a custom role up; it is asked only about the roles that the account has, and one
/// that is gone gives nothing.
pub fn held_by<E>(
    user: &User,
    mut find: impl FnMut(RoleId) -> Result<Option<CustomRole>, E>,
) -> Result<Held, E> {
    let direct = user.permissions.iter().fold(Permissions::NONE, |set, scope| set.or(scope.permissions()));
    let mut held = Held { permissions: direct, roles: Roles::NONE };
    for role in &user.roles {
        held = held.or(Held::of_role(*role));
    }
    for role in &user.custom_roles {
        held = held.or(Lineage::of(*role, &mut find)?.held());
    }
    Ok(held)
}

/// A role and all that it inherits from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lineage {
    /// The custom roles, the one that was asked about first.
    pub custom: Vec<CustomRole>,
    /// The built-in role at the end, if there is one.
    pub built_in: Option<Role>,
}

impl Lineage {
    /// The line of `role`. It ends after [`DEPTH_MAX`] custom roles, whatever is stored: so a circle ends too.
    pub fn of<E>(
        role: RoleId,
        mut find: impl FnMut(RoleId) -> Result<Option<CustomRole>, E>,
    ) -> Result<Self, E> {
        let (mut line, mut next) = (Self::default(), Some(role));
        while let Some(id) = next {
            line.built_in = Role::of_id(id);
            if line.built_in.is_some() || line.custom.len() == DEPTH_MAX {
                break;
            }
            let Some(found) = find(id)? else { break };
            next = found.parent;
            line.custom.push(found);
        }
        Ok(line)
    }

    /// What it holds.
    pub fn held(&self) -> Held {
        let built_in = self.built_in.map(Held::of_role).unwrap_or_default();
        self.custom.iter().fold(built_in, |held, role| {
            let permissions = role.own();
            held.or(Held { permissions, roles: Roles::NONE })
        })
    }

    /// Whether the line holds `permission`, and through which of its roles: the nearest custom one that has it itself,
    /// or else the lowest built-in one.
    pub(super) fn ground(&self, permission: Permission) -> Option<Ground> {
        let role = match self.custom.first() {
            Some(role) => role.slug.as_str(),
            None => self.built_in?.name(),
        };
        let own = self.custom.iter().find(|role| role.own().contains(permission));
        let source = if let Some(role) = own {
            role.slug.as_str()
        } else {
            let least = Role::least(permission);
            self.built_in.filter(|role| least <= *role)?;
            least.name()
        };
        let through = (source != role).then(|| source.to_owned());
        Some(Ground::Role { role: role.to_owned(), through })
    }
}

/// By what an account holds a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// By a role that it has.
    Role {
        /// The slug of the role.
        role: String,
        /// The slug of the role that has the permission itself, where that one is inherited.
        through: Option<String>,
    },
    /// By a direct permission.
    Direct(Scope),
}

/// Every permission that `user` holds, each with all that it is held by.
pub fn grounds<E>(
    user: &User,
    mut find: impl FnMut(RoleId) -> Result<Option<CustomRole>, E>,
) -> Result<Vec<(Permission, Vec<Ground>)>, E> {
    let roles = user.roles.iter().map(|role| role.id()).chain(user.custom_roles.iter().copied());
    let lines = roles.map(|role| Lineage::of(role, &mut find)).collect::<Result<Vec<_>, _>>()?;
    let all = Permission::ALL.into_iter().map(|permission| {
        let by_roles = lines.iter().filter_map(|line| line.ground(permission));
        let direct = user.permissions.iter().filter(|scope| scope.permissions().contains(permission));
        (permission, by_roles.chain(direct.copied().map(Ground::Direct)).collect())
    });
    Ok(all.filter(|(_, grounds): &(_, Vec<_>)| !grounds.is_empty()).collect())
}

#[cfg(test)]
mod tests;
