//! Resources of applications: registering, seeing, handing over and removing them. What about them is granted is in
//! [`grant`](super::grant). Knows nothing of what a resource is.
//!
//! ## Decision: judged once, in the transaction
//! What the caller may do depends on who owns the resource and on its grants, so the one place where that is decided
//! reads them, the caller and what the caller holds in the transaction that acts. Only what does not depend on the
//! resource is asked at the head.

use super::audit::{Draft, Witness};
use super::caller::Caller;
use super::events::as_of;
use super::role::{Refused, has_factor, outranks, require, require_factor};
use super::session::AuthFault;
use super::suspicion::Suspicion;
use super::{Context, Services, flatten};
use crate::domain::audit::{Action, Outcome};
use crate::domain::feed::Cursor;
use crate::domain::grant::Who;
use crate::domain::id::UserId;
use crate::domain::permission::Permissions;
use crate::domain::resource::{RESOURCES_MAX, Resource, ResourceName};
use crate::domain::role::Permission;
use crate::domain::suspicion::Suspicious;
use crate::store::resource as rows;
use crate::store::{self, Abort, StoreError, Txn};

/// Why something was not done with a resource.
#[derive(Debug, thiserror::Error)]
pub enum ResourceFault {
    /// There is none of this name, or none the caller may know of.
    #[error("no such resource")]
    NotFound,
    /// The kind is this server's own.
    #[error("this kind belongs to the server")]
    Reserved,
    /// The name is taken.
    #[error("the resource is registered already")]
    Exists,
    /// The owner has as many resources as an owner may have.
    #[error("an account owns at most {RESOURCES_MAX} resources")]
    TooMany,
    /// The account that is named does not exist.
    #[error("no such user")]
    NoSuchUser,
    /// The owner has a higher rank than the caller (R56).
    #[error("the owner outranks you")]
    Outranked,
    /// The caller's sessions ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A resource, and whether its owner is still there.
#[derive(Debug)]
pub struct Seen {
    /// The resource.
    pub resource: Resource,
    /// Whether the account of the owner exists.
    pub is_owned: bool,
}

/// A page of resources of one owner.
#[derive(Debug)]
pub struct ResourcePage {
    /// The resources, in the order of their names.
    pub resources: Vec<Seen>,
    /// Where the next page starts, when there is one.
    pub next: Option<ResourceName>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Registers a resource; the caller's account owns it. Needs the right to create one of its kind.
pub async fn register(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: ResourceName,
) -> Result<Resource, ResourceFault> {
    if name.kind().is_ours() {
        return Err(ResourceFault::Reserved);
    }
    require(app, ctx, caller, name.kind().create()).await?;
    own(app, ctx, caller, name).await
}

/// Makes the caller's account the owner of `name`, whatever it may otherwise.
pub(super) async fn own(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: ResourceName,
) -> Result<Resource, ResourceFault> {
    let act = Act::begin(app, ctx, caller, &name)?;
    let resource = Resource { name, owner: caller.user.id, created_at: ctx.now, grants: Vec::new() };
    let made = resource.clone();
    let run = app.store.transact("resource.create", app.stamp(ctx), move |txn| {
        act.caller.still_there::<ResourceFault>(txn)?;
        if rows::count_of(txn, made.owner, RESOURCES_MAX)? >= RESOURCES_MAX {
            return Err(Abort::Rule(ResourceFault::TooMany));
        }
        if !rows::insert(txn, &made)? {
            return Err(Abort::Rule(ResourceFault::Exists));
        }
        Ok(txn.emit(act.event(Action::ResourceCreated, made.owner).done())?)
    });
    run.await.map_err(flatten)?;
    Ok(resource)
}

/// Resources of one owner behind `after`, in the order of their names: the caller's own, or, with `users:read`,
/// somebody else's.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    owner: Option<UserId>,
    (after, limit): (Option<ResourceName>, usize),
) -> Result<ResourcePage, Refused> {
    let owner = owner.unwrap_or(caller.user.id);
    if owner != caller.user.id {
        require(app, ctx, caller, Permission::UsersRead).await?;
    }
    let who = onlooker(app, caller);
    let page = app.read(|read| {
        let is_owned = store::user::by_id(read, owner)?.is_some();
        let (resources, more) = rows::of_owner(read, owner, after.as_ref(), limit)?;
        let next = resources.last().map(|resource| resource.name.clone()).filter(|_| more);
        let seen = resources.into_iter().filter(|resource| who.may_see(resource, ctx.now));
        let resources = seen.map(|resource| Seen { resource, is_owned }).collect();
        Ok(ResourcePage { resources, next, as_of: as_of(read)? })
    });
    Ok(page?)
}

/// The resource `name`, for those it concerns and those who look after its kind or see everybody.
pub fn find(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: &ResourceName,
) -> Result<Seen, ResourceFault> {
    let who = onlooker(app, caller);
    let found = app.read(|read| {
        let resource = rows::by_name(read, name)?.filter(|resource| who.may_see(resource, ctx.now));
        let Some(resource) = resource else { return Ok(None) };
        let is_owned = store::user::by_id(read, resource.owner)?.is_some();
        Ok(Some(Seen { resource, is_owned }))
    });
    found?.ok_or(ResourceFault::NotFound)
}

/// Removes a resource and all its grants. Needs the right to delete it, however that is come by.
pub async fn remove(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: &ResourceName,
) -> Result<(), ResourceFault> {
    let delete = name.kind().delete();
    require_factor(app, ctx, caller, delete).await?;
    let act = Act::begin(app, ctx, caller, name)?;
    let run = app.store.transact("resource.delete", app.stamp(ctx), move |txn| {
        let (who, resource) = act.open::<ResourceFault>(txn)?;
        if who.ground(delete, Some(&resource), txn.now()).is_none() {
            return Ok(Err(act.refuse(txn, &who, delete)?.into()));
        }
        rows::remove(txn, &resource)?;
        txn.emit(act.event(Action::ResourceDeleted, resource.owner).done())?;
        Ok(Ok(()))
    });
    run.await.map_err(flatten)?
}

/// Gives a resource another owner. Only its owner may, or with `users:update` whoever its owner does not outrank.
pub async fn hand_over(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: &ResourceName,
    owner: UserId,
) -> Result<Seen, ResourceFault> {
    require_factor(app, ctx, caller, Permission::UsersUpdate).await?;
    let act = Act::begin(app, ctx, caller, name)?;
    let escalation = Suspicion::new(app, ctx, Suspicious::PrivilegeEscalation);
    let run = app.store.transact("resource.hand_over", app.stamp(ctx), move |txn| {
        let (who, mut resource) = act.open::<ResourceFault>(txn)?;
        if !who.may_hand_over(&resource) {
            return Ok(Err(act.refuse(txn, &who, Permission::UsersUpdate)?.into()));
        }
        let former = store::user::by_id(txn, resource.owner)?;
        let actor = store::user::by_id(txn, who.user)?;
        if let Some((former, actor)) = former.zip(actor)
            && outranks(txn, &former, &actor)?
        {
            let event = act.denied(former.id).reason("outranked").done();
            escalation.write(txn, &event)?;
            txn.emit(event)?;
            return Ok(Err(ResourceFault::Outranked));
        }
        if store::user::by_id(txn, owner)?.is_none() {
            return Err(Abort::Rule(ResourceFault::NoSuchUser));
        }
        if resource.owner != owner {
            if rows::count_of(txn, owner, RESOURCES_MAX)? >= RESOURCES_MAX {
                return Err(Abort::Rule(ResourceFault::TooMany));
            }
            let event = act.event(Action::ResourceOwnerChanged, owner);
            txn.emit(event.detail("from", resource.owner.to_string()).done())?;
            rows::hand_over(txn, &mut resource, owner)?;
        }
        Ok(Ok(Seen { resource, is_owned: true }))
    });
    run.await.map_err(flatten)?
}

/// Whoever looks, as they were at the head of the request. Roles that need a second factor show nothing without it.
pub(super) fn onlooker(app: &Services, caller: &Caller) -> Who {
    let rights = if has_factor(app, caller) { caller.held.permissions } else { Permissions::NONE };
    Who { user: caller.user.id, rights, scopes: caller.scopes() }
}

/// What one caller does with one resource, and what is written of it.
pub(super) struct Act {
    caller: Caller,
    name: ResourceName,
    witness: Witness,
}

impl Act {
    pub(super) fn begin(
        app: &Services,
        ctx: &Context,
        caller: &Caller,
        name: &ResourceName,
    ) -> Result<Self, StoreError> {
        let witness = Witness::of_caller(app, ctx, caller.user.id)?;
        Ok(Self { caller: caller.clone(), name: name.clone(), witness })
    }

