//! Accounts at rest: the record, the names that lead to it, its verifier and its personal key.

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::{Read, Scan, StoreError, Txn, role, tables};
use crate::domain::email::EmailAddress;
use crate::domain::id::{RoleId, UserId};
use crate::domain::order::Order;
use crate::domain::permission::Scope;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::user::{DisplayName, Status, User, Username};

/// An account as stored under its id.
#[derive(Debug, Serialize, Deserialize)]
pub struct UserV1 {
    number: u32,
    email: String,
    username: String,
    name: String,
    status: u8,
    email_verified_at: Option<i64>,
    roles: Vec<u8>,
    custom_roles: Vec<[u8; 16]>,
    permissions: Vec<u8>,
    session_epoch: u32,
    key_epoch: u32,
    has_factor: bool,
    created_at: i64,
}

impl Value for UserV1 {
    const VERSION: u8 = 1;
}

/// An account's password verifiers as stored.
#[derive(Debug, Serialize, Deserialize)]
pub struct CredentialV1 {
    /// The PHC string of the password; `None` once it was taken away.
    pub phc: Option<String>,
    /// When the password was set. Hashing it again under new costs leaves this as it was.
    pub set_at: i64,
    /// The PHC strings of former passwords, latest first: only as many as were remembered when it was set.
    pub former: Vec<String>,
}

impl Value for CredentialV1 {
    const VERSION: u8 = 1;
}

/// The key that seals what the audit log knows of a person, itself sealed. Without it those fields
/// are gone, and the chain still verifies.
#[derive(Debug, Serialize, Deserialize)]
pub struct PersonKeyV1 {
    /// The sealed key.
    pub sealed: Vec<u8>,
}

impl Value for PersonKeyV1 {
    const VERSION: u8 = 1;
}

/// A name of a new account that another account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The address is another account's address or username.
    Email,
    /// The username, or the number that stands beside it, is another account's.
    Username,
}

impl Taken {
    /// The field's name in requests.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
        }
    }
}

/// Each identifier leads to an account that has it.
pub const IDENTIFIER_INDEX: IndexCheck = IndexCheck {
    table: tables::IDENTIFIERS.id(),
    holds: |snapshot, row_key| {
        let key = tables::IDENTIFIERS.key_of(row_key)?;
        let user = by_identifier(snapshot, &key)?;
        Ok(user.is_some_and(|user| user.email.as_str() == key || user.username.folded() == key))
    },
};

/// Each number leads to the account that has it.
pub const NUMBER_INDEX: IndexCheck = IndexCheck {
    table: tables::USER_NUMBERS.id(),
    holds: |snapshot, row_key| {
        let number = tables::USER_NUMBERS.key_of(row_key)?;
        let Some(id) = snapshot.get(&tables::USER_NUMBERS, &number)? else { return Ok(false) };
        Ok(by_id(snapshot, UserId::from_bytes(id))?.is_some_and(|user| user.number == number))
    },
};

/// Each role member is an account that holds the role.
pub const ROLE_INDEX: IndexCheck = IndexCheck {
    table: tables::ROLE_MEMBERS.id(),
    holds: |snapshot, row_key| {
        let (code, id) = tables::ROLE_MEMBERS.key_of(row_key)?;
        Ok(by_id(snapshot, id)?.is_some_and(|user| user.roles.iter().any(|role| role_code(*role) == code)))
    },
};

/// Each account is found by its address, username, number and roles.
pub const NAMES_OF_USER: IndexCheck = IndexCheck {
    table: tables::USERS.id(),
    holds: |snapshot, row_key| {
        let Some(user) = by_id(snapshot, tables::USERS.key_of(row_key)?)? else { return Ok(false) };
        let id = Some(*user.id.as_bytes());
        let identifier = |key: String| snapshot.get(&tables::IDENTIFIERS, &key);
        let mut found = identifier(user.email.as_str().to_owned())? == id
            && identifier(user.username.folded())? == id
            && snapshot.get(&tables::USER_NUMBERS, &user.number)? == id;
        for role in &user.roles {
            found &= snapshot.get(&tables::ROLE_MEMBERS, &(role_code(*role), user.id))?.is_some();
        }
        for role in &user.custom_roles {
            found &= snapshot.get(&tables::CUSTOM_MEMBERS, &(*role, user.id))?.is_some();
        }
        Ok(found)
    },
};

