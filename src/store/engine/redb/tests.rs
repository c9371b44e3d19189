//! Tests of what only the redb engine does: sharing commits, failing disks, files.

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::thread;

use super::faulty::{Disk, Fault};
use super::*;
use crate::ambient::{SeededEntropy, entropy};
use crate::store::conformance::{KEY, NUMBERS, Number, event, run, stamp};
use crate::store::{Abort, GROUP_JOBS, QUEUE_JOBS, Read, Scan, Store, check, lane};

mod harm;
mod lives;

fn open_on(disk: &Disk) -> Result<Store, StoreError> {
    let disk = disk.clone();
    let engine = RedbEngine::on_backend(move || Ok(disk.clone()), 1 << 20)?;
    Store::open(Arc::new(engine), KEY)
}

fn put(store: &Store, n: u64) -> Result<(), StoreError> {
    run(store, move |txn| {
        txn.emit(event("put", None))?;
        Ok(txn.put(&NUMBERS, &n.to_string(), &Number(n))?)
    })
}

fn has(store: &Store, n: u64) -> Result<bool, StoreError> {
    Ok(store.snapshot()?.get(&NUMBERS, &n.to_string())? == Some(Number(n)))
}

/// R93.
#[test]
fn no_answer_leaves_before_its_commit() {
    let disk = Disk::default();
    let store = open_on(&disk).unwrap();
    let effect = Arc::new(AtomicBool::new(false));
    let syncs = disk.hold_syncs();
    thread::scope(|scope| {
        let (store, seen) = (&store, Arc::clone(&effect));
        let caller = scope.spawn(move || {
            run(store, move |txn| {
                let seen = Arc::clone(&seen);
                txn.on_commit(move || seen.store(true, Ordering::SeqCst));
                txn.emit(event("put", None))?;
                Ok(txn.put(&NUMBERS, &"1".into(), &Number(1))?)
            })
        });
        let refused =
            scope.spawn(move || store.transact_blocking("no", stamp(0), |_| Err::<(), _>(Abort::Rule(()))));
        // A two-phase commit has two syncs; at each of them nothing has left yet.
        for _ in 0..2 {
            disk.wait_for_sync();
            assert!(!caller.is_finished() && !effect.load(Ordering::SeqCst));
            assert_eq!(*store.committed().borrow(), 0);
            assert!(!has(store, 1).unwrap());
            disk.let_one_sync_go();
        }
        drop(syncs);
        caller.join().unwrap().unwrap();
        assert!(matches!(refused.join().unwrap(), Err(Abort::Rule(()))));
    });
    assert!(effect.load(Ordering::SeqCst) && has(&store, 1).unwrap());
    assert_eq!(*store.committed().borrow(), 1);
}

/// Starts one transaction that stays in its commit, and `count` that wait behind it, and lets them go together.
fn behind_a_held_commit(store: &Store, disk: &Disk, count: u64) {
    let syncs = disk.hold_syncs();
    thread::scope(|scope| {
        scope.spawn(|| put(store, 0).unwrap());
        disk.wait_for_sync();
        for n in 1..=count {
            scope.spawn(move || put(store, n).unwrap());
        }
        while store.counters().queued < usize::try_from(count).unwrap() {
            thread::yield_now();
        }
        drop(syncs);
    });
}

#[test]
fn sixty_four_waiting_callers_share_one_commit() {
    let disk = Disk::default();
    let store = open_on(&disk).unwrap();
    let before = store.counters();
    behind_a_held_commit(&store, &disk, 64);
    let after = store.counters();
    assert_eq!((after.transactions - before.transactions, after.commits - before.commits), (65, 2));
    assert_eq!(after.queued, 0);
}

#[test]
fn sixty_four_callers_on_a_file_share_commits() {
    let folder = tempfile::tempdir().unwrap();
    let engine = RedbEngine::create(&folder.path().join("db"), 1 << 20).unwrap();
    let store = Store::open(Arc::new(engine), KEY).unwrap();
    let (before, start) = (store.counters(), Barrier::new(64));
    thread::scope(|scope| {
        for me in 0..64 {
            let (store, start) = (&store, &start);
            scope.spawn(move || {
                start.wait();
                for turn in 0..20 {
                    put(store, me * 100 + turn).unwrap();
                }
            });
        }
    });
    let after = store.counters();
    let (transactions, commits) = (after.transactions - before.transactions, after.commits - before.commits);
    println!("{transactions} transactions in {commits} commits");
    assert_eq!(transactions, 64 * 20);
    assert!(transactions >= commits, "{transactions} in {commits}");
}

