//! How denied requests were judged, at rest: in blocks, in order of their ids. Knows nothing of what a tag stands for.
//! What tells of a person is sealed under that person's key, as in the audit log.
//!
//! ## Decision: many in one row, and no index
//! Traces come in bursts, are read seldom, and may cost the request that they tell of next to nothing. A row each, with
//! three rows of an index, took a tenth of the work of a denied request. So a row is filled before the next is begun, and
//! whoever looks for some reads the tags of all: at most [`ENTRIES_MAX`](crate::domain::trace::ENTRIES_MAX), of which
//! only what fits is decoded.
//!
//! ## Decision: removed by the block
//! The ids are in order of time. How many traces there are is one row beside them, written in the same transactions.

use serde::{Deserialize, Serialize};

use super::codec::{Value, from_body};
use super::{Read, Scan, StoreError, Txn, tables};
use crate::domain::id::TraceId;
use crate::domain::time::Timestamp;

/// Most tags of one trace.
pub const TAGS_MAX: usize = 4;

/// Most traces of one block.
pub const BLOCK: usize = 60;

/// Most traces that are stored at a time: a tenth of what a transaction may write, where they are as large as most are.
pub const BATCH: usize = 4 * BLOCK;

/// Most blocks that make room at a time. A transaction fills fewer than ten.
const ROOM: usize = 20;

/// Most bytes of the traces of one block: a row has 64 KiB.
const BLOCK_BYTES: usize = 48 * 1024;

/// Blocks that are read at a time.
const READ: usize = 16;

/// Traces, oldest first, stored under the id of the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockV1 {
    /// At most [`BLOCK`].
    pub traces: Vec<FiledV1>,
}

impl Value for BlockV1 {
    const VERSION: u8 = 1;
}

impl BlockV1 {
    /// Whether no trace of it is younger than `end`.
    pub fn is_over(&self, end: Timestamp) -> bool {
        self.traces.iter().all(|trace| trace.at <= end.millis())
    }

    fn has_room(&self, one: &FiledV1) -> bool {
        let bytes = self.traces.iter().fold(one.bytes(), |sum, trace| sum.saturating_add(trace.bytes()));
        self.traces.len() < BLOCK && bytes <= BLOCK_BYTES
    }
}

/// One trace in its block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiledV1 {
    /// Names it, and is its place among all.
    pub id: [u8; 16],
    /// When the request was answered.
    pub at: i64,
    /// What it is found by; at most [`TAGS_MAX`].
    pub tags: Vec<[u8; 16]>,
    /// A [`TraceV1`].
    pub trace: Vec<u8>,
}

/// How one request was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceV1 {
    /// Names the request; the client may have chosen it, and others too.
    pub request_id: String,
    /// The method, or `OTHER`.
    pub method: String,
    /// The pattern of its path.
    pub route: String,
    /// The status that was answered.
    pub status: u16,
    /// Who called, once known.
    pub actor: Option<[u8; 16]>,
    /// Whose account it was about, where that was judged.
    pub about: Option<[u8; 16]>,
    /// Where it came from, sealed.
    pub personal: Vec<u8>,
    /// The steps.
    pub steps: Vec<StepV1>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepV1 {
    /// The stable name of its kind.
    pub kind: String,
    /// Names and values.
    pub facts: Vec<(String, String)>,
}

/// How many traces there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceCountV1 {
    /// Traces, not blocks.
    pub traces: u64,
}

impl Value for TraceCountV1 {
    const VERSION: u8 = 1;
}

/// A trace as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Names it.
    pub id: TraceId,
    /// When the request was answered.
    pub at: Timestamp,
    /// What was kept.
    pub trace: TraceV1,
}

impl FiledV1 {
    /// `trace`, of a request that was answered `at`, to be found by `tags`.
    pub fn new(
        (id, at): (TraceId, Timestamp),
        tags: Vec<[u8; 16]>,
        trace: &TraceV1,
    ) -> Result<Self, StoreError> {
        let trace = postcard::to_stdvec(trace).map_err(|_| DAMAGED)?;
        Ok(Self { id: *id.as_bytes(), at: at.millis(), tags, trace })
    }

    /// The trace, if it is `wanted`.
    pub fn open(self, wanted: &Wanted<'_>) -> Result<Option<Kept>, StoreError> {
        let (id, at) = (TraceId::from_bytes(self.id), Timestamp::from_millis(self.at));
        let is_in_time = at >= wanted.since && wanted.before.is_none_or(|before| id < before);
        if !is_in_time || !wanted.tags.iter().all(|tag| self.tags.contains(tag)) {
            return Ok(None);
        }
        let trace = from_body(&self.trace).map_err(|_| DAMAGED)?;
        Ok(Some(Kept { id, at, trace }))
    }

