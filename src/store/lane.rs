//! The commit records: audit events and change feed in one chain of rows. Knows no rule and not what an event means.
//!
//! ## Formats, for ever
//! Each transaction that emits events writes one row `LANE | lane u16 | seq u64 ->` [`LaneRecordV1`], and one row
//! `AUDIT_BY_SUBJECT | subject [16] | lane u16 | seq u64 -> ()` for each distinct subject, with its other writes.
//! A lane is one writer; sequences begin at 1 and have no gaps. The embedded engine has one lane, 0.
//!
//! The hash of a record is
//! `SHA-256("latchkey.lane.v1" 00 | lane u16 | seq u64 | body)`, integers big-endian, where `body` is the postcard
//! form of [`LaneRecordV1`] (nonce, previous hash, time, events, in this order; without version byte and tag).
//! `prev_hash` is the hash of the record before, and 32 zero bytes in the first.
//!
//! ## Decision
//! A record does not store its own hash. It is computed when somebody asks; the next record, the head that a seal
//! signs, and the keyed tag of the row hold it in place. A stored hash would only be one more thing that can differ.

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::codec::Value;
use super::error::StoreError;
use super::scan::{Page, Read, Scan};
use super::tables::{AUDIT_BY_SUBJECT, LANE};
use super::txn::Txn;

/// The lane of the embedded engine.
pub const LANE_0: u16 = 0;
const HASH_LABEL: &[u8] = b"latchkey.lane.v1\0";
/// Most records that one transaction drops, and rows, but for those of the last record.
const FORGOTTEN: usize = 32;

/// What one transaction did, chained to the record before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneRecordV1 {
    /// Random bytes of the transaction.
    pub nonce: [u8; 16],
    /// The hash of the record before, or zeros.
    pub prev_hash: [u8; 32],
    /// Unix milliseconds of the transaction.
    pub at: i64,
    /// What happened, in order.
    pub events: Vec<EventV1>,
}

impl Value for LaneRecordV1 {
    const VERSION: u8 = 1;
}

impl LaneRecordV1 {
    /// The chain hash of this record at its place.
    pub fn hash(&self, lane: u16, seq: u64) -> Result<[u8; 32], StoreError> {
        let body = postcard::to_allocvec(self).map_err(|_| StoreError::Damaged { table: LANE.name() })?;
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(HASH_LABEL);
        context.update(&lane.to_be_bytes());
        context.update(&seq.to_be_bytes());
        context.update(&body);
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Ok(hash)
    }
}

/// One audit event. Names and ids only; whatever tells of a person is in `personal`, sealed by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventV1 {
    /// Unix milliseconds.
    pub at: i64,
    /// The stable name, such as `login.succeeded`.
    pub action: String,
    /// How it ended.
    pub outcome: OutcomeV1,
    /// Who did it.
    pub actor: Option<[u8; 16]>,
    /// Whom it concerns.
    pub subject: Option<[u8; 16]>,
    /// The session it happened in.
    pub session: Option<[u8; 16]>,
    /// The request it happened in.
    pub request_id: String,
    /// The stable name of the reason, when there is one.
    pub reason: Option<String>,
    /// Further names and values. Never secrets, nothing personal.
    pub detail: Vec<(String, String)>,
    /// Personal fields, sealed under the subject's own key. The store never looks inside.
    pub personal: Vec<u8>,
}

/// How an event ended. The order is stored: add at the end, change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutcomeV1 {
    /// It was done.
    Success,
    /// It was tried and failed.
    Failure,
    /// A rule forbade it.
    Denied,
}

/// The heads of all lanes at one time, signed, and chained to the seal before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealV1 {
    /// Unix milliseconds.
    pub at: i64,
    /// Lane, sequence and hash of each lane's newest record.
    pub heads: Vec<(u16, u64, [u8; 32])>,
    /// The hash of the seal before, or zeros.
    pub prev: [u8; 32],
    /// The signature over the rest.
    pub signature: Vec<u8>,
}