#[test]
fn a_full_queue_says_busy_and_a_group_is_bounded() {
    let disk = Disk::default();
    let store = open_on(&disk).unwrap();
    let syncs = disk.hold_syncs();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let before = store.counters();
    runtime.block_on(async {
        let send = |n: u64| {
            let store = store.clone();
            tokio::spawn(async move {
                let put =
                    move |txn: &mut crate::store::Txn<'_>| txn.put(&NUMBERS, &n.to_string(), &Number(n));
                store.transact("put", stamp(n), move |txn| Ok::<_, Abort<()>>(put(txn)?)).await
            })
        };
        let first = send(0);
        tokio::task::yield_now().await;
        disk.wait_for_sync();
        let waiting: Vec<_> = (1..=QUEUE_JOBS as u64).map(send).collect();
        let refused = send(9_999).await.unwrap();
        assert!(matches!(refused, Err(Abort::Store(StoreError::Busy { queued: QUEUE_JOBS }))));
        drop(syncs);
        first.await.unwrap().unwrap();
        for job in waiting {
            job.await.unwrap().unwrap();
        }
    });
    let after = store.counters();
    assert_eq!(after.commits - before.commits, 1 + (QUEUE_JOBS / GROUP_JOBS) as u64);
}

#[test]
fn a_failed_commit_fails_its_whole_group_and_the_next_one_works() {
    for fault in [Fault::Full, Fault::Broken] {
        // The fault strikes each write and sync of a commit in turn, and stays until it is lifted.
        for nth in 1..=24 {
            let disk = Disk::default();
            let store = open_on(&disk).unwrap();
            put(&store, 1).unwrap();
            disk.fail_from(nth, fault);
            let mut outcomes = Vec::new();
            while outcomes.last().is_none_or(Result::is_ok) {
                outcomes.push(put(&store, 10 + outcomes.len() as u64));
            }
            let failed = outcomes.pop().unwrap().unwrap_err();
            let expected = matches!(
                (fault, &failed),
                (Fault::Full, StoreError::NoSpace(_)) | (Fault::Broken, StoreError::Io(_))
            );
            assert!(expected, "write {nth}: {failed:?}");
            // The disk still fails: reads go on, and writes fail clearly.
            assert!(has(&store, 1).unwrap(), "write {nth}");
            assert!(put(&store, 2).is_err(), "write {nth}");
            assert!(has(&store, 1).unwrap() && !has(&store, 2).unwrap(), "write {nth}");
            // The disk is well: what was acknowledged is there, writes go on, and the chain is whole.
            disk.heal();
            put(&store, 3).unwrap();
            for n in (0..outcomes.len() as u64).map(|n| 10 + n).chain([1, 3]) {
                assert!(has(&store, n).unwrap(), "write {nth}, row {n}");
            }
            let start = lane::Head { lane: 0, seq: 0, hash: [0; 32] };
            let snapshot = store.snapshot().unwrap();
            let walk = lane::verify(&snapshot, start, 1000).unwrap();
            // One record for each row, also for one that was written though its answer was an error.
            let rows = snapshot.scan(&NUMBERS, Scan::all(1000)).unwrap().rows.len() as u64;
            assert!(matches!(walk, lane::Walk::Whole(head) if head.seq == rows), "write {nth}: {walk:?}");
            drop(snapshot);
            drop(store);
            assert!(has(&open_on(&disk).unwrap(), 3).unwrap(), "write {nth}");
        }
    }
}

/// R94.
#[test]
fn a_fault_that_passes_costs_nobody_an_answer() {
    for (nth, fault) in (1..=24).flat_map(|nth| [(nth, Fault::Broken), (nth, Fault::Forgetful)]) {
        let disk = Disk::default();
        let store = open_on(&disk).unwrap();
        disk.fail_once(nth, fault);
        for n in 1..=5 {
            put(&store, n).unwrap_or_else(|error| panic!("{fault:?} at {nth}, row {n}: {error:?}"));
        }
        // Nothing rests on what reads show and the disk has forgotten.
        let found = disk.copy();
        drop(store);
        let store = open_on(&found).unwrap();
        assert!((1..=5).all(|n| has(&store, n).unwrap()), "{fault:?} at {nth}");
    }
}