/// The account `id`.
pub fn by_id(read: &impl Read, id: UserId) -> Result<Option<User>, StoreError> {
    read.get(&tables::USERS, &id)?.map(|record| to_user(id, record)).transpose()
}

/// The account with the folded email address or username `key`.
pub fn by_identifier(read: &impl Read, key: &str) -> Result<Option<User>, StoreError> {
    match read.get(&tables::IDENTIFIERS, &key.to_owned())? {
        Some(id) => by_id(read, UserId::from_bytes(id)),
        None => Ok(None),
    }
}

/// The account with this number.
pub fn by_number(read: &impl Read, number: u32) -> Result<Option<User>, StoreError> {
    match read.get(&tables::USER_NUMBERS, &number)? {
        Some(id) => by_id(read, UserId::from_bytes(id)),
        None => Ok(None),
    }
}

/// Which name of a new account is taken, if any. Without `username` only the address is looked at.
pub fn taken(
    read: &impl Read,
    email: &EmailAddress,
    username: Option<&Username>,
) -> Result<Option<Taken>, StoreError> {
    let exists = |key: String| Ok::<_, StoreError>(read.get(&tables::IDENTIFIERS, &key)?.is_some());
    if exists(email.as_str().to_owned())? {
        return Ok(Some(Taken::Email));
    }
    match username {
        Some(username) if exists(username.folded())? => Ok(Some(Taken::Username)),
        _ => Ok(None),
    }
}

/// Stores a new account; or, when another account has one of its names or its number, stores nothing.
pub fn insert(txn: &mut Txn<'_>, user: &User) -> Result<Result<(), Taken>, StoreError> {
    if let Some(taken) = taken(txn, &user.email, Some(&user.username))? {
        return Ok(Err(taken));
    }
    if txn.get(&tables::USER_NUMBERS, &user.number)?.is_some() {
        return Ok(Err(Taken::Username));
    }
    let id = *user.id.as_bytes();
    txn.put(&tables::IDENTIFIERS, &user.email.as_str().to_owned(), &id)?;
    txn.put(&tables::IDENTIFIERS, &user.username.folded(), &id)?;
    txn.put(&tables::USER_NUMBERS, &user.number, &id)?;
    role::enlist(txn, user)?;
    put(txn, user)?;
    Ok(Ok(()))
}

/// Stores an account again. Its names, number and roles are what they were; changed roles go through
/// [`role::put_holder`].
pub fn put(txn: &mut Txn<'_>, user: &User) -> Result<(), StoreError> {
    txn.put(&tables::USERS, &user.id, &to_record(user))
}

/// Gives an account another address, or, when somebody has it, nothing. Whoever calls stores the account.
pub fn move_to(
    txn: &mut Txn<'_>,
    user: &mut User,
    email: EmailAddress,
) -> Result<Result<(), Taken>, StoreError> {
    if let Some(taken) = taken(txn, &email, None)? {
        return Ok(Err(taken));
    }
    txn.remove(&tables::IDENTIFIERS, &user.email.as_str().to_owned())?;
    txn.put(&tables::IDENTIFIERS, &email.as_str().to_owned(), user.id.as_bytes())?;
    user.email = email;
    Ok(Ok(()))
}

/// Gives an account another username, or, when somebody has it, nothing. Whoever calls stores the account.
pub fn rename(
    txn: &mut Txn<'_>,
    user: &mut User,
    username: Username,
) -> Result<Result<(), Taken>, StoreError> {
    let (old, new) = (user.username.folded(), username.folded());
    if old != new {
        if txn.get(&tables::IDENTIFIERS, &new)?.is_some() {
            return Ok(Err(Taken::Username));
        }
        txn.remove(&tables::IDENTIFIERS, &old)?;
        txn.put(&tables::IDENTIFIERS, &new, user.id.as_bytes())?;
    }
    user.username = username;
    Ok(Ok(()))
}

