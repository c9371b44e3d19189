//! What the store needs of an engine: snapshots of ordered bytes and one atomic, durable commit.
//! Knows nothing of tables, records or closures.
//!
//! ## Decision
//! An engine only reads and commits; the closures, the buffer of writes, the groups and the audit lane are the
//! store's and the same on every engine. An engine that meets concurrent writers answers
//! [`CommitFault::Conflict`], and the group runs again on a new snapshot.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::ControlFlow;

use super::error::StoreError;

pub mod memory;
pub mod redb;

/// The writes of a commit: a value to put, or `None` to remove.
pub type WriteSet = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Called with each row of a scan; breaks to end it.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Ordered bytes that stand still while they are read.
pub trait RawRead {
    /// Calls `found` with the value at `key`, if there is one.
    fn get(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), StoreError>;

    /// Calls `visit` with the rows of `range` in order, or in reverse order, until it breaks.
    fn scan(&self, range: &KeyRange, reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError>;
}

/// Holds the rows. A commit is atomic and durable; a snapshot shows the commits before it and none after it.
pub trait Engine: Debug + Send + Sync + 'static {
    /// The state of the last commit. Cheap enough for every request.
    fn snapshot(&self) -> Result<Box<dyn RawRead + '_>, StoreError>;

    /// Makes `writes` durable, all or none. Only the store calls it, and only its writer once that runs.
    fn commit(&self, writes: &WriteSet) -> Result<(), CommitFault>;

    /// Checks the engine's own structures. No snapshot may be open.
    fn check(&self) -> Result<Integrity, StoreError>;
}

/// Why a commit did not happen.
#[derive(Debug, Clone)]
pub enum CommitFault {
    /// Somebody else wrote what this group read: run it again.
    Conflict,
    /// The engine failed.
    Store(StoreError),
}

impl From<StoreError> for CommitFault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a check of the engine's own structures found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integrity {
    /// Nothing wrong.
    Sound,
    /// Something was wrong, and the engine repaired it.
    Repaired,
}

/// The keys from `start` on, below `end` (`None`: to the last key).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key of the range.
    pub start: Vec<u8>,
    /// The first key behind the range.
    pub end: Option<Vec<u8>>,
}

impl KeyRange {
    /// Every key there is.
    pub const fn everything() -> Self {
        Self { start: Vec::new(), end: None }
    }

    /// True when no key can be in it. Ordered maps refuse such a range, so engines ask first.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    /// As bounds for an ordered map.
    pub fn bounds(&self) -> (std::ops::Bound<&[u8]>, std::ops::Bound<&[u8]>) {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        (Included(&self.start), self.end.as_deref().map_or(Unbounded, Excluded))
    }
}
