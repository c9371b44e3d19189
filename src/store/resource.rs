//! Resources at rest: by name, by owner, and by whom something was granted to.
//!
//! ## Decision: a resource and its grants are one row
//! The question "may this account do this to that" is asked far more often than anything here is written, so its
//! answer takes one look-up: owner and grants stand together, and their number is bounded. Two indexes lead to it from
//! accounts; the one for grants is also what the sweep goes by.

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::{Read, Scan, StoreError, Txn, expiry, tables};
use crate::domain::id::UserId;
use crate::domain::permission::Scope;
use crate::domain::resource::{Grant, Kind, Resource, ResourceName};
use crate::domain::time::Timestamp;

/// A resource as stored under its name.
#[derive(Debug, Serialize, Deserialize)]
pub struct ResourceV1 {
    owner: [u8; 16],
    created_at: i64,
    grants: Vec<GrantV1>,
}

#[derive(Debug, Serialize, Deserialize)]
struct GrantV1 {
    user: [u8; 16],
    scope: u8,
    expires_at: Option<i64>,
}

impl Value for ResourceV1 {
    const VERSION: u8 = 1;
}

/// The key of a resource: kind code and id.
pub type ResourceKey = (u8, String);

/// The key of a grant among those to an account: account, kind code, id, scope code.
pub type GrantKey = (UserId, u8, String, u8);

/// Each resource of an owner is there, and is the owner's.
pub const OWNER_INDEX: IndexCheck = IndexCheck {
    table: tables::OWNED_RESOURCES.id(),
    holds: |snapshot, row_key| {
        let (owner, kind, id) = tables::OWNED_RESOURCES.key_of(row_key)?;
        let record = snapshot.get(&tables::RESOURCES, &(kind, id))?;
        Ok(record.is_some_and(|record| record.owner == *owner.as_bytes()))
    },
};

/// Each grant to an account is there.
pub const GRANTEE_INDEX: IndexCheck = IndexCheck {
    table: tables::GRANTS_TO.id(),
    holds: |snapshot, row_key| {
        let (user, kind, id, scope) = tables::GRANTS_TO.key_of(row_key)?;
        let record = snapshot.get(&tables::RESOURCES, &(kind, id))?;
        let is_it = |grant: &GrantV1| grant.user == *user.as_bytes() && grant.scope == scope;
        Ok(record.is_some_and(|record| record.grants.iter().any(is_it)))
    },
};

/// Each resource is found by its owner, and each of its grants by the account.
pub const PLACES_OF_RESOURCE: IndexCheck = IndexCheck {
    table: tables::RESOURCES.id(),
    holds: |snapshot, row_key| {
        let key = tables::RESOURCES.key_of(row_key)?;
        let Some(record) = snapshot.get(&tables::RESOURCES, &key)? else { return Ok(false) };
        let resource = to_resource(name_of(&key)?, &record)?;
        let owned = (resource.owner, key.0, key.1.clone());
        let mut found = snapshot.get(&tables::OWNED_RESOURCES, &owned)?.is_some();
        for grant in &resource.grants {
            found &= snapshot.get(&tables::GRANTS_TO, &grant_key(&resource.name, grant))?.is_some();
        }
        Ok(found)
    },
};

/// The resource `name`.
pub fn by_name(read: &impl Read, name: &ResourceName) -> Result<Option<Resource>, StoreError> {
    let record = read.get(&tables::RESOURCES, &key(name))?;
    record.map(|record| to_resource(name.clone(), &record)).transpose()
}

/// Resources of `owner` in the order of their names, behind `after`; and whether there are more.
pub fn of_owner(
    read: &impl Read,
    owner: UserId,
    after: Option<&ResourceName>,
    limit: usize,
) -> Result<(Vec<Resource>, bool), StoreError> {
    let mut scan = Scan::all(limit).prefix(&owner);
    if let Some(after) = after {
        let (kind, id) = key(after);
        scan = scan.after(&(owner, kind, id));
    }
    let page = read.scan(&tables::OWNED_RESOURCES, scan)?;
    let mut resources = Vec::with_capacity(page.rows.len());
    for ((_, kind, id), ()) in page.rows {
        resources.extend(by_name(read, &name_of(&(kind, id))?)?);
    }
    Ok((resources, page.more))
}