/// Removes an account: its names, its roles, its verifier and its personal key. Nothing leads to it any more.
pub fn remove(txn: &mut Txn<'_>, user: &User) -> Result<(), StoreError> {
    txn.remove(&tables::IDENTIFIERS, &user.email.as_str().to_owned())?;
    txn.remove(&tables::IDENTIFIERS, &user.username.folded())?;
    txn.remove(&tables::USER_NUMBERS, &user.number)?;
    role::strike(txn, user)?;
    txn.remove(&tables::CREDENTIALS, &user.id)?;
    txn.remove(&tables::PERSON_KEYS, &user.id)?;
    txn.remove(&tables::USERS, &user.id)
}

/// Accounts in `order`, behind `after`; and whether there are more.
pub fn list(
    read: &impl Read,
    (order, after): (Order, Option<UserId>),
    limit: usize,
) -> Result<(Vec<User>, bool), StoreError> {
    let page = read.scan(&tables::USERS, Scan::all(limit).ordered(order, after.as_ref()))?;
    let users = page.rows.into_iter().map(|(id, record)| to_user(id, record)).collect::<Result<_, _>>()?;
    Ok((users, page.more))
}

/// Up to `limit` accounts with a name that begins with `start`, in the order of those names; and whether there are more
/// such names.
pub fn named_like(read: &impl Read, start: &str, limit: usize) -> Result<(Vec<User>, bool), StoreError> {
    let whole = read.get(&tables::IDENTIFIERS, &start.to_owned())?;
    // An account has two names, and both may begin so.
    let rows = limit.saturating_add(1).saturating_mul(2);
    let page = read.scan(&tables::IDENTIFIERS, Scan::all(rows).after(&start.to_owned()))?;
    let longer = page.rows.into_iter().take_while(|(name, _)| name.starts_with(start)).map(|(_, id)| id);
    let mut ids: Vec<[u8; 16]> = Vec::new();
    for id in whole.into_iter().chain(longer) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let more = ids.len() > limit;
    let mut users = Vec::new();
    for id in ids.into_iter().take(limit) {
        users.extend(by_id(read, UserId::from_bytes(id))?);
    }
    Ok((users, more))
}

/// Up to `limit` accounts that hold `role`, oldest first.
pub fn with_role(read: &impl Read, role: Role, limit: usize) -> Result<Vec<User>, StoreError> {
    let page = read.scan(&tables::ROLE_MEMBERS, Scan::all(limit).prefix(&role_code(role)))?;
    let mut users = Vec::with_capacity(page.rows.len());
    for ((_, id), ()) in page.rows {
        users.extend(by_id(read, id)?);
    }
    Ok(users)
}

/// The PHC string of an account's password.
pub fn phc(read: &impl Read, id: UserId) -> Result<Option<String>, StoreError> {
    Ok(read.get(&tables::CREDENTIALS, &id)?.and_then(|record| record.phc))
}

/// When the account got its password; `None`: it has none.
pub fn password_set_at(read: &impl Read, id: UserId) -> Result<Option<Timestamp>, StoreError> {
    let record = read.get(&tables::CREDENTIALS, &id)?.filter(|record| record.phc.is_some());
    Ok(record.map(|record| Timestamp::from_millis(record.set_at)))
}

/// The PHC strings of an account's password and of its former ones, latest first.
pub fn phcs(read: &impl Read, id: UserId) -> Result<Vec<String>, StoreError> {
    let record = read.get(&tables::CREDENTIALS, &id)?;
    Ok(record.map_or_else(Vec::new, |record| record.phc.into_iter().chain(record.former).collect()))
}

/// Sets a new password. Of the former ones the latest are kept, so that `remembered` are known in all, the new
/// one included.
pub fn set_phc(txn: &mut Txn<'_>, id: UserId, phc: String, remembered: usize) -> Result<(), StoreError> {
    let mut former = phcs(txn, id)?;
    former.truncate(remembered.saturating_sub(1));
    let set_at = txn.now().millis();
    txn.put(&tables::CREDENTIALS, &id, &CredentialV1 { phc: Some(phc), set_at, former })
}

