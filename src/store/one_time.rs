//! One-time tokens at rest: the hash of the token, whom it is for, and how long it lives.
//!
//! A person has at most one live token of a kind: a new one takes the place of the old.

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::{Read, StoreError, Txn, expiry, tables};
use crate::domain::email::EmailAddress;
use crate::domain::id::{TokenId, UserId};
use crate::domain::time::Timestamp;

/// What a one-time token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Proves an email address.
    VerifyEmail,
    /// Makes the first administrator.
    Setup,
    /// Sets a new password without the old one.
    ResetPassword,
    /// Proves the address that an account is to have.
    ChangeEmail,
    /// Sets the first password of an account that somebody else made.
    Invitation,
    /// Switches on the second factor that a registration began.
    EnrolFactor,
}

impl Purpose {
    /// Those of which a person may have a token.
    pub const OF_PEOPLE: [Self; 5] =
        [Self::VerifyEmail, Self::ResetPassword, Self::ChangeEmail, Self::Invitation, Self::EnrolFactor];
}

/// A one-time token without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTime {
    /// Names the token.
    pub id: TokenId,
    /// Whom it is for; the nil id for a token that is for nobody yet.
    pub owner: UserId,
    /// The hash of its text.
    pub hash: [u8; 32],
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The address it proves, where that is not the account's.
    pub address: Option<EmailAddress>,
}

/// The owner of tokens that are for nobody yet.
pub const NOBODY: UserId = UserId::from_bytes([0; 16]);

/// A one-time token as stored under its purpose and id.
#[derive(Debug, Serialize, Deserialize)]
pub struct OneTimeV1 {
    owner: [u8; 16],
    hash: [u8; 32],
    issued_at: i64,
    expires_at: i64,
    address: Option<String>,
}

impl Value for OneTimeV1 {
    const VERSION: u8 = 1;
}

/// Each one-time token of a person is there, and is the person's.
pub const OWNER_INDEX: IndexCheck = IndexCheck {
    table: tables::ONE_TIME_OF.id(),
    holds: |snapshot, row_key| {
        let key = tables::ONE_TIME_OF.key_of(row_key)?;
        let Some(id) = snapshot.get(&tables::ONE_TIME_OF, &key)? else { return Ok(false) };
        let record = snapshot.get(&tables::ONE_TIME, &(key.1, TokenId::from_bytes(id)))?;
        Ok(record.is_some_and(|record| record.owner == *key.0.as_bytes()))
    },
};

/// The token `id`, alive or not.
pub fn by_id(read: &impl Read, purpose: Purpose, id: TokenId) -> Result<Option<OneTime>, StoreError> {
    let record = read.get(&tables::ONE_TIME, &(code(purpose), id))?;
    Ok(record.map(|record| OneTime {
        id,
        owner: UserId::from_bytes(record.owner),
        hash: record.hash,
        issued_at: Timestamp::from_millis(record.issued_at),
        expires_at: Timestamp::from_millis(record.expires_at),
        address: record.address.and_then(EmailAddress::stored),
    }))
}

/// The token that `owner` has, alive or not.
pub fn of_owner(read: &impl Read, purpose: Purpose, owner: UserId) -> Result<Option<OneTime>, StoreError> {
    match read.get(&tables::ONE_TIME_OF, &(owner, code(purpose)))? {
        Some(id) => by_id(read, purpose, TokenId::from_bytes(id)),
        None => Ok(None),
    }
}

/// Stores a token in place of the one its owner had.
pub fn replace(txn: &mut Txn<'_>, purpose: Purpose, token: &OneTime) -> Result<(), StoreError> {
    if let Some(old) = of_owner(txn, purpose, token.owner)? {
        txn.remove(&tables::ONE_TIME, &(code(purpose), old.id))?;
    }
    let record = OneTimeV1 {
        owner: *token.owner.as_bytes(),
        hash: token.hash,
        issued_at: token.issued_at.millis(),
        expires_at: token.expires_at.millis(),
        address: token.address.as_ref().map(|address| address.as_str().to_owned()),
    };
    txn.put(&tables::ONE_TIME_OF, &(token.owner, code(purpose)), token.id.as_bytes())?;
    expiry::schedule(txn, token.expires_at, &tables::ONE_TIME, &(code(purpose), token.id))?;
    txn.put(&tables::ONE_TIME, &(code(purpose), token.id), &record)
}

/// Removes a token: it was used.
pub fn remove(txn: &mut Txn<'_>, purpose: Purpose, token: &OneTime) -> Result<(), StoreError> {
    txn.remove(&tables::ONE_TIME_OF, &(token.owner, code(purpose)))?;
    txn.remove(&tables::ONE_TIME, &(code(purpose), token.id))
}

/// Removes the token that `owner` has, alive or not, if there is one.
pub fn remove_of(txn: &mut Txn<'_>, purpose: Purpose, owner: UserId) -> Result<(), StoreError> {
    match of_owner(txn, purpose, owner)? {
        Some(token) => remove(txn, purpose, &token),
        None => Ok(()),
    }
}

/// Removes the token at `key`, whose end was planned for `planned`.
pub fn expire(txn: &mut Txn<'_>, key: (u8, TokenId), planned: Timestamp) -> Result<(), StoreError> {
    expiry::unschedule(txn, planned, &tables::ONE_TIME, &key)?;
    if let Some(record) = txn.get(&tables::ONE_TIME, &key)? {
        txn.remove(&tables::ONE_TIME_OF, &(UserId::from_bytes(record.owner), key.0))?;
        txn.remove(&tables::ONE_TIME, &key)?;
    }
    Ok(())
}

/// Codes at rest, for ever.
const fn code(purpose: Purpose) -> u8 {
    match purpose {
        Purpose::VerifyEmail => 0,
        Purpose::Setup => 1,
        Purpose::ResetPassword => 2,
        Purpose::ChangeEmail => 3,
        Purpose::Invitation => 4,
        Purpose::EnrolFactor => 5,
    }
}
