//! What a closure, a limit, a rule and an effect may rely on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{BLOBS, Blob, Bytes, NUMBERS, Number, event, run, stamp};
use crate::store::error::Limit;
use crate::store::{
    Abort, EVENT_BYTES, KEY_BYTES, Read, SCAN_ROWS, Scan, Store, StoreError, TXN_WRITES, VALUE_BYTES, lane,
};

fn count(store: &Store) -> usize {
    let snapshot = store.snapshot().unwrap();
    snapshot.scan(&NUMBERS, Scan::all(1000)).unwrap().rows.len()
        + snapshot.scan(&BLOBS, Scan::all(1000)).unwrap().rows.len()
}

pub fn a_rule_that_says_no_writes_and_emits_nothing(open: &dyn Fn() -> Store) {
    let store = open();
    let effects = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&effects);
    let before = store.counters();
    let refused = store.transact_blocking("refused", stamp(1), move |txn| {
        txn.put(&NUMBERS, &"a".into(), &Number(1))?;
        txn.emit(event("never.happened", None))?;
        let seen = Arc::clone(&seen);
        txn.on_commit(move || {
            seen.fetch_add(1, Ordering::SeqCst);
        });
        Err::<(), _>(Abort::Rule("no"))
    });
    assert!(matches!(refused, Err(Abort::Rule("no"))));
    assert_eq!((count(&store), effects.load(Ordering::SeqCst)), (0, 0));
    assert_eq!(lane::head(&store.snapshot().unwrap(), 0).unwrap().seq, 0);
    assert_eq!((store.counters(), *store.committed().borrow()), (before, 0));
}

pub fn a_transaction_reads_its_own_writes(open: &dyn Fn() -> Store) {
    let store = open();
    run(&store, |txn| Ok(txn.put(&NUMBERS, &"b".into(), &Number(1))?)).unwrap();
    let names = run(&store, |txn| {
        txn.put(&NUMBERS, &"a".into(), &Number(2))?;
        txn.remove(&NUMBERS, &"b".into())?;
        txn.put(&NUMBERS, &"c".into(), &Number(3))?;
        assert_eq!(txn.get(&NUMBERS, &"b".into())?, None);
        let rows = txn.scan(&NUMBERS, Scan::all(10).reverse())?.rows;
        Ok(rows.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
    });
    assert_eq!(names.unwrap(), ["c", "a"]);
}

pub fn an_answer_can_be_read_at_once(open: &dyn Fn() -> Store) {
    let store = open();
    for n in 0..50 {
        run(&store, move |txn| Ok(txn.put(&NUMBERS, &"n".into(), &Number(n))?)).unwrap();
        assert_eq!(store.snapshot().unwrap().get(&NUMBERS, &"n".into()).unwrap(), Some(Number(n)));
    }
}

pub fn a_closure_that_runs_again_leaves_one_effect(open: &dyn Fn() -> Store) {
    let store = open();
    let effects = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&effects);
    run(&store, move |txn| {
        let next = txn.get(&NUMBERS, &"n".into())?.map_or(1, |Number(n)| n + 1);
        txn.put(&NUMBERS, &"n".into(), &Number(next))?;
        txn.emit(event("counted", None))?;
        let seen = Arc::clone(&seen);
        txn.on_commit(move || {
            seen.fetch_add(1, Ordering::SeqCst);
        });
        Ok(())
    })
    .unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.get(&NUMBERS, &"n".into()).unwrap(), Some(Number(1)));
    assert_eq!((lane::head(&snapshot, 0).unwrap().seq, effects.load(Ordering::SeqCst)), (1, 1));
}

