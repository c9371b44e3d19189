//! Wrong passwords in a row, and the places an account is known to log in from, at rest. Both are kept under the
//! keyed hash of a subject, so no row says whether there is an account.

use serde::{Deserialize, Serialize};

use super::codec::Value;
use super::{Read, Scan, StoreError, Txn, expiry, tables};
use crate::domain::lockout::{LockoutPolicy, Place, Subject};
use crate::domain::time::Timestamp;

/// Most known places of one subject; the one that was used longest ago gives way to a new one.
pub const PLACES_MAX: usize = 20;

/// A known place is written again when it was last used longer ago than this: not by every login.
const PLACE_IS_FRESH: std::time::Duration = std::time::Duration::from_secs(86_400);

/// Wrong passwords in a row, as stored under their subject.
#[derive(Debug, Serialize, Deserialize)]
pub struct StreakV1 {
    failures: u32,
    expires_at: i64,
    locked_at: Option<i64>,
}

impl Value for StreakV1 {
    const VERSION: u8 = 1;
}

/// A known place, as stored under its subject and network.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlaceV1 {
    last_at: i64,
    expires_at: i64,
}

impl Value for PlaceV1 {
    const VERSION: u8 = 1;
}

/// Wrong passwords in a row, from all networks together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streak {
    /// How many.
    pub failures: u32,
    /// When they are forgotten, unless one more comes.
    pub forgotten_at: Timestamp,
    /// When there were so many that they lock.
    pub locked_at: Option<Timestamp>,
}

/// The wrong passwords in a row of `subject` that are not forgotten at `now`.
pub fn streak(read: &impl Read, subject: Subject, now: Timestamp) -> Result<Option<Streak>, StoreError> {
    let record = read.get(&tables::STREAKS, &subject.0)?;
    let streak = record.map(|record| Streak {
        failures: record.failures,
        forgotten_at: Timestamp::from_millis(record.expires_at),
        locked_at: record.locked_at.map(Timestamp::from_millis),
    });
    Ok(streak.filter(|streak| now < streak.forgotten_at))
}

/// Adds one wrong password; answers how many there are in a row now.
pub fn add_failure(txn: &mut Txn<'_>, subject: Subject, policy: &LockoutPolicy) -> Result<u32, StoreError> {
    let now = txn.now();
    let before = streak(txn, subject, now)?;
    let failures = before.map_or(0, |streak| streak.failures).saturating_add(1);
    let expires_at = now.plus(policy.forget_after);
    // Later failures leave the planned end where it is; the sweep moves it when it gets there.
    if before.is_none() {
        expiry::schedule(txn, expires_at, &tables::STREAKS, &subject.0)?;
    }
    let locked_at = if failures == policy.account_failures {
        Some(now)
    } else {
        before.and_then(|streak| streak.locked_at)
    };
    let (expires_at, locked_at) = (expires_at.millis(), locked_at.map(Timestamp::millis));
    txn.put(&tables::STREAKS, &subject.0, &StreakV1 { failures, expires_at, locked_at })?;
    Ok(failures)
}

/// Ends the row of wrong passwords; answers how many there were.
pub fn clear(txn: &mut Txn<'_>, subject: Subject) -> Result<u32, StoreError> {
    let now = txn.now();
    let Some(streak) = streak(txn, subject, now)? else { return Ok(0) };
    txn.remove(&tables::STREAKS, &subject.0)?;
    Ok(streak.failures)
}

/// Whether `subject` logged in from `place` not too long before `now`.
pub fn knows_place(
    read: &impl Read,
    subject: Subject,
    place: Place,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let record = read.get(&tables::PLACES, &(subject.0, place.0))?;
    Ok(record.is_some_and(|record| now.millis() < record.expires_at))
}

/// Remembers that `subject` logged in from `place`.
pub fn note_place(
    txn: &mut Txn<'_>,
    subject: Subject,
    place: Place,
    policy: &LockoutPolicy,
) -> Result<(), StoreError> {
    let (now, key) = (txn.now(), (subject.0, place.0));
    let known = txn.get(&tables::PLACES, &key)?;
    let is_fresh = |record: &PlaceV1| now.since(Timestamp::from_millis(record.last_at)) < PLACE_IS_FRESH;
    if known.as_ref().is_some_and(is_fresh) {
        return Ok(());
    }
    let expires_at = now.plus(policy.place_ttl);
    if known.is_none() {
        let known = txn.scan(&tables::PLACES, Scan::all(PLACES_MAX).prefix(&subject.0))?.rows;
        let oldest = known.iter().min_by_key(|(_, record)| record.last_at);
        if let Some((oldest, _)) = oldest.filter(|_| known.len() >= PLACES_MAX) {
            txn.remove(&tables::PLACES, oldest)?;
        }
        expiry::schedule(txn, expires_at, &tables::PLACES, &key)?;
    }
    let record = PlaceV1 { last_at: now.millis(), expires_at: expires_at.millis() };
    txn.put(&tables::PLACES, &key, &record)
}

/// Forgets all places of `subject`.
pub fn forget_places(txn: &mut Txn<'_>, subject: Subject) -> Result<(), StoreError> {
    let known = txn.scan(&tables::PLACES, Scan::all(PLACES_MAX).prefix(&subject.0))?.rows;
    known.iter().try_for_each(|(key, _)| txn.remove(&tables::PLACES, key))
}

/// Handles the end that was planned for a row of wrong passwords at `planned`: removes it, or plans its new end.
pub fn expire_streak(txn: &mut Txn<'_>, key: [u8; 16], planned: Timestamp) -> Result<(), StoreError> {
    expiry::unschedule(txn, planned, &tables::STREAKS, &key)?;
    match txn.get(&tables::STREAKS, &key)? {
        Some(record) if record.expires_at > txn.now().millis() => {
            expiry::schedule(txn, Timestamp::from_millis(record.expires_at), &tables::STREAKS, &key)
        }
        Some(_) => txn.remove(&tables::STREAKS, &key),
        None => Ok(()),
    }
}

/// Handles the end that was planned for a known place at `planned`: removes it, or plans its new end.
pub fn expire_place(
    txn: &mut Txn<'_>,
    key: ([u8; 16], [u8; 16]),
    planned: Timestamp,
) -> Result<(), StoreError> {
    expiry::unschedule(txn, planned, &tables::PLACES, &key)?;
    match txn.get(&tables::PLACES, &key)? {
        Some(record) if record.expires_at > txn.now().millis() => {
            expiry::schedule(txn, Timestamp::from_millis(record.expires_at), &tables::PLACES, &key)
        }
        Some(_) => txn.remove(&tables::PLACES, &key),
        None => Ok(()),
    }
}
