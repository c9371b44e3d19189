//! Built-in roles and the permissions they hold. Knows nothing of who has which role.

use std::fmt;
use std::str::FromStr;

pub use super::permission::{Permission, Permissions};

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
    pub const fn permissions(self) -> Permissions {
        let (mut held, mut at) = (Permissions::NONE, 0);
        while at < Permission::ALL.len() {
            #[expect(
                clippy::indexing_slicing,
                reason = "the loop ends before the end, and a const cannot iterate"
            )]
            let permission = Permission::ALL[at];
            if least(permission) as u8 <= self as u8 {
                held = held.with(permission);
            }
            at += 1;
        }
        held
    }
}

/// The table of roles and permissions (rules G69, G70): the lowest role that holds each one. Every higher role holds
/// it too.
///
/// Of the words of the guide, "limited write" of a developer are metrics, "team management" of a manager is to see who
/// there is, and "system config", which only a super administrator has, is what concerns the audit log itself.
///
/// "Read-only" of a viewer and "read most" of a developer stop at people: anybody may register and is then a developer,
/// and the list of accounts and the record of what everybody does are not for anybody.
const fn least(permission: Permission) -> Role {
    use Permission as P;
    match permission {
        P::PoliciesRead | P::MetricsRead | P::CostsRead | P::IntegrationsRead => Role::Viewer,
        P::MetricsCreate | P::MetricsUpdate => Role::Developer,
        P::PoliciesCreate | P::PoliciesUpdate | P::PoliciesDelete | P::UsersRead => Role::Manager,
        P::UsersCreate
        | P::UsersUpdate
        | P::UsersDelete
        | P::AuditRead
        | P::MetricsDelete
        | P::CostsCreate
        | P::CostsUpdate
        | P::CostsDelete
        | P::IntegrationsCreate
        | P::IntegrationsUpdate
        | P::IntegrationsDelete => Role::Admin,
        P::AuditCreate | P::AuditUpdate | P::AuditDelete => Role::SuperAdmin,
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

/// What `roles` hold together.
pub fn rights(roles: &[Role]) -> Permissions {
    roles.iter().fold(Permissions::NONE, |held, role| held.or(role.permissions()))
}

/// Whether any of `roles` holds `permission`.
pub fn allows(roles: &[Role], permission: Permission) -> bool {
    rights(roles).contains(permission)
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

    /// G69, G70: one line for each permission, one column for each role, lowest rank first.
    #[test]
    fn the_table_is_the_one_that_was_agreed() {
        const TABLE: &str = "\
            users:create        - - - x x
            users:read          - - x x x
            users:update        - - - x x
            users:delete        - - - x x
            policies:create     - - x x x
            policies:read       x x x x x
            policies:update     - - x x x
            policies:delete     - - x x x
            metrics:create      - x x x x
            metrics:read        x x x x x
            metrics:update      - x x x x
            metrics:delete      - - - x x
            costs:create        - - - x x
            costs:read          x x x x x
            costs:update        - - - x x
            costs:delete        - - - x x
            audit:create        - - - - x
            audit:read          - - - x x
            audit:update        - - - - x
            audit:delete        - - - - x
            integrations:create - - - x x
            integrations:read   x x x x x
            integrations:update - - - x x
            integrations:delete - - - x x";
        for (line, permission) in TABLE.lines().zip(Permission::ALL) {
            let held = Role::ALL.map(|role| if allows(&[role], permission) { " x" } else { " -" }).concat();
            let name = permission.name();
            assert_eq!(line.trim(), format!("{name:<19}{held}"));
        }
        assert_eq!(TABLE.lines().count(), Permission::ALL.len());
        assert!(!allows(&[], Permission::UsersRead));
    }

    #[test]
    fn the_rank_is_the_highest_role() {
        assert_eq!(rank(&[Role::Admin, Role::Viewer]), Some(Role::Admin));
        assert_eq!(rank(&[]), None);
    }
}
