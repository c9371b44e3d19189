//! Tests of the chain: its hash, reading it, and what breaks it.

use std::sync::Arc;

use super::*;
use crate::domain::time::Timestamp;
use crate::store::conformance::{KEY, event, run};
use crate::store::{Abort, MemoryEngine, Stamp, Store};

const START: Head = Head { lane: LANE_0, seq: 0, hash: [0; 32] };

/// Ten records; the even ones concern subject 2, every third subject 3 twice.
fn ten() -> (MemoryEngine, Store) {
    let engine = MemoryEngine::new();
    let store = Store::open(Arc::new(engine.clone()), KEY).unwrap();
    for n in 1..=10 {
        run(&store, move |txn| {
            txn.emit(event("turn", (n % 2 == 0).then_some([2; 16])))?;
            if n % 3 == 0 {
                txn.emit(event("third", Some([3; 16])))?;
                txn.emit(event("third", Some([3; 16])))?;
            }
            Ok(())
        })
        .unwrap();
    }
    (engine, store)
}

fn seqs(page: Page<u64, LaneRecordV1>) -> (Vec<u64>, bool) {
    (page.rows.into_iter().map(|(seq, _)| seq).collect(), page.more)
}

/// Walks the whole chain in steps of three.
fn walk(store: &Store) -> Walk {
    let mut head = START;
    loop {
        match verify(&store.snapshot().unwrap(), head, 3).unwrap() {
            Walk::Ongoing(next) => head = next,
            end => return end,
        }
    }
}

#[test]
fn the_hash_is_what_it_was() {
    let record = LaneRecordV1 {
        nonce: [2; 16],
        prev_hash: [0; 32],
        at: 1,
        events: vec![EventV1 {
            at: 1,
            outcome: OutcomeV1::Denied,
            request_id: "r".into(),
            reason: Some("w".into()),
            detail: vec![("k".into(), "v".into())],
            personal: vec![9, 9],
            ..event("a", Some([3; 16]))
        }],
    };
    // The bytes as the module's first lines tell them, field by field.
    let event =
        [&[2, 1, b'a', 2, 0, 1][..], &[3; 16], &[0, 1, b'r', 1, 1, b'w', 1, 1, b'k', 1, b'v', 2, 9, 9]]
            .concat();
    let body = [&[2; 16][..], &[0; 32], &[2, 1], &event].concat();
    assert_eq!(postcard::to_allocvec(&record).unwrap(), body);
    let hashed = [b"latchkey.lane.v1\0", &[0, 0][..], &[0, 0, 0, 0, 0, 0, 0, 7], &body].concat();
    let hash = record.hash(0, 7).unwrap();
    assert_eq!(hash, digest::digest(&digest::SHA256, &hashed).as_ref());
    assert_eq!(hash[..8], [157, 107, 83, 194, 68, 180, 35, 74]);
}

#[test]
fn records_are_read_both_ways_and_by_subject() {
    let (_, store) = ten();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(seqs(records(&snapshot, 0, Span::oldest(3)).unwrap()), (vec![1, 2, 3], true));
    assert_eq!(seqs(records(&snapshot, 0, Span::newest(3)).unwrap()), (vec![10, 9, 8], true));
    let between = Span { after: Some(4), before: Some(7), ..Span::newest(5) };
    assert_eq!(seqs(records(&snapshot, 0, between).unwrap()), (vec![6, 5], false));
    assert_eq!(seqs(records(&snapshot, 1, Span::oldest(3)).unwrap()), (vec![], false));
    let of = |subject, span| seqs(by_subject(&snapshot, [subject; 16], 0, span).unwrap());
    assert_eq!(of(2, Span::newest(3)), (vec![10, 8, 6], true));
    assert_eq!(of(3, Span::oldest(9)), (vec![3, 6, 9], false));
    assert_eq!(of(3, Span { before: Some(9), ..Span::newest(1) }), (vec![6], true));
    assert_eq!(of(4, Span::oldest(9)), (vec![], false));
}

#[test]
fn a_whole_chain_verifies_up_to_its_head() {
    let (_, store) = ten();
    let head = head(&store.snapshot().unwrap(), 0).unwrap();
    assert_eq!((head.seq, walk(&store)), (10, Walk::Whole(head)));
    let empty = Store::open(Arc::new(MemoryEngine::new()), KEY).unwrap();
    assert_eq!(walk(&empty), Walk::Whole(START));
}

#[test]
fn a_missing_a_damaged_and_a_forged_record_are_named() {
    let row = |seq: u64| LANE.row_key(&(0, seq));
    let broken = |fault| Walk::Broken { seq: 5, fault };
    let (engine, store) = ten();
    engine.tamper(|rows| drop(rows.remove(&row(5))));
    assert_eq!(walk(&store), broken(ChainFault::Missing));
    let (engine, store) = ten();
    engine.tamper(|rows| rows.get_mut(&row(5)).unwrap()[20] ^= 1);
    assert_eq!(walk(&store), broken(ChainFault::Damaged));
    // Whoever holds the checksum key can write a record that verifies, but not one that fits the next.
    let (engine, store) = ten();
    let codec = crate::store::codec::Codec::new(&KEY);
    engine.tamper(|rows| {
        let mut record: LaneRecordV1 = codec.decode("lane", &row(4), &rows[&row(4)]).unwrap();
        record.events[0].action = "something.else".into();
        rows.insert(row(4), codec.encode("lane", &row(4), &record).unwrap());
    });
    assert_eq!(walk(&store), broken(ChainFault::HashMismatch));
}

#[test]
fn a_record_is_found_by_its_time() {
    let store = Store::open(Arc::new(MemoryEngine::new()), KEY).unwrap();
    let first = |at| first_after(&store.snapshot().unwrap(), LANE_0, at).unwrap();
    assert_eq!(first(0), 1);
    // Two at each of the times 10, 20, 30.
    for at in [10, 10, 20, 20, 30, 30] {
        let stamp = Stamp { now: Timestamp::from_millis(at), nonce: [0; 16] };
        let run =
            store.transact_blocking("turn", stamp, |txn| Ok::<_, Abort<()>>(txn.emit(event("turn", None))?));
        run.unwrap();
    }
    for (at, expected) in [(0, 1), (9, 1), (10, 3), (15, 3), (20, 5), (29, 5), (30, 7), (99, 7)] {
        assert_eq!(first(at), expected, "{at}");
    }
}