#[test]
fn a_second_opening_is_told_and_the_first_is_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let store = Store::open(Arc::new(RedbEngine::create(&path, 1 << 20).unwrap()), KEY).unwrap();
    assert!(matches!(RedbEngine::open(&path, 1 << 20), Err(StoreError::AlreadyOpen)));
    put(&store, 1).unwrap();
    drop(store);
    let again = Store::open(Arc::new(RedbEngine::open(&path, 1 << 20).unwrap()), KEY).unwrap();
    assert!(has(&again, 1).unwrap());
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    std::fs::write(&path, "this is a text and no database".repeat(1000)).unwrap();
    assert!(matches!(RedbEngine::open(&path, 1 << 20), Err(StoreError::BadFile(_))));
    let other = folder.path().join("other");
    let db = Database::create(&other).unwrap();
    #[expect(clippy::disallowed_methods, reason = "makes somebody else's file")]
    let txn = db.begin_write().unwrap();
    txn.open_table(TableDefinition::<u8, u8>::new("other")).unwrap();
    txn.commit().unwrap();
    drop(db);
    assert!(matches!(RedbEngine::open(&other, 1 << 20), Err(StoreError::BadFile(_))));
    let missing = RedbEngine::open(&folder.path().join("none"), 1 << 20);
    assert!(matches!(missing, Err(StoreError::Io(_))));
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    assert!(matches!(RedbEngine::open(&empty, 1 << 20), Err(StoreError::BadFile(_))));
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners_only_and_made_once() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    drop(RedbEngine::create(&path, 1 << 20).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(RedbEngine::create(&path, 1 << 20), Err(StoreError::Io(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_snapshot_of_an_earlier_opening_does_not_break_the_new_one() {
    let disk = Disk::default();
    let store = open_on(&disk).unwrap();
    put(&store, 1).unwrap();
    let old = store.snapshot().unwrap();
    disk.fail_from(1, Fault::Broken);
    put(&store, 2).unwrap_err();
    disk.heal();
    put(&store, 3).unwrap();
    let new = store.snapshot().unwrap();
    // The old one may have its pages in memory or not; either way it is right or an error, and harms nobody.
    assert!(matches!(old.get(&NUMBERS, &"1".into()), Ok(Some(Number(1))) | Err(StoreError::Io(_))));
    assert!(has(&store, 1).unwrap() && has(&store, 3).unwrap());
    assert_eq!(new.get(&NUMBERS, &"1".into()).unwrap(), Some(Number(1)));
}

/// R92.
#[test]
fn the_view_that_is_kept_for_readers_neither_lags_behind_nor_holds_pages() {
    let disk = Disk::default();
    let store = open_on(&disk).unwrap();
    let overwrite = |n| {
        let number = Number(n);
        run(&store, move |txn| Ok(txn.put(&NUMBERS, &"1".into(), &number)?)).unwrap();
        assert_eq!(store.snapshot().unwrap().get(&NUMBERS, &"1".into()).unwrap(), Some(number));
    };
    (0..100).for_each(overwrite);
    let early = disk.len().unwrap();
    (100..1_000).for_each(overwrite);
    let late = disk.len().unwrap();
    assert!(late <= early, "{early} bytes grew to {late}");
}

#[test]
fn what_was_acknowledged_survives_a_crash_at_any_write_and_a_crash_while_recovering() {
    let seed = 0x5eed_0002;
    let source = SeededEntropy::new(seed);
    let random = || entropy::bytes(&source);
    for nth in 1..=90 {
        let disk = Disk::default();
        let store = open_on(&disk).unwrap();
        disk.fail_from(nth, Fault::Broken);
        let acknowledged = (1..1_000).take_while(|n| put(&store, *n).is_ok()).count() as u64;
        let mut found = disk.after_crash(random);
        drop(store);
        // Some crash again while the file is being opened.
        found.fail_from(nth % 7, Fault::Broken);
        if nth % 7 > 0 && open_on(&found).is_err() {
            found = found.after_crash(random);
        }
        found.heal();
        let trial = format!("seed {seed:#x}, write {nth}, {acknowledged} acknowledged");
        let store = open_on(&found).unwrap_or_else(|error| panic!("{trial}: {error:?}"));
        assert!((1..=acknowledged).all(|n| has(&store, n).unwrap()), "{trial}");
        put(&store, 1_000).unwrap();
        let report = check::check(&store).unwrap();
        // The table of the tests is in no list; anything else would be a fault.
        assert!(
            report.faults.iter().all(|fault| *fault == check::Fault::UnknownTable(NUMBERS.id())),
            "{trial}: {report:?}"
        );
        assert!(matches!(report.engine, Ok(Integrity::Sound)), "{trial}: {report:?}");
        // At most the one that was being written is there beside them.
        assert!(report.head.seq - 1 - acknowledged <= 1, "{trial}: {report:?}");
    }
}

/// R95.
#[test]
fn verifying_a_file_tells_a_page_of_an_earlier_time_and_writes_nothing() {
    const PAGE: usize = 4096;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let filled = |range: std::ops::Range<u64>| {
        let opened = RedbEngine::create(&path, 1 << 20).or_else(|_| RedbEngine::open(&path, 1 << 20));
        let store = Store::open(Arc::new(opened.unwrap()), KEY).unwrap();
        range.for_each(|n| put(&store, n).unwrap());
        drop(store);
        std::fs::read(&path).unwrap()
    };
    let (old, new) = (filled(0..300), filled(300..400));
    let same =
        |page: usize| old.get(page * PAGE..(page + 1) * PAGE) == new.get(page * PAGE..(page + 1) * PAGE);
    let mut told = 0;
    for page in (1..old.len() / PAGE).filter(|page| !same(*page)) {
        let mut bytes = new.clone();
        bytes[page * PAGE..(page + 1) * PAGE].copy_from_slice(&old[page * PAGE..(page + 1) * PAGE]);
        std::fs::write(&path, &bytes).unwrap();
        told += u64::from(matches!(RedbEngine::verify(&path, 1 << 20), Err(StoreError::BadFile(_))));
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "page {page}");
    }
    assert!(told > 0, "no changed page was of use any more");
    std::fs::write(&path, &new).unwrap();
    RedbEngine::verify(&path, 1 << 20).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), new);
}
