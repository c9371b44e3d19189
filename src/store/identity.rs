//! Accounts elsewhere at rest: each under the hash of who vouches for it and how it is called there, and by whose it is.
//! And the states of logins that came back, so that each comes back once.

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::{Read, Scan, StoreError, Txn, expiry, tables};
use crate::domain::email::EmailAddress;
use crate::domain::id::{IdentityId, UserId};
use crate::domain::identity::{IDENTITIES_MAX, Identity, ProviderName};
use crate::domain::time::Timestamp;

/// An account elsewhere as stored.
#[derive(Debug, Serialize, Deserialize)]
pub struct IdentityV1 {
    id: [u8; 16],
    user: [u8; 16],
    provider: String,
    email: Option<String>,
    linked_at: i64,
}

impl Value for IdentityV1 {
    const VERSION: u8 = 1;
}

/// Each identity of an account is there, and is the account's.
pub const USER_INDEX: IndexCheck = IndexCheck {
    table: tables::USER_IDENTITIES.id(),
    holds: |snapshot, row_key| {
        let key = tables::USER_IDENTITIES.key_of(row_key)?;
        let Some(place) = snapshot.get(&tables::USER_IDENTITIES, &key)? else { return Ok(false) };
        Ok(by_place(snapshot, place)?.is_some_and(|identity| (identity.user, identity.id) == key))
    },
};

/// Each identity is found by whose it is.
pub const PLACE_OF_IDENTITY: IndexCheck = IndexCheck {
    table: tables::IDENTITIES.id(),
    holds: |snapshot, row_key| {
        let place = tables::IDENTITIES.key_of(row_key)?;
        let Some(identity) = by_place(snapshot, place)? else { return Ok(false) };
        Ok(snapshot.get(&tables::USER_IDENTITIES, &(identity.user, identity.id))? == Some(place))
    },
};

/// The identity at `place`.
pub fn by_place(read: &impl Read, place: [u8; 32]) -> Result<Option<Identity>, StoreError> {
    Ok(read.get(&tables::IDENTITIES, &place)?.map(|record| Identity {
        id: IdentityId::from_bytes(record.id),
        user: UserId::from_bytes(record.user),
        provider: ProviderName::stored(record.provider),
        email: record.email.and_then(EmailAddress::stored),
        linked_at: Timestamp::from_millis(record.linked_at),
    }))
}

/// The identities of an account, oldest first, with their places.
pub fn of_user(read: &impl Read, user: UserId) -> Result<Vec<([u8; 32], Identity)>, StoreError> {
    let page = read.scan(&tables::USER_IDENTITIES, Scan::all(IDENTITIES_MAX).prefix(&user))?;
    let mut found = Vec::with_capacity(page.rows.len());
    for (_, place) in page.rows {
        found.extend(by_place(read, place)?.map(|identity| (place, identity)));
    }
    Ok(found)
}

/// Stores a new identity at `place`, where none is.
pub fn insert(txn: &mut Txn<'_>, place: [u8; 32], identity: &Identity) -> Result<(), StoreError> {
    let record = IdentityV1 {
        id: *identity.id.as_bytes(),
        user: *identity.user.as_bytes(),
        provider: identity.provider.as_str().to_owned(),
        email: identity.email.as_ref().map(|email| email.as_str().to_owned()),
        linked_at: identity.linked_at.millis(),
    };
    txn.put(&tables::USER_IDENTITIES, &(identity.user, identity.id), &place)?;
    txn.put(&tables::IDENTITIES, &place, &record)
}

/// Removes the identity at `place`.
pub fn remove(txn: &mut Txn<'_>, place: [u8; 32], identity: &Identity) -> Result<(), StoreError> {
    txn.remove(&tables::USER_IDENTITIES, &(identity.user, identity.id))?;
    txn.remove(&tables::IDENTITIES, &place)
}

/// Removes every identity of an account.
pub fn remove_all(txn: &mut Txn<'_>, user: UserId) -> Result<(), StoreError> {
    of_user(txn, user)?.iter().try_for_each(|(place, identity)| remove(txn, *place, identity))
}

/// Marks a state as come back, until it would be too old anyway; `false`: it came back before.
pub fn spend(txn: &mut Txn<'_>, state: [u8; 16], until: Timestamp) -> Result<bool, StoreError> {
    if txn.get(&tables::SPENT_STATES, &state)?.is_some() {
        return Ok(false);
    }
    txn.put(&tables::SPENT_STATES, &state, &())?;
    expiry::schedule(txn, until, &tables::SPENT_STATES, &state)?;
    Ok(true)
}

/// Forgets the state at `key`, whose end was planned for `planned`.
pub fn expire_state(txn: &mut Txn<'_>, key: [u8; 16], planned: Timestamp) -> Result<(), StoreError> {
    expiry::unschedule(txn, planned, &tables::SPENT_STATES, &key)?;
    txn.remove(&tables::SPENT_STATES, &key)
}