impl Value for SealV1 {
    const VERSION: u8 = 1;
}

/// The newest record of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The lane.
    pub lane: u16,
    /// The sequence of its newest record; 0 when there is none.
    pub seq: u64,
    /// The hash of that record; zeros when there is none.
    pub hash: [u8; 32],
}

/// The newest record of `lane`.
pub fn head(reader: &impl Read, lane: u16) -> Result<Head, StoreError> {
    match reader.scan(&LANE, Scan::all(1).prefix(&lane).reverse())?.rows.first() {
        Some(((_, seq), record)) => Ok(Head { lane, seq: *seq, hash: record.hash(lane, *seq)? }),
        None => Ok(Head { lane, seq: 0, hash: [0; 32] }),
    }
}

/// The sequence of the oldest record of `lane` that is kept.
pub fn oldest(reader: &impl Read, lane: u16) -> Result<Option<u64>, StoreError> {
    Ok(records(reader, lane, Span::oldest(1))?.rows.first().map(|(seq, _)| *seq))
}

/// Drops the oldest records of `lane`, up to the one at `through`, as many as fit into about half a transaction; answers
/// whether some are left. The chain stays verifiable where a seal vouches for the record at `through`.
pub fn forget(txn: &mut Txn<'_>, lane: u16, through: u64) -> Result<bool, StoreError> {
    let mut writes = 0;
    for (seq, record) in records(txn, lane, Span::oldest(FORGOTTEN))?.rows {
        if seq > through || writes >= FORGOTTEN {
            return Ok(seq <= through);
        }
        let subjects: BTreeSet<_> = record.events.iter().filter_map(|event| event.subject).collect();
        writes += 1 + subjects.len();
        for subject in subjects {
            txn.remove(&AUDIT_BY_SUBJECT, &(subject, lane, seq))?;
        }
        txn.remove(&LANE, &(lane, seq))?;
    }
    Ok(true)
}

/// The record of `lane` at `seq`.
pub fn record(reader: &impl Read, lane: u16, seq: u64) -> Result<Option<LaneRecordV1>, StoreError> {
    reader.get(&LANE, &(lane, seq))
}

