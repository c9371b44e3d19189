//! Built-in roles and the permissions they hold. Knows nothing of who has which role.

use std::fmt;
use std::str::FromStr;

use super::id::RoleId;

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

    /// The fixed id, the same on every server: a version 7 UUID of the time 0 that ends in 1 (viewer) to 5 (super
    /// admin).
    pub const fn id(self) -> RoleId {
        RoleId::from_bytes([0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, self as u8 + 1])
    }

    /// The role with this fixed id.
    pub fn of_id(id: RoleId) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id)
    }

    /// The role whose permissions it has too: the next lower one (G69).
    pub fn parent(self) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|role| *role < self)
    }

    /// What people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Developer => "Developer",
            Self::Manager => "Manager",
            Self::Admin => "Admin",
            Self::SuperAdmin => "Super Admin",
        }
    }

    /// What it is for.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Viewer => "Reads what everybody may read.",
            Self::Developer => "The role of a new account: sends metrics.",
            Self::Manager => "Looks after a team: policies, and who there is.",
            Self::Admin => "Manages accounts and reads the audit log.",
            Self::SuperAdmin => "May do everything.",
        }
    }

    /// The lowest role that holds `permission`.
    pub const fn least(permission: Permission) -> Self {
        least(permission)
    }

    /// What an account with this role may do. Worked out before the program runs: each request asks.
    pub const fn permissions(self) -> Permissions {
        match self {
            Self::Viewer => const { held(Self::Viewer) },
            Self::Developer => const { held(Self::Developer) },
            Self::Manager => const { held(Self::Manager) },
            Self::Admin => const { held(Self::Admin) },
            Self::SuperAdmin => const { held(Self::SuperAdmin) },
        }
    }
}

const fn held(role: Role) -> Permissions {
    let (mut held, mut at) = (Permissions::NONE, 0);
    while at < Permission::ALL.len() {
        #[expect(
            clippy::indexing_slicing,
            reason = "the loop ends before the end, and a const cannot iterate"
        )]
        let permission = Permission::ALL[at];
        if least(permission) as u8 <= role as u8 {
            held = held.with(permission);
        }
        at += 1;
    }
    held
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

/// A set of built-in roles.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Roles(u8);

impl Roles {
    /// None.
    pub const NONE: Self = Self(0);

    /// This set and `role`.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | (1 << role as u8))
    }

    /// What is in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `role` is in the set.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// The member of the highest rank.
    pub fn highest(self) -> Option<Role> {
        Role::ALL.into_iter().rev().find(|role| self.contains(*role))
    }
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
            let held = |role: Role| if role.permissions().contains(permission) { " x" } else { " -" };
            let held = Role::ALL.map(held).concat();
            let name = permission.name();
            assert_eq!(line.trim(), format!("{name:<19}{held}"));
        }
        assert_eq!(TABLE.lines().count(), Permission::ALL.len());
    }

    #[test]
    fn the_rank_is_the_highest_role() {
        assert_eq!(Roles::NONE.with(Role::Admin).with(Role::Viewer).highest(), Some(Role::Admin));
        assert_eq!(Roles::NONE.highest(), None);
    }

    /// G69. The ids are in stores and in clients.
    #[test]
    fn built_in_roles_have_parents_and_ids_for_ever() {
        let parents = Role::ALL.map(Role::parent);
        assert_eq!(parents[0], None);
        assert!(Role::ALL.into_iter().zip(&parents[1..]).all(|(role, parent)| *parent == Some(role)));
        assert_eq!(Role::Viewer.id().to_string(), "00000000-0000-7000-8000-000000000001");
        assert_eq!(Role::SuperAdmin.id().to_string(), "00000000-0000-7000-8000-000000000005");
        assert!(Role::ALL.into_iter().all(|role| Role::of_id(role.id()) == Some(role)));
        assert_eq!(Role::of_id(RoleId::from_bytes([0; 16])), None);
    }
}