/// Takes the password away: it is one of the former ones now, and no other one is there.
pub fn revoke_phc(txn: &mut Txn<'_>, id: UserId) -> Result<(), StoreError> {
    let Some(record) = txn.get(&tables::CREDENTIALS, &id)? else { return Ok(()) };
    let former = record.phc.into_iter().chain(record.former).collect();
    txn.put(&tables::CREDENTIALS, &id, &CredentialV1 { phc: None, former, ..record })
}

/// Replaces the verifier of the same password. Where there is none, there is nothing to replace.
pub fn renew_phc(txn: &mut Txn<'_>, id: UserId, phc: String) -> Result<(), StoreError> {
    match txn.get(&tables::CREDENTIALS, &id)? {
        Some(record) if record.phc.is_some() => {
            txn.put(&tables::CREDENTIALS, &id, &CredentialV1 { phc: Some(phc), ..record })
        }
        _ => Ok(()),
    }
}

/// The sealed personal key of an account.
pub fn person_key(read: &impl Read, id: UserId) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(read.get(&tables::PERSON_KEYS, &id)?.map(|record| record.sealed))
}

/// Stores the sealed personal key of an account.
pub fn put_person_key(txn: &mut Txn<'_>, id: UserId, sealed: Vec<u8>) -> Result<(), StoreError> {
    txn.put(&tables::PERSON_KEYS, &id, &PersonKeyV1 { sealed })
}

fn to_record(user: &User) -> UserV1 {
    UserV1 {
        number: user.number,
        email: user.email.as_str().to_owned(),
        username: user.username.as_str().to_owned(),
        name: user.name.as_str().to_owned(),
        status: status_code(user.status),
        email_verified_at: user.email_verified_at.map(Timestamp::millis),
        roles: user.roles.iter().copied().map(role_code).collect(),
        custom_roles: user.custom_roles.iter().map(|role| *role.as_bytes()).collect(),
        permissions: user.permissions.iter().map(|scope| scope.code()).collect(),
        session_epoch: user.session_epoch,
        key_epoch: user.key_epoch,
        has_factor: user.has_factor,
        created_at: user.created_at.millis(),
    }
}

fn to_user(id: UserId, record: UserV1) -> Result<User, StoreError> {
    let damaged = || StoreError::Damaged { table: tables::USERS.name() };
    let status = Status::ALL.into_iter().find(|status| status_code(*status) == record.status);
    let scopes = record.permissions.iter().map(|code| Scope::from_code(*code));
    let role = |code: &u8| Role::ALL.into_iter().find(|role| role_code(*role) == *code);
    Ok(User {
        id,
        number: record.number,
        email: EmailAddress::stored(record.email).ok_or_else(damaged)?,
        username: Username::stored(record.username),
        name: DisplayName::stored(record.name),
        status: status.ok_or_else(damaged)?,
        email_verified_at: record.email_verified_at.map(Timestamp::from_millis),
        roles: record.roles.iter().map(role).collect::<Option<_>>().ok_or_else(damaged)?,
        custom_roles: record.custom_roles.into_iter().map(RoleId::from_bytes).collect(),
        permissions: scopes.collect::<Option<_>>().ok_or_else(damaged)?,
        session_epoch: record.session_epoch,
        key_epoch: record.key_epoch,
        has_factor: record.has_factor,
        created_at: Timestamp::from_millis(record.created_at),
    })
}

/// Codes at rest, for ever; they say nothing of the order in the domain.
const fn status_code(status: Status) -> u8 {
    match status {
        Status::Pending => 0,
        Status::Active => 1,
        Status::Inactive => 2,
        Status::Suspended => 3,
    }
}

pub(super) const fn role_code(role: Role) -> u8 {
    match role {
        Role::Viewer => 0,
        Role::Developer => 1,
        Role::Manager => 2,
        Role::Admin => 3,
        Role::SuperAdmin => 4,
    }
}
