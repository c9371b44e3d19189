//! What concurrent transactions may not do to each other.

use std::sync::Barrier;
use std::thread;

use super::{NUMBERS, Never, Number, run, stamp};
use crate::store::{Abort, Read, Scan, Store, StoreError};

/// Runs `f(0)` to `f(count - 1)` at the same time and returns what they said.
fn race<T: Send>(count: u64, f: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(usize::try_from(count).unwrap());
    let (barrier, f) = (&barrier, &f);
    thread::scope(|scope| {
        let start = |n| {
            scope.spawn(move || {
                barrier.wait();
                f(n)
            })
        };
        let racers: Vec<_> = (0..count).map(start).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

fn number(reader: &impl Read, name: &str) -> Result<u64, StoreError> {
    Ok(reader.get(&NUMBERS, &name.to_owned())?.map_or(0, |number| number.0))
}

fn put(store: &Store, name: &'static str, value: u64) {
    run(store, move |txn| Ok(txn.put(&NUMBERS, &name.into(), &Number(value))?)).unwrap();
}

pub fn no_update_is_lost(open: &dyn Fn() -> Store) {
    let store = open();
    race(8, |_| {
        for _ in 0..25 {
            run(&store, |txn| {
                let next = number(txn, "counter")? + 1;
                Ok(txn.put(&NUMBERS, &"counter".into(), &Number(next))?)
            })
            .unwrap();
        }
    });
    assert_eq!(number(&store.snapshot().unwrap(), "counter").unwrap(), 200);
}

pub fn write_skew_is_impossible(open: &dyn Fn() -> Store) {
    for _ in 0..20 {
        let store = open();
        put(&store, "admin-0", 1);
        put(&store, "admin-1", 1);
        // Each steps down if the other is still there: one must stay.
        let stepped_down = race(2, |me| {
            run(&store, move |txn| {
                let admins = number(txn, "admin-0")? + number(txn, "admin-1")?;
                if admins == 2 {
                    txn.remove(&NUMBERS, &format!("admin-{me}"))?;
                }
                Ok(admins == 2)
            })
            .unwrap()
        });
        assert_eq!(stepped_down.iter().filter(|down| **down).count(), 1);
    }
}

pub fn a_cap_on_a_range_holds(open: &dyn Fn() -> Store) {
    let store = open();
    let entered = race(12, |me| {
        run(&store, move |txn| {
            let full = txn.scan(&NUMBERS, Scan::all(10))?.rows.len() >= 3;
            if !full {
                txn.put(&NUMBERS, &format!("session-{me}"), &Number(me))?;
            }
            Ok(!full)
        })
        .unwrap()
    });
    assert_eq!(entered.iter().filter(|entered| **entered).count(), 3);
}

pub fn a_unique_insert_has_one_winner_of_twelve(open: &dyn Fn() -> Store) {
    let store = open();
    let won = race(12, |me| {
        run(&store, move |txn| Ok(txn.insert(&NUMBERS, &"email".into(), &Number(me))?)).unwrap()
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let winner = u64::try_from(won.iter().position(|won| *won).unwrap()).unwrap();
    assert_eq!(number(&store.snapshot().unwrap(), "email").unwrap(), winner);
}

pub fn a_snapshot_stands_still(open: &dyn Fn() -> Store) {
    let store = open();
    put(&store, "a", 1);
    let before = store.snapshot().unwrap();
    put(&store, "a", 2);
    put(&store, "b", 1);
    assert_eq!((number(&before, "a").unwrap(), number(&before, "b").unwrap()), (1, 0));
    assert_eq!(before.scan(&NUMBERS, Scan::all(10)).unwrap().rows.len(), 1);
    assert_eq!(number(&store.snapshot().unwrap(), "a").unwrap(), 2);
}

pub fn every_snapshot_shows_the_same_total(open: &dyn Fn() -> Store) {
    let store = open();
    for account in ["a", "b", "c"] {
        put(&store, account, 100);
    }
    let total =
        |reader: &dyn Fn(&str) -> u64| ["a", "b", "c"].iter().map(|account| reader(account)).sum::<u64>();
    race(6, |me| {
        for turn in 0..20 {
            if me % 2 == 0 {
                let (from, to) = [("a", "b"), ("b", "c"), ("c", "a")][usize::try_from(turn % 3).unwrap()];
                let moved = store.transact_blocking("move", stamp(turn), move |txn| {
                    let (left, right) = (number(txn, from)?, number(txn, to)?);
                    let amount = left.min(7);
                    txn.put(&NUMBERS, &from.into(), &Number(left - amount))?;
                    txn.put(&NUMBERS, &to.into(), &Number(right + amount))?;
                    Ok::<_, Abort<Never>>(())
                });
                moved.unwrap();
            } else {
                let snapshot = store.snapshot().unwrap();
                assert_eq!(total(&|account| number(&snapshot, account).unwrap()), 300);
            }
        }
    });
}