/// How many resources `owner` has, counted up to `limit`.
pub fn count_of(read: &impl Read, owner: UserId, limit: usize) -> Result<usize, StoreError> {
    Ok(read.scan(&tables::OWNED_RESOURCES, Scan::all(limit).prefix(&owner))?.rows.len())
}

/// Stores a new resource without grants; `false` when its name is taken, and nothing is stored.
pub fn insert(txn: &mut Txn<'_>, resource: &Resource) -> Result<bool, StoreError> {
    let (kind, id) = key(&resource.name);
    let is_new = txn.insert(&tables::RESOURCES, &(kind, id.clone()), &to_record(resource))?;
    if is_new {
        txn.put(&tables::OWNED_RESOURCES, &(resource.owner, kind, id), &())?;
    }
    Ok(is_new)
}

/// Gives a resource another owner.
pub fn hand_over(txn: &mut Txn<'_>, resource: &mut Resource, owner: UserId) -> Result<(), StoreError> {
    let (kind, id) = key(&resource.name);
    txn.remove(&tables::OWNED_RESOURCES, &(resource.owner, kind, id.clone()))?;
    txn.put(&tables::OWNED_RESOURCES, &(owner, kind, id), &())?;
    resource.owner = owner;
    put(txn, resource)
}

/// Removes a resource and all its grants. Their expiry rows go when the sweep reaches them.
pub fn remove(txn: &mut Txn<'_>, resource: &Resource) -> Result<(), StoreError> {
    let (kind, id) = key(&resource.name);
    for grant in &resource.grants {
        txn.remove(&tables::GRANTS_TO, &grant_key(&resource.name, grant))?;
    }
    txn.remove(&tables::OWNED_RESOURCES, &(resource.owner, kind, id.clone()))?;
    txn.remove(&tables::RESOURCES, &(kind, id))
}

/// Adds a grant, in place of the one of the same account and scope.
pub fn add_grant(txn: &mut Txn<'_>, resource: &mut Resource, grant: Grant) -> Result<(), StoreError> {
    take_grant(txn, resource, grant.user, grant.scope)?;
    let key = grant_key(&resource.name, &grant);
    if let Some(end) = grant.expires_at {
        expiry::schedule(txn, end, &tables::GRANTS_TO, &key)?;
    }
    txn.put(&tables::GRANTS_TO, &key, &())?;
    resource.grants.push(grant);
    put(txn, resource)
}

/// Removes the grant of `scope` to `user`, alive or not; the grant that was there.
pub fn remove_grant(
    txn: &mut Txn<'_>,
    resource: &mut Resource,
    user: UserId,
    scope: Scope,
) -> Result<Option<Grant>, StoreError> {
    let taken = take_grant(txn, resource, user, scope)?;
    if taken.is_some() {
        put(txn, resource)?;
    }
    Ok(taken)
}

/// Up to `limit` grants to `user`, in the order of what they are about.
pub fn granted_to(read: &impl Read, user: UserId, limit: usize) -> Result<Vec<GrantKey>, StoreError> {
    let page = read.scan(&tables::GRANTS_TO, Scan::all(limit).prefix(&user))?;
    Ok(page.rows.into_iter().map(|(key, ())| key).collect())
}

/// The same with the grants themselves and what they are about; and whether there are more.
pub fn grants_to(
    read: &impl Read,
    user: UserId,
    limit: usize,
) -> Result<(Vec<(ResourceName, Grant)>, bool), StoreError> {
    let page = read.scan(&tables::GRANTS_TO, Scan::all(limit).prefix(&user))?;
    let mut grants = Vec::with_capacity(page.rows.len());
    for ((_, kind, id, code), ()) in page.rows {
        let resource = by_name(read, &name_of(&(kind, id))?)?.ok_or_else(damaged)?;
        let is_it = |grant: &Grant| grant.user == user && grant.scope.code() == code;
        let grant = resource.grants.into_iter().find(is_it).ok_or_else(damaged)?;
        grants.push((resource.name, grant));
    }
    Ok((grants, page.more))
}

