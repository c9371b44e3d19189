//! What the store costs: look-ups beside bare redb look-ups on the same rows, and transactions by number of callers.
//!
//! Read ratios, not absolute numbers: the machine is shared, and a durable commit is as fast as its disk.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on says so and stops"
)]
#![allow(missing_docs, reason = "the macro below makes public functions")]

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use latchkey::ambient::Stopwatch;
use latchkey::domain::time::Timestamp;
use latchkey::store::lane::{EventV1, OutcomeV1, SealV1};
use latchkey::store::tables::SEAL;
use latchkey::store::{Abort, Read, RedbEngine, Scan, Stamp, Store, StoreError};
use redb::ReadableDatabase;

const ROWS: u64 = 100_000;
const CACHE_BYTES: usize = 256 << 20;
const BARE: redb::TableDefinition<&[u8], &[u8]> = redb::TableDefinition::new("rows");

fn stamp(n: u64) -> Stamp {
    Stamp { now: Timestamp::from_millis(1), nonce: u128::from(n).to_be_bytes() }
}

/// About 300 bytes, the size of a user or a session.
fn seal(n: u64) -> SealV1 {
    SealV1 { at: 1, heads: vec![(0, n, [1; 32])], prev: [2; 32], signature: vec![3; 200] }
}

fn store_in(folder: &tempfile::TempDir, rows: u64) -> Store {
    let engine = RedbEngine::create(&folder.path().join("db"), CACHE_BYTES).unwrap();
    let store = Store::open(Arc::new(engine), [1; 32]).unwrap();
    for batch in 0..rows / 50 {
        let put = store.transact_blocking("fill", stamp(0), move |txn| {
            for n in batch * 50..(batch + 1) * 50 {
                txn.put(&SEAL, &(n * 2), &seal(n))?;
            }
            Ok::<_, Abort<StoreError>>(())
        });
        put.unwrap();
    }
    store
}

/// The same rows in redb without the store.
fn bare_in(folder: &tempfile::TempDir) -> redb::Database {
    let db = redb::Builder::new().set_cache_size(CACHE_BYTES).create(folder.path().join("bare")).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the measure that the store is held against")]
    let txn = db.begin_write().unwrap();
    {
        let mut table = txn.open_table(BARE).unwrap();
        for n in 0..ROWS {
            let key = [&[5][..], &(n * 2).to_be_bytes()].concat();
            table.insert(key.as_slice(), [3; 300].as_slice()).unwrap();
        }
    }
    txn.commit().unwrap();
    db
}

fn reads(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let (store, bare) = (store_in(&folder, ROWS), bare_in(&folder));
    let mut n = 0;
    // Steps through the rows in an order that no cache of one page serves.
    let mut next = move || {
        n = (n + 7_919) % ROWS;
        n * 2
    };
    let mut group = c.benchmark_group("read");
    group.bench_function("bare redb: transaction, table, get", |b| {
        b.iter_batched(
            &mut next,
            |n| {
                let table = bare.begin_read().unwrap().open_table(BARE).unwrap();
                let key = [&[5][..], &n.to_be_bytes()].concat();
                table.get(key.as_slice()).unwrap().unwrap().value().len()
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("store: snapshot and get", |b| {
        b.iter_batched(
            &mut next,
            |n| store.snapshot().unwrap().get(&SEAL, &n).unwrap().unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("store: snapshot and get a row that is not there", |b| {
        b.iter_batched(
            &mut next,
            |n| store.snapshot().unwrap().get(&SEAL, &(n + 1)).unwrap(),
            BatchSize::SmallInput,
        );
    });
    let snapshot = store.snapshot().unwrap();
    group.bench_function("store: get in an open snapshot", |b| {
        b.iter_batched(&mut next, |n| snapshot.get(&SEAL, &n).unwrap().unwrap(), BatchSize::SmallInput);
    });
    group.bench_function("store: scan 100 rows in an open snapshot", |b| {
        b.iter_batched(
            &mut next,
            |n| snapshot.scan(&SEAL, Scan::all(100).after(&n)).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// One refresh, more or less: read, write twice, one event.
fn rotate(store: &Store, n: u64) {
    let event = EventV1 {
        at: 1,
        action: "refresh.rotated".into(),
        outcome: OutcomeV1::Success,
        actor: None,
        subject: Some([1; 16]),
        session: None,
        request_id: "0123456789abcdef".into(),
        reason: None,
        detail: Vec::new(),
        personal: vec![0; 60],
    };
    let done = store.transact_blocking("rotate", stamp(n), move |txn| {
        txn.get(&SEAL, &n)?;
        txn.put(&SEAL, &n, &seal(n))?;
        txn.put(&SEAL, &(n + 1), &seal(n))?;
        txn.emit(event.clone())?;
        Ok::<_, Abort<StoreError>>(())
    });
    done.unwrap();
}

fn commits(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder, 10_000);
    let mut group = c.benchmark_group("rotation");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(3));
    for callers in [1, 16, 64] {
        let before = store.counters();
        group.bench_function(format!("{callers} callers"), |b| {
            b.iter_custom(|rounds| {
                let each = rounds.div_ceil(callers);
                let watch = Stopwatch::start();
                thread::scope(|scope| {
                    for me in 0..callers {
                        let store = &store;
                        scope.spawn(move || {
                            (0..each).for_each(|turn| rotate(store, (me * 100_000 + turn) * 2));
                        });
                    }
                });
                watch.elapsed()
            });
        });
        let after = store.counters();
        let (transactions, commits) =
            (after.transactions - before.transactions, after.commits - before.commits);
        println!(
            "{callers} callers: {transactions} transactions in {commits} commits, {} each",
            transactions / commits
        );
    }
    group.finish();
}

criterion_group!(benches, reads, commits);
criterion_main!(benches);
