//! One transaction as its closure sees it: reads, buffered writes, audit events, effects. Knows no engine.

use super::codec::{Codec, Value};
use super::engine::{RawRead, WriteSet};
use super::error::{Limit, StoreError};
use super::keys::Key;
use super::lane::{EventV1, Head, LaneRecordV1};
use super::overlay::Overlay;
use super::scan::{self, Page, Read, Scan};
use super::tables::{AUDIT_BY_SUBJECT, LANE, Table};
use super::{EVENT_BYTES, KEY_BYTES, TXN_BYTES, TXN_WRITES, VALUE_BYTES};
use crate::domain::time::Timestamp;

/// What a closure may not make itself: the time and the randomness of its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The time of the transaction.
    pub now: Timestamp,
    /// Random bytes that make the commit record unlike every other.
    pub nonce: [u8; 16],
}

/// Something to do once the transaction is durable.
pub(crate) type Effect = Box<dyn FnOnce() + Send>;

/// A running transaction. Reads see its own writes. Nothing is written unless the closure ends with `Ok`.
pub struct Txn<'a> {
    overlay: Overlay<'a>,
    codec: &'a Codec,
    stamp: Stamp,
    events: Vec<EventV1>,
    event_bytes: usize,
    effects: Vec<Effect>,
    refused: Option<StoreError>,
}

/// What a transaction leaves behind when it ends well.
pub(crate) struct Ended {
    pub writes: WriteSet,
    pub effects: Vec<Effect>,
    pub head: Option<Head>,
}

impl<'a> Txn<'a> {
    pub(crate) fn new(base: &'a dyn RawRead, codec: &'a Codec, stamp: Stamp) -> Self {
        let (events, effects) = (Vec::new(), Vec::new());
        Self { overlay: Overlay::new(base), codec, stamp, events, event_bytes: 0, effects, refused: None }
    }

    /// The time of the transaction.
    pub fn now(&self) -> Timestamp {
        self.stamp.now
    }

    /// Writes a row, over the one that may be there.
    pub fn put<K: Key, V: Value>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), StoreError> {
        let row_key = table.row_key(key);
        let value = self.codec.encode(table.name(), &row_key, value)?;
        self.write(table.name(), row_key, Some(value))
    }

    /// Writes a row that must not be there; `false` when it is, and nothing is written.
    pub fn insert<K: Key, V: Value>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        value: &V,
    ) -> Result<bool, StoreError> {
        let row_key = table.row_key(key);
        let mut exists = false;
        self.overlay.get(&row_key, &mut |_| exists = true)?;
        if exists {
            return Ok(false);
        }
        let value = self.codec.encode(table.name(), &row_key, value)?;
        self.write(table.name(), row_key, Some(value)).map(|()| true)
    }

    /// Removes a row, if it is there.
    pub fn remove<K: Key, V: Value>(&mut self, table: &Table<K, V>, key: &K) -> Result<(), StoreError> {
        self.write(table.name(), table.row_key(key), None)
    }

    /// Adds an audit event to the commit record of this transaction, and to the index of its subject.
    pub fn emit(&mut self, event: EventV1) -> Result<(), StoreError> {
        let size = postcard::experimental::serialized_size(&event)
            .map_err(|_| StoreError::Damaged { table: LANE.name() })?;
        self.event_bytes += size;
        self.events.push(event);
        self.refuse_above(LANE.name(), Limit::Value, self.event_bytes, EVENT_BYTES)?;
        self.refuse_above(LANE.name(), Limit::Writes, self.rows(), TXN_WRITES)
    }

    /// Runs `effect` once the transaction is durable, on the writer's thread: it must be quick and must not wait.
    /// Dropped unrun when the transaction does not commit.
    pub fn on_commit(&mut self, effect: impl FnOnce() + Send + 'static) {
        self.effects.push(Box::new(effect));
    }

    fn write(&mut self, table: &'static str, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.refuse_above(table, Limit::Key, key.len(), KEY_BYTES)?;
        self.refuse_above(table, Limit::Value, value.as_ref().map_or(0, Vec::len), VALUE_BYTES)?;
        self.overlay.write(key, value);
        self.refuse_above(table, Limit::Writes, self.rows(), TXN_WRITES)?;
        self.refuse_above(table, Limit::Transaction, self.overlay.bytes() + self.event_bytes, TXN_BYTES)
    }

    /// Remembers the refusal: a closure that overlooks it must not commit half of what it meant.
    fn refuse_above(
        &mut self,
        table: &'static str,
        what: Limit,
        size: usize,
        limit: usize,
    ) -> Result<(), StoreError> {
        if size <= limit {
            return Ok(());
        }
        let error = StoreError::TooLarge { table, what, limit };
        self.refused.get_or_insert_with(|| error.clone());
        Err(error)
    }

    /// The rows this transaction will write, counting its commit record and one index row for each event.
    fn rows(&self) -> usize {
        let events = self.events.len();
        self.overlay.rows() + events + usize::from(events > 0)
    }

    /// Adds the commit record behind `head` and hands over the writes.
    pub(crate) fn end(mut self, head: &Head) -> Result<Ended, StoreError> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        let mut new_head = None;
        if !self.events.is_empty() {
            let mut subjects: Vec<[u8; 16]> = self.events.iter().filter_map(|event| event.subject).collect();
            subjects.sort_unstable();
            subjects.dedup();
            self.event_bytes = 0;
            let record = LaneRecordV1 {
                nonce: self.stamp.nonce,
                prev_hash: head.hash,
                at: self.stamp.now.millis(),
                events: std::mem::take(&mut self.events),
            };
            let (lane, seq) = (head.lane, head.seq + 1);
            new_head = Some(Head { lane, seq, hash: record.hash(lane, seq)? });
            self.put(&LANE, &(lane, seq), &record)?;
            for subject in subjects {
                self.put(&AUDIT_BY_SUBJECT, &(subject, lane, seq), &())?;
            }
        }
        Ok(Ended { writes: self.overlay.into_writes(), effects: self.effects, head: new_head })
    }
}

impl Read for Txn<'_> {
    fn get<K: Key, V: Value>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, StoreError> {
        scan::get(&self.overlay, self.codec, table, key)
    }

    fn scan<K: Key, V: Value>(&self, table: &Table<K, V>, scan: Scan) -> Result<Page<K, V>, StoreError> {
        scan::page(&self.overlay, self.codec, table, &scan)
    }
}
