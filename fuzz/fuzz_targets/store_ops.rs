//! Any operations on the memory engine, compared with an ordered map. Transactions wait in groups of any size, as the
//! writer finds them under load.
#![no_main]

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use arbitrary::Arbitrary;
use latchkey::domain::time::Timestamp;
use latchkey::store::codec::Value;
use latchkey::store::keys::Bytes;
use latchkey::store::{Abort, GROUP_JOBS, MemoryEngine, Read, Scan, Stamp, Store, StoreError, Table, Txn};
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

fuzz_target!(|groups: Vec<Vec<(Vec<Op>, bool)>>| {
    let Ok((store, mut writer)) = Store::by_hand(Arc::new(MemoryEngine::single_run()), [1; 32]) else {
        panic!("an empty store opens")
    };
    let mut model = BTreeMap::new();
    for mut group in groups {
        group.truncate(GROUP_JOBS + 1);
        let acts = group.iter().map(|(ops, refused)| {
            let (stamp, todo, refused) =
                (Stamp { now: Timestamp::EPOCH, nonce: [0; 16] }, ops.clone(), *refused);
            Box::pin(store.transact("fuzz", stamp, move |txn| {
                let seen = todo.iter().map(|op| on_store(txn, op)).collect::<Result<Vec<_>, _>>()?;
                if refused { Err(Abort::Rule(seen)) } else { Ok(seen) }
            }))
        });
        let mut acts: Vec<_> = acts.collect();
        // Each puts its job into the queue when it is first asked.
        for act in &mut acts {
            assert!(outcome(act).is_pending());
        }
        assert_eq!(writer.turn(), !acts.is_empty());
        while writer.turn() {}
        for (mut act, (ops, _)) in acts.into_iter().zip(&group) {
            let mut draft = model.clone();
            let expected: Vec<Seen> = ops.iter().map(|op| on_model(&mut draft, op)).collect();
            match outcome(&mut act) {
                Poll::Ready(Ok(seen)) => {
                    assert_eq!(seen, expected);
                    model = draft;
                }
                Poll::Ready(Err(Abort::Rule(seen))) => assert_eq!(seen, expected),
                Poll::Ready(Err(Abort::Store(StoreError::TooLarge { .. }))) => {}
                Poll::Ready(Err(Abort::Store(error))) => panic!("{error}"),
                Poll::Pending => panic!("an answer is missing"),
            }
        }
    }
});

fn outcome<T>(act: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    pin!(act).poll(&mut Context::from_waker(Waker::noop()))
}

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
