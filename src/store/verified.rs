//! Reading between guards: a missing row is believed only when the rows around its place verify. Knows no record.
//!
//! ## Decision
//! The tag of a value shows damage in rows that are found. It cannot show a row that damage has hidden: a changed key
//! in a page, or a changed signpost above it, makes a look-up miss, and a miss can be an answer ("no lockout").
//! So a miss, and both ends of a scan, are checked against the neighbours: they must verify and lie on their side.
//! Two rows that are always there, the first and the last, guard the ends. A hit costs nothing more.
//! What this cannot show is a page that was replaced by another whole page of the same store; the full check does.

use std::ops::ControlFlow;

use super::codec::Codec;
use super::engine::{KeyRange, RawRead, Visit};
use super::error::StoreError;
use super::tables::{END, META, name_of};

/// An engine's snapshot that notices hidden rows.
pub(crate) struct Verified<'a> {
    raw: Box<dyn RawRead + 'a>,
    codec: &'a Codec,
}

/// The row keys of the two guards.
const FIRST: &[u8] = &[META.id()];
const LAST: &[u8] = &[END.id()];

impl<'a> Verified<'a> {
    pub fn new(raw: Box<dyn RawRead + 'a>, codec: &'a Codec) -> Self {
        Self { raw, codec }
    }

    /// The rows as the engine gives them.
    pub fn unverified(&self) -> &dyn RawRead {
        &*self.raw
    }

    pub fn codec(&self) -> &'a Codec {
        self.codec
    }

    /// The last row below `key` verifies and is below it.
    fn guard_below(&self, key: &[u8]) -> Result<(), StoreError> {
        let range = KeyRange { start: Vec::new(), end: Some(key.to_vec()) };
        let guarded = self.next(&range, true, |row_key| row_key < key)?;
        ensure(guarded.unwrap_or(key <= FIRST), key)
    }

    /// The first row from `key` on verifies and fits.
    fn guard_above(&self, key: &[u8], fits: impl Fn(&[u8]) -> bool) -> Result<(), StoreError> {
        let range = KeyRange { start: key.to_vec(), end: None };
        let guarded = self.next(&range, false, fits)?;
        ensure(guarded.unwrap_or(key > LAST), key)
    }

    fn next(
        &self,
        range: &KeyRange,
        reverse: bool,
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<bool>, StoreError> {
        let mut guarded = None;
        self.raw.scan(range, reverse, &mut |row_key, value| {
            guarded = Some(fits(row_key) && self.codec.verifies(row_key, value));
            ControlFlow::Break(())
        })?;
        Ok(guarded)
    }
}

impl RawRead for Verified<'_> {
    fn get(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), StoreError> {
        let mut hit = false;
        self.raw.get(key, &mut |value| {
            hit = true;
            found(value);
        })?;
        if hit {
            return Ok(());
        }
        self.guard_below(key)?;
        self.guard_above(key, |row_key| row_key > key)
    }

    /// Walks on to the first row behind the range, which is the guard at the far end.
    fn scan(&self, range: &KeyRange, reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        let (start, end) = (&*range.start, range.end.as_deref());
        let open = if reverse {
            if let Some(end) = end {
                self.guard_above(end, |row_key| row_key >= end)?;
            }
            KeyRange { start: Vec::new(), end: range.end.clone() }
        } else {
            self.guard_below(start)?;
            KeyRange { start: range.start.clone(), end: None }
        };
        let mut last: Option<Vec<u8>> = None;
        // Running out of rows is right only where no guard can be.
        let mut whole = if reverse { start <= FIRST } else { end.is_none_or(|end| end > LAST) };
        self.raw.scan(&open, reverse, &mut |row_key, value| {
            let inside = row_key >= start && end.is_none_or(|end| row_key < end);
            let in_order =
                last.as_deref().is_none_or(|last| if reverse { row_key < last } else { row_key > last });
            if !inside || !in_order {
                let behind = if reverse { row_key < start } else { end.is_some_and(|end| row_key >= end) };
                whole = behind && in_order && self.codec.verifies(row_key, value);
                return ControlFlow::Break(());
            }
            let last = last.get_or_insert_default();
            last.clear();
            last.extend_from_slice(row_key);
            let flow = visit(row_key, value);
            whole |= flow.is_break();
            flow
        })?;
        ensure(whole, start)
    }
}

fn ensure(whole: bool, key: &[u8]) -> Result<(), StoreError> {
    if whole { Ok(()) } else { Err(StoreError::Damaged { table: name_of(key) }) }
}
