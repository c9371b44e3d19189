//! Random lives of a small store on a disk that fails, forgets, tears and loses its power, also while the store
//! recovers. Knows of no table but its own two.
//!
//! Every life follows from its seed. `LATCHKEY_STORAGE_SEEDS` sets how many are lived and `LATCHKEY_STORAGE_SEED` the
//! first of them; the seed of a life that goes wrong is printed. A long run:
//! `LATCHKEY_STORAGE_SEEDS=100000 cargo test --lib random_lives`.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::super::faulty::{Disk, Fault};
use super::open_on;
use crate::ambient::{Entropy, OsEntropy, SeededEntropy, entropy};
use crate::store::check::{self, Fault as Finding};
use crate::store::conformance::{BLOBS, Blob, NUMBERS, Number, event, run};
use crate::store::engine::Integrity;
use crate::store::keys::Bytes;
use crate::store::{Abort, Read, Scan, Store, StoreError};

/// How many lives a plain `cargo test` lives.
const LIVES: u64 = 200;
/// Rows that the acts of a life put, change and remove.
const ROWS: u64 = 48;
/// Most acts between two blows.
const ACTS: u64 = 12;

#[expect(clippy::disallowed_methods, reason = "a longer run, or a repeated one, is asked for from outside")]
pub(super) fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

pub(super) fn number(source: &dyn Entropy) -> u64 {
    u64::from_le_bytes(entropy::bytes(source))
}

/// One transaction: the lengths that it gives to rows (`None` removes), and what became of it.
struct Act {
    writes: BTreeMap<u64, Option<usize>>,
    is_acknowledged: bool,
}

/// How often what happened, over all lives.
#[derive(Debug, Default)]
struct Tally {
    acknowledged: u64,
    refused: u64,
    /// Refused, and there all the same: the answer was lost on the way.
    refused_and_there: u64,
    power_cuts: u64,
    cuts_while_recovering: u64,
    faults: u64,
}

struct Life<'a> {
    source: SeededEntropy,
    disk: Disk,
    acts: Vec<Act>,
    tally: &'a mut Tally,
}

