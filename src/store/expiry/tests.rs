//! Tests of the index by time.

use crate::store::Store;
use crate::store::conformance::{NUMBERS, in_memory, run};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn plan(store: &Store, name: &'static str, until: i64) {
    run(store, move |txn| Ok(schedule(txn, at(until), &NUMBERS, &name.into())?)).unwrap();
}

fn names_due(store: &Store, now: i64, limit: usize) -> Vec<String> {
    let due = due(&store.snapshot().unwrap(), at(now), limit).unwrap();
    due.iter().map(|due| due.key_in(&NUMBERS).unwrap()).collect()
}

#[test]
fn what_is_due_comes_oldest_first_and_bounded() {
    let store = in_memory();
    for (name, until) in [("c", 30), ("a", 10), ("b", 20), ("before-1970", -5), ("with\0zero", 20)] {
        plan(&store, name, until);
    }
    assert_eq!(names_due(&store, 19, 9), ["before-1970", "a"]);
    assert_eq!(names_due(&store, 20, 3), ["before-1970", "a", "b"]);
    assert_eq!(names_due(&store, 29, 9), ["before-1970", "a", "b", "with\0zero"]);
    assert_eq!(names_due(&store, 30, usize::MAX).len(), 5);
}

#[test]
fn a_row_that_gets_another_time_stays_until_then() {
    let store = in_memory();
    plan(&store, "a", 10);
    run(&store, |txn| {
        unschedule(txn, at(10), &NUMBERS, &"a".into())?;
        Ok(schedule(txn, at(50), &NUMBERS, &"a".into())?)
    })
    .unwrap();
    assert_eq!(names_due(&store, 49, 9), Vec::<String>::new());
    assert_eq!(names_due(&store, 50, 9), ["a"]);
}

#[test]
fn time_ends_where_it_ends() {
    let store = in_memory();
    let last = Timestamp::from_millis(i64::MAX - 1);
    run(&store, move |txn| Ok(schedule(txn, last, &NUMBERS, &"a".into())?)).unwrap();
    let end = Timestamp::from_millis(i64::MAX);
    assert_eq!(due(&store.snapshot().unwrap(), end, 9).unwrap().len(), 1);
}
