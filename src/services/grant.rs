//! What accounts are granted about a resource of somebody else: giving it, seeing it, taking it back.

use super::audit::Draft;
use super::caller::Caller;
use super::events::as_of;
use super::resource::{Act, ResourceFault, onlooker};
use super::role::{Refused, denied, require_factor};
use super::session::AuthFault;
use super::{Context, Services, flatten};
use crate::domain::audit::Action;
use crate::domain::feed::Cursor;
use crate::domain::id::UserId;
use crate::domain::permission::Scope;
use crate::domain::resource::{GRANTS_MAX, Grant, ResourceName};
use crate::store::resource as rows;
use crate::store::{self, Abort, StoreError, Txn};

/// Why something was not granted, shown or taken back.
#[derive(Debug, thiserror::Error)]
pub enum GrantFault {
    /// The resource is not to be had.
    #[error(transparent)]
    Resource(#[from] ResourceFault),
    /// The permission is about another kind than the resource is.
    #[error("the permission is not about this kind of resource")]
    OtherKind,
    /// The end is not in the future.
    #[error("the end is not in the future")]
    Past,
    /// The resource has as many grants as a resource may have.
    #[error("a resource has at most {GRANTS_MAX} grants")]
    TooMany,
    /// There is no such live grant.
    #[error("no such grant")]
    NotFound,
}

macro_rules! by_way_of_resource {
    ($($fault:ty),*) => {$(
        impl From<$fault> for GrantFault {
            fn from(fault: $fault) -> Self {
                Self::Resource(fault.into())
            }
        }
    )*};
}
by_way_of_resource!(AuthFault, Refused, StoreError);

/// The live grants of a resource.
#[derive(Debug)]
pub struct GrantList {
    /// The grants, oldest first.
    pub grants: Vec<Grant>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Grants an account something about a resource, in place of the same grant with another end. For the owner, and for
/// whoever holds the right to update all of the kind; never more than the caller holds or owns.
pub async fn add(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: &ResourceName,
    grant: Grant,
) -> Result<Grant, GrantFault> {
    let kind = name.kind();
    if grant.scope.permissions().beyond(kind.permissions()).is_some() {
        return Err(GrantFault::OtherKind);
    }
    if !grant.is_alive(ctx.now) {
        return Err(GrantFault::Past);
    }
    require_factor(app, ctx, caller, kind.update()).await?;
    let act = Act::begin(app, ctx, caller, name)?;
    let run = app.store.transact("grant.add", app.stamp(ctx), move |txn| {
        let (who, mut resource) = act.open::<GrantFault>(txn)?;
        let grantable = who.grantable(&resource);
        let needed = grant.scope.permissions().with(kind.update());
        if let Some(required) = needed.beyond(grantable) {
            return Ok(Err(act.refuse(txn, &who, required)?.into()));
        }
        if store::user::by_id(txn, grant.user)?.is_none() {
            return Err(Abort::Rule(ResourceFault::NoSuchUser.into()));
        }
        let is_same = |old: &Grant| (old.user, old.scope) == (grant.user, grant.scope);
        if resource.grants.len() >= GRANTS_MAX && !resource.grants.iter().any(is_same) {
            let dead = resource.grants.iter().find(|old| !old.is_alive(txn.now())).copied();
            let dead = dead.ok_or(Abort::Rule(GrantFault::TooMany))?;
            rows::remove_grant(txn, &mut resource, dead.user, dead.scope)?;
        }
        rows::add_grant(txn, &mut resource, grant)?;
        let event = act.event(Action::GrantAdded, grant.user).detail("permission", grant.scope.name());
        let event = match grant.expires_at {
            Some(end) => event.detail("expires_at", end.to_string()),
            None => event,
        };
        txn.emit(event.done())?;
        Ok(Ok(grant))
    });
    run.await.map_err(flatten)?
}

/// What is granted about a resource. For those who may grant.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: &ResourceName,
) -> Result<GrantList, GrantFault> {
    let update = name.kind().update();
    require_factor(app, ctx, caller, update).await?;
    let who = onlooker(app, caller);
    let seen = app.read(|read| {
        let resource = rows::by_name(read, name)?.filter(|resource| who.may_see(resource, ctx.now));
        Ok((resource, as_of(read)?))
    });
    let (resource, as_of) = seen?;
    let resource = resource.ok_or(ResourceFault::NotFound)?;
    if !who.grantable(&resource).contains(update) {
        let what = name.to_string();
        let why = |event: Draft| {
            event.reason("permission_missing").detail("resource", what).detail("required", update.name())
        };
        denied(app, ctx, caller, why).await?;
        return Err(Refused::Missing { required: update, held: who.held() }.into());
    }
    let grants = resource.grants.into_iter().filter(|grant| grant.is_alive(ctx.now)).collect();
    Ok(GrantList { grants, as_of })
}

/// Takes a live grant back: it allows nothing from now on. For those who may grant.
pub async fn remove(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: &ResourceName,
    (user, scope): (UserId, Scope),
) -> Result<(), GrantFault> {
    let update = name.kind().update();
    require_factor(app, ctx, caller, update).await?;
    let act = Act::begin(app, ctx, caller, name)?;
    let run = app.store.transact("grant.remove", app.stamp(ctx), move |txn: &mut Txn<'_>| {
        let (who, mut resource) = act.open::<GrantFault>(txn)?;
        if !who.grantable(&resource).contains(update) {
            return Ok(Err(act.refuse(txn, &who, update)?.into()));
        }
        let taken = rows::remove_grant(txn, &mut resource, user, scope)?;
        if !taken.is_some_and(|grant| grant.is_alive(txn.now())) {
            return Err(Abort::Rule(GrantFault::NotFound));
        }
        let event = act.event(Action::GrantRemoved, user).detail("permission", scope.name());
        txn.emit(event.done())?;
        Ok(Ok(()))
    });
    run.await.map_err(flatten)?
}
