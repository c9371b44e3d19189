//! Phones as second factors, at rest. Numbers arrive sealed, codes hashed.

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::{Read, StoreError, Txn, tables, user};
use crate::domain::id::UserId;
use crate::domain::sms_factor::{SentCode, SmsFactor};
use crate::domain::time::Timestamp;

/// A phone as stored under its account.
#[derive(Debug, Serialize, Deserialize)]
pub struct SmsFactorV1 {
    sealed_number: Vec<u8>,
    confirmed_at: Option<i64>,
    code: Option<SentCodeV1>,
}

impl Value for SmsFactorV1 {
    const VERSION: u8 = 1;
}

#[derive(Debug, Serialize, Deserialize)]
struct SentCodeV1 {
    hash: [u8; 32],
    expires_at: i64,
    tries_left: u8,
}

/// An account with a phone that is on asks for a code at login.
pub const ASKED_FOR: IndexCheck = IndexCheck {
    table: tables::SMS_FACTORS.id(),
    holds: |snapshot, row_key| {
        let id = tables::SMS_FACTORS.key_of(row_key)?;
        let is_on = is_on(snapshot, id)?;
        Ok(user::by_id(snapshot, id)?.is_some_and(|user| user.has_factor || !is_on))
    },
};

/// The phone of an account, on or waiting.
pub fn of_user(read: &impl Read, id: UserId) -> Result<Option<SmsFactor>, StoreError> {
    Ok(read.get(&tables::SMS_FACTORS, &id)?.map(|record| SmsFactor {
        sealed_number: record.sealed_number,
        confirmed_at: record.confirmed_at.map(Timestamp::from_millis),
        code: record.code.map(|code| SentCode {
            hash: code.hash,
            expires_at: Timestamp::from_millis(code.expires_at),
            tries_left: code.tries_left,
        }),
    }))
}

/// Whether an account has a phone that is on.
pub fn is_on(read: &impl Read, id: UserId) -> Result<bool, StoreError> {
    Ok(of_user(read, id)?.is_some_and(|phone| phone.is_on()))
}

/// Stores the phone of an account over the one that may be there.
pub fn put(txn: &mut Txn<'_>, id: UserId, phone: &SmsFactor) -> Result<(), StoreError> {
    let record = SmsFactorV1 {
        sealed_number: phone.sealed_number.clone(),
        confirmed_at: phone.confirmed_at.map(Timestamp::millis),
        code: phone.code.map(|code| SentCodeV1 {
            hash: code.hash,
            expires_at: code.expires_at.millis(),
            tries_left: code.tries_left,
        }),
    };
    txn.put(&tables::SMS_FACTORS, &id, &record)
}

/// Uses the code with `hash` up, if the phone of the account is on and the code is good now.
pub fn spend(txn: &mut Txn<'_>, id: UserId, hash: &[u8; 32]) -> Result<bool, StoreError> {
    let now = txn.now();
    let Some(mut phone) = of_user(txn, id)?.filter(SmsFactor::is_on) else { return Ok(false) };
    let is_right = phone.take(hash, now);
    if is_right {
        put(txn, id, &phone)?;
    }
    Ok(is_right)
}

/// Counts a wrong code against the one that was sent, if one was.
pub fn spoil(txn: &mut Txn<'_>, id: UserId) -> Result<(), StoreError> {
    let Some(mut phone) = of_user(txn, id)? else { return Ok(()) };
    if phone.spoil() { put(txn, id, &phone) } else { Ok(()) }
}

/// Removes the phone of an account, if there is one.
pub fn remove(txn: &mut Txn<'_>, id: UserId) -> Result<(), StoreError> {
    txn.remove(&tables::SMS_FACTORS, &id)
}

/// What the number of this account is sealed to.
pub fn place(id: UserId) -> Vec<u8> {
    tables::SMS_FACTORS.row_key(&id)
}
