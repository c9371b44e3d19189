//! Tests of the whole pass, and of files damaged at random.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::ambient::{Entropy, SeededEntropy, entropy};
use crate::store::conformance::{KEY, event, run};
use crate::store::tables::{META, SEAL};
use crate::store::{Abort, MemoryEngine, RedbEngine, Scan, lane::SealV1};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

fn seal(n: u64) -> SealV1 {
    SealV1 { at: 1, heads: vec![(0, n, [9; 32])], prev: [3; 32], signature: vec![1; 64] }
}

/// Some hundred rows of all kinds.
fn fill(store: &Store) {
    for n in 0..60 {
        run(store, move |txn| {
            txn.emit(event("turn", Some([u8::try_from(n % 5).unwrap(); 16])))?;
            for m in 0..3 {
                txn.put(&SEAL, &(n * 3 + m), &seal(n * 3 + m))?;
            }
            Ok(())
        })
        .unwrap();
    }
}

fn in_memory() -> (MemoryEngine, Store) {
    let engine = MemoryEngine::new();
    let store = Store::open(Arc::new(engine.clone()), KEY).unwrap();
    fill(&store);
    (engine, store)
}

#[test]
fn a_sound_store_is_clean() {
    let (_, store) = in_memory();
    let report = check(&store).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.rows, report.head.seq), (2 + 60 * 5, 60));
}

#[test]
fn a_scrub_sees_every_row_once_in_bounded_steps() {
    let (engine, store) = in_memory();
    engine.tamper(|rows| rows.get_mut(&SEAL.row_key(&170)).unwrap()[3] ^= 1);
    let (mut from, mut rows, mut faults) = (Some(Vec::new()), 0, Vec::new());
    while let Some(start) = from {
        let step = scrub(&store, &start, 7).unwrap();
        assert!(step.rows <= 7);
        rows += step.rows;
        faults.extend(step.faults);
        from = step.next;
    }
    assert_eq!((rows, faults), (2 + 60 * 5, vec![Fault::BadRow("seal")]));
}

#[test]
fn each_kind_of_damage_is_named() {
    let named = |damage: &dyn Fn(&mut Rows)| {
        let (engine, store) = in_memory();
        engine.tamper(damage);
        check(&store).unwrap().faults
    };
    assert_eq!(named(&|rows| drop(rows.insert(vec![0xee, 1], vec![]))), [Fault::UnknownTable(0xee)]);
    assert_eq!(named(&|rows| drop(rows.insert(vec![], vec![]))), [Fault::UnknownTable(0)]);
    let row = SEAL.row_key(&7);
    assert_eq!(named(&|rows| rows.get_mut(&row).unwrap()[3] ^= 1), [Fault::BadRow("seal")]);
    // A row copied to another key.
    assert_eq!(
        named(&|rows| {
            let copy = rows[&row].clone();
            rows.insert(SEAL.row_key(&8), copy);
        }),
        [Fault::BadRow("seal")]
    );
    let index = AUDIT_BY_SUBJECT.row_key(&([0; 16], 0, 1));
    assert_eq!(named(&|rows| drop(rows.remove(&index))), [Fault::Index("lane")]);
    let record = LANE.row_key(&(0, 30));
    assert_eq!(
        named(&|rows| drop(rows.remove(&record))),
        [Fault::Index("audit_by_subject"), Fault::Chain { seq: 30, fault: ChainFault::Missing }]
    );
}

/// What the store must never do: give another value than was stored.
fn reads_right_or_fails(store: &Store) {
    for n in 0..180 {
        if let Ok(found) = store.read(|snapshot| Ok::<_, Abort<()>>(snapshot.get(&SEAL, &n)?)) {
            assert_eq!(found, Some(seal(n)), "a wrong answer for {n}");
        }
    }
    if let Ok(snapshot) = store.snapshot() {
        if let Ok(page) = snapshot.scan(&SEAL, Scan::all(1000)) {
            assert!(page.rows.iter().all(|(n, value)| *value == seal(*n)));
        }
        let _ = lane::verify(&snapshot, Head { lane: 0, seq: 0, hash: [0; 32] }, 100);
        let _ = snapshot.get(&META, &());
    }
    let _ = check(store);
}

/// Opens a damaged file: an error, or a store that reads right. A lost row would be a wrong answer too.
fn open_damaged(path: &Path) -> Result<(), StoreError> {
    let store = Store::open(Arc::new(RedbEngine::open(path, 1 << 20)?), KEY)?;
    reads_right_or_fails(&store);
    Ok(())
}

#[test]
fn a_damaged_file_gives_errors_or_right_answers_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let store = Store::open(Arc::new(RedbEngine::create(&path, 1 << 20).unwrap()), KEY).unwrap();
    fill(&store);
    drop(store);
    let sound = std::fs::read(&path).unwrap();
    open_damaged(&path).unwrap();
    let seed = 0x5eed_0001;
    let random = SeededEntropy::new(seed);
    let used: Vec<usize> = sound
        .chunks(4096)
        .enumerate()
        .filter(|(_, page)| page.iter().any(|b| *b != 0))
        .map(|(n, _)| n)
        .collect();
    let mut refused = 0;
    let trials = 300;
    for trial in 0..trials {
        let mut bytes = sound.clone();
        match trial {
            // The header byte by byte, then cuts, then random places in pages that are in use.
            0..64 => bytes[trial] ^= 0xff,
            64..80 => bytes.truncate(sound.len() * (trial - 64) / 16),
            _ => {
                let [a, b, c, d] = entropy::bytes::<4>(&random).map(usize::from);
                let place = used[(a * 256 + b) % used.len()] * 4096 + (c * 256 + d) % 4096;
                let end = (place + 16).min(bytes.len());
                random.fill(&mut bytes[place..end]);
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        let opened = std::panic::catch_unwind(|| open_damaged(&path).is_ok());
        assert!(opened.is_ok(), "seed {seed:#x}, trial {trial}");
        refused += usize::from(opened.is_ok_and(|opened| !opened));
    }
    println!("{refused} of {trials} damaged files were refused when opened");
    assert!(refused > 0 && refused < trials);
}
