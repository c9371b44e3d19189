//! Rows in memory: the engine of most tests. Runs every transaction twice and fails on demand. Knows no table.
//!
//! ## Decision
//! Closures must be able to run again, but the default engine never asks them to. Here every first commit of a group
//! answers with a conflict, and the second must bring the same writes: a closure that keeps state, reads a clock or
//! draws a random number is found by any test that runs it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::{CommitFault, Engine, Integrity, KeyRange, RawRead, Visit, WriteSet};
use crate::store::error::StoreError;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// Rows in memory. Clones share them, so a store can be closed and opened again.
#[derive(Debug, Clone, Default)]
pub struct MemoryEngine {
    rows: Arc<RwLock<Arc<Rows>>>,
    reads: Arc<[AtomicU64; 3]>,
    faults: Arc<Mutex<Faults>>,
}

/// How much was read of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reads {
    /// Snapshots taken.
    pub snapshots: u64,
    /// Rows looked up by their key, found or not.
    pub rows: u64,
    /// Rows that scans came across.
    pub scanned: u64,
}

#[derive(Debug, Default)]
struct Faults {
    rerun: bool,
    first_run: Option<WriteSet>,
    commits: u64,
    fail: Option<(u64, StoreError)>,
    refuse: Option<StoreError>,
}

impl MemoryEngine {
    /// An empty engine that runs every transaction twice and panics (as [`StoreError::Panicked`] of its callers) when
    /// the runs differ.
    pub fn new() -> Self {
        let engine = Self::default();
        engine.faults().rerun = true;
        engine
    }

    /// An empty engine that runs every transaction once: for measurements and fuzzing.
    pub fn single_run() -> Self {
        Self::default()
    }

    /// The `nth` commit from now (1 = the next) fails with `error`; the ones after it work again.
    pub fn fail_commit(&self, nth: u64, error: StoreError) {
        let mut faults = self.faults();
        faults.fail = Some((faults.commits + nth, error));
    }

    /// Every commit from now on fails with `error`, until this is told `None`.
    pub fn refuse_commits(&self, error: Option<StoreError>) {
        self.faults().refuse = error;
    }

    /// Changes the stored bytes at will, past every check: damage for tests.
    pub fn tamper(&self, change: impl FnOnce(&mut BTreeMap<Vec<u8>, Vec<u8>>)) {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut rows));
    }

    /// How much was read so far.
    pub fn reads(&self) -> Reads {
        let [snapshots, rows, scanned] = &*self.reads;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reads { snapshots: count(snapshots), rows: count(rows), scanned: count(scanned) }
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for MemoryEngine {
    fn snapshot(&self) -> Result<Box<dyn RawRead + '_>, StoreError> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let [snapshots, ..] = &*self.reads;
        snapshots.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(MemorySnapshot { rows: Arc::clone(&rows), reads: &self.reads }))
    }

    #[expect(
        clippy::panic,
        reason = "a closure that does not run the same twice is a bug that a test must see"
    )]
    fn commit(&self, writes: &WriteSet) -> Result<(), CommitFault> {
        let mut faults = self.faults();
        if faults.rerun {
            match faults.first_run.take() {
                None => {
                    faults.first_run = Some(writes.clone());
                    return Err(CommitFault::Conflict);
                }
                Some(first) if first != *writes => panic!("a transaction wrote other rows when it ran again"),
                Some(_) => {}
            }
        }
        if let Some(error) = &faults.refuse {
            return Err(error.clone().into());
        }
        faults.commits += 1;
        let commit = faults.commits;
        if let Some((_, error)) = faults.fail.take_if(|(nth, _)| *nth == commit) {
            return Err(error.into());
        }
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let rows = Arc::make_mut(&mut rows);
        for (key, value) in writes {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(())
    }

    fn check(&self) -> Result<Integrity, StoreError> {
        Ok(Integrity::Sound)
    }
}

