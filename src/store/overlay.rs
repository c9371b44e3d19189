//! Writes that are not committed yet, over the rows that are: what a closure reads is what it wrote.
//! Shared by all engines. Knows no table.
//!
//! Overlays stack: a transaction's lies over its group's, and that over the snapshot.

use std::ops::ControlFlow;

use super::engine::{KeyRange, RawRead, Visit, WriteSet};
use super::error::StoreError;

/// Buffered writes over something that can be read.
pub struct Overlay<'a> {
    base: &'a dyn RawRead,
    writes: WriteSet,
    bytes: usize,
}

impl<'a> Overlay<'a> {
    /// An overlay without writes.
    pub fn new(base: &'a dyn RawRead) -> Self {
        Self { base, writes: WriteSet::new(), bytes: 0 }
    }

    /// Puts a value, or removes the row with `None`.
    pub fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let key_bytes = key.len();
        self.bytes += key_bytes + value.as_ref().map_or(0, Vec::len);
        if let Some(before) = self.writes.insert(key, value) {
            self.bytes -= key_bytes + before.map_or(0, |value| value.len());
        }
    }

    /// Takes over the writes of an overlay that lay on this one.
    pub fn absorb(&mut self, writes: WriteSet) {
        for (key, value) in writes {
            self.write(key, value);
        }
    }

    /// How many rows are written.
    pub fn rows(&self) -> usize {
        self.writes.len()
    }

    /// The bytes of all written keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The writes.
    pub fn into_writes(self) -> WriteSet {
        self.writes
    }
}

impl RawRead for Overlay<'_> {
    fn get(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), StoreError> {
        match self.writes.get(key) {
            Some(Some(value)) => found(value),
            Some(None) => {}
            None => self.base.get(key, found)?,
        }
        Ok(())
    }

    fn scan(&self, range: &KeyRange, reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        let mine = self.writes.range::<[u8], _>(range.bounds());
        if reverse {
            merge(self.base, (range, true), mine.rev(), visit)
        } else {
            merge(self.base, (range, false), mine, visit)
        }
    }
}

type Written<'w> = (&'w Vec<u8>, &'w Option<Vec<u8>>);

/// Walks the base and the writes side by side, so that no row is copied and none is read beyond the last one wanted.
fn merge<'w>(
    base: &dyn RawRead,
    (range, reverse): (&KeyRange, bool),
    writes: impl Iterator<Item = Written<'w>>,
    visit: &mut Visit<'_>,
) -> Result<(), StoreError> {
    let mut writes = writes.peekable();
    let mut ended = ControlFlow::Continue(());
    base.scan(range, reverse, &mut |key, value| {
        let comes_first = |written: &[u8]| if reverse { written > key } else { written < key };
        while let Some(written) = writes.next_if(|(written, _)| comes_first(written)) {
            ended = show(written, visit);
            ended?;
        }
        ended = match writes.next_if(|(written, _)| written.as_slice() == key) {
            Some(written) => show(written, visit),
            None => visit(key, value),
        };
        ended
    })?;
    if ended.is_continue() {
        let _ = writes.try_for_each(|written| show(written, visit));
    }
    Ok(())
}

fn show((key, value): Written<'_>, visit: &mut Visit<'_>) -> ControlFlow<()> {
    value.as_ref().map_or(ControlFlow::Continue(()), |value| visit(key, value))
}
