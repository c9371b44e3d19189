//! API keys: making, listing, changing, rotating and revoking them. What a key opens is judged in [`usage`], what the
//! server does with keys by itself is in [`care`].
//!
//! ## Decision: a key keeps its id when its secret changes
//! A rotation puts a new hash into the same row, and keeps the one before until its grace ends. So scopes, limits,
//! audit records and the place in a list stay with the key, at most two texts open one key, and a second rotation ends
//! the first text at once. Alternative: a new row that points at the old one, which doubles the key in every list.

pub mod care;
mod form;
pub mod listing;
pub mod usage;

use std::time::Duration;

use super::audit::{Witness, person_key};
use super::caller::Caller;
use super::mail::Sealed;
use super::role::{Refused, denied, outranks, require};
use super::session::{AuthFault, Principal};
use super::step_up::{StepUpNeeded, require_fresh};
use super::suspicion::Suspicion;
use super::{Context, Services, flatten};
use crate::crypto::PlainApiKey;
use crate::domain::api_key::{ApiKey, GRACE_MAX, KeyFault};
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::{ApiKeyId, UserId};
use crate::domain::mail::KeyEvent;
use crate::domain::permission::Scope;
use crate::domain::role::Permission;
use crate::domain::suspicion::Suspicious;
use crate::domain::time::Timestamp;
use crate::store::{self, Abort, StoreError, Txn};

pub use form::KeyForm;

use form::Change;

/// How long a mail about a key is worth sending.
const NOTICE_WORTH: Duration = Duration::from_secs(7 * 86_400);

/// A key whose text can be shown this once.
#[derive(Debug)]
pub struct Issued {
    /// The key.
    pub key: ApiKey,
    /// Its text.
    pub text: PlainApiKey,
}

