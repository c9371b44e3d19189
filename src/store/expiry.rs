//! Rows that end at a time: an index by time. Knows not what the rows are; readers must judge expiry themselves
//! by the time in the row, for whoever removes them may come late.

use super::SCAN_ROWS;
use super::codec::Value;
use super::error::StoreError;
use super::keys::{Bytes, Key};
use super::scan::{Read, Scan};
use super::tables::{EXPIRY, Table};
use super::txn::Txn;
use crate::domain::time::Timestamp;

/// A row whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// When it ended.
    pub at: Timestamp,
    row_key: Vec<u8>,
}

impl Due {
    /// The key of the row, if it is one of `table`.
    pub fn key_in<K: Key, V: Value>(&self, table: &Table<K, V>) -> Option<K> {
        table.key_of(&self.row_key).ok()
    }
}

/// Has the row at `key` removed after `at`. A row that gets another time is first taken out with [`unschedule`].
pub fn schedule<K: Key, V: Value>(
    txn: &mut Txn<'_>,
    at: Timestamp,
    table: &Table<K, V>,
    key: &K,
) -> Result<(), StoreError> {
    txn.put(&EXPIRY, &index_key(at, table, key), &())
}

/// Takes back [`schedule`] with the same arguments.
pub fn unschedule<K: Key, V: Value>(
    txn: &mut Txn<'_>,
    at: Timestamp,
    table: &Table<K, V>,
    key: &K,
) -> Result<(), StoreError> {
    txn.remove(&EXPIRY, &index_key(at, table, key))
}

/// Up to `limit` rows that ended at or before `now`, the oldest first.
pub fn due(reader: &impl Read, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
    let later = Timestamp::from_millis(now.millis().saturating_add(1));
    let page = reader.scan(&EXPIRY, Scan::all(limit.min(SCAN_ROWS)).before(&later))?;
    let row =
        |((at, table, key), ()): ((_, u8, Bytes), ())| Due { at, row_key: [&[table], &*key.0].concat() };
    Ok(page.rows.into_iter().map(row).collect())
}

fn index_key<K: Key, V: Value>(at: Timestamp, table: &Table<K, V>, key: &K) -> (Timestamp, u8, Bytes) {
    let mut bytes = Vec::new();
    key.encode(&mut bytes);
    (at, table.id(), Bytes(bytes))
}

#[cfg(test)]
mod tests;
