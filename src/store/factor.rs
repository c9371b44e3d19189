//! Second factors and logins that wait for one, at rest. Secrets arrive sealed, codes and handles hashed.

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::{Read, StoreError, Txn, expiry, tables, user};
use crate::domain::factor::{BackupHash, Factor};
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;

/// A time-based factor as stored under its account.
#[derive(Debug, Serialize, Deserialize)]
pub struct FactorV1 {
    sealed_secret: Vec<u8>,
    started_at: i64,
    confirmed_at: Option<i64>,
    last_step: Option<u64>,
    backup_codes: Vec<BackupHash>,
}

impl Value for FactorV1 {
    const VERSION: u8 = 1;
}

/// A login that waits for its second step, as stored under the hash of its handle.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingLoginV1 {
    user: [u8; 16],
    epoch: u32,
    is_cookie: bool,
    tries_left: u8,
    expires_at: i64,
}

impl Value for PendingLoginV1 {
    const VERSION: u8 = 1;
}

/// A login whose password was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingLogin {
    /// The hash of its handle.
    pub key: [u8; 16],
    /// Whose login it is.
    pub user: UserId,
    /// The account's `session_epoch` at that time. Whatever ends all sessions, a new password among it, ends this.
    pub epoch: u32,
    /// Whether it is to open a session with a cookie, and not one with tokens.
    pub is_cookie: bool,
    /// How many wrong codes it still takes.
    pub tries_left: u8,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// An account with a factor that is on asks for it at login.
pub const ASKED_FOR: IndexCheck = IndexCheck {
    table: tables::FACTORS.id(),
    holds: |snapshot, row_key| {
        let id = tables::FACTORS.key_of(row_key)?;
        let is_on = of_user(snapshot, id)?.is_some_and(|factor| factor.is_on());
        Ok(user::by_id(snapshot, id)?.is_some_and(|user| user.has_factor || !is_on))
    },
};

/// The time-based factor of an account, on or waiting.
pub fn of_user(read: &impl Read, id: UserId) -> Result<Option<Factor>, StoreError> {
    Ok(read.get(&tables::FACTORS, &id)?.map(|record| Factor {
        sealed_secret: record.sealed_secret,
        started_at: Timestamp::from_millis(record.started_at),
        confirmed_at: record.confirmed_at.map(Timestamp::from_millis),
        last_step: record.last_step,
        backup_codes: record.backup_codes,
    }))
}

/// Stores the time-based factor of an account over the one that may be there.
pub fn put(txn: &mut Txn<'_>, id: UserId, factor: &Factor) -> Result<(), StoreError> {
    let record = FactorV1 {
        sealed_secret: factor.sealed_secret.clone(),
        started_at: factor.started_at.millis(),
        confirmed_at: factor.confirmed_at.map(Timestamp::millis),
        last_step: factor.last_step,
        backup_codes: factor.backup_codes.clone(),
    };
    txn.put(&tables::FACTORS, &id, &record)
}

/// Removes the time-based factor of an account, if there is one.
pub fn remove(txn: &mut Txn<'_>, id: UserId) -> Result<(), StoreError> {
    txn.remove(&tables::FACTORS, &id)
}

/// What a factor of this account is sealed to.
pub fn place(id: UserId) -> Vec<u8> {
    tables::FACTORS.row_key(&id)
}

/// The waiting login under `key`, ended or not.
pub fn pending_login(read: &impl Read, key: [u8; 16]) -> Result<Option<PendingLogin>, StoreError> {
    Ok(read.get(&tables::PENDING_LOGINS, &key)?.map(|record| PendingLogin {
        key,
        user: UserId::from_bytes(record.user),
        epoch: record.epoch,
        is_cookie: record.is_cookie,
        tries_left: record.tries_left,
        expires_at: Timestamp::from_millis(record.expires_at),
    }))
}

/// Stores a new waiting login.
pub fn insert_pending(txn: &mut Txn<'_>, login: &PendingLogin) -> Result<(), StoreError> {
    expiry::schedule(txn, login.expires_at, &tables::PENDING_LOGINS, &login.key)?;
    put_pending(txn, login)
}

/// Counts a wrong code: the last one ends the login.
pub fn spoil_pending(txn: &mut Txn<'_>, login: &PendingLogin) -> Result<(), StoreError> {
    match login.tries_left.saturating_sub(1) {
        0 => remove_pending(txn, login.key),
        tries_left => put_pending(txn, &PendingLogin { tries_left, ..*login }),
    }
}

/// Removes a waiting login. Its expiry row goes when the sweep reaches it.
pub fn remove_pending(txn: &mut Txn<'_>, key: [u8; 16]) -> Result<(), StoreError> {
    txn.remove(&tables::PENDING_LOGINS, &key)
}

/// Removes the waiting login at `key`, whose end was planned for `planned`.
pub fn expire_pending(txn: &mut Txn<'_>, key: [u8; 16], planned: Timestamp) -> Result<(), StoreError> {
    expiry::unschedule(txn, planned, &tables::PENDING_LOGINS, &key)?;
    remove_pending(txn, key)
}

fn put_pending(txn: &mut Txn<'_>, login: &PendingLogin) -> Result<(), StoreError> {
    let record = PendingLoginV1 {
        user: *login.user.as_bytes(),
        epoch: login.epoch,
        is_cookie: login.is_cookie,
        tries_left: login.tries_left,
        expires_at: login.expires_at.millis(),
    };
    txn.put(&tables::PENDING_LOGINS, &login.key, &record)
}
