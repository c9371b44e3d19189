//! API keys at rest, by id, by the hash of their text and by account.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::{Read, Scan, StoreError, Txn, expiry, tables};
use crate::domain::api_key::ApiKey;
use crate::domain::id::{ApiKeyId, UserId};
use crate::domain::limit::Budget;
use crate::domain::permission::Scope;
use crate::domain::time::Timestamp;

/// An API key as stored under its id.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApiKeyV1 {
    owner: [u8; 16],
    epoch: u32,
    name: String,
    description: Option<String>,
    scopes: Vec<u8>,
    created_at: i64,
    rotated_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    networks: Vec<(IpAddr, u8)>,
    /// How many in how many seconds.
    rate: Option<(u32, u32)>,
    is_canary: bool,
    hint: String,
    hash: [u8; 32],
    former: Option<([u8; 32], i64)>,
    is_reminded: bool,
    look_at: i64,
}

impl Value for ApiKeyV1 {
    const VERSION: u8 = 1;
}

/// Each hash leads to a key that has it or had it.
pub const HASH_INDEX: IndexCheck = IndexCheck {
    table: tables::API_KEY_HASHES.id(),
    holds: |snapshot, row_key| {
        let hash = tables::API_KEY_HASHES.key_of(row_key)?;
        let key = by_hash(snapshot, &hash)?;
        Ok(key.is_some_and(|key| key.hash == hash || key.former.is_some_and(|(former, _)| former == hash)))
    },
};

/// Each key of an account is there, and is the account's.
pub const USER_INDEX: IndexCheck = IndexCheck {
    table: tables::USER_API_KEYS.id(),
    holds: |snapshot, row_key| {
        let (owner, id) = tables::USER_API_KEYS.key_of(row_key)?;
        Ok(by_id(snapshot, id)?.is_some_and(|key| key.owner == owner))
    },
};

/// Each key is found by its hash and by its owner.
pub const PLACES_OF_KEY: IndexCheck = IndexCheck {
    table: tables::API_KEYS.id(),
    holds: |snapshot, row_key| {
        let Some(key) = by_id(snapshot, tables::API_KEYS.key_of(row_key)?)? else { return Ok(false) };
        let is_owned = snapshot.get(&tables::USER_API_KEYS, &(key.owner, key.id))?.is_some();
        Ok(is_owned && snapshot.get(&tables::API_KEY_HASHES, &key.hash)? == Some(*key.id.as_bytes()))
    },
};

/// The key `id`, alive or not.
pub fn by_id(read: &impl Read, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    read.get(&tables::API_KEYS, &id)?.map(|record| to_key(id, record)).transpose()
}

/// The key that has or had the text with this hash, alive or not.
pub fn by_hash(read: &impl Read, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
    match read.get(&tables::API_KEY_HASHES, hash)? {
        Some(id) => by_id(read, ApiKeyId::from_bytes(id)),
        None => Ok(None),
    }
}

/// Keys of `owner`, or of all accounts, newest first, older than `after`; and whether there are more.
pub fn list(
    read: &impl Read,
    owner: Option<UserId>,
    after: Option<ApiKeyId>,
    limit: usize,
) -> Result<(Vec<ApiKey>, bool), StoreError> {
    let scan = Scan::all(limit).reverse();
    let Some(owner) = owner else {
        let scan = if let Some(after) = after { scan.before(&after) } else { scan };
        let page = read.scan(&tables::API_KEYS, scan)?;
        let keys = page.rows.into_iter().map(|(id, record)| to_key(id, record)).collect::<Result<_, _>>()?;
        return Ok((keys, page.more));
    };
    let mut scan = scan.prefix(&owner);
    if let Some(after) = after {
        scan = scan.before(&(owner, after));
    }
    let page = read.scan(&tables::USER_API_KEYS, scan)?;
    let mut keys = Vec::with_capacity(page.rows.len());
    for ((_, id), ()) in page.rows {
        keys.extend(by_id(read, id)?);
    }
    Ok((keys, page.more))
}

/// Stores a new key.
pub fn insert(txn: &mut Txn<'_>, key: &ApiKey) -> Result<(), StoreError> {
    txn.put(&tables::USER_API_KEYS, &(key.owner, key.id), &())?;
    txn.put(&tables::API_KEY_HASHES, &key.hash, key.id.as_bytes())?;
    expiry::schedule(txn, key.look_at, &tables::API_KEYS, &key.id)?;
    txn.put(&tables::API_KEYS, &key.id, &to_record(key))
}

