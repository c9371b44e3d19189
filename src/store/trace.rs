//! How denied requests were judged, at rest: in order of time, and found by tags. Knows nothing of what a tag stands
//! for. What tells of a person is sealed under that person's key, as in the audit log.
//!
//! ## Decision: removed by age and by number, without an index by time
//! The keys are in order of time already. How many rows there are is one row beside them, written in the same
//! transactions: those are few, for traces are written in groups.

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::{Page, Read, Scan, StoreError, Txn, tables};
use crate::domain::id::TraceId;

/// Most tags of one trace.
pub const TAGS_MAX: usize = 4;

/// How one request was judged, as stored under its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceV1 {
    /// When it was answered.
    pub at: i64,
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
    /// What it is found by; at most [`TAGS_MAX`].
    pub tags: Vec<[u8; 16]>,
}

impl Value for TraceV1 {
    const VERSION: u8 = 1;
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
    /// Rows.
    pub rows: u64,
}

impl Value for TraceCountV1 {
    const VERSION: u8 = 1;
}

/// Each tag belongs to a trace that has it.
pub const TAG_INDEX: IndexCheck = IndexCheck {
    table: tables::TRACES_BY.id(),
    holds: |snapshot, row_key| {
        let (tag, id) = tables::TRACES_BY.key_of(row_key)?;
        let trace = snapshot.get(&tables::TRACES, &id)?;
        Ok(trace.is_some_and(|trace| trace.tags.contains(&tag)))
    },
};

/// How many there are.
pub fn count(read: &impl Read) -> Result<u64, StoreError> {
    Ok(read.get(&tables::TRACE_COUNT, &())?.unwrap_or_default().rows)
}

/// Stores `traces`, then removes as many of the oldest as are above `max`, though no more than were stored and `spare`.
pub fn insert(
    txn: &mut Txn<'_>,
    traces: &[(TraceId, TraceV1)],
    (max, spare): (u64, usize),
) -> Result<(), StoreError> {
    for (id, trace) in traces {
        for tag in &trace.tags {
            txn.put(&tables::TRACES_BY, &(*tag, *id), &())?;
        }
        txn.put(&tables::TRACES, id, trace)?;
    }
    let stored = u64::try_from(traces.len()).unwrap_or(u64::MAX);
    let rows = count(txn)?.saturating_add(stored);
    txn.put(&tables::TRACE_COUNT, &(), &TraceCountV1 { rows })?;
    let above = usize::try_from(rows.saturating_sub(max)).unwrap_or(usize::MAX);
    let oldest = first(txn, above.min(traces.len().saturating_add(spare)))?;
    remove(txn, &oldest)
}

/// The oldest traces, at most `limit`.
pub fn first(read: &impl Read, limit: usize) -> Result<Vec<(TraceId, TraceV1)>, StoreError> {
    if limit == 0 { Ok(Vec::new()) } else { Ok(read.scan(&tables::TRACES, Scan::all(limit))?.rows) }
}

/// Removes `traces`.
pub fn remove(txn: &mut Txn<'_>, traces: &[(TraceId, TraceV1)]) -> Result<(), StoreError> {
    for (id, trace) in traces {
        for tag in &trace.tags {
            txn.remove(&tables::TRACES_BY, &(*tag, *id))?;
        }
        txn.remove(&tables::TRACES, id)?;
    }
    if traces.is_empty() {
        return Ok(());
    }
    let removed = u64::try_from(traces.len()).unwrap_or(u64::MAX);
    let rows = count(txn)?.saturating_sub(removed);
    txn.put(&tables::TRACE_COUNT, &(), &TraceCountV1 { rows })
}

/// Traces with `tag`, or all, newest first, older than `before`.
pub fn list(
    read: &impl Read,
    tag: Option<[u8; 16]>,
    before: Option<TraceId>,
    limit: usize,
) -> Result<Page<TraceId, TraceV1>, StoreError> {
    let mut scan = Scan::all(limit).reverse();
    let Some(tag) = tag else {
        if let Some(before) = before {
            scan = scan.before(&before);
        }
        return read.scan(&tables::TRACES, scan);
    };
    scan = scan.prefix(&tag);
    if let Some(before) = before {
        scan = scan.before(&(tag, before));
    }
    let index = read.scan(&tables::TRACES_BY, scan)?;
    let mut rows = Vec::with_capacity(index.rows.len());
    for ((_, id), ()) in index.rows {
        rows.extend(read.get(&tables::TRACES, &id)?.map(|trace| (id, trace)));
    }
    Ok(Page { rows, more: index.more })
}
