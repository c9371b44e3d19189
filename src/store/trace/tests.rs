//! Tests of blocks: what fits into one, how they make room, and how they are read.

use crate::store::Store;
use crate::store::conformance::{in_memory, run};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// A trace of the request `name`, answered at `seconds`, with facts of so many bytes.
fn filed(name: &str, seconds: i64, tags: &[u8], bytes: usize) -> FiledV1 {
    let facts = vec![("told".to_owned(), "x".repeat(bytes))];
    let trace = TraceV1 {
        request_id: name.to_owned(),
        method: "GET".to_owned(),
        route: "/".to_owned(),
        status: 403,
        actor: None,
        about: None,
        personal: Vec::new(),
        steps: vec![StepV1 { kind: "answer".to_owned(), facts }],
    };
    FiledV1::new((numbered(0), at(seconds)), tags.iter().map(|tag| [*tag; 16]).collect(), &trace).unwrap()
}

fn numbered(number: u128) -> TraceId {
    TraceId::from_bytes(number.to_be_bytes())
}

/// Stores `traces`, whose ids follow what is there: the first is 1.
fn store(store: &Store, max: u64, mut traces: Vec<FiledV1>) {
    let newest = newest(&store.snapshot().unwrap()).unwrap();
    for (trace, id) in traces.iter_mut().zip(newest.map_or(0, |id| id.as_uuid().as_u128()) + 1..) {
        trace.id = id.to_be_bytes();
    }
    run(store, move |txn| Ok(insert(txn, &traces, max)?)).unwrap();
}

fn all() -> Wanted<'static> {
    Wanted { tags: &[], since: Timestamp::EPOCH, before: None, limit: 1_000 }
}

/// How many traces each block holds, oldest first.
fn sizes(store: &Store) -> Vec<usize> {
    let blocks = first(&store.snapshot().unwrap(), 1_000).unwrap();
    blocks.iter().map(|(_, block)| block.traces.len()).collect()
}

/// `count` traces that were answered in one second and are named for it.
fn second(seconds: i64, count: usize) -> Vec<FiledV1> {
    (0..count).map(|n| filed(&format!("{seconds}.{n}"), seconds, &[], 0)).collect()
}

fn names(kept: &[Kept]) -> Vec<&str> {
    kept.iter().map(|kept| kept.trace.request_id.as_str()).collect()
}

#[test]
fn a_block_is_filled_before_the_next_is_begun_and_holds_what_fits_into_a_row() {
    let few = in_memory();
    for _ in 0..BLOCK {
        store(&few, 1_000, second(1, 1));
    }
    assert_eq!(sizes(&few), [BLOCK]);
    store(&few, 1_000, second(1, BLOCK - 1));
    assert_eq!(sizes(&few), [BLOCK, BLOCK - 1]);
    store(&few, 1_000, second(1, BATCH));
    assert_eq!(sizes(&few), [BLOCK, BLOCK, BLOCK, BLOCK, BLOCK, BLOCK - 1]);
    assert_eq!(count(&few.snapshot().unwrap()).unwrap(), 359);
    let large = in_memory();
    let traces = (0..5).map(|n| filed(&n.to_string(), 1, &[1, 2, 3, 4], 20_000)).collect();
    store(&large, 1_000, traces);
    assert_eq!(sizes(&large), [2, 2, 1]);
}

#[test]
fn the_oldest_blocks_make_room_and_never_more_than_one_transaction_may_write() {
    let kept = in_memory();
    let read = || kept.snapshot().unwrap();
    for seconds in 1..=50 {
        store(&kept, 1_000, second(seconds, BLOCK));
        assert!(count(&read()).unwrap() <= 1_000);
    }
    let all = list(&read(), &all()).unwrap();
    assert_eq!((all.len(), names(&all)[0], names(&all)[959]), (960, "50.59", "35.0"));
    // Less room than before, as after a change of the configuration: the next ones bring it down.
    for seconds in 51..=52 {
        store(&kept, 100, second(seconds, 1));
    }
    assert_eq!(sizes(&kept), [BLOCK, 2]);
}

#[test]
fn pages_go_on_within_a_block_and_from_one_to_the_next() {
    let kept = in_memory();
    for seconds in 1..=40 {
        store(&kept, 1_000, second(seconds, 3));
    }
    assert_eq!(sizes(&kept), [BLOCK, BLOCK]);
    let read = kept.snapshot().unwrap();
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = list(&read, &Wanted { before, limit: 7, ..all() }).unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        seen.extend(page.iter().map(|kept| kept.trace.request_id.clone()));
    }
    let expected: Vec<_> =
        (1..=40).rev().flat_map(|seconds| (0..3).rev().map(move |n| format!("{seconds}.{n}"))).collect();
    assert_eq!(seen, expected);
    assert_eq!(newest(&read).unwrap(), Some(numbered(120)));
}

#[test]
fn a_search_finds_what_has_all_tags_and_is_young_enough() {
    let kept = in_memory();
    store(&kept, 1_000, vec![filed("a", 9, &[1, 2], 0), filed("b", 10, &[1], 0)]);
    store(&kept, 1_000, vec![filed("c", 12, &[2], 0), filed("d", 20, &[1, 2, 3], 0)]);
    let found = |tags: &[u8], since: i64| {
        let tags: Vec<_> = tags.iter().map(|tag| [*tag; 16]).collect();
        let wanted = Wanted { tags: &tags, since: at(since), ..all() };
        let found = list(&kept.snapshot().unwrap(), &wanted).unwrap();
        names(&found).join("")
    };
    for (tags, since, expected) in [
        (&[][..], 0, "dcba"),
        (&[1], 0, "dba"),
        (&[1, 2], 0, "da"),
        (&[4], 0, ""),
        (&[], 10, "dcb"),
        (&[2], 12, "dc"),
        (&[], 21, ""),
    ] {
        assert_eq!(found(tags, since), expected, "{tags:?} since {since}");
    }
}

#[test]
fn a_block_expires_when_all_of_it_is_over() {
    let kept = in_memory();
    for seconds in 1..=40 {
        store(&kept, 1_000, vec![filed("large", 10 * seconds, &[], 40_000)]);
    }
    store(&kept, 1_000, vec![filed("old", 1, &[], 0), filed("young", 410, &[], 0)]);
    assert_eq!(sizes(&kept), [[1; 39].as_slice(), &[3]].concat());
    let sweep = |end: i64| run(&kept, move |txn| Ok(expire(txn, at(end))?)).unwrap();
    assert!(!sweep(9));
    assert!(!sweep(20));
    assert_eq!(sizes(&kept).len(), 38);
    assert!(sweep(409) && sweep(409) && !sweep(409));
    assert_eq!(count(&kept.snapshot().unwrap()).unwrap(), 3);
    assert!(!sweep(410));
    assert_eq!(count(&kept.snapshot().unwrap()).unwrap(), 0);
}