/// Why a key was not made, changed or revoked.
#[derive(Debug, thiserror::Error)]
pub enum ManageFault {
    /// A field is not acceptable.
    #[error("a field is not valid: {0}")]
    Field(#[from] KeyFault),
    /// The account has as many keys as an account may have.
    #[error("an account has at most {0} API keys")]
    TooMany(usize),
    /// The caller has no such live key.
    #[error("no such API key")]
    NotFound,
    /// The key's owner has a higher rank than the caller (R56).
    #[error("the owner outranks you")]
    Outranked,
    /// The caller's sessions ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The caller proved who they are too long ago for this.
    #[error(transparent)]
    Stale(#[from] StepUpNeeded),
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a key for the caller, where callers like this one may make keys. Its scopes are within what the caller may do
/// (R53, rule G54).
pub async fn create(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    form: &KeyForm,
    (expires_at, is_canary): (Option<Timestamp>, bool),
) -> Result<Issued, ManageFault> {
    require_fresh(app, ctx, caller)?;
    let caller = Caller::from(caller.clone());
    if let Some(required) = app.policy.api_keys.made_with {
        require(app, ctx, &caller, required).await?;
    }
    let change = Change::read(form)?;
    let name = change.name.clone().ok_or(KeyFault::Name)?;
    let scopes = change.scopes.clone().ok_or(KeyFault::Scopes)?;
    if expires_at.is_some_and(|end| end <= ctx.now) {
        return Err(KeyFault::Expiry.into());
    }
    refuse_unheld(app, ctx, &caller, &scopes).await?;
    let text = new_text(app, caller.user.id);
    let mut key = ApiKey {
        id: ApiKeyId::new(ctx.now, &app.random()),
        owner: caller.user.id,
        epoch: caller.user.key_epoch,
        name,
        description: None,
        scopes,
        created_at: ctx.now,
        rotated_at: ctx.now,
        expires_at,
        last_used_at: None,
        networks: Vec::new(),
        rate: None,
        is_canary,
        hint: text.hint(),
        hash: *text.hash().as_bytes(),
        former: None,
        is_reminded: false,
        look_at: ctx.now,
    };
    change.apply(&mut key);
    key.look_at = key.next_look(&app.policy.api_keys, ctx.now);
    let issuing = Issuing::new(app, ctx, &caller, &key, KeyEvent::Created)?;
    let (made, max) = (key.clone(), app.policy.api_keys.max_per_user);
    app.store
        .transact("api_key.create", app.stamp(ctx), move |txn| {
            caller.still_there::<ManageFault>(txn)?;
            if store::api_key::list(txn, Some(made.owner), None, max)?.0.len() >= max {
                return Err(Abort::Rule(ManageFault::TooMany(max)));
            }
            store::api_key::insert(txn, &made)?;
            Ok(issuing.write(txn)?)
        })
        .await
        .map_err(flatten)?;
    app.mail_queued.notify_one();
    Ok(Issued { key, text })
}

/// Gives one of the caller's own keys a new secret. The old one goes on working for `grace`.
pub async fn rotate(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    id: ApiKeyId,
    grace: Option<Duration>,
) -> Result<Issued, ManageFault> {
    require_fresh(app, ctx, caller)?;
    let grace = grace.unwrap_or(app.policy.api_keys.rotation_grace);
    if grace > GRACE_MAX {
        return Err(KeyFault::Grace.into());
    }
    let caller = Caller::from(caller.clone());
    let text = new_text(app, caller.user.id);
    let seen = app.read(|read| own(read, &caller, id, ctx.now))?.ok_or(ManageFault::NotFound)?;
    let (hint, hash) = (text.hint(), *text.hash().as_bytes());
    let issuing = Issuing::new(app, ctx, &caller, &ApiKey { hint: hint.clone(), ..seen }, KeyEvent::Rotated)?;
    let policy = app.policy.api_keys;
    let rotated = app
        .store
        .transact("api_key.rotate", app.stamp(ctx), move |txn| {
            let now = txn.now();
            caller.still_there::<ManageFault>(txn)?;
            let old = own(txn, &caller, id, now)?.ok_or(Abort::Rule(ManageFault::NotFound))?;
            let mut key = old.clone();
            key.former = (!grace.is_zero()).then(|| (old.hash, now.plus(grace)));
            (key.hash, key.hint, key.rotated_at, key.is_reminded) = (hash, hint.clone(), now, false);
            key.look_at = key.next_look(&policy, now);
            store::api_key::replace(txn, &old, &key)?;
            issuing.write(txn)?;
            Ok(key)
        })
        .await
        .map_err(flatten::<ManageFault>)?;
    app.mail_queued.notify_one();
    Ok(Issued { key: rotated, text })
}

/// Changes one of the caller's own keys, from the next use on. What is absent stays.
pub async fn update(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    id: ApiKeyId,
    form: &KeyForm,
) -> Result<ApiKey, ManageFault> {
    require_fresh(app, ctx, caller)?;
    let caller = Caller::from(caller.clone());
    let change = Change::read(form)?;
    let old = app.read(|read| own(read, &caller, id, ctx.now))?.ok_or(ManageFault::NotFound)?;
    // What the key asks for already may stay, even where its owner has lost it since: it opens nothing.
    let more: Vec<_> =
        change.scopes.iter().flatten().filter(|scope| !old.scopes.contains(scope)).copied().collect();
    refuse_unheld(app, ctx, &caller, &more).await?;
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let signed = caller.signed(witness.event(Action::ApiKeyUpdated, Outcome::Success));
    let event = signed.detail("api_key", id.to_string()).detail("fields", change.names()).done();
    let key = app.store.transact("api_key.update", app.stamp(ctx), move |txn| {
        caller.still_there::<ManageFault>(txn)?;
        let old = own(txn, &caller, id, txn.now())?.ok_or(Abort::Rule(ManageFault::NotFound))?;
        let mut key = old.clone();
        change.apply(&mut key);
        if key != old {
            store::api_key::replace(txn, &old, &key)?;
            txn.emit(event.clone())?;
        }
        Ok(key)
    });
    Ok(app.key_uses.overlaid(key.await.map_err(flatten::<ManageFault>)?))
}

/// Revokes one of the caller's own keys: it opens nothing from now on, and is gone.
pub async fn revoke(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    id: ApiKeyId,
) -> Result<(), ManageFault> {
    let caller = Caller::from(caller.clone());
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let signed = caller.signed(witness.event(Action::ApiKeyRevoked, Outcome::Success));
    let event = signed.detail("api_key", id.to_string()).done();
    app.store
        .transact("api_key.revoke", app.stamp(ctx), move |txn| {
            let key = own(txn, &caller, id, txn.now())?.ok_or(Abort::Rule(ManageFault::NotFound))?;
            store::api_key::remove(txn, &key)?;
            Ok(txn.emit(event.clone())?)
        })
        .await
        .map_err(flatten)
}

/// Revokes anybody's key whose owner does not outrank the caller. Needs `users:update`.
pub async fn revoke_any(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: ApiKeyId,
) -> Result<(), ManageFault> {
    let caller = caller.clone();
    require(app, ctx, &caller, Permission::UsersUpdate).await?;
    let key = app.read(|read| store::api_key::by_id(read, id))?.ok_or(ManageFault::NotFound)?;
    let person = app.read(|read| person_key(app, read, caller.user.id))?;
    let witness = Witness::of_other(app, ctx, (caller.user.id, key.owner), &person);
    let signed =
        |action, outcome| caller.signed(witness.event(action, outcome)).detail("api_key", id.to_string());
    let revoked = signed(Action::ApiKeyRevoked, Outcome::Success).done();
    let escalation = Suspicion::new(app, ctx, Suspicious::PrivilegeEscalation);
    let outranked = signed(Action::AccessDenied, Outcome::Denied).reason("outranked").done();
    app.store
        .transact("api_key.revoke_any", app.stamp(ctx), move |txn| {
            let (actor, _) = caller.still_may::<ManageFault>(txn, Permission::UsersUpdate)?;
            let key = store::api_key::by_id(txn, id)?.ok_or(Abort::Rule(ManageFault::NotFound))?;
            let owner = store::user::by_id(txn, key.owner)?;
            if owner.map_or(Ok(false), |owner| outranks(txn, &owner, &actor))? {
                escalation.write(txn, &outranked)?;
                txn.emit(outranked.clone())?;
                return Ok(Err(ManageFault::Outranked));
            }
            store::api_key::remove(txn, &key)?;
            txn.emit(revoked.clone())?;
            Ok(Ok(()))
        })
        .await
        .map_err(flatten)?
}

/// The text of a new key of `owner`.
fn new_text(app: &Services, owner: UserId) -> PlainApiKey {
    let prefix = &app.policy.api_key_prefix;
    if app.policy.api_keys.names_owner {
        PlainApiKey::of_owner(prefix, owner, &app.random())
    } else {
        PlainApiKey::new(prefix, &app.random())
    }
}

/// The caller's own live key `id`.
fn own(
    read: &impl store::Read,
    caller: &Caller,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<Option<ApiKey>, StoreError> {
    Ok(store::api_key::by_id(read, id)?.filter(|key| key.is_alive(&caller.user, now)))
}

/// Refuses, and records it, scopes that the caller does not hold.
async fn refuse_unheld(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    scopes: &[Scope],
) -> Result<(), Refused> {
    let held = caller.rights();
    let Some(required) = scopes.iter().find_map(|scope| scope.permissions().beyond(held)) else {
        return Ok(());
    };
    denied(app, ctx, caller, |event| event.reason("scope_not_held").detail("required", required.name()))
        .await?;
    Err(Refused::Missing { required, held })
}

/// The record and the mail of a new secret.
struct Issuing {
    event: store::lane::EventV1,
    mail: Sealed,
}

impl Issuing {
    fn new(
        app: &Services,
        ctx: &Context,
        caller: &Caller,
        key: &ApiKey,
        what: KeyEvent,
    ) -> Result<Self, StoreError> {
        let witness = Witness::of_caller(app, ctx, caller.user.id)?;
        let action = match what {
            KeyEvent::Rotated => Action::ApiKeyRotated,
            KeyEvent::Created | KeyEvent::Old => Action::ApiKeyCreated,
        };
        let signed = caller.signed(witness.event(action, Outcome::Success));
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.name()).collect();
        let event = signed.detail("api_key", key.id.to_string()).detail("scopes", scopes.join(" "));
        let letter = app.letters.api_key(what, &caller.user.email, &key.hint, &app.policy.public_url.home());
        let mail = Sealed::new(app, ctx, &caller.user.email, &letter, NOTICE_WORTH);
        Ok(Self { event: event.done(), mail })
    }

    fn write(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        self.mail.insert(txn)?;
        txn.emit(self.event.clone())
    }
}
