//! Any operations, compared with an ordered map.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{BLOBS, Blob, Bytes};
use crate::store::{Abort, Page, Read, Scan, Store, StoreError, Txn};

type Key = (Bytes, u8);
type Model = BTreeMap<Key, Blob>;

#[derive(Debug, Clone)]
enum Op {
    Get(Key),
    Put(Key, Blob),
    Insert(Key, Blob),
    Remove(Key),
    Scan(Query),
}

#[derive(Debug, Clone)]
struct Query {
    prefix: Option<Bytes>,
    after: Option<Key>,
    before: Option<Key>,
    reverse: bool,
    limit: usize,
}

#[derive(Debug, PartialEq)]
enum Seen {
    Row(Option<Blob>),
    Inserted(bool),
    Page(Page<Key, Blob>),
    Done,
}

/// Keys at the edges of the encoding: empty, 00, 7f, 80, ff, and prefixes of each other.
fn part() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(prop::sample::select(vec![0_u8, 1, 0x7f, 0x80, 0xff]), 0..3).prop_map(Bytes)
}

fn key() -> impl Strategy<Value = Key> {
    (part(), prop::sample::select(vec![0_u8, 0xff]))
}

fn op() -> impl Strategy<Value = Op> {
    let blob = || prop::collection::vec(any::<u8>(), 0..4).prop_map(Blob);
    let query = (
        prop::option::of(part()),
        prop::option::of(key()),
        prop::option::of(key()),
        any::<bool>(),
        0_usize..6,
    )
        .prop_map(|(prefix, after, before, reverse, limit)| Query {
            prefix,
            after,
            before,
            reverse,
            limit,
        });
    prop_oneof![
        key().prop_map(Op::Get),
        (key(), blob()).prop_map(|(key, blob)| Op::Put(key, blob)),
        (key(), blob()).prop_map(|(key, blob)| Op::Insert(key, blob)),
        key().prop_map(Op::Remove),
        query.prop_map(Op::Scan),
    ]
}

pub fn any_operations_match_an_ordered_map(open: &dyn Fn() -> Store) {
    // Some operations in each transaction, and whether a rule refuses it in the end.
    let transactions = prop::collection::vec((prop::collection::vec(op(), 1..12), any::<bool>()), 1..8);
    let mut runner = TestRunner::new(Config { cases: 96, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&transactions, |transactions| {
        let store = open();
        let mut model = Model::new();
        for (ops, refused) in transactions {
            let mut draft = model.clone();
            let expected: Vec<Seen> = ops.iter().map(|op| apply_to_model(&mut draft, op)).collect();
            let seen = store.transact_blocking("model", super::stamp(0), move |txn| {
                let seen = ops.iter().map(|op| apply(txn, op)).collect::<Result<Vec<_>, _>>()?;
                if refused { Err(Abort::Rule(seen)) } else { Ok(seen) }
            });
            match seen {
                Ok(seen) => {
                    prop_assert_eq!(seen, expected);
                    model = draft;
                }
                Err(Abort::Rule(seen)) => prop_assert_eq!(seen, expected),
                Err(Abort::Store(error)) => return Err(TestCaseError::fail(error.to_string())),
            }
            let all =
                store.read(|snapshot| Ok::<_, Abort<()>>(snapshot.scan(&BLOBS, Scan::all(1000))?)).unwrap();
            prop_assert_eq!(all.rows, model.clone().into_iter().collect::<Vec<_>>());
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn apply(txn: &mut Txn<'_>, op: &Op) -> Result<Seen, StoreError> {
    Ok(match op {
        Op::Get(key) => Seen::Row(txn.get(&BLOBS, key)?),
        Op::Put(key, blob) => {
            txn.put(&BLOBS, key, blob)?;
            Seen::Done
        }
        Op::Insert(key, blob) => Seen::Inserted(txn.insert(&BLOBS, key, blob)?),
        Op::Remove(key) => {
            txn.remove(&BLOBS, key)?;
            Seen::Done
        }
        Op::Scan(query) => {
            let mut scan = Scan::all(query.limit);
            if let Some(prefix) = &query.prefix {
                scan = scan.prefix(prefix);
            }
            if let Some(after) = &query.after {
                scan = scan.after(after);
            }
            if let Some(before) = &query.before {
                scan = scan.before(before);
            }
            Seen::Page(txn.scan(&BLOBS, if query.reverse { scan.reverse() } else { scan })?)
        }
    })
}

fn apply_to_model(model: &mut Model, op: &Op) -> Seen {
    match op {
        Op::Get(key) => Seen::Row(model.get(key).cloned()),
        Op::Put(key, blob) => {
            model.insert(key.clone(), blob.clone());
            Seen::Done
        }
        Op::Insert(key, blob) => {
            let free = !model.contains_key(key);
            if free {
                model.insert(key.clone(), blob.clone());
            }
            Seen::Inserted(free)
        }
        Op::Remove(key) => {
            model.remove(key);
            Seen::Done
        }
        Op::Scan(query) => {
            let mut rows: Vec<(Key, Blob)> = model
                .iter()
                .filter(|(key, _)| query.prefix.as_ref().is_none_or(|prefix| key.0 == *prefix))
                .filter(|(key, _)| query.after.as_ref().is_none_or(|after| *key > after))
                .filter(|(key, _)| query.before.as_ref().is_none_or(|before| *key < before))
                .map(|(key, blob)| (key.clone(), blob.clone()))
                .collect();
            if query.reverse {
                rows.reverse();
            }
            let more = rows.len() > query.limit;
            rows.truncate(query.limit);
            Seen::Page(Page { rows, more })
        }
    }
}