/// Stores `new` in place of `old`, the same key: hashes and times of the one that the other has not go.
pub fn replace(txn: &mut Txn<'_>, old: &ApiKey, new: &ApiKey) -> Result<(), StoreError> {
    let kept = [Some(new.hash), new.former.map(|(hash, _)| hash)];
    if let Some((hash, until)) = old.former.filter(|former| Some(*former) != new.former) {
        expiry::unschedule(txn, until, &tables::API_KEY_HASHES, &hash)?;
    }
    for gone in [Some(old.hash), old.former.map(|(hash, _)| hash)].into_iter().flatten() {
        if !kept.contains(&Some(gone)) {
            txn.remove(&tables::API_KEY_HASHES, &gone)?;
        }
    }
    if new.hash != old.hash {
        txn.put(&tables::API_KEY_HASHES, &new.hash, new.id.as_bytes())?;
    }
    if let Some((hash, until)) = new.former.filter(|former| Some(*former) != old.former) {
        expiry::schedule(txn, until, &tables::API_KEY_HASHES, &hash)?;
    }
    if new.look_at != old.look_at {
        expiry::unschedule(txn, old.look_at, &tables::API_KEYS, &old.id)?;
        expiry::schedule(txn, new.look_at, &tables::API_KEYS, &new.id)?;
    }
    txn.put(&tables::API_KEYS, &new.id, &to_record(new))
}

/// Notes that the key was used at `at`, if it is still there.
pub fn put_use(txn: &mut Txn<'_>, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
    let Some(mut key) = by_id(txn, id)?.filter(|key| key.last_used_at < Some(at)) else { return Ok(()) };
    key.last_used_at = Some(at);
    txn.put(&tables::API_KEYS, &id, &to_record(&key))
}

/// Removes a key and every way to it.
pub fn remove(txn: &mut Txn<'_>, key: &ApiKey) -> Result<(), StoreError> {
    if let Some((hash, until)) = key.former {
        expiry::unschedule(txn, until, &tables::API_KEY_HASHES, &hash)?;
        txn.remove(&tables::API_KEY_HASHES, &hash)?;
    }
    txn.remove(&tables::API_KEY_HASHES, &key.hash)?;
    txn.remove(&tables::USER_API_KEYS, &(key.owner, key.id))?;
    expiry::unschedule(txn, key.look_at, &tables::API_KEYS, &key.id)?;
    txn.remove(&tables::API_KEYS, &key.id)
}

/// Handles the end that was planned for a replaced secret at `planned`.
pub fn expire_former(txn: &mut Txn<'_>, hash: [u8; 32], planned: Timestamp) -> Result<(), StoreError> {
    expiry::unschedule(txn, planned, &tables::API_KEY_HASHES, &hash)?;
    let Some(mut key) = by_hash(txn, &hash)? else { return Ok(()) };
    if key.former == Some((hash, planned)) {
        key.former = None;
        txn.put(&tables::API_KEYS, &key.id, &to_record(&key))?;
        txn.remove(&tables::API_KEY_HASHES, &hash)?;
    }
    Ok(())
}

fn to_record(key: &ApiKey) -> ApiKeyV1 {
    let seconds = |period: Duration| u32::try_from(period.as_secs()).unwrap_or(u32::MAX);
    ApiKeyV1 {
        owner: *key.owner.as_bytes(),
        epoch: key.epoch,
        name: key.name.clone(),
        description: key.description.clone(),
        scopes: key.scopes.iter().map(|scope| scope.code()).collect(),
        created_at: key.created_at.millis(),
        rotated_at: key.rotated_at.millis(),
        expires_at: key.expires_at.map(Timestamp::millis),
        last_used_at: key.last_used_at.map(Timestamp::millis),
        networks: key.networks.iter().map(|network| (network.addr(), network.prefix_len())).collect(),
        rate: key.rate.map(|rate| (rate.count(), seconds(rate.period()))),
        is_canary: key.is_canary,
        hint: key.hint.clone(),
        hash: key.hash,
        former: key.former.map(|(hash, until)| (hash, until.millis())),
        is_reminded: key.is_reminded,
        look_at: key.look_at.millis(),
    }
}

/// What was written was well-formed: a row that is not is damaged, and opens nothing.
fn to_key(id: ApiKeyId, record: ApiKeyV1) -> Result<ApiKey, StoreError> {
    let damaged = || StoreError::Damaged { table: tables::API_KEYS.name() };
    let scopes: Option<_> = record.scopes.iter().map(|code| Scope::from_code(*code)).collect();
    let networks = record.networks.iter().map(|(address, length)| IpNet::new(*address, *length));
    let rate = record.rate.map(|(count, seconds)| Budget::new(count, Duration::from_secs(seconds.into())));
    Ok(ApiKey {
        id,
        owner: UserId::from_bytes(record.owner),
        epoch: record.epoch,
        name: record.name,
        description: record.description,
        scopes: scopes.ok_or_else(damaged)?,
        created_at: Timestamp::from_millis(record.created_at),
        rotated_at: Timestamp::from_millis(record.rotated_at),
        expires_at: record.expires_at.map(Timestamp::from_millis),
        last_used_at: record.last_used_at.map(Timestamp::from_millis),
        networks: networks.collect::<Result<_, _>>().map_err(|_| damaged())?,
        rate: rate.transpose().map_err(|_| damaged())?,
        is_canary: record.is_canary,
        hint: record.hint,
        hash: record.hash,
        former: record.former.map(|(hash, until)| (hash, Timestamp::from_millis(until))),
        is_reminded: record.is_reminded,
        look_at: Timestamp::from_millis(record.look_at),
    })
}