impl Life<'_> {
    fn below(&self, end: u64) -> u64 {
        number(&self.source) % end
    }

    fn live(mut self) {
        let mut store = open_on(&self.disk).unwrap();
        for _ in 0..=self.below(3) {
            store = match self.below(5) {
                0..3 => self.lose_power(store),
                3 => self.one_fault(store),
                _ => self.lasting_fault(store),
            };
            self.verify(&store);
        }
        self.act(&store).unwrap();
        self.verify(&store);
        // In the life of a store without a fault of the disk there is none of the file.
        let report = check::check(&store).unwrap();
        let own = [NUMBERS.id(), BLOBS.id()].map(Finding::UnknownTable);
        assert!(report.faults.iter().all(|fault| own.contains(fault)), "{report:?}");
        assert!(matches!(report.engine, Ok(Integrity::Sound)), "{report:?}");
    }

    /// The power goes at some call of the disk, and some times more while the store is being opened.
    fn lose_power(&mut self, store: Store) -> Store {
        self.tally.power_cuts += 1;
        let fault = if self.below(2) == 0 { Fault::Dead } else { Fault::Broken };
        self.disk.fail_from(1 + self.below(60), fault);
        for _ in 0..ACTS {
            if self.act(&store).is_err() {
                break;
            }
        }
        self.disk = self.disk.after_crash(|| entropy::bytes(&self.source));
        drop(store);
        while self.below(2) == 0 {
            self.tally.cuts_while_recovering += 1;
            self.disk.fail_from(1 + self.below(24), Fault::Dead);
            // Opened or not: nothing of it is left but what the disk holds.
            drop(open_on(&self.disk));
            self.disk = self.disk.after_crash(|| entropy::bytes(&self.source));
        }
        open_on(&self.disk).unwrap()
    }

    /// One call of the disk fails, and the store goes on.
    fn one_fault(&mut self, store: Store) -> Store {
        self.tally.faults += 1;
        self.disk.fail_once(1 + self.below(40), self.any_fault());
        for _ in 0..ACTS {
            // Refused or not: what was acknowledged is there in the end.
            let _ = self.act(&store);
        }
        self.mend(store)
    }

    /// The disk fails for a while: reads of what is there go on or say so, and nothing is acknowledged.
    fn lasting_fault(&mut self, store: Store) -> Store {
        self.tally.faults += 1;
        let fault = self.any_fault();
        self.disk.fail_from(1 + self.below(40), fault);
        let mut failed = 0;
        for _ in 0..ACTS {
            failed += u64::from(self.act(&store).is_err());
            if failed > 0 && fault != Fault::Dead {
                self.look(&store).unwrap();
            }
            if failed > 3 {
                break;
            }
        }
        self.mend(store)
    }

    /// The disk is well again, and the store needs nobody to notice it.
    fn mend(&mut self, store: Store) -> Store {
        self.disk.heal();
        self.act(&store).unwrap();
        store
    }

    fn any_fault(&self) -> Fault {
        let faults = [Fault::Full, Fault::ReadOnly, Fault::Broken, Fault::Forgetful, Fault::Dead];
        faults[usize::try_from(self.below(faults.len() as u64)).unwrap()]
    }

    /// Some writes in one transaction, with an audit record of it.
    fn act(&mut self, store: &Store) -> Result<(), StoreError> {
        let mut writes = BTreeMap::new();
        for _ in 0..=self.below(6) {
            let length = match self.below(16) {
                0..4 => None,
                4..15 => Some(self.below(400)),
                _ => Some(self.below(30_000)),
            };
            writes.insert(self.below(ROWS), length.map(|length| usize::try_from(length).unwrap()));
        }
        let (act, plan) = (self.acts.len() as u64, writes.clone());
        let done = run(store, move |txn| {
            for (row, length) in &plan {
                match length {
                    Some(length) => txn.put(&BLOBS, &key(*row), &content(act, *row, *length))?,
                    None => txn.remove(&BLOBS, &key(*row))?,
                }
            }
            txn.emit(event("act", Some(subject(act))))?;
            Ok::<_, Abort<_>>(txn.put(&NUMBERS, &act.to_string(), &Number(act))?)
        });
        self.tally.acknowledged += u64::from(done.is_ok());
        self.tally.refused += u64::from(done.is_err());
        // The file is well, so it must not be called anything else, or somebody fetches a backup in vain.
        assert!(matches!(done, Ok(()) | Err(StoreError::Io(_) | StoreError::NoSpace(_))), "{done:?}");
        self.acts.push(Act { writes, is_acknowledged: done.is_ok() });
        done
    }

    /// What is there is the work of whole acts, in their order, with each acknowledged one among them.
    fn verify(&mut self, store: &Store) {
        let there = self.look(store).unwrap();
        for (act, was_there) in self.acts.iter_mut().zip(there) {
            self.tally.refused_and_there += u64::from(was_there && !act.is_acknowledged);
            // From now on it has to stay as it was found.
            if was_there {
                act.is_acknowledged = true;
            } else {
                act.writes.clear();
            }
        }
    }

    /// Which acts are there.
    fn look(&self, store: &Store) -> Result<Vec<bool>, StoreError> {
        let snapshot = store.snapshot()?;
        let (mut there, mut wanted) = (Vec::new(), BTreeMap::new());
        for (n, act) in (0_u64..).zip(&self.acts) {
            let is_there = snapshot.get(&NUMBERS, &n.to_string())? == Some(Number(n));
            assert!(is_there || !act.is_acknowledged, "act {n} is lost");
            if is_there {
                for (row, length) in &act.writes {
                    match length {
                        Some(length) => drop(wanted.insert(key(*row), content(n, *row, *length))),
                        None => drop(wanted.remove(&key(*row))),
                    }
                }
            }
            there.push(is_there);
        }
        let found: BTreeMap<_, _> = snapshot.scan(&BLOBS, Scan::all(1_000))?.rows.into_iter().collect();
        assert!(found == wanted, "the rows are not the work of the acts that are there: {there:?}");
        Ok(there)
    }
}

fn key(row: u64) -> (Bytes, u8) {
    (Bytes(row.to_be_bytes().to_vec()), 0)
}

fn subject(act: u64) -> [u8; 16] {
    u128::from(act).to_be_bytes()
}

fn content(act: u64, row: u64, length: usize) -> Blob {
    Blob(act.to_le_bytes().into_iter().chain(row.to_le_bytes()).cycle().take(length).collect())
}

/// R90, R92, R94.
#[test]
fn random_lives_on_a_failing_disk_lose_nothing_that_was_acknowledged() {
    let first = asked("LATCHKEY_STORAGE_SEED").unwrap_or_else(|| number(&OsEntropy) >> 1);
    let lives = asked("LATCHKEY_STORAGE_SEEDS").unwrap_or(LIVES);
    println!("LATCHKEY_STORAGE_SEED={first} LATCHKEY_STORAGE_SEEDS={lives}");
    let fresh = Disk::default();
    drop(open_on(&fresh).unwrap());
    let mut tally = Tally::default();
    for seed in first..first + lives {
        let (source, disk) = (SeededEntropy::new(seed), fresh.copy());
        let life = Life { source, disk, acts: Vec::new(), tally: &mut tally };
        if let Err(wrong) = catch_unwind(AssertUnwindSafe(|| life.live())) {
            println!("to see it again: LATCHKEY_STORAGE_SEED={seed} LATCHKEY_STORAGE_SEEDS=1");
            resume_unwind(wrong);
        }
    }
    println!("{lives} lives: {tally:?}");
    assert!(lives < LIVES || (tally.refused > 0 && tally.power_cuts > 0), "{tally:?}");
}
