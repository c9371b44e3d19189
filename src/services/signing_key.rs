//! The keys that sign tokens: made at the first start, turned by an operator, and loaded into what signs.
//!
//! ## Decision: the ring is in the store, sealed
//! A file beside the store would be changed in one place and recorded in another, and a crash between the two would leave
//! an audit log that does not know which key signs. In the store, a turn and its record are one commit, and the ring
//! is in every backup. Each secret is sealed under the master key to its name, so a stolen store alone mints nothing.

use crate::ambient::{Entropy, entropy};
use crate::crypto::{KeyRing, SEED_BYTES, TokenKey};
use crate::domain::audit::{Action, Outcome};
use crate::domain::permission::Permission;
use crate::domain::signing_key::{Algorithm, PublicKey, SigningKey, Stage, Turn, turned};
use crate::store::lane::EventV1;
use crate::store::{self, Abort, StoreError};
use zeroize::Zeroizing;

use super::audit::Witness;
use super::caller::{Caller, Person};
use super::role::{Refused, require};
use super::session::AuthFault;
use super::step_up::{StepUpNeeded, require_fresh_person};
use super::{Context, Keys, Services, flatten};

/// Why the keys did not turn.
#[derive(Debug, thiserror::Error)]
pub enum RotateFault {
    /// The one key is a secret of the configuration.
    #[error("the key is configured")]
    Configured,
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

/// Loads the keys before the first request, and makes them where there are none. Where another algorithm is configured than
/// signs, its key signs from now on. Blocks; nothing is done when the key is configured.
pub fn ready(app: &Services) -> Result<(), StoreError> {
    let Some(wanted) = app.policy.signing else { return Ok(()) };
    let ring = app.read(|read| store::signing_key::ring(read))?;
    let signs = ring.iter().find(|key| key.stage == Stage::Current);
    if signs.is_none_or(|key| key.algorithm != wanted) {
        let ctx = app.own_context("start");
        let event = Witness::of_nobody(app, &ctx).event(Action::KeyRotated, Outcome::Success);
        let reason = if signs.is_none() { "first_start" } else { "algorithm" };
        let event = event.reason(reason).detail("algorithm", wanted.name()).done();
        let fresh = fresh(app, &ctx, wanted);
        let turn = Turn::Retire { life: app.tokens.rules().refresh_ttl };
        let run =
            move |txn: &mut store::Txn<'_>| Ok::<_, Abort<StoreError>>(replace(txn, turn, &fresh, &event)?);
        app.store.transact_blocking("key.make", app.stamp(&ctx), run).map_err(flatten)?;
    }
    load(app)
}

/// The ring, in the order in which keys sign. Needs `integrations:update`.
pub async fn list(app: &Services, ctx: &Context, caller: &Caller) -> Result<Vec<SigningKey>, Refused> {
    require(app, ctx, caller, Permission::IntegrationsUpdate).await?;
    Ok(app.read(|read| store::signing_key::ring(read))?)
}

/// What others verify tokens with.
pub fn published(app: &Services, ctx: &Context) -> Vec<PublicKey> {
    app.tokens.ring().published(ctx.now)
}

/// Lets the next key sign. What signed till now verifies for as long as its tokens may live, or, where `revoke` says so,
/// nothing that was ever signed verifies any more. Needs `integrations:update`.
pub async fn rotate(
    app: &Services,
    ctx: &Context,
    person: &Person,
    revoke: bool,
) -> Result<Vec<SigningKey>, RotateFault> {
    let caller = person.caller.clone();
    require(app, ctx, &caller, Permission::IntegrationsUpdate).await?;
    require_fresh_person(app, ctx, person)?;
    let wanted = app.policy.signing.ok_or(RotateFault::Configured)?;
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let event = caller.signed(witness.event(Action::KeyRotated, Outcome::Success));
    let event = if revoke { event.reason("revoked") } else { event };
    let event = event.detail("algorithm", wanted.name()).done();
    let (turn, fresh) = (turn_of(app, revoke), fresh(app, ctx, wanted));
    let run = move |txn: &mut store::Txn<'_>| {
        caller.still_may::<RotateFault>(txn, Permission::IntegrationsUpdate)?;
        Ok(replace(txn, turn, &fresh, &event)?)
    };
    let ring = app.store.transact("key.rotate", app.stamp(ctx), run).await.map_err(flatten)?;
    load(app)?;
    Ok(ring)
}

