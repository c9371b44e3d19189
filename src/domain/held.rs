//! What an account holds: its built-in roles, its custom roles with all they inherit, and its direct permissions,
//! together. Knows no store: whoever asks says how a custom role is found.

use super::custom_role::{CustomRole, DEPTH_MAX};
use super::id::RoleId;
use super::permission::Permissions;
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
}

#[cfg(test)]
mod tests;
