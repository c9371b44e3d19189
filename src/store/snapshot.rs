//! A consistent view of the committed rows. Knows no engine by name.

use super::codec::{Codec, Value};
use super::engine::RawRead;
use super::error::StoreError;
use super::keys::Key;
use super::scan::{self, Page, Read, Scan};
use super::tables::Table;

/// The rows of the last commit before it was taken, and none of a later one.
pub struct Snapshot<'a> {
    raw: Raw<'a>,
    codec: &'a Codec,
}

enum Raw<'a> {
    Owned(Box<dyn RawRead + 'a>),
    Borrowed(&'a dyn RawRead),
}

impl<'a> Snapshot<'a> {
    pub(crate) fn new(raw: Box<dyn RawRead + 'a>, codec: &'a Codec) -> Self {
        Self { raw: Raw::Owned(raw), codec }
    }

    pub(crate) fn borrowed(raw: &'a dyn RawRead, codec: &'a Codec) -> Self {
        Self { raw: Raw::Borrowed(raw), codec }
    }

    pub(crate) fn raw(&self) -> &dyn RawRead {
        match &self.raw {
            Raw::Owned(raw) => &**raw,
            Raw::Borrowed(raw) => *raw,
        }
    }

    pub(crate) fn codec(&self) -> &Codec {
        self.codec
    }
}

impl Read for Snapshot<'_> {
    fn get<K: Key, V: Value>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, StoreError> {
        scan::get(self.raw(), self.codec, table, key)
    }

    fn scan<K: Key, V: Value>(&self, table: &Table<K, V>, scan: Scan) -> Result<Page<K, V>, StoreError> {
        scan::page(self.raw(), self.codec, table, &scan)
    }
}