/// The same by whoever holds the data folder and its keys, with no server running.
pub fn rotate_offline(app: &Services, revoke: bool) -> Result<Vec<SigningKey>, RotateFault> {
    let wanted = app.policy.signing.ok_or(RotateFault::Configured)?;
    let ctx = app.own_context("command_line");
    let event = Witness::of_nobody(app, &ctx).event(Action::KeyRotated, Outcome::Success);
    let event = if revoke { event.reason("revoked") } else { event };
    let event = event.detail("algorithm", wanted.name()).done();
    let (turn, fresh) = (turn_of(app, revoke), fresh(app, &ctx, wanted));
    let run = move |txn: &mut store::Txn<'_>| Ok::<_, Abort<StoreError>>(replace(txn, turn, &fresh, &event)?);
    Ok(app.store.transact_blocking("key.rotate", app.stamp(&ctx), run).map_err(flatten)?)
}

fn turn_of(app: &Services, revoke: bool) -> Turn {
    if revoke { Turn::Revoke } else { Turn::Retire { life: app.tokens.rules().refresh_ttl } }
}

fn replace(
    txn: &mut store::Txn<'_>,
    turn: Turn,
    fresh: &[SigningKey; 2],
    event: &EventV1,
) -> Result<Vec<SigningKey>, StoreError> {
    let old = store::signing_key::ring(txn)?;
    let new = turned(&old, turn, fresh.clone(), txn.now());
    store::signing_key::replace(txn, &old, &new)?;
    txn.emit(event.clone())?;
    Ok(new)
}

/// Two new keys. Their secrets are made here and leave only sealed.
fn fresh(app: &Services, ctx: &Context, algorithm: Algorithm) -> [SigningKey; 2] {
    [(); 2].map(|()| {
        let seed: Zeroizing<[u8; SEED_BYTES]> = Zeroizing::new(app.random());
        let kid = TokenKey::from_seed(algorithm, &seed).kid().to_owned();
        let sealed = app.keys.signing.seal(&store::signing_key::place(&kid), &*seed, app.random());
        SigningKey { kid, algorithm, stage: Stage::Next, created_at: ctx.now, sealed }
    })
}

/// Puts the ring of the store to work. Turns that follow each other closely end with the newest, because each loads what
/// is stored when it loads.
fn load(app: &Services) -> Result<(), StoreError> {
    app.tokens.turn_to(|| {
        let ring = app.read(|read| store::signing_key::ring(read))?;
        opened(&app.keys, &ring).ok_or(StoreError::Damaged { table: store::tables::SIGNING_KEYS.name() })
    })
}

/// The keys of a ring with their secrets; nothing when one does not open or none signs.
fn opened(keys: &Keys, ring: &[SigningKey]) -> Option<KeyRing> {
    let open = |key: &SigningKey| {
        let seed = keys.signing.open(&store::signing_key::place(&key.kid), &key.sealed).ok()?;
        Some(TokenKey::from_seed(key.algorithm, seed.first_chunk()?)).filter(|opened| opened.kid() == key.kid)
    };
    let current = ring.iter().find(|key| key.stage == Stage::Current)?;
    ring.iter().try_fold(KeyRing::new(open(current)?), |opened, key| match key.stage {
        Stage::Current => Some(opened),
        Stage::Next => Some(opened.with_next(open(key)?)),
        Stage::Retired { until } => Some(opened.with_retired(open(key)?, until)),
    })
}

/// A ring for as long as none is loaded: what it signs, nobody else will ever verify.
pub fn unloaded(source: &dyn Entropy) -> KeyRing {
    let seed: Zeroizing<[u8; SEED_BYTES]> = Zeroizing::new(entropy::bytes(source));
    KeyRing::new(TokenKey::from_seed(Algorithm::Hs256, &seed))
}
