//! The keys that sign tokens at rest, by name. Their secrets arrive sealed.

use serde::{Deserialize, Serialize};

use super::codec::Value;
use super::{Read, Scan, StoreError, Txn, tables};
use crate::domain::signing_key::{Algorithm, SigningKey, Stage};
use crate::domain::time::Timestamp;

/// More than a ring ever has: each turn adds one, and each is forgotten a token's life later.
const KEYS_MAX: usize = 1_000;

/// A signing key as stored under its name.
#[derive(Debug, Serialize, Deserialize)]
pub struct SigningKeyV1 {
    algorithm: AlgorithmV1,
    stage: StageV1,
    created_at: i64,
    sealed: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
enum AlgorithmV1 {
    Hs256,
    EdDsa,
    Es256,
}

#[derive(Debug, Serialize, Deserialize)]
enum StageV1 {
    Next,
    Current,
    Retired(i64),
}

impl Value for SigningKeyV1 {
    const VERSION: u8 = 1;
}

/// The bytes that a key's secret is sealed to.
pub fn place(kid: &str) -> Vec<u8> {
    tables::SIGNING_KEYS.row_key(&kid.to_owned())
}

/// Every key, in the order in which they sign.
pub fn ring(read: &impl Read) -> Result<Vec<SigningKey>, StoreError> {
    let page = read.scan(&tables::SIGNING_KEYS, Scan::all(KEYS_MAX))?;
    let mut ring: Vec<_> = page.rows.into_iter().map(|(kid, record)| to_key(kid, record)).collect();
    let order = |stage| match stage {
        Stage::Retired { .. } => 0,
        Stage::Current => 1,
        Stage::Next => 2,
    };
    ring.sort_by_key(|key| (order(key.stage), key.created_at));
    Ok(ring)
}

/// Puts the ring `new` in the place of `old`.
pub fn replace(txn: &mut Txn<'_>, old: &[SigningKey], new: &[SigningKey]) -> Result<(), StoreError> {
    for gone in old.iter().filter(|key| new.iter().all(|kept| kept.kid != key.kid)) {
        txn.remove(&tables::SIGNING_KEYS, &gone.kid)?;
    }
    let mut changed = new.iter().filter(|key| !old.contains(key));
    changed.try_for_each(|key| txn.put(&tables::SIGNING_KEYS, &key.kid, &to_record(key)))
}

fn to_record(key: &SigningKey) -> SigningKeyV1 {
    SigningKeyV1 {
        algorithm: match key.algorithm {
            Algorithm::Hs256 => AlgorithmV1::Hs256,
            Algorithm::EdDsa => AlgorithmV1::EdDsa,
            Algorithm::Es256 => AlgorithmV1::Es256,
        },
        stage: match key.stage {
            Stage::Next => StageV1::Next,
            Stage::Current => StageV1::Current,
            Stage::Retired { until } => StageV1::Retired(until.millis()),
        },
        created_at: key.created_at.millis(),
        sealed: key.sealed.clone(),
    }
}

fn to_key(kid: String, record: SigningKeyV1) -> SigningKey {
    SigningKey {
        kid,
        algorithm: match record.algorithm {
            AlgorithmV1::Hs256 => Algorithm::Hs256,
            AlgorithmV1::EdDsa => Algorithm::EdDsa,
            AlgorithmV1::Es256 => Algorithm::Es256,
        },
        stage: match record.stage {
            StageV1::Next => Stage::Next,
            StageV1::Current => Stage::Current,
            StageV1::Retired(until) => Stage::Retired { until: Timestamp::from_millis(until) },
        },
        created_at: Timestamp::from_millis(record.created_at),
        sealed: record.sealed,
    }
}
