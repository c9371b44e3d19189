//! Where the rights of one account come from, kept for several questions: its roles with all they inherit, and the
//! permissions of its own. Knows no store.

use super::custom_role::CustomRole;
use super::held::{Ground, Held, Lineage};
use super::id::RoleId;
use super::permission::{Permission, Permissions, Scope};
use super::role::Roles;
use super::user::User;

/// The roles and permissions of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    lines: Vec<Lineage>,
    direct: Vec<Scope>,
}

impl Sources {
    /// Those of `user`. `find` looks a custom role up, as for [`held_by`](super::held::held_by).
    pub fn of<E>(
        user: &User,
        mut find: impl FnMut(RoleId) -> Result<Option<CustomRole>, E>,
    ) -> Result<Self, E> {
        let roles = user.roles.iter().map(|role| role.id()).chain(user.custom_roles.iter().copied());
        let lines = roles.map(|role| Lineage::of(role, &mut find)).collect::<Result<_, _>>()?;
        Ok(Self { lines, direct: user.permissions.clone() })
    }

    /// What they hold together.
    pub fn held(&self) -> Held {
        let direct = self.direct.iter().fold(Permissions::NONE, |set, scope| set.or(scope.permissions()));
        let direct = Held { permissions: direct, roles: Roles::NONE };
        self.lines.iter().map(Lineage::held).fold(direct, Held::or)
    }

    /// What gives `permission`: a built-in role before a custom one, and a role before a permission of its own.
    pub fn ground(&self, permission: Permission) -> Option<Ground> {
        let direct = || self.direct.iter().find(|scope| scope.permissions().contains(permission));
        let by_role = self.lines.iter().find_map(|line| line.ground(permission));
        by_role.or_else(|| direct().map(|scope| Ground::Direct(*scope)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::held::held_by;
    use crate::domain::role::Role;
    use crate::domain::time::Timestamp;
    use crate::domain::user::ada;

    fn role(number: u8, slug: &str, permissions: &[&str], parent: Option<RoleId>) -> CustomRole {
        CustomRole {
            id: RoleId::from_bytes([number; 16]),
            name: slug.to_owned(),
            slug: slug.to_owned(),
            description: None,
            permissions: permissions.iter().map(|name| name.parse().unwrap()).collect(),
            parent,
            created_at: Timestamp::EPOCH,
        }
    }

    /// A user with one custom role, which inherits from a second, which inherits from the manager.
    fn sources(change: impl FnOnce(&mut User)) -> (Sources, Held) {
        let base = role(2, "base", &["costs:write"], Some(Role::Manager.id()));
        let top = role(1, "top", &["audit:read"], Some(base.id));
        let mut user = User { roles: Vec::new(), custom_roles: vec![top.id], ..ada() };
        change(&mut user);
        let mut find = |id| Ok::<_, ()>([&top, &base].into_iter().find(|role| role.id == id).cloned());
        (Sources::of(&user, &mut find).unwrap(), held_by(&user, &mut find).unwrap())
    }

    fn role_of(role: &str, through: Option<&str>) -> Option<Ground> {
        Some(Ground::Role { role: role.to_owned(), through: through.map(str::to_owned) })
    }

    #[test]
    fn a_right_is_traced_to_the_role_that_has_it_by_itself() {
        let (sources, _) = sources(|user| user.permissions = vec!["users:delete".parse().unwrap()]);
        for (permission, expected) in [
            (Permission::AuditRead, role_of("top", None)),
            (Permission::CostsUpdate, role_of("top", Some("base"))),
            (Permission::PoliciesDelete, role_of("top", Some("manager"))),
            (Permission::MetricsRead, role_of("top", Some("viewer"))),
            (Permission::UsersDelete, Some(Ground::Direct("users:delete".parse().unwrap()))),
            (Permission::UsersCreate, None),
        ] {
            assert_eq!(sources.ground(permission), expected, "{permission}");
        }
    }

    #[test]
    fn a_built_in_role_is_told_first_and_a_permission_of_ones_own_last() {
        let (sources, _) = sources(|user| {
            user.roles = vec![Role::Developer];
            user.permissions = vec!["costs:write".parse().unwrap()];
        });
        assert_eq!(sources.ground(Permission::MetricsUpdate), role_of("developer", None));
        assert_eq!(sources.ground(Permission::MetricsRead), role_of("developer", Some("viewer")));
        assert_eq!(sources.ground(Permission::CostsCreate), role_of("top", Some("base")));
    }

    /// The trace and the sum are two readings of the same: neither knows more than the other.
    #[test]
    fn whatever_is_held_has_a_source_and_nothing_else_has() {
        for roles in [vec![], vec![Role::Viewer], vec![Role::Admin, Role::Developer]] {
            let (sources, held) = sources(|user| user.roles = roles);
            assert_eq!(sources.held(), held);
            for permission in Permission::ALL {
                assert_eq!(sources.ground(permission).is_some(), held.permissions.contains(permission));
            }
        }
    }
}
