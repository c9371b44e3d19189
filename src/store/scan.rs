//! Reading: one row, or a bounded page of rows in order. Knows no engine.

use std::ops::ControlFlow;

use super::codec::{Codec, Value};
use super::engine::{KeyRange, RawRead};
use super::error::StoreError;
use super::keys::{Key, successor};
use super::tables::Table;
use super::{KEY_BYTES, SCAN_ROWS};
use crate::domain::order::Order;

/// Reads rows: a [`super::Snapshot`] or a [`super::Txn`].
pub trait Read {
    /// The value at `key`. A key above the key limit names no row.
    fn get<K: Key, V: Value>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, StoreError>;

    /// The rows that `scan` asks for, in its order.
    fn scan<K: Key, V: Value>(&self, table: &Table<K, V>, scan: Scan) -> Result<Page<K, V>, StoreError>;
}

/// Which rows of a table to read. Always bounded: at most [`SCAN_ROWS`] rows at once.
#[derive(Debug, Clone)]
pub struct Scan {
    prefix: Vec<u8>,
    after: Option<Vec<u8>>,
    before: Option<Vec<u8>>,
    reverse: bool,
    limit: usize,
}

impl Scan {
    /// The first rows of the table, at most `limit`.
    pub fn all(limit: usize) -> Self {
        Self { prefix: Vec::new(), after: None, before: None, reverse: false, limit: limit.min(SCAN_ROWS) }
    }

    /// Only keys that begin with these parts of the tuple.
    #[must_use]
    pub fn prefix(mut self, parts: &impl Key) -> Self {
        self.prefix = encoded(parts);
        self
    }

    /// Only keys after `key`. With the first parts of a tuple: after everything that begins with them.
    #[must_use]
    pub fn after(mut self, key: &impl Key) -> Self {
        self.after = Some(encoded(key));
        self
    }

    /// Only keys before `key`. With the first parts of a tuple: before everything that begins with them.
    #[must_use]
    pub fn before(mut self, key: &impl Key) -> Self {
        self.before = Some(encoded(key));
        self
    }

    /// The rows in `order`, for keys that grow with time, and only those that come later than `after` in it.
    #[must_use]
    pub fn ordered(self, order: Order, after: Option<&impl Key>) -> Self {
        match (order, after) {
            (Order::Newest, Some(after)) => self.reverse().before(after),
            (Order::Newest, None) => self.reverse(),
            (Order::Oldest, Some(after)) => self.after(after),
            (Order::Oldest, None) => self,
        }
    }

    /// The last rows first.
    #[must_use]
    pub fn reverse(mut self) -> Self {
        self.reverse = true;
        self
    }

    fn range(&self, table: u8) -> KeyRange {
        let in_table = |tuple: &[u8]| [&[table], tuple].concat();
        let prefix = in_table(&self.prefix);
        let mut end = successor(&prefix);
        let mut start = prefix;
        if let Some(after) = &self.after {
            // Behind a key of FFs only comes the next table: an empty range.
            start = start.max(successor(&in_table(after)).unwrap_or_else(|| vec![table + 1]));
        }
        if let Some(before) = &self.before {
            let before = in_table(before);
            end = Some(end.map_or_else(|| before.clone(), |end| end.min(before.clone())));
        }
        KeyRange { start, end }
    }
}

fn encoded(key: &impl Key) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode(&mut bytes);
    bytes
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<K, V> {
    /// The rows, in the order asked for.
    pub rows: Vec<(K, V)>,
    /// True when there are more rows in that direction; go on after (or, in reverse, before) the last key.
    pub more: bool,
}

/// One row, verified and decoded.
pub(crate) fn get<K: Key, V: Value>(
    raw: &dyn RawRead,
    codec: &Codec,
    table: &Table<K, V>,
    key: &K,
) -> Result<Option<V>, StoreError> {
    let row_key = table.row_key(key);
    if row_key.len() > KEY_BYTES {
        return Ok(None);
    }
    let mut value = None;
    raw.get(&row_key, &mut |bytes| value = Some(codec.decode(table.name(), &row_key, bytes)))?;
    value.transpose()
}

/// A page of rows, verified and decoded.
pub(crate) fn page<K: Key, V: Value>(
    raw: &dyn RawRead,
    codec: &Codec,
    table: &Table<K, V>,
    scan: &Scan,
) -> Result<Page<K, V>, StoreError> {
    let mut page = Page { rows: Vec::new(), more: false };
    let mut failed = None;
    raw.scan(&scan.range(table.id()), scan.reverse, &mut |row_key, bytes| {
        if page.rows.len() == scan.limit {
            page.more = true;
            return ControlFlow::Break(());
        }
        let row =
            table.key_of(row_key).and_then(|key| Ok((key, codec.decode(table.name(), row_key, bytes)?)));
        match row {
            Ok(row) => {
                page.rows.push(row);
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(page), Err)
}
