//! Damage to the pages under the engine: it is an error or a right answer, and never a panic that leaves the engine.
//!
//! `LATCHKEY_STORAGE_SEEDS` and `LATCHKEY_STORAGE_SEED` set how many damages are done and repeat them. The first seed is
//! fixed: of the first 5,400 damages one ends the process ([`DEADLY`]; why is in [`super::super::fault`]).

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::RedbEngine;
use super::super::faulty::Disk;
use super::lives::{asked, number};
use super::{open_on, put};
use crate::ambient::SeededEntropy;
use crate::store::StoreError;
use crate::store::check;
use redb::StorageBackend;

/// How many damages a plain `cargo test` does.
const DAMAGES: u64 = 40;
const PAGE: usize = 4096;
/// The seed of a damage with which the next commit ends the process.
const DEADLY: u64 = 1396;

fn image(disk: &Disk) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(disk.len().unwrap()).unwrap()];
    disk.read(0, &mut bytes).unwrap();
    bytes
}

/// A store at two times.
fn images() -> [Vec<u8>; 2] {
    let disk = Disk::default();
    let store = open_on(&disk).unwrap();
    (0..150).for_each(|n| put(&store, n).unwrap());
    let old = image(&disk);
    (100..300).for_each(|n| put(&store, n).unwrap());
    drop(store);
    [old, image(&disk)]
}

/// The later image with a page of the earlier one, or of another place, or with bytes of no sense.
fn harmed([old, new]: &[Vec<u8>; 2], seed: u64) -> Vec<u8> {
    let source = SeededEntropy::new(seed);
    let below = |end: usize| usize::try_from(number(&source) % end as u64).unwrap();
    let mut bytes = new.clone();
    let is_used = |page: &usize| new[page * PAGE..][..PAGE].iter().any(|byte| *byte != 0);
    let used: Vec<_> = (0..new.len() / PAGE).filter(is_used).collect();
    let (page, other) = (used[below(used.len())] * PAGE, used[below(used.len())] * PAGE);
    match below(5) {
        0 if page + PAGE <= old.len() => bytes[page..page + PAGE].copy_from_slice(&old[page..page + PAGE]),
        1 => bytes.copy_within(page..page + PAGE, other),
        2 => bytes[page..page + PAGE].fill(0),
        3 => (0..=below(32)).for_each(|_| bytes[page + below(PAGE)] ^= 1 << below(8)),
        _ => bytes[page..page + PAGE].iter_mut().for_each(|byte| *byte = u8::try_from(below(256)).unwrap()),
    }
    bytes
}

/// R95.
#[test]
fn no_damage_to_a_page_makes_a_panic_leave_the_engine() {
    let first = asked("LATCHKEY_STORAGE_SEED").unwrap_or(1);
    let damages = asked("LATCHKEY_STORAGE_SEEDS").unwrap_or(DAMAGES);
    println!("LATCHKEY_STORAGE_SEED={first} LATCHKEY_STORAGE_SEEDS={damages}");
    let images = images();
    let mut refused = 0;
    for seed in first..first + damages {
        let disk = Disk::holding(harmed(&images, seed));
        let used = catch_unwind(AssertUnwindSafe(|| {
            let store = open_on(&disk)?;
            let written = (0..4).map(|n| put(&store, 1_000 + n)).find(Result::is_err);
            let checked = check::check(&store).map(|report| report.is_clean());
            drop(store);
            written.unwrap_or(Ok(())).and(checked)
        }));
        let used = used.unwrap_or_else(|_| panic!("a panic left the engine: LATCHKEY_STORAGE_SEED={seed}"));
        assert!(!matches!(used, Err(StoreError::Panicked { .. })), "LATCHKEY_STORAGE_SEED={seed}: {used:?}");
        refused += u64::from(used.is_err());
    }
    println!("{refused} of {damages} were refused");
}

/// R95. A start reads the file first and meets no commit.
#[test]
fn the_damage_that_ends_the_process_in_a_commit_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    std::fs::write(&path, harmed(&images(), DEADLY)).unwrap();
    let verified = RedbEngine::verify(&path, 1 << 20);
    assert!(matches!(verified, Err(StoreError::BadFile(_))), "{verified:?}");
}
