use std::collections::HashMap;
use std::convert::Infallible;

use super::*;
use crate::domain::permission::Permission;
use crate::domain::time::Timestamp;
use crate::domain::user::ada;

fn id(number: u8) -> RoleId {
    RoleId::from_bytes([number; 16])
}

fn role(number: u8, permission: &str, parent: Option<RoleId>) -> CustomRole {
    let name = format!("role {number}");
    CustomRole {
        id: id(number),
        slug: name.replace(' ', "-"),
        name,
        description: None,
        permissions: vec![permission.parse().unwrap()],
        parent,
        created_at: Timestamp::EPOCH,
    }
}

fn held_with(user: &User, roles: &[CustomRole]) -> Held {
    let known: HashMap<_, _> = roles.iter().map(|role| (role.id, role.clone())).collect();
    held_by(user, |id| Ok::<_, Infallible>(known.get(&id).cloned())).unwrap()
}

/// G69, T42: built-in roles, custom ones with all they inherit, and direct permissions.
#[test]
fn what_is_held_is_everything_together() {
    let roles = [role(1, "costs:update", Some(id(2))), role(2, "users:read", Some(Role::Manager.id()))];
    let user = User {
        custom_roles: vec![id(1)],
        permissions: vec!["audit:write".parse().unwrap(), "metrics:read".parse().unwrap()],
        ..ada()
    };
    let held = held_with(&user, &roles);
    let more = [Permission::CostsUpdate, Permission::AuditCreate, Permission::AuditUpdate];
    let expected = Role::Manager.permissions().or(more.into_iter().collect());
    assert_eq!(held.permissions, expected);
    assert_eq!((held.rank(), held.roles.contains(Role::Developer)), (Some(Role::Manager), true));
    let none = User { roles: vec![], ..ada() };
    assert_eq!(held_with(&none, &[]), Held::default());
}

#[test]
fn an_account_without_custom_roles_asks_for_none() {
    let held = held_by(&ada(), |_| Err("asked")).unwrap();
    assert_eq!(held, Held::of_role(Role::Developer));
}

#[test]
fn a_role_that_is_gone_gives_nothing() {
    let user = User { roles: vec![], custom_roles: vec![id(1), id(2)], ..ada() };
    let held = held_with(&user, &[role(2, "users:read", Some(id(9)))]);
    assert_eq!(held.permissions.iter().collect::<Vec<_>>(), [Permission::UsersRead]);
}

/// R57: a store that was made wrong does not hang the server.
#[test]
fn circles_and_endless_lines_end() {
    let circle = [role(1, "users:read", Some(id(2))), role(2, "audit:read", Some(id(1)))];
    let user = User { roles: vec![], custom_roles: vec![id(1)], ..ada() };
    assert_eq!(held_with(&user, &circle).permissions.iter().count(), 2);
    let line: Vec<_> = (1..=9).map(|at| role(at, "users:read", Some(id(at + 1)))).collect();
    let known = |asked: RoleId| line.iter().find(|role| role.id == asked).cloned();
    assert_eq!(Lineage::of(id(1), |id| Ok::<_, Infallible>(known(id))).unwrap().custom.len(), DEPTH_MAX);
}

/// R56.
#[test]
fn whoever_has_a_higher_rank_or_one_permission_more_outranks() {
    let [developer, admin, chief] = [Role::Developer, Role::Admin, Role::SuperAdmin].map(Held::of_role);
    assert!(admin.outranks(developer) && chief.outranks(admin));
    assert!(!developer.outranks(admin) && !admin.outranks(admin));
    let auditor = Held { permissions: admin.permissions.with(Permission::AuditDelete), ..admin };
    assert!(auditor.outranks(admin) && !admin.outranks(auditor));
    // All permissions are not yet the rank.
    let every = Held { permissions: chief.permissions, ..admin };
    assert!(chief.outranks(every) && !every.outranks(chief));
}

/// G71: what allows each permission, and through which inherited role.
#[test]
fn each_permission_names_all_that_it_is_held_by() {
    let roles = [role(1, "costs:update", Some(id(2))), role(2, "users:read", Some(Role::Manager.id()))];
    let user =
        User { custom_roles: vec![id(1)], permissions: vec!["metrics:write".parse().unwrap()], ..ada() };
    let known = |asked: RoleId| roles.iter().find(|role| role.id == asked).cloned();
    let grounds = grounds(&user, |id| Ok::<_, Infallible>(known(id))).unwrap();
    let held: Vec<_> = grounds.iter().map(|(permission, _)| *permission).collect();
    assert_eq!(held, held_with(&user, &roles).permissions.iter().collect::<Vec<_>>());
    let by = |name: &str| {
        let (_, grounds) = grounds.iter().find(|(permission, _)| permission.name() == name).unwrap();
        let text = |ground: &Ground| match ground {
            Ground::Role { role, through: None } => role.clone(),
            Ground::Role { role, through: Some(through) } => format!("{role} > {through}"),
            Ground::Direct(scope) => format!("direct {scope}"),
        };
        grounds.iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(by("costs:update"), ["role-1"]);
    assert_eq!(by("users:read"), ["role-1 > role-2"]);
    assert_eq!(by("policies:create"), ["role-1 > manager"]);
    assert_eq!(by("metrics:create"), ["developer", "role-1 > developer", "direct metrics:write"]);
    assert_eq!(by("costs:read"), ["developer > viewer", "role-1 > viewer"]);
}