    /// The resource, and who asks for it, as both are in this transaction.
    pub(super) fn open<E>(&self, txn: &Txn<'_>) -> Result<(Who, Resource), Abort<E>>
    where
        E: From<AuthFault> + From<ResourceFault>,
    {
        let user = self.caller.still_there::<E>(txn)?;
        let rights = store::role::held(txn, &user)?.permissions;
        let who = Who { user: user.id, rights, scopes: self.caller.scopes() };
        let resource = rows::by_name(txn, &self.name)?;
        let resource = resource.filter(|resource| who.may_see(resource, txn.now()));
        Ok((who, resource.ok_or_else(|| Abort::Rule(ResourceFault::NotFound.into()))?))
    }

    /// The record of the act, which concerns the account `about`.
    pub(super) fn event(&self, action: Action, about: UserId) -> Draft {
        self.signed(action, Outcome::Success).about(about)
    }

    /// The record of its refusal.
    fn denied(&self, about: UserId) -> Draft {
        self.signed(Action::AccessDenied, Outcome::Denied).about(about)
    }

    /// Records that the caller lacks `required`. The transaction goes through, so that the record stays.
    pub(super) fn refuse(
        &self,
        txn: &mut Txn<'_>,
        who: &Who,
        required: Permission,
    ) -> Result<Refused, StoreError> {
        let event = self.denied(who.user).reason("permission_missing");
        txn.emit(event.detail("required", required.name()).done())?;
        Ok(Refused::Missing { required, held: who.held() })
    }

    fn signed(&self, action: Action, outcome: Outcome) -> Draft {
        let signed = self.caller.signed(self.witness.event(action, outcome));
        signed.detail("resource", self.name.to_string())
    }
}