pub fn each_limit_refuses_and_names_the_table(open: &dyn Fn() -> Store) {
    let store = open();
    let limit_of = |error: StoreError| match error {
        StoreError::TooLarge { table, what, .. } => (table, what),
        other => panic!("{other}"),
    };
    // A key has its table byte, two bytes that end the text, and here one byte more.
    let key_room = KEY_BYTES - 4;
    let put = |key: usize, value: usize| {
        let put = move |txn: &mut crate::store::Txn<'_>| {
            Ok(txn.put(&BLOBS, &(Bytes(vec![1; key]), 0), &Blob(vec![1; value]))?)
        };
        run(&store, put)
    };
    put(key_room, 0).unwrap();
    assert_eq!(limit_of(put(key_room + 1, 0).unwrap_err()), ("test_blobs", Limit::Key));
    // A stored value has its version, the length of the list (3 bytes) and its tag.
    put(1, VALUE_BYTES - 20).unwrap();
    assert_eq!(limit_of(put(1, VALUE_BYTES - 19).unwrap_err()), ("test_blobs", Limit::Value));
    let fill = |rows: u8, bytes: usize| {
        run(&store, move |txn| {
            for row in 0..rows {
                txn.put(&BLOBS, &(Bytes(vec![2]), row), &Blob(vec![1; bytes]))?;
            }
            Ok(())
        })
    };
    let most = u8::try_from(TXN_WRITES).unwrap();
    fill(most, 0).unwrap();
    assert_eq!(limit_of(fill(most + 1, 0).unwrap_err()), ("test_blobs", Limit::Writes));
    fill(16, 65_000).unwrap();
    assert_eq!(limit_of(fill(17, 65_000).unwrap_err()), ("test_blobs", Limit::Transaction));
    let emit = |bytes: usize| {
        run(&store, move |txn| Ok(txn.emit(lane::EventV1 { personal: vec![1; bytes], ..event("e", None) })?))
    };
    emit(EVENT_BYTES - 100).unwrap();
    assert_eq!(limit_of(emit(EVENT_BYTES).unwrap_err()), ("lane", Limit::Value));
}

pub fn an_overlooked_refusal_does_not_commit(open: &dyn Fn() -> Store) {
    let store = open();
    let committed = run(&store, |txn| {
        txn.put(&NUMBERS, &"a".into(), &Number(1))?;
        let _ = txn.put(&BLOBS, &(Bytes(vec![1; KEY_BYTES]), 0), &Blob(Vec::new()));
        Ok(())
    });
    assert!(matches!(committed, Err(StoreError::TooLarge { what: Limit::Key, .. })));
    assert_eq!(count(&store), 0);
}

pub fn a_panicking_closure_fails_alone(open: &dyn Fn() -> Store) {
    let store = open();
    let panicked = run::<()>(&store, |txn| {
        txn.put(&NUMBERS, &"a".into(), &Number(1))?;
        panic!("this is part of a test");
    });
    assert!(matches!(panicked, Err(StoreError::Panicked { name: "test" })));
    run(&store, |txn| Ok(txn.put(&NUMBERS, &"b".into(), &Number(1))?)).unwrap();
    assert_eq!(count(&store), 1);
}

pub fn a_scan_says_whether_more_remains(open: &dyn Fn() -> Store) {
    let store = open();
    for batch in 0..11_u64 {
        run(&store, move |txn| {
            for n in 0..TXN_WRITES as u64 {
                txn.put(&NUMBERS, &format!("{batch:02}-{n:03}"), &Number(n))?;
            }
            Ok(())
        })
        .unwrap();
    }
    let snapshot = store.snapshot().unwrap();
    let page = snapshot.scan(&NUMBERS, Scan::all(usize::MAX)).unwrap();
    assert_eq!((page.rows.len(), page.more), (SCAN_ROWS, true));
    let rest = snapshot.scan(&NUMBERS, Scan::all(100).after(&page.rows.last().unwrap().0)).unwrap();
    assert_eq!((rest.rows.len(), rest.more), (100, false));
}

pub fn a_longer_key_than_the_limit_names_no_row(open: &dyn Fn() -> Store) {
    let store = open();
    assert_eq!(store.snapshot().unwrap().get(&NUMBERS, &"x".repeat(KEY_BYTES)).unwrap(), None);
}
