//! Which API keys there are: one's own, and for administrators everybody's.

use super::ManageFault;
use crate::crypto::digest::{from_hex, to_hex};
use crate::domain::api_key::ApiKey;
use crate::domain::feed::Cursor;
use crate::domain::id::{ApiKeyId, UserId};
use crate::domain::role::Permission;
use crate::services::caller::Caller;
use crate::services::events::as_of;
use crate::services::role::{Refused, require};
use crate::services::session::Principal;
use crate::services::{Context, Services};
use crate::store::{self, StoreError};

/// Which keys to list.
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    /// Only those of this account.
    pub owner: Option<UserId>,
    /// Only those whose secret is old.
    pub rotation_due: bool,
    /// Only those before this one in the list's order.
    pub after: Option<ApiKeyId>,
    /// Most keys to look at.
    pub limit: usize,
}

/// A page of live keys.
#[derive(Debug)]
pub struct KeyPage {
    /// The keys, newest first.
    pub keys: Vec<ApiKey>,
    /// Where the next page starts, when there is one.
    pub next: Option<ApiKeyId>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// The caller's own live keys, newest first.
pub fn list(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    filter: &KeyFilter,
) -> Result<KeyPage, StoreError> {
    page(app, ctx, &KeyFilter { owner: Some(caller.user.id), ..filter.clone() })
}

/// The caller's own live key whose text has the SHA-256 `hash`, in hexadecimal digits (T14).
pub fn find_by_hash(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    hash: &str,
) -> Result<ApiKeyId, ManageFault> {
    let hash = from_hex(hash).ok_or(ManageFault::NotFound)?;
    let found = app.read(|read| store::api_key::by_hash(read, &hash))?;
    let own = found.filter(|key| key.is_alive(&caller.user, ctx.now));
    own.map(|key| key.id).ok_or(ManageFault::NotFound)
}

/// The SHA-256 of a key's text, in hexadecimal digits.
pub fn hash_of(key: &ApiKey) -> String {
    to_hex(&key.hash)
}

/// Everybody's live keys, newest first. A page may be short and still have a next one. Needs `users:update`: who may
/// switch an account off may see what acts in its name.
pub async fn list_all(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &KeyFilter,
) -> Result<KeyPage, Refused> {
    require(app, ctx, caller, Permission::UsersUpdate).await?;
    Ok(page(app, ctx, filter)?)
}

/// The live keys of the account that `filter` names; `None`: there is no such account. Needs `users:update`, for the same
/// reason.
pub async fn list_of(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &KeyFilter,
) -> Result<Option<KeyPage>, Refused> {
    require(app, ctx, caller, Permission::UsersUpdate).await?;
    let owner = app.read(|read| filter.owner.map_or(Ok(None), |id| store::user::by_id(read, id)))?;
    Ok(owner.map(|_| page(app, ctx, filter)).transpose()?)
}

fn page(app: &Services, ctx: &Context, filter: &KeyFilter) -> Result<KeyPage, StoreError> {
    app.read(|read| {
        let (all, more) = store::api_key::list(read, filter.owner, filter.after, filter.limit)?;
        let next = all.last().map(|key| key.id).filter(|_| more);
        let mut page = KeyPage { keys: Vec::new(), next, as_of: as_of(read)? };
        for key in all {
            let owner = store::user::by_id(read, key.owner)?;
            let is_alive = owner.is_some_and(|owner| key.is_alive(&owner, ctx.now));
            if is_alive && (!filter.rotation_due || key.is_rotation_due(&app.policy.api_keys, ctx.now)) {
                page.keys.push(app.key_uses.overlaid(key));
            }
        }
        Ok(page)
    })
}
