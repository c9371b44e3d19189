//! Where the rights of an account come from: which role, or a permission of its own. Knows no store.

use super::custom_role::CustomRole;
use super::held::{Held, Lineage};
use super::id::RoleId;
use super::permission::{Permission, Permissions, Scope};
use super::role::{Role, Roles, least};
use super::user::User;

/// The roles and permissions of an account, with all that they inherit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    built_in: Vec<Role>,
    lines: Vec<Lineage>,
    direct: Permissions,
}

/// What gives a right. Roles are named by their slugs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// A role of the account.
    Role {
        /// The role.
        slug: &'a str,
        /// The role that it has the right from, where that is another one.
        inherited_from: Option<&'a str>,
    },
    /// A permission that the account was given beside its roles.
    Direct,
}

impl Sources {
    /// Those of `user`. `find` looks a custom role up, as for [`held_by`](super::held::held_by).
    pub fn of<E>(
        user: &User,
        mut find: impl FnMut(RoleId) -> Result<Option<CustomRole>, E>,
    ) -> Result<Self, E> {
        let lines = user.custom_roles.iter().map(|role| Lineage::of(*role, &mut find));
        let direct = user.permissions.iter().copied().map(Scope::permissions);
        Ok(Self {
            built_in: user.roles.clone(),
            lines: lines.collect::<Result<_, _>>()?,
            direct: direct.fold(Permissions::NONE, Permissions::or),
        })
    }

    /// What they hold together.
    pub fn held(&self) -> Held {
        let direct = Held { permissions: self.direct, roles: Roles::NONE };
        let built_in = self.built_in.iter().copied().map(Held::of_role);
        built_in.chain(self.lines.iter().map(Lineage::held)).fold(direct, Held::or)
    }

    /// What gives `permission`: a built-in role before a custom one, and a role before a permission of its own. Of
    /// inherited rights it is the nearest role that has it by itself.
    pub fn source(&self, permission: Permission) -> Option<Source<'_>> {
        let built_in = self.built_in.iter().find_map(|role| by_built_in(*role, permission));
        built_in
            .or_else(|| self.lines.iter().find_map(|line| by_line(line, permission)))
            .or_else(|| self.direct.contains(permission).then_some(Source::Direct))
    }
}

fn by_built_in(role: Role, permission: Permission) -> Option<Source<'static>> {
    let first = least(permission);
    let inherited_from = (first != role).then_some(first.name());
    (first <= role).then_some(Source::Role { slug: role.name(), inherited_from })
}

fn by_line(line: &Lineage, permission: Permission) -> Option<Source<'_>> {
    let slug = line.custom.first()?.slug.as_str();
    let custom = line.custom.iter().find(|role| role.own().contains(permission));
    let built_in =
        || line.built_in.filter(|role| least(permission) <= *role).map(|_| least(permission).name());
    let giver = custom.map(|role| role.slug.as_str()).or_else(built_in)?;
    Some(Source::Role { slug, inherited_from: (giver != slug).then_some(giver) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::held::held_by;
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

    fn role_of<'a>(slug: &'a str, inherited_from: Option<&'a str>) -> Option<Source<'a>> {
        Some(Source::Role { slug, inherited_from })
    }

    #[test]
    fn a_right_is_traced_to_the_role_that_has_it_by_itself() {
        let (sources, _) = sources(|user| user.permissions = vec!["users:delete".parse().unwrap()]);
        for (permission, expected) in [
            (Permission::AuditRead, role_of("top", None)),
            (Permission::CostsUpdate, role_of("top", Some("base"))),
            (Permission::PoliciesDelete, role_of("top", Some("manager"))),
            (Permission::MetricsRead, role_of("top", Some("viewer"))),
            (Permission::UsersDelete, Some(Source::Direct)),
            (Permission::UsersCreate, None),
        ] {
            assert_eq!(sources.source(permission), expected, "{permission}");
        }
    }

    #[test]
    fn a_built_in_role_is_told_first_and_a_permission_of_ones_own_last() {
        let (sources, _) = sources(|user| {
            user.roles = vec![Role::Developer];
            user.permissions = vec!["costs:write".parse().unwrap()];
        });
        assert_eq!(sources.source(Permission::MetricsUpdate), role_of("developer", None));
        assert_eq!(sources.source(Permission::MetricsRead), role_of("developer", Some("viewer")));
        assert_eq!(sources.source(Permission::CostsCreate), role_of("top", Some("base")));
    }

    /// The trace and the sum are two readings of the same: neither knows more than the other.
    #[test]
    fn whatever_is_held_has_a_source_and_nothing_else_has() {
        for roles in [vec![], vec![Role::Viewer], vec![Role::Admin, Role::Developer]] {
            let (sources, held) = sources(|user| user.roles = roles);
            assert_eq!(sources.held(), held);
            for permission in Permission::ALL {
                assert_eq!(sources.source(permission).is_some(), held.permissions.contains(permission));
            }
        }
    }
}
