//! The whole pass over a store: engine, rows, indexes, chain. Knows no engine and, but for the hooks, no table.

use std::ops::ControlFlow;

use super::engine::{Integrity, KeyRange};
use super::error::StoreError;
use super::lane::{self, ChainFault, Head, LANE_0, Walk};
use super::scan::Read;
use super::snapshot::Snapshot;
use super::tables::{self, AUDIT_BY_SUBJECT, AnyTable, LANE};
use super::{SCAN_ROWS, Store};

/// The most faults a report names; the rest is counted.
const NAMED_FAULTS: usize = 100;

/// For each row of `table`: what has to hold between it and the rows of other tables.
pub struct IndexCheck {
    /// The byte of the table whose rows are asked about.
    pub table: u8,
    /// True when what belongs to the row with this key is there and fits.
    pub holds: fn(&Snapshot<'_>, row_key: &[u8]) -> Result<bool, StoreError>,
}

/// Each index row of the audit log leads to a record that names its subject.
pub const AUDIT_INDEX: IndexCheck = IndexCheck {
    table: AUDIT_BY_SUBJECT.id(),
    holds: |snapshot, row_key| {
        let (subject, lane, seq) = AUDIT_BY_SUBJECT.key_of(row_key)?;
        let record = snapshot.get(&LANE, &(lane, seq))?;
        Ok(record.is_some_and(|record| record.events.iter().any(|event| event.subject == Some(subject))))
    },
};

/// Each subject of a record is in the index of the audit log.
pub const AUDIT_SUBJECTS: IndexCheck = IndexCheck {
    table: LANE.id(),
    holds: |snapshot, row_key| {
        let (lane, seq) = LANE.key_of(row_key)?;
        let Some(record) = snapshot.get(&LANE, &(lane, seq))? else { return Ok(false) };
        for subject in record.events.iter().filter_map(|event| event.subject) {
            if snapshot.get(&AUDIT_BY_SUBJECT, &(subject, lane, seq))?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    },
};

/// What a pass found.
#[derive(Debug, Clone)]
pub struct Report {
    /// The engine's own structures.
    pub engine: Result<Integrity, StoreError>,
    /// How many rows were read.
    pub rows: u64,
    /// The head of the audit chain as far as it is right.
    pub head: Head,
    /// How many faults there are.
    pub fault_count: u64,
    /// The first hundred of them.
    pub faults: Vec<Fault>,
}

impl Report {
    /// True when nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.fault_count == 0 && self.engine.as_ref().is_ok_and(|found| *found == Integrity::Sound)
    }
}

/// Something wrong with the rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A row of no table.
    #[error("a row of an unknown table, number {0}")]
    UnknownTable(u8),
    /// A row that does not verify or decode.
    #[error("a damaged row of table {0}")]
    BadRow(&'static str),
    /// A row whose counterpart is not there or does not fit.
    #[error("a row of table {0} that leads nowhere")]
    Index(&'static str),
    /// The first bad record of the audit chain.
    #[error("audit record {seq} {fault}")]
    Chain {
        /// Its sequence.
        seq: u64,
        /// What is wrong with it.
        fault: ChainFault,
    },
}

/// Reads everything. Takes as long as the store is large, and nobody reads or writes while the engine checks itself:
/// for a store that is not being served. Errors only when the store cannot be read at all.
pub fn check(store: &Store) -> Result<Report, StoreError> {
    let engine = store.engine().check();
    let snapshot = store.snapshot()?;
    let head = Head { lane: LANE_0, seq: 0, hash: [0; 32] };
    let mut report = Report { engine, rows: 0, head, fault_count: 0, faults: Vec::new() };
    let mut from = Some(Vec::new());
    while let Some(start) = from {
        let step = check_rows(&snapshot, &start, SCAN_ROWS)?;
        report.rows += step.rows;
        step.faults.into_iter().for_each(|fault| report.add(fault));
        from = step.next;
    }
    check_chain(&snapshot, &mut report)?;
    Ok(report)
}

/// One step of a pass over the rows of a store that is being served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How many rows were read.
    pub rows: u64,
    /// What is wrong with them.
    pub faults: Vec<Fault>,
    /// Where the next step begins; `None` when this was the last.
    pub next: Option<Vec<u8>>,
}

/// Checks up to `limit` rows from `from` on (begin with nothing). The chain is walked by [`lane::verify`].
pub fn scrub(store: &Store, from: &[u8], limit: usize) -> Result<Step, StoreError> {
    check_rows(&store.snapshot()?, from, limit.clamp(1, SCAN_ROWS))
}

impl Report {
    fn add(&mut self, fault: Fault) {
        self.fault_count += 1;
        if self.faults.len() < NAMED_FAULTS {
            self.faults.push(fault);
        }
    }
}

fn check_rows(snapshot: &Snapshot<'_>, from: &[u8], limit: usize) -> Result<Step, StoreError> {
    let (mut faults, mut keys) = (Vec::new(), Vec::<Vec<u8>>::new());
    let range = KeyRange { start: from.to_vec(), end: None };
    let mut in_order = true;
    snapshot.rows().unverified().scan(&range, false, &mut |row_key, value| {
        // A page in another's place may lead back to where the scan was: for ever, if it were followed.
        in_order = keys.last().map_or(row_key >= from, |last| *row_key > **last);
        if !in_order {
            faults.push(Fault::BadRow(tables::name_of(row_key)));
            return ControlFlow::Break(());
        }
        let table = row_key.first().and_then(|id| tables::by_id(*id));
        match table.map(|table| (table.name(), table.check_row(snapshot.rows().codec(), row_key, value))) {
            None => faults.push(Fault::UnknownTable(row_key.first().copied().unwrap_or(0))),
            Some((name, Err(_))) => faults.push(Fault::BadRow(name)),
            Some((_, Ok(()))) => {}
        }
        keys.push(row_key.to_vec());
        if keys.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    faults.extend(keys.iter().filter_map(|key| index_fault(snapshot, key)));
    let rows = u64::try_from(keys.len()).unwrap_or(u64::MAX);
    // The next possible key: the last one and a zero byte.
    let next = keys.pop().filter(|_| in_order).map(|last| [last.as_slice(), &[0]].concat());
    Ok(Step { rows, faults, next })
}

/// A row that cannot be read has a fault of its own already, and one here.
fn index_fault(snapshot: &Snapshot<'_>, row_key: &[u8]) -> Option<Fault> {
    let mut of_table = tables::INDEXES.iter().filter(|index| row_key.first() == Some(&index.table));
    let broken = of_table.find(|index| !matches!((index.holds)(snapshot, row_key), Ok(true)))?;
    Some(Fault::Index(tables::by_id(broken.table).map_or("unknown", AnyTable::name)))
}

fn check_chain(snapshot: &Snapshot<'_>, report: &mut Report) -> Result<(), StoreError> {
    loop {
        match lane::verify(snapshot, report.head, SCAN_ROWS)? {
            Walk::Ongoing(head) => report.head = head,
            Walk::Whole(head) => {
                report.head = head;
                return Ok(());
            }
            Walk::Broken { seq, fault } => {
                report.add(Fault::Chain { seq, fault });
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
