//! Tests of the sweep.

use crate::store::conformance::{NUMBERS, Number, in_memory, run};
use crate::store::tables::EXPIRY;
use crate::store::{Read, Scan, Store};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn put(store: &Store, name: &'static str, until: i64) {
    run(store, move |txn| {
        txn.put(&NUMBERS, &name.into(), &Number(0))?;
        Ok(schedule(txn, at(until), &NUMBERS, &name.into())?)
    })
    .unwrap();
}

fn swept(store: &Store, now: i64, limit: usize) -> Vec<String> {
    let due = run(store, move |txn| Ok(sweep(txn, at(now), limit)?)).unwrap();
    due.iter().map(|due| due.key_in(&NUMBERS).unwrap()).collect()
}

#[test]
fn a_sweep_takes_what_is_due_oldest_first_in_bounded_steps() {
    let store = in_memory();
    for (name, until) in [("c", 30), ("a", 10), ("b", 20), ("before-1970", -5), ("with\0zero", 20)] {
        put(&store, name, until);
    }
    assert_eq!(due(&store.snapshot().unwrap(), at(19), 9).unwrap().len(), 2);
    assert_eq!(swept(&store, 20, 3), ["before-1970", "a", "b"]);
    assert_eq!(swept(&store, 20, 3), ["with\0zero"]);
    assert_eq!(swept(&store, 29, 3), Vec::<String>::new());
    let left = store.snapshot().unwrap().scan(&NUMBERS, Scan::all(10)).unwrap().rows;
    assert_eq!(left.len(), 1);
    assert_eq!(swept(&store, 30, 3), ["c"]);
    assert!(store.snapshot().unwrap().scan(&EXPIRY, Scan::all(1)).unwrap().rows.is_empty());
}

#[test]
fn a_row_that_gets_another_time_stays_until_then() {
    let store = in_memory();
    put(&store, "a", 10);
    run(&store, |txn| {
        unschedule(txn, at(10), &NUMBERS, &"a".into())?;
        Ok(schedule(txn, at(50), &NUMBERS, &"a".into())?)
    })
    .unwrap();
    assert_eq!(swept(&store, 49, 9), Vec::<String>::new());
    assert_eq!(swept(&store, 50, 9), ["a"]);
}

#[test]
fn a_sweep_fits_into_a_transaction_and_ends_at_the_end_of_time() {
    let store = in_memory();
    for batch in 0..3 {
        run(&store, move |txn| {
            for n in 0..40 {
                let name = format!("{batch}-{n}");
                txn.put(&NUMBERS, &name, &Number(0))?;
                schedule(txn, Timestamp::from_millis(i64::MAX - 1), &NUMBERS, &name)?;
            }
            Ok(())
        })
        .unwrap();
    }
    let end = Timestamp::from_millis(i64::MAX);
    let first = run(&store, move |txn| Ok(sweep(txn, end, usize::MAX)?)).unwrap();
    assert_eq!(first.len(), SWEEP_ROWS);
}
