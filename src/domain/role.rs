//! Built-in roles and the permissions they hold. Knows nothing of who has which role.

use std::fmt;
use std::str::FromStr;

/// A built-in role. The order is the rank: a later one outranks an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Reads what everybody may read.
    Viewer,
    /// The role of a new account.
    Developer,
    /// Looks after a team.
    Manager,
    /// Manages accounts and reads the audit log.
    Admin,
    /// May do everything; at least one active account holds it at any time.
    SuperAdmin,
}

impl Role {
    /// Every role, lowest rank first.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Developer, Self::Manager, Self::Admin, Self::SuperAdmin];

    /// The stable name, as in tokens, answers and the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Manager => "manager",
            Self::Admin => "admin",
            Self::SuperAdmin => "super_admin",
        }
    }

    /// What an account with this role may do.
    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Viewer | Self::Developer | Self::Manager => &[],
            Self::Admin | Self::SuperAdmin => {
                &[Permission::UsersRead, Permission::UsersUpdate, Permission::AuditRead]
            }
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a role; the roles are viewer, developer, manager, admin and super_admin")]
pub struct NotARole;

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(text: &str) -> Result<Self, NotARole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(NotARole)
    }
}

/// One thing that may be allowed, written `resource:action`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Permission {
    /// List accounts and the outbox.
    UsersRead,
    /// Change an account's name or status.
    UsersUpdate,
    /// Read the audit log.
    AuditRead,
}

impl Permission {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UsersRead => "users:read",
            Self::UsersUpdate => "users:update",
            Self::AuditRead => "audit:read",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether any of `roles` holds `permission`.
pub fn allows(roles: &[Role], permission: Permission) -> bool {
    roles.iter().any(|role| role.permissions().contains(&permission))
}

/// The rank of an account: its highest role, `None` without any.
pub fn rank(roles: &[Role]) -> Option<Role> {
    roles.iter().copied().max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_read_back_from_its_name() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert_eq!("Admin".parse::<Role>(), Err(NotARole));
    }

    #[test]
    fn only_administrators_see_accounts_and_audit() {
        for role in Role::ALL {
            let may = allows(&[role], Permission::UsersRead) && allows(&[role], Permission::AuditRead);
            assert_eq!(may, role >= Role::Admin, "{role}");
        }
        assert!(!allows(&[], Permission::UsersRead));
    }

    #[test]
    fn the_rank_is_the_highest_role() {
        assert_eq!(rank(&[Role::Admin, Role::Viewer]), Some(Role::Admin));
        assert_eq!(rank(&[]), None);
    }
}
