//! What is known of a leaked string. Knows no terminal.

use crate::ambient::{Clock, SystemClock};
use crate::config::Loaded;
use crate::crypto::KeyHash;
use crate::crypto::api_key::hint;
use crate::domain::api_key::ApiKey;
use crate::domain::permission::{Permission, Permissions};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::{self, Abort, Store, StoreError};

use super::build;
use super::data_dir::DataDir;
use super::failure::Failure;

/// Page cache for a few reads.
const CACHE_MIB: u32 = 4;

/// What the string is, line by line. A failure says that it is no key, or none that the store knows.
pub fn key(loaded: &Loaded, text: &str) -> Result<Vec<String>, Failure> {
    let hash = KeyHash::of(text).map_err(|fault| Failure::from_error(&fault))?;
    let mut lines = vec![format!("an API key, whole: it begins with {} and its checksum fits", hint(text))];
    match open(loaded) {
        Ok((store, _lock)) => lines.extend(look_up(&store, &hash)?),
        Err(reason) => lines.push(format!("not looked up: {}", reason.what)),
    }
    Ok(lines)
}

/// The store of the data folder, and the lock that keeps it ours. Makes nothing.
pub(super) fn open(loaded: &Loaded) -> Result<(Store, DataDir), Failure> {
    let (dir, keys) = DataDir::open(&loaded.config.data_dir)?;
    if !dir.store_file().exists() {
        return Err(Failure::new(format!("{} is missing", dir.store_file().display())));
    }
    let store = build::open_store(&dir, &build::master_key(&keys)?, CACHE_MIB)?;
    Ok((store, dir))
}

fn look_up(store: &Store, hash: &KeyHash) -> Result<Vec<String>, Failure> {
    let found = store.read(|read| {
        let key = store::api_key::by_hash(read, hash.as_bytes())?;
        let owner = key.as_ref().map(|key| store::user::by_id(read, key.owner)).transpose()?.flatten();
        let Some((key, owner)) = key.zip(owner) else { return Ok(None) };
        let held = store::role::held(read, &owner)?.permissions;
        Ok::<_, Abort<StoreError>>(Some((key, owner, held)))
    });
    let found = found.map_err(|abort| match abort {
        Abort::Rule(error) | Abort::Store(error) => Failure::from_error(&error),
    })?;
    let Some((key, owner, held)) = found else {
        return Err(Failure::new(
            "an API key, whole, but none that this store knows: revoked, expired or another server's",
        ));
    };
    Ok(described((&key, &owner), key.permissions().and(held), hash, SystemClock.now()))
}

fn described(
    (key, owner): (&ApiKey, &User),
    rights: Permissions,
    hash: &KeyHash,
    now: Timestamp,
) -> Vec<String> {
    let is_former = key.hash != *hash.as_bytes();
    let former_until = key.former.map(|(_, until)| until).filter(|_| is_former);
    let state = match former_until {
        _ if !key.is_alive(owner, now) => "dead".to_owned(),
        Some(until) if now >= until => "dead: replaced".to_owned(),
        Some(until) => format!("live until {until}: replaced by a newer secret"),
        None if key.is_canary => "a canary: it opens nothing".to_owned(),
        None => key.expires_at.map_or_else(|| "live".to_owned(), |end| format!("live until {end}")),
    };
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.name()).collect();
    let networks: Vec<_> = key.networks.iter().map(ToString::to_string).collect();
    let anywhere = || "anywhere".to_owned();
    vec![
        format!("state: {state}"),
        format!("id: {}", key.id),
        format!("name: {}", key.name),
        format!("owner: {} ({}, {})", owner.email.as_str(), owner.id, owner.status),
        format!("scopes: {}", scopes.join(" ")),
        format!("may do now: {}", listed(rights)),
        format!("from: {}", if networks.is_empty() { anywhere() } else { networks.join(" ") }),
        format!("made: {}", key.created_at),
        format!("last used: {}", key.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string())),
    ]
}

fn listed(rights: Permissions) -> String {
    let names: Vec<_> = rights.iter().map(Permission::name).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
}
