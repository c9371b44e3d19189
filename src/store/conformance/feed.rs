//! What was acknowledged is in the lane, once, in order, without gaps; what was refused is not.

use std::collections::BTreeSet;
use std::thread;

use super::{NUMBERS, Number, event, run, stamp};
use crate::store::lane::{self, Head, Span, Walk};
use crate::store::{Abort, Read, Store};

fn nonces(store: &Store, after: u64) -> Vec<(u64, [u8; 16])> {
    let mut span = Span { after: Some(after), ..Span::oldest(7) };
    let mut all = Vec::new();
    loop {
        let page = lane::records(&store.snapshot().unwrap(), 0, span).unwrap();
        all.extend(page.rows.iter().map(|(seq, record)| (*seq, record.nonce)));
        span.after = all.last().map(|(seq, _)| *seq).or(span.after);
        if !page.more {
            return all;
        }
    }
}

pub fn what_was_acknowledged_is_seen_once_and_in_order(open: &dyn Fn() -> Store) {
    let store = open();
    let store = &store;
    let write = |me: u64| {
        let mut acknowledged = Vec::new();
        for turn in 0..25 {
            let stamp = stamp(me * 1000 + turn);
            let done = store.transact_blocking("feed", stamp, move |txn| {
                txn.put(&NUMBERS, &format!("{me}"), &Number(turn))?;
                txn.emit(event("turn", Some([1; 16])))?;
                if turn % 4 == 3 { Err(Abort::Rule(())) } else { Ok(()) }
            });
            if done.is_ok() {
                acknowledged.push(stamp.nonce);
            }
        }
        acknowledged
    };
    let acknowledged: BTreeSet<[u8; 16]> = thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|me| scope.spawn(move || write(me))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let seen = nonces(store, 0);
    assert_eq!(seen.len(), acknowledged.len());
    assert_eq!(seen.iter().map(|(_, nonce)| *nonce).collect::<BTreeSet<_>>(), acknowledged);
    assert!(seen.iter().zip(1_u64..).all(|((seq, _), expected)| *seq == expected));
    assert_eq!(*store.committed().borrow(), seen.len() as u64);
    let start = Head { lane: 0, seq: 0, hash: [0; 32] };
    let snapshot = store.snapshot().unwrap();
    assert_eq!(lane::verify(&snapshot, start, 1000).unwrap(), Walk::Whole(lane::head(&snapshot, 0).unwrap()));
}

pub fn the_feed_resumes_from_any_sequence(open: &dyn Fn() -> Store) {
    let store = open();
    for _ in 0..20 {
        run(&store, |txn| Ok(txn.emit(event("e", None))?)).unwrap();
    }
    for after in 0..=20 {
        let seen: Vec<u64> = nonces(&store, after).iter().map(|(seq, _)| *seq).collect();
        assert_eq!(seen, (after + 1..=20).collect::<Vec<_>>());
    }
}

pub fn the_chain_goes_on_after_closing(open: &dyn Fn() -> Store) {
    let store = open();
    run(&store, |txn| Ok(txn.emit(event("first", None))?)).unwrap();
    let first = lane::head(&store.snapshot().unwrap(), 0).unwrap();
    // The writer of a second handle on the same engine begins where the first ended.
    let engine = store.inner.engine.clone();
    drop(store);
    let store = Store::open(engine, super::KEY).unwrap();
    assert_eq!(*store.committed().borrow(), 1);
    run(&store, |txn| Ok(txn.emit(event("second", None))?)).unwrap();
    let second = store.snapshot().unwrap().get(&crate::store::tables::LANE, &(0, 2)).unwrap().unwrap();
    assert_eq!(second.prev_hash, first.hash);
}
