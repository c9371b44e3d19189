//! Suspicious acts at rest, in order of time and by account. What happened is kept as the audit log keeps it, so
//! what tells of a person is sealed under that person's key.

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::lane::EventV1;
use super::{Page, Read, Scan, StoreError, Txn, expiry, tables};
use crate::domain::id::{SuspicionId, UserId};
use crate::domain::time::Timestamp;

/// A suspicious act as stored under its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspicionV1 {
    /// The stable name of its kind.
    pub kind: String,
    /// The audit event it was noticed by.
    pub event: EventV1,
    /// When and by whom it was acknowledged.
    pub acknowledged: Option<(i64, [u8; 16])>,
}

impl Value for SuspicionV1 {
    const VERSION: u8 = 1;
}

/// Each suspicious act of an account is there, and is about the account.
pub const USER_INDEX: IndexCheck = IndexCheck {
    table: tables::SUSPICIONS_OF.id(),
    holds: |snapshot, row_key| {
        let (user, id) = tables::SUSPICIONS_OF.key_of(row_key)?;
        let record = snapshot.get(&tables::SUSPICIONS, &id)?;
        Ok(record.is_some_and(|record| record.event.subject == Some(*user.as_bytes())))
    },
};

/// The suspicious act `id`.
pub fn by_id(read: &impl Read, id: SuspicionId) -> Result<Option<SuspicionV1>, StoreError> {
    read.get(&tables::SUSPICIONS, &id)
}

/// Stores a suspicious act again: it was acknowledged.
pub fn put(txn: &mut Txn<'_>, id: SuspicionId, record: &SuspicionV1) -> Result<(), StoreError> {
    txn.put(&tables::SUSPICIONS, &id, record)
}

/// Stores a suspicious act until `expires_at`.
pub fn insert(
    txn: &mut Txn<'_>,
    id: SuspicionId,
    record: &SuspicionV1,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    if let Some(user) = record.event.subject {
        txn.put(&tables::SUSPICIONS_OF, &(UserId::from_bytes(user), id), &())?;
    }
    expiry::schedule(txn, expires_at, &tables::SUSPICIONS, &id)?;
    txn.put(&tables::SUSPICIONS, &id, record)
}

/// Suspicious acts, of `user` or of all, newest first, older than `after`; and whether there are more.
pub fn list(
    read: &impl Read,
    user: Option<UserId>,
    after: Option<SuspicionId>,
    limit: usize,
) -> Result<Page<SuspicionId, SuspicionV1>, StoreError> {
    let mut scan = Scan::all(limit).reverse();
    let Some(user) = user else {
        if let Some(after) = after {
            scan = scan.before(&after);
        }
        return read.scan(&tables::SUSPICIONS, scan);
    };
    scan = scan.prefix(&user);
    if let Some(after) = after {
        scan = scan.before(&(user, after));
    }
    let index = read.scan(&tables::SUSPICIONS_OF, scan)?;
    let mut rows = Vec::with_capacity(index.rows.len());
    for ((_, id), ()) in index.rows {
        rows.extend(read.get(&tables::SUSPICIONS, &id)?.map(|record| (id, record)));
    }
    Ok(Page { rows, more: index.more })
}

/// Removes the suspicious act `id`, whose end was planned for `planned`.
pub fn expire(txn: &mut Txn<'_>, id: SuspicionId, planned: Timestamp) -> Result<(), StoreError> {
    expiry::unschedule(txn, planned, &tables::SUSPICIONS, &id)?;
    if let Some(record) = txn.get(&tables::SUSPICIONS, &id)? {
        if let Some(user) = record.event.subject {
            txn.remove(&tables::SUSPICIONS_OF, &(UserId::from_bytes(user), id))?;
        }
        txn.remove(&tables::SUSPICIONS, &id)?;
    }
    Ok(())
}
