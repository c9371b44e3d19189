//! Custom roles at rest, the slugs that lead to them, and who holds which role.

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::{Read, Scan, StoreError, Txn, tables, user};
use crate::domain::custom_role::{AnyRole, CustomRole};
use crate::domain::held::{Held, held_by};
use crate::domain::id::RoleId;
use crate::domain::permission::Scope;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::user::User;

/// A custom role as stored under its id.
#[derive(Debug, Serialize, Deserialize)]
pub struct RoleV1 {
    name: String,
    slug: String,
    description: Option<String>,
    permissions: Vec<u8>,
    parent: Option<[u8; 16]>,
    created_at: i64,
}

impl Value for RoleV1 {
    const VERSION: u8 = 1;
}

/// Each slug leads to the role that has it.
pub const SLUG_INDEX: IndexCheck = IndexCheck {
    table: tables::ROLE_SLUGS.id(),
    holds: |snapshot, row_key| {
        let slug = tables::ROLE_SLUGS.key_of(row_key)?;
        Ok(by_slug(snapshot, &slug)?.is_some_and(|role| role.slug == slug))
    },
};

/// Each role is found by its slug, and what it inherits from is there.
pub const SLUG_OF_ROLE: IndexCheck = IndexCheck {
    table: tables::ROLES.id(),
    holds: |snapshot, row_key| {
        let Some(role) = by_id(snapshot, tables::ROLES.key_of(row_key)?)? else { return Ok(false) };
        let parent_is_there = match role.parent {
            None => true,
            Some(id) => Role::of_id(id).is_some() || by_id(snapshot, id)?.is_some(),
        };
        Ok(parent_is_there && snapshot.get(&tables::ROLE_SLUGS, &role.slug)? == Some(*role.id.as_bytes()))
    },
};

/// Each member of a custom role is an account that holds it, and the role is there.
pub const MEMBER_INDEX: IndexCheck = IndexCheck {
    table: tables::CUSTOM_MEMBERS.id(),
    holds: |snapshot, row_key| {
        let (role, id) = tables::CUSTOM_MEMBERS.key_of(row_key)?;
        let holder = user::by_id(snapshot, id)?.is_some_and(|user| user.custom_roles.contains(&role));
        Ok(holder && by_id(snapshot, role)?.is_some())
    },
};

/// What `user` holds now. Reads nothing for an account without custom roles.
pub fn held(read: &impl Read, user: &User) -> Result<Held, StoreError> {
    held_by(user, |id| by_id(read, id))
}

/// The custom role `id`.
pub fn by_id(read: &impl Read, id: RoleId) -> Result<Option<CustomRole>, StoreError> {
    read.get(&tables::ROLES, &id)?.map(|record| to_role(id, record)).transpose()
}

/// The custom role with this slug.
pub fn by_slug(read: &impl Read, slug: &str) -> Result<Option<CustomRole>, StoreError> {
    match read.get(&tables::ROLE_SLUGS, &slug.to_owned())? {
        Some(id) => by_id(read, RoleId::from_bytes(id)),
        None => Ok(None),
    }
}

/// The role that `text` names by its id or its slug, built-in or custom.
pub fn find(read: &impl Read, text: &str) -> Result<Option<AnyRole>, StoreError> {
    let Ok(id) = text.parse::<RoleId>() else {
        let built_in = text.parse().ok().map(AnyRole::BuiltIn);
        return Ok(built_in.or(by_slug(read, text)?.map(AnyRole::Custom)));
    };
    match Role::of_id(id) {
        Some(role) => Ok(Some(AnyRole::BuiltIn(role))),
        None => Ok(by_id(read, id)?.map(AnyRole::Custom)),
    }
}

/// Up to `limit` custom roles, oldest first.
pub fn list(read: &impl Read, limit: usize) -> Result<Vec<CustomRole>, StoreError> {
    let page = read.scan(&tables::ROLES, Scan::all(limit))?;
    page.rows.into_iter().map(|(id, record)| to_role(id, record)).collect()
}

/// How many accounts hold the custom role `id`, counted up to `limit`.
pub fn members(read: &impl Read, id: RoleId, limit: usize) -> Result<usize, StoreError> {
    Ok(read.scan(&tables::CUSTOM_MEMBERS, Scan::all(limit).prefix(&id))?.rows.len())
}

/// Stores a custom role, new or changed. Its slug is what it was, and no other role has it.
pub fn put(txn: &mut Txn<'_>, role: &CustomRole) -> Result<(), StoreError> {
    txn.put(&tables::ROLE_SLUGS, &role.slug, role.id.as_bytes())?;
    txn.put(&tables::ROLES, &role.id, &to_record(role))
}

/// Removes a custom role that nobody holds.
pub fn remove(txn: &mut Txn<'_>, role: &CustomRole) -> Result<(), StoreError> {
    txn.remove(&tables::ROLE_SLUGS, &role.slug)?;
    txn.remove(&tables::ROLES, &role.id)
}

/// Stores an account whose roles have changed; `old` is the account as it was.
pub fn put_holder(txn: &mut Txn<'_>, old: &User, user: &User) -> Result<(), StoreError> {
    strike(txn, old)?;
    enlist(txn, user)?;
    user::put(txn, user)
}

/// Makes the account a member of its roles.
pub(super) fn enlist(txn: &mut Txn<'_>, user: &User) -> Result<(), StoreError> {
    for role in &user.roles {
        txn.put(&tables::ROLE_MEMBERS, &(user::role_code(*role), user.id), &())?;
    }
    user.custom_roles.iter().try_for_each(|role| txn.put(&tables::CUSTOM_MEMBERS, &(*role, user.id), &()))
}

/// The account is no member of its roles any more.
pub(super) fn strike(txn: &mut Txn<'_>, user: &User) -> Result<(), StoreError> {
    for role in &user.roles {
        txn.remove(&tables::ROLE_MEMBERS, &(user::role_code(*role), user.id))?;
    }
    user.custom_roles.iter().try_for_each(|role| txn.remove(&tables::CUSTOM_MEMBERS, &(*role, user.id)))
}

fn to_record(role: &CustomRole) -> RoleV1 {
    RoleV1 {
        name: role.name.clone(),
        slug: role.slug.clone(),
        description: role.description.clone(),
        permissions: role.permissions.iter().map(|scope| scope.code()).collect(),
        parent: role.parent.map(|parent| *parent.as_bytes()),
        created_at: role.created_at.millis(),
    }
}

fn to_role(id: RoleId, record: RoleV1) -> Result<CustomRole, StoreError> {
    let permissions: Option<_> = record.permissions.iter().map(|code| Scope::from_code(*code)).collect();
    Ok(CustomRole {
        id,
        name: record.name,
        slug: record.slug,
        description: record.description,
        permissions: permissions.ok_or(StoreError::Damaged { table: tables::ROLES.name() })?,
        parent: record.parent.map(RoleId::from_bytes),
        created_at: Timestamp::from_millis(record.created_at),
    })
}
