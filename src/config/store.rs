//! `[store]`: the embedded database. Knows no engine.

use super::reader::Reader;

/// The database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The page cache, in MiB. The process takes about twice as much.
    pub cache_mib: u32,
    /// How large a file may be, in MiB, to be read whole before the server starts; none is when 0.
    pub verify_at_start_mib: u32,
    /// Rows that the background verification reads in a second; none when 0.
    pub scrub_rows_per_second: u32,
}

impl Store {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            cache_mib: reader.number("store.cache_mib", 4..=65_536),
            verify_at_start_mib: reader.number("store.verify_at_start_mib", 0..=65_536),
            scrub_rows_per_second: reader.number("store.scrub_rows_per_second", 0..=100_000),
        }
    }
}