    fn bytes(&self) -> usize {
        self.trace.len().saturating_add(TAGS_MAX * 16)
    }
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// All of these.
    pub tags: &'a [[u8; 16]],
    /// Only requests that were answered at or after this.
    pub since: Timestamp,
    /// Only traces older than this one.
    pub before: Option<TraceId>,
    /// At most so many.
    pub limit: usize,
}

const DAMAGED: StoreError = StoreError::Damaged { table: tables::TRACES.name() };

/// How many there are.
pub fn count(read: &impl Read) -> Result<u64, StoreError> {
    Ok(read.get(&tables::TRACE_COUNT, &())?.unwrap_or_default().traces)
}

/// The newest of all.
pub fn newest(read: &impl Read) -> Result<Option<TraceId>, StoreError> {
    Ok(newest_block(read)?
        .and_then(|(_, block)| block.traces.last().map(|last| TraceId::from_bytes(last.id))))
}

fn newest_block(read: &impl Read) -> Result<Option<(TraceId, BlockV1)>, StoreError> {
    Ok(read.scan(&tables::TRACES, Scan::all(1).reverse())?.rows.pop())
}

/// Stores `filed`, oldest first, newer than all that is there and at most [`BATCH`]. What is oldest makes room, so that
/// there are at most `max`.
pub fn insert(txn: &mut Txn<'_>, filed: &[FiledV1], max: u64) -> Result<(), StoreError> {
    for (id, block) in filled(newest_block(txn)?, filed) {
        txn.put(&tables::TRACES, &id, &block)?;
    }
    let stored = u64::try_from(filed.len()).unwrap_or(u64::MAX);
    let mut traces = count(txn)?.saturating_add(stored);
    for _ in 0..ROOM {
        if traces <= max {
            break;
        }
        for (oldest, block) in first(txn, 1)? {
            txn.remove(&tables::TRACES, &oldest)?;
            traces = traces.saturating_sub(number_of(&block));
        }
    }
    txn.put(&tables::TRACE_COUNT, &(), &TraceCountV1 { traces })
}

/// The blocks to write: the newest, where there is room in it, and what had to be begun.
fn filled(newest: Option<(TraceId, BlockV1)>, filed: &[FiledV1]) -> Vec<(TraceId, BlockV1)> {
    let newest = newest.filter(|(_, block)| filed.first().is_some_and(|one| block.has_room(one)));
    let mut blocks: Vec<_> = newest.into_iter().collect();
    for one in filed {
        match blocks.last_mut() {
            Some((_, block)) if block.has_room(one) => block.traces.push(one.clone()),
            _ => blocks.push((TraceId::from_bytes(one.id), BlockV1 { traces: vec![one.clone()] })),
        }
    }
    blocks
}

/// The oldest blocks, at most `limit`.
pub fn first(read: &impl Read, limit: usize) -> Result<Vec<(TraceId, BlockV1)>, StoreError> {
    Ok(read.scan(&tables::TRACES, Scan::all(limit))?.rows)
}

/// Removes the oldest blocks of which nothing is younger than `end`, in one bounded step; answers whether there may be
/// more.
pub fn expire(txn: &mut Txn<'_>, end: Timestamp) -> Result<bool, StoreError> {
    let oldest = first(txn, READ)?;
    let is_full = oldest.len() == READ;
    let mut gone = 0_u64;
    for (id, block) in &oldest {
        if !block.is_over(end) {
            return less(txn, gone).map(|()| false);
        }
        txn.remove(&tables::TRACES, id)?;
        gone = gone.saturating_add(number_of(block));
    }
    less(txn, gone).map(|()| is_full)
}

fn less(txn: &mut Txn<'_>, gone: u64) -> Result<(), StoreError> {
    if gone == 0 {
        return Ok(());
    }
    let traces = count(txn)?.saturating_sub(gone);
    txn.put(&tables::TRACE_COUNT, &(), &TraceCountV1 { traces })
}

/// The newest traces that are `wanted`, newest first.
pub fn list(read: &impl Read, wanted: &Wanted<'_>) -> Result<Vec<Kept>, StoreError> {
    let mut found = Vec::new();
    let mut end = wanted.before;
    loop {
        let mut scan = Scan::all(READ).reverse();
        if let Some(end) = &end {
            scan = scan.before(end);
        }
        let page = read.scan(&tables::TRACES, scan)?;
        for (id, block) in page.rows {
            end = Some(id);
            if block.traces.iter().all(|trace| trace.at < wanted.since.millis()) {
                return Ok(found);
            }
            for trace in block.traces.into_iter().rev() {
                if found.len() >= wanted.limit {
                    return Ok(found);
                }
                found.extend(trace.open(wanted)?);
            }
        }
        if !page.more {
            return Ok(found);
        }
    }
}

fn number_of(block: &BlockV1) -> u64 {
    u64::try_from(block.traces.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
