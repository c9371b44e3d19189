//! A consistent view of the committed rows. Knows no engine by name.

use super::codec::{Codec, Value};
use super::engine::RawRead;
use super::error::StoreError;
use super::keys::Key;
use super::scan::{self, Page, Read, Scan};
use super::tables::Table;
use super::verified::Verified;

/// The rows of the last commit before it was taken, and none of a later one.
pub struct Snapshot<'a> {
    rows: Verified<'a>,
}

impl<'a> Snapshot<'a> {
    pub(crate) fn new(raw: Box<dyn RawRead + 'a>, codec: &'a Codec) -> Self {
        Self { rows: Verified::new(raw, codec) }
    }

    pub(crate) fn rows(&self) -> &Verified<'a> {
        &self.rows
    }
}

impl Read for Snapshot<'_> {
    fn get<K: Key, V: Value>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, StoreError> {
        scan::get(&self.rows, self.rows.codec(), table, key)
    }

    fn scan<K: Key, V: Value>(&self, table: &Table<K, V>, scan: Scan) -> Result<Page<K, V>, StoreError> {
        scan::page(&self.rows, self.rows.codec(), table, &scan)
    }
}
