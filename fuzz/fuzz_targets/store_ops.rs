//! Any operations on the memory engine, compared with an ordered map.
#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use arbitrary::Arbitrary;
use latchkey::domain::time::Timestamp;
use latchkey::store::codec::Value;
use latchkey::store::keys::Bytes;
use latchkey::store::{Abort, MemoryEngine, Read, Scan, Stamp, Store, StoreError, Table, Txn};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Number(u32);

impl Value for Number {
    const VERSION: u8 = 1;
}

type Key = (Bytes, u8);
const ROWS: Table<Key, Number> = Table::new(0xf0, "fuzz");

#[derive(Debug, Clone, Arbitrary)]
enum Op {
    Put(Vec<u8>, u8, u32),
    Insert(Vec<u8>, u8, u32),
    Remove(Vec<u8>, u8),
    Get(Vec<u8>, u8),
    Scan { after: Option<(Vec<u8>, u8)>, before: Option<(Vec<u8>, u8)>, reverse: bool, limit: u8 },
}

#[derive(Debug, PartialEq)]
enum Seen {
    Row(Option<Number>),
    Inserted(bool),
    Rows(Vec<(Key, Number)>, bool),
}

fuzz_target!(|transactions: Vec<(Vec<Op>, bool)>| {
    let Ok(store) = Store::open(Arc::new(MemoryEngine::single_run()), [1; 32]) else {
        panic!("an empty store opens")
    };
    let mut model = BTreeMap::new();
    for (ops, refused) in transactions {
        let stamp = Stamp { now: Timestamp::EPOCH, nonce: [0; 16] };
        let mut draft = model.clone();
        let todo = ops.clone();
        let outcome = store.transact_blocking("fuzz", stamp, move |txn| {
            let seen = todo.iter().map(|op| on_store(txn, op)).collect::<Result<Vec<_>, _>>()?;
            if refused { Err(Abort::Rule(seen)) } else { Ok(seen) }
        });
        let expected: Vec<Seen> = ops.iter().map(|op| on_model(&mut draft, op)).collect();
        match outcome {
            Ok(seen) => {
                assert_eq!(seen, expected);
                model = draft;
            }
            Err(Abort::Rule(seen)) => assert_eq!(seen, expected),
            Err(Abort::Store(StoreError::TooLarge { .. })) => {}
            Err(Abort::Store(error)) => panic!("{error}"),
        }
    }
});

fn key(part: &[u8], rest: u8) -> Key {
    (Bytes(part.to_vec()), rest)
}

fn on_store(txn: &mut Txn<'_>, op: &Op) -> Result<Seen, StoreError> {
    Ok(match op {
        Op::Put(part, rest, n) => {
            txn.put(&ROWS, &key(part, *rest), &Number(*n))?;
            Seen::Row(None)
        }
        Op::Insert(part, rest, n) => Seen::Inserted(txn.insert(&ROWS, &key(part, *rest), &Number(*n))?),
        Op::Remove(part, rest) => {
            txn.remove(&ROWS, &key(part, *rest))?;
            Seen::Row(None)
        }
        Op::Get(part, rest) => Seen::Row(txn.get(&ROWS, &key(part, *rest))?),
        Op::Scan { after, before, reverse, limit } => {
            let mut scan = Scan::all(usize::from(*limit));
            if let Some((part, rest)) = after {
                scan = scan.after(&key(part, *rest));
            }
            if let Some((part, rest)) = before {
                scan = scan.before(&key(part, *rest));
            }
            let page = txn.scan(&ROWS, if *reverse { scan.reverse() } else { scan })?;
            Seen::Rows(page.rows, page.more)
        }
    })
}

fn on_model(model: &mut BTreeMap<Key, Number>, op: &Op) -> Seen {
    match op {
        Op::Put(part, rest, n) => {
            model.insert(key(part, *rest), Number(*n));
            Seen::Row(None)
        }
        Op::Insert(part, rest, n) => {
            let free = !model.contains_key(&key(part, *rest));
            if free {
                model.insert(key(part, *rest), Number(*n));
            }
            Seen::Inserted(free)
        }
        Op::Remove(part, rest) => {
            model.remove(&key(part, *rest));
            Seen::Row(None)
        }
        Op::Get(part, rest) => Seen::Row(model.get(&key(part, *rest)).cloned()),
        Op::Scan { after, before, reverse, limit } => {
            let after = after.as_ref().map(|(part, rest)| key(part, *rest));
            let before = before.as_ref().map(|(part, rest)| key(part, *rest));
            let within = |key: &&Key| {
                after.as_ref().is_none_or(|after| *key > after)
                    && before.as_ref().is_none_or(|before| *key < before)
            };
            let mut rows: Vec<_> =
                model.iter().filter(|(key, _)| within(key)).map(|(k, n)| (k.clone(), n.clone())).collect();
            if *reverse {
                rows.reverse();
            }
            let more = rows.len() > usize::from(*limit);
            rows.truncate(usize::from(*limit));
            Seen::Rows(rows, more)
        }
    }
}