/// Removes the grant at `key`.
pub fn forget_grant(txn: &mut Txn<'_>, key: &GrantKey) -> Result<(), StoreError> {
    let (user, kind, id, code) = key;
    let scope = Scope::from_code(*code).ok_or_else(damaged)?;
    txn.remove(&tables::GRANTS_TO, key)?;
    match by_name(txn, &name_of(&(*kind, id.clone()))?)? {
        Some(mut resource) => remove_grant(txn, &mut resource, *user, scope).map(drop),
        None => Ok(()),
    }
}

/// Handles the end that was planned for the grant at `key` at `planned`: one that got another end meanwhile stays.
pub fn expire_grant(txn: &mut Txn<'_>, key: &GrantKey, planned: Timestamp) -> Result<(), StoreError> {
    expiry::unschedule(txn, planned, &tables::GRANTS_TO, key)?;
    let resource = by_name(txn, &name_of(&(key.1, key.2.clone()))?)?;
    let grant = resource.and_then(|resource| {
        resource.grants.into_iter().find(|grant| grant.user == key.0 && grant.scope.code() == key.3)
    });
    if grant.is_some_and(|grant| !grant.is_alive(txn.now())) { forget_grant(txn, key) } else { Ok(()) }
}

/// Takes a grant out of `resource`, which is not stored yet.
fn take_grant(
    txn: &mut Txn<'_>,
    resource: &mut Resource,
    user: UserId,
    scope: Scope,
) -> Result<Option<Grant>, StoreError> {
    let at = resource.grants.iter().position(|grant| grant.user == user && grant.scope == scope);
    let Some(grant) = at.map(|at| resource.grants.remove(at)) else { return Ok(None) };
    let key = grant_key(&resource.name, &grant);
    if let Some(end) = grant.expires_at {
        expiry::unschedule(txn, end, &tables::GRANTS_TO, &key)?;
    }
    txn.remove(&tables::GRANTS_TO, &key)?;
    Ok(Some(grant))
}

fn put(txn: &mut Txn<'_>, resource: &Resource) -> Result<(), StoreError> {
    txn.put(&tables::RESOURCES, &key(&resource.name), &to_record(resource))
}

fn key(name: &ResourceName) -> ResourceKey {
    (kind_code(name.kind()), name.id().to_owned())
}

fn grant_key(name: &ResourceName, grant: &Grant) -> GrantKey {
    let (kind, id) = key(name);
    (grant.user, kind, id, grant.scope.code())
}

fn name_of((kind, id): &ResourceKey) -> Result<ResourceName, StoreError> {
    let kind = Kind::ALL.into_iter().find(|known| kind_code(*known) == *kind).ok_or_else(damaged)?;
    Ok(ResourceName::stored(kind, id.clone()))
}

fn damaged() -> StoreError {
    StoreError::Damaged { table: tables::RESOURCES.name() }
}

fn to_record(resource: &Resource) -> ResourceV1 {
    let grant = |grant: &Grant| GrantV1 {
        user: *grant.user.as_bytes(),
        scope: grant.scope.code(),
        expires_at: grant.expires_at.map(Timestamp::millis),
    };
    ResourceV1 {
        owner: *resource.owner.as_bytes(),
        created_at: resource.created_at.millis(),
        grants: resource.grants.iter().map(grant).collect(),
    }
}

fn to_resource(name: ResourceName, record: &ResourceV1) -> Result<Resource, StoreError> {
    let grant = |grant: &GrantV1| {
        Some(Grant {
            user: UserId::from_bytes(grant.user),
            scope: Scope::from_code(grant.scope)?,
            expires_at: grant.expires_at.map(Timestamp::from_millis),
        })
    };
    Ok(Resource {
        name,
        owner: UserId::from_bytes(record.owner),
        created_at: Timestamp::from_millis(record.created_at),
        grants: record.grants.iter().map(grant).collect::<Option<_>>().ok_or_else(damaged)?,
    })
}

/// Codes at rest, for ever.
const fn kind_code(kind: Kind) -> u8 {
    match kind {
        Kind::Users => 0,
        Kind::Policies => 1,
        Kind::Metrics => 2,
        Kind::Costs => 3,
        Kind::Audit => 4,
        Kind::Integrations => 5,
    }
}