struct MemorySnapshot<'a> {
    rows: Arc<Rows>,
    reads: &'a [AtomicU64; 3],
}

impl RawRead for MemorySnapshot<'_> {
    fn get(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), StoreError> {
        let [_, rows, _] = self.reads;
        rows.fetch_add(1, Ordering::Relaxed);
        if let Some(value) = self.rows.get(key) {
            found(value);
        }
        Ok(())
    }

    fn scan(&self, range: &KeyRange, reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        let rows = self.rows.range::<[u8], _>(range.bounds());
        let [.., scanned] = self.reads;
        let mut visit = |(key, value): (&Vec<u8>, &Vec<u8>)| {
            scanned.fetch_add(1, Ordering::Relaxed);
            visit(key, value)
        };
        let _: ControlFlow<()> = if reverse {
            rows.rev().try_for_each(&mut visit)
        } else {
            rows.into_iter().try_for_each(&mut visit)
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::domain::time::Timestamp;
    use crate::store::conformance::{KEY, NUMBERS, Number, event, run};
    use crate::store::{Abort, Read, Stamp, Store, Txn, lane};

    #[test]
    fn a_closure_that_differs_when_it_runs_again_is_found() {
        let store = Store::open(Arc::new(MemoryEngine::new()), KEY).unwrap();
        let runs = AtomicU64::new(0);
        let impure = run(&store, move |txn| {
            let n = runs.fetch_add(1, Ordering::SeqCst);
            Ok(txn.put(&NUMBERS, &"n".into(), &Number(n))?)
        });
        assert!(matches!(impure, Err(StoreError::Panicked { name: "commit" })));
    }

    #[test]
    fn a_commit_that_fails_on_demand_leaves_nothing_and_the_chain_goes_on() {
        let engine = MemoryEngine::new();
        let store = Store::open(Arc::new(engine.clone()), KEY).unwrap();
        let put = |n: u64| {
            run(&store, move |txn| {
                txn.emit(event("put", None))?;
                Ok(txn.put(&NUMBERS, &n.to_string(), &Number(n))?)
            })
        };
        engine.fail_commit(2, StoreError::NoSpace(Arc::new(std::io::Error::other("full"))));
        put(1).unwrap();
        assert!(matches!(put(2), Err(StoreError::NoSpace(_))));
        put(3).unwrap();
        let snapshot = store.snapshot().unwrap();
        assert_eq!(snapshot.get(&NUMBERS, &"2".into()).unwrap(), None);
        assert_eq!(lane::head(&snapshot, 0).unwrap().seq, 2);
    }
    #[test]
    fn a_writer_that_is_told_to_work_commits_what_waits_as_one_group() {
        let (store, mut writer) = Store::by_hand(Arc::new(MemoryEngine::single_run()), KEY).unwrap();
        assert!(!writer.turn(), "a new store is brought up before anybody has it");
        let before = store.counters().commits;
        let put = |n: u64| {
            let stamp = Stamp { now: Timestamp::EPOCH, nonce: [0; 16] };
            let put =
                move |txn: &mut Txn<'_>| Ok::<_, Abort<()>>(txn.insert(&NUMBERS, &"n".into(), &Number(n))?);
            Box::pin(store.transact("put", stamp, put))
        };
        let (mut first, mut second) = (put(1), put(2));
        let look = |act: &mut (dyn Future<Output = _> + Unpin)| {
            std::pin::pin!(act).poll(&mut Context::from_waker(Waker::noop()))
        };
        assert!(look(&mut first).is_pending() && look(&mut second).is_pending());
        assert_eq!((store.counters().queued, writer.turn(), writer.turn()), (2, true, false));
        assert!(matches!(look(&mut first), Poll::Ready(Ok(true))));
        assert!(matches!(look(&mut second), Poll::Ready(Ok(false))), "it saw the row of the first");
        assert_eq!(store.counters().commits - before, 1);
    }
}