/// The sequence of the first record of `lane` that is later than `at`, Unix milliseconds, as far as records are in the
/// order of their times; one behind the last when none is.
pub fn first_after(reader: &impl Read, lane: u16, at: i64) -> Result<u64, StoreError> {
    let (mut low, mut high) = (oldest(reader, lane)?.unwrap_or(1), head(reader, lane)?.seq.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        if record(reader, lane, middle)?.is_none_or(|record| record.at > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

/// A bounded stretch of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Only records behind this sequence.
    pub after: Option<u64>,
    /// Only records before this sequence.
    pub before: Option<u64>,
    /// The newest record first.
    pub newest_first: bool,
    /// At most so many records.
    pub limit: usize,
}

impl Span {
    /// The first `limit` records; narrow it with `after` and `before`.
    pub const fn oldest(limit: usize) -> Self {
        Self { after: None, before: None, newest_first: false, limit }
    }

    /// The last `limit` records, the newest first; narrow it with `after` and `before`.
    pub const fn newest(limit: usize) -> Self {
        Self { newest_first: true, ..Self::oldest(limit) }
    }
}

/// The records of `lane` in `span`, with their sequences.
pub fn records(reader: &impl Read, lane: u16, span: Span) -> Result<Page<u64, LaneRecordV1>, StoreError> {
    let mut query = Scan::all(span.limit).prefix(&lane);
    if let Some(after) = span.after {
        query = query.after(&(lane, after));
    }
    if let Some(before) = span.before {
        query = query.before(&(lane, before));
    }
    let page = reader.scan(&LANE, if span.newest_first { query.reverse() } else { query })?;
    let rows = page.rows.into_iter().map(|((_, seq), record)| (seq, record)).collect();
    Ok(Page { rows, more: page.more })
}

/// The records of `lane` in `span` that concern `subject`, with their sequences.
pub fn by_subject(
    reader: &impl Read,
    subject: [u8; 16],
    lane: u16,
    span: Span,
) -> Result<Page<u64, LaneRecordV1>, StoreError> {
    let mut query = Scan::all(span.limit).prefix(&(subject, lane));
    if let Some(after) = span.after {
        query = query.after(&(subject, lane, after));
    }
    if let Some(before) = span.before {
        query = query.before(&(subject, lane, before));
    }
    let page = reader.scan(&AUDIT_BY_SUBJECT, if span.newest_first { query.reverse() } else { query })?;
    let mut rows = Vec::with_capacity(page.rows.len());
    for ((_, lane, seq), ()) in page.rows {
        let record = reader.get(&LANE, &(lane, seq))?;
        rows.push((seq, record.ok_or(StoreError::Damaged { table: AUDIT_BY_SUBJECT.name() })?));
    }
    Ok(Page { rows, more: page.more })
}

/// How far a walk along the chain has come, and what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// Everything up to here is right; go on from here.
    Ongoing(Head),
    /// The chain is right to its end.
    Whole(Head),
    /// The first bad record.
    Broken {
        /// Its sequence.
        seq: u64,
        /// What is wrong with it.
        fault: ChainFault,
    },
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// There is no such record, but there are later ones.
    #[error("is missing")]
    Missing,
    /// It does not follow from the record before it.
    #[error("does not follow from the one before it")]
    HashMismatch,
    /// It does not verify or decode, or the row behind it does not, so that nobody can tell what follows.
    #[error("is damaged, or the row behind it is")]
    Damaged,
}

/// Verifies up to `limit` records behind `from` (begin with [`Head`] of sequence 0 and zeros, or with a sealed head).
/// Records may have been dropped from the front, see [`forget`]; whether that was right is not for this walk to say.
pub fn verify(reader: &impl Read, from: Head, limit: usize) -> Result<Walk, StoreError> {
    verify_with(reader, from, limit, &mut |_| {})
}

/// The same, showing each record that is right to `visit`.
pub fn verify_with(
    reader: &impl Read,
    from: Head,
    limit: usize,
    visit: &mut dyn FnMut(&LaneRecordV1),
) -> Result<Walk, StoreError> {
    let mut head = from;
    let span = Span { after: Some(from.seq), ..Span::oldest(limit) };
    let page = match records(reader, from.lane, span) {
        Ok(page) => page,
        // Some record of the page is bad: walk one by one up to it.
        Err(StoreError::Damaged { .. } | StoreError::UnknownVersion { .. }) if limit > 1 => {
            return verify_with(reader, from, limit / 2, visit);
        }
        Err(StoreError::Damaged { .. } | StoreError::UnknownVersion { .. }) => {
            return Ok(Walk::Broken { seq: from.seq + 1, fault: ChainFault::Damaged });
        }
        Err(error) => return Err(error),
    };
    for (seq, record) in page.rows {
        if seq != head.seq + 1 && oldest(reader, head.lane).is_ok_and(|oldest| oldest == Some(seq)) {
            head = Head { seq: seq.saturating_sub(1), hash: record.prev_hash, ..head };
        }
        if seq != head.seq + 1 {
            return Ok(Walk::Broken { seq: head.seq + 1, fault: ChainFault::Missing });
        }
        if record.prev_hash != head.hash {
            return Ok(Walk::Broken { seq, fault: ChainFault::HashMismatch });
        }
        head = Head { lane: head.lane, seq, hash: record.hash(head.lane, seq)? };
        visit(&record);
    }
    Ok(if page.more { Walk::Ongoing(head) } else { Walk::Whole(head) })
}

#[cfg(test)]
mod tests;
