//! Ending what a token opens, by whoever was shown it (RFC 7009). Knows nothing of how the request travels.
//!
//! ## Decision: one token ends its session
//! Access and refresh token of a login live and die together (RFC 7009, 2.1), so either ends the session. Who shows a
//! token could use it, so no rank is asked for. A token that is over ends nothing, and that is no fault.
//!
//! ## Decision: a service does not revoke API keys
//! A session is had again with a login; a key is gone. A service sees the key of every program that calls it, and being
//! shown a key is no right to end it. An API key with `users:update` may, as an administrator may: not where the owner
//! outranks its own.

use super::api_key::{self as keys, ManageFault};
use super::asker::Asker;
use super::role::Refused;
use super::session::{AuthFault, live_session};
use super::{Context, Services, flatten};
use crate::crypto::KeyHash;
use crate::domain::audit::Action;
use crate::domain::id::{SessionId, UserId};
use crate::domain::permission::Permission;
use crate::store::{self, StoreError};

/// Why nothing was revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeFault {
    /// A service showed an API key.
    #[error("a service does not revoke API keys")]
    Unsupported,
    /// The key could not be revoked.
    #[error(transparent)]
    Key(#[from] ManageFault),
    /// Who asked is nobody any more.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The API key that asked was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends what `token` opens, if it opens anything. An API key that asks needs `users:update`.
pub async fn revoke(app: &Services, ctx: &Context, asker: &Asker, token: &str) -> Result<(), RevokeFault> {
    asker.require(app, ctx, Permission::UsersUpdate).await?;
    if let Ok(hash) = KeyHash::of(token) {
        return revoke_key(app, ctx, asker, &hash).await;
    }
    let access = app.tokens.verify_access(token, ctx.now).map(|claims| (claims.user_id, claims.sid));
    let refresh = || app.tokens.verify_refresh(token, ctx.now).map(|claims| (claims.user_id, claims.sid));
    match access.or_else(|_| refresh()) {
        Ok(session) => end(app, ctx, asker, session).await,
        Err(_) => Ok(()),
    }
}

async fn end(
    app: &Services,
    ctx: &Context,
    asker: &Asker,
    (user, id): (UserId, SessionId),
) -> Result<(), RevokeFault> {
    let record = asker.record(app, ctx, Action::SessionEnded, user)?;
    let (asker, event) = (asker.clone(), record.session(id).reason("revoked").done());
    app.store
        .transact("token.revoke", app.stamp(ctx), move |txn| {
            asker.still_may::<RevokeFault>(txn, Permission::UsersUpdate)?;
            let Some((_, session)) = live_session(txn, user, id, txn.now())? else { return Ok(()) };
            store::session::remove(txn, &session)?;
            Ok(txn.emit(event.clone())?)
        })
        .await
        .map_err(flatten)
}

async fn revoke_key(app: &Services, ctx: &Context, asker: &Asker, hash: &KeyHash) -> Result<(), RevokeFault> {
    let Asker::Program(caller) = asker else { return Err(RevokeFault::Unsupported) };
    let hash = hash.as_bytes();
    let key = app.read(|read| store::api_key::by_hash(read, hash))?;
    let Some(key) = key.filter(|key| key.opens_with(hash, ctx.now)) else { return Ok(()) };
    match keys::revoke_any(app, ctx, caller, key.id).await {
        Ok(()) | Err(ManageFault::NotFound) => Ok(()),
        Err(fault) => Err(fault.into()),
    }
}
