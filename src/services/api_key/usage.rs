//! Using API keys: who calls, and when a key was used last.
//!
//! ## Decision: what a use writes
//! Nothing, on the way of the request: the time of the last use is remembered in memory and written by a job, at most
//! once a minute for each key. A crash loses the last minute of it.
//!
//! ## Decision: a canary answers like a key that does not exist
//! Whoever tries a planted key shall go on trying, and not learn that they were seen. So from outside it is one of the
//! refusals that all look alike, and inside it is a suspicious act with its own audit record. The record is written
//! before the answer, within the budget of guesses that the client's address has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::crypto::KeyHash;
use crate::domain::api_key::{ApiKey, KeyDenial};
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::{ApiKeyId, UserId};
use crate::domain::limit::Budget;
use crate::domain::suspicion::Suspicious;
use crate::domain::time::Timestamp;
use crate::domain::trace::Kind;
use crate::services::audit::{Witness, person_key};
use crate::services::caller::{Caller, Credential};
use crate::services::suspicion::Suspicion;
use crate::services::{Context, Services, flatten, role};
use crate::store::{self, Abort, StoreError};

/// Most uses written in one transaction: one write of the hundred each.
const BATCH: usize = 50;

/// Somebody with a good API key.
#[derive(Debug, Clone)]
pub struct KeyHolder {
    /// Who calls.
    pub caller: Caller,
    /// The key.
    pub key: ApiKeyId,
    /// The key's own limit, where it is not the usual.
    pub rate: Option<Budget>,
}

/// Why a key opens nothing. From outside all but the last look alike.
#[derive(Debug, thiserror::Error)]
pub enum UseFault {
    /// No key, none of ours, or one that is over.
    #[error("the API key is not valid")]
    Invalid,
    /// A key of ours that should not have been used so: to be recorded with [`record`].
    #[error("the API key is not to be used so")]
    Noticed(Noticed),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A use that must not have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noticed {
    key: ApiKeyId,
    owner: UserId,
    denial: KeyDenial,
}

impl Noticed {
    /// Whether the key is bait.
    pub fn is_canary(&self) -> bool {
        self.denial == KeyDenial::Canary
    }
}

/// Who calls with the key `text`, which is a use of it.
pub fn authenticate(
    app: &Services,
    text: &str,
    client: IpAddr,
    now: Timestamp,
) -> Result<KeyHolder, UseFault> {
    let holder = holder(app, text, client, now)?;
    app.key_uses.note(holder.key, now);
    Ok(holder)
}

/// Who holds the key `text`.
pub fn holder(app: &Services, text: &str, client: IpAddr, now: Timestamp) -> Result<KeyHolder, UseFault> {
    let (key, caller) = look_up(app, text, client, now)?;
    Ok(KeyHolder { caller, key: key.id, rate: key.rate })
}

/// The key `text`, and who calls with it. Its form is checked before anything is looked up; then there are three reads:
/// the hash, the key and its owner. Only an owner who has custom roles costs more: those.
pub fn look_up(
    app: &Services,
    text: &str,
    client: IpAddr,
    now: Timestamp,
) -> Result<(ApiKey, Caller), UseFault> {
    let hash = KeyHash::of(text).map_err(|_| UseFault::Invalid)?;
    let hash = hash.as_bytes();
    let found = app.store.read(|read| {
        let invalid = || Abort::Rule(UseFault::Invalid);
        let key = store::api_key::by_hash(read, hash)?.ok_or_else(invalid)?;
        let user = store::user::by_id(read, key.owner)?.ok_or_else(invalid)?;
        match key.judge(&user, hash, client, now) {
            Ok(()) => {}
            Err(KeyDenial::Dead) => return Err(invalid()),
            Err(denial @ (KeyDenial::Canary | KeyDenial::Address)) => {
                return Err(Abort::Rule(UseFault::Noticed(Noticed { key: key.id, owner: user.id, denial })));
            }
        }
        let credential = Credential::ApiKey { id: key.id, scopes: key.permissions() };
        let held = store::role::held(read, &user)?;
        Ok((key, Caller { user, held, credential }))
    });
    found.map_err(flatten)
}

/// Records a use that must not have happened.
pub async fn record(app: &Services, ctx: &Context, noticed: Noticed) -> Result<(), StoreError> {
    let person = app.read(|read| person_key(app, read, noticed.owner))?;
    let witness = Witness::of_stranger(app, ctx, noticed.owner, &person);
    let reason = match noticed.denial {
        KeyDenial::Canary => "canary_used",
        KeyDenial::Address | KeyDenial::Dead => "address_not_allowed",
    };
    let event = witness.event(Action::AccessDenied, Outcome::Denied).reason(reason);
    let event = event.detail("api_key", noticed.key.to_string()).done();
    let canary =
        (noticed.denial == KeyDenial::Canary).then(|| Suspicion::new(app, ctx, Suspicious::CanaryUsed));
    app.write("api_key.noticed", ctx, move |txn| {
        canary.iter().try_for_each(|suspicion| suspicion.write(txn, &event))?;
        txn.emit(event.clone())
    })
    .await
}

/// Records that a key was shown where only a session will do.
pub async fn record_no_session(app: &Services, ctx: &Context, caller: &Caller) -> Result<(), StoreError> {
    let by = if matches!(caller.credential, Credential::Operator) { "operator" } else { "API key" };
    ctx.trail.note(Kind::SessionRequired.with("by", by));
    role::denied(app, ctx, caller, |event| event.reason("session_required")).await
}

/// When keys were used, as far as that is not written yet. One value, shared by all requests; it has as many entries
/// as keys were used within a minute.
#[derive(Debug, Default)]
pub struct KeyUses(Mutex<HashMap<ApiKeyId, Timestamp>>);

impl KeyUses {
    fn note(&self, key: ApiKeyId, now: Timestamp) {
        let mut uses = self.lock();
        let last = uses.entry(key).or_insert(now);
        *last = now.max(*last);
    }

    /// The key with the time of its last use, written or not.
    pub fn overlaid(&self, key: ApiKey) -> ApiKey {
        let last_used_at = key.last_used_at.max(self.lock().get(&key.id).copied());
        ApiKey { last_used_at, ..key }
    }

    fn waiting(&self) -> Vec<(ApiKeyId, Timestamp)> {
        self.lock().iter().map(|(key, at)| (*key, *at)).collect()
    }

    /// Forgets what was written, unless the key was used again meanwhile.
    fn forget(&self, written: &[(ApiKeyId, Timestamp)]) {
        let mut uses = self.lock();
        for (key, at) in written {
            if uses.get(key) == Some(at) {
                uses.remove(key);
            }
        }
    }

    /// A panic in another caller leaves the map whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes when keys were used last. Called once a minute, and when the server ends.
pub async fn write_uses(app: &Services) -> Result<(), StoreError> {
    let ctx = app.own_context("key_uses");
    for batch in app.key_uses.waiting().chunks(BATCH) {
        let uses = batch.to_vec();
        app.write("api_key.uses", &ctx, move |txn| {
            uses.iter().try_for_each(|(key, at)| store::api_key::put_use(txn, *key, *at))
        })
        .await?;
        app.key_uses.forget(batch);
    }
    Ok(())
}
