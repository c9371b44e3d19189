//! The suite that every engine passes, generic over how a store is opened. Knows no engine but in the list at the end.
//!
//! | part | holds |
//! |---|---|
//! | `model` | any operations, compared with an ordered map |
//! | `isolation` | lost update, write skew, phantom, unique insert, standing snapshots |
//! | `contract` | what a closure, a limit, a rule and an effect may rely on |
//! | `feed` | what was acknowledged is in the lane, once, in order, without gaps |

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::codec::Value;
use super::keys::Bytes;
use super::lane::{EventV1, OutcomeV1};
use super::{Abort, MemoryEngine, RedbEngine, Stamp, Store, StoreError, Table, Txn};
use crate::domain::time::Timestamp;

mod contract;
mod feed;
mod isolation;
mod model;

/// The checksum key of test stores.
pub const KEY: [u8; 32] = [7; 32];
/// Numbers by name.
pub const NUMBERS: Table<String, Number> = Table::new(0xf0, "test_numbers");
/// Any bytes by two parts.
pub const BLOBS: Table<(Bytes, u8), Blob> = Table::new(0xf1, "test_blobs");

/// A number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number(pub u64);

impl Value for Number {
    const VERSION: u8 = 1;
}

/// Some bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob(pub Vec<u8>);

impl Value for Blob {
    const VERSION: u8 = 1;
}

/// No rule says no.
pub type Never = std::convert::Infallible;

/// A stamp told apart by `n`.
pub fn stamp(n: u64) -> Stamp {
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&n.to_be_bytes());
    Stamp { now: Timestamp::from_millis(1_700_000_000_000), nonce }
}

/// Runs one transaction that no rule refuses.
pub fn run<T: Send + 'static>(
    store: &Store,
    f: impl FnMut(&mut Txn<'_>) -> Result<T, Abort<Never>> + Send + 'static,
) -> Result<T, StoreError> {
    store.transact_blocking("test", stamp(0), f).map_err(store_error)
}

/// The store's part of an abort without rules.
pub fn store_error(abort: Abort<Never>) -> StoreError {
    match abort {
        Abort::Rule(never) => match never {},
        Abort::Store(error) => error,
    }
}

/// An event told apart by its action.
pub fn event(action: &str, subject: Option<[u8; 16]>) -> EventV1 {
    EventV1 {
        at: 1_700_000_000_000,
        action: action.into(),
        outcome: OutcomeV1::Success,
        actor: None,
        subject,
        session: None,
        request_id: "request".into(),
        reason: None,
        detail: Vec::new(),
        personal: Vec::new(),
    }
}

/// A new store in memory that runs everything twice.
pub fn in_memory() -> Store {
    Store::open(Arc::new(MemoryEngine::new()), KEY).unwrap()
}

/// A new redb store without a disk.
pub fn in_redb() -> Store {
    let engine = RedbEngine::on_backend(|| Ok(::redb::backends::InMemoryBackend::new()), 1 << 20).unwrap();
    Store::open(Arc::new(engine), KEY).unwrap()
}

macro_rules! suite {
    ($($part:ident: $($test:ident)*;)*) => {
        mod memory { $($(#[test] fn $test() { super::$part::$test(&super::in_memory); })*)* }
        mod redb { $($(#[test] fn $test() { super::$part::$test(&super::in_redb); })*)* }
    };
}

suite! {
    model: any_operations_match_an_ordered_map;
    isolation: no_update_is_lost
        write_skew_is_impossible
        a_cap_on_a_range_holds
        a_unique_insert_has_one_winner_of_twelve
        a_snapshot_stands_still
        every_snapshot_shows_the_same_total;
    contract: a_rule_that_says_no_writes_and_emits_nothing
        a_transaction_reads_its_own_writes
        an_answer_can_be_read_at_once
        a_closure_that_runs_again_leaves_one_effect
        each_limit_refuses_and_names_the_table
        an_overlooked_refusal_does_not_commit
        a_panicking_closure_fails_alone
        a_scan_says_whether_more_remains
        a_longer_key_than_the_limit_names_no_row;
    feed: what_was_acknowledged_is_seen_once_and_in_order
        the_feed_resumes_from_any_sequence
        the_chain_goes_on_after_closing;
}
