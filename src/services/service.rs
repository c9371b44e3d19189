//! Registered services: applications that ask whether a token is good. What they may ask is in
//! [`introspection`](super::introspection) and [`revocation`](super::revocation).
//!
//! ## Decision: a service is the installation's, not a person's
//! It does not end with the account that registered it, or a shop would close because an administrator left. It holds no
//! permission: it learns of tokens that were shown to it, and may end those, and nothing more.
//!
//! ## Decision: the secret is found by the service, and compared by its hash
//! A secret has 256 random bits, so one SHA-256 is enough at rest, as for API keys. The row is found by the `client_id`,
//! which is no secret. Hashes are compared in constant time, and an unknown `client_id` costs the same comparison.

use std::time::Duration;

use super::audit::Witness;
use super::caller::{Caller, Person};
use super::events::as_of;
use super::role::{Refused, require};
use super::session::AuthFault;
use super::step_up::{StepUpNeeded, require_fresh_person};
use super::{Context, Services, flatten};
use crate::crypto::PlainApiKey;
use crate::crypto::digest::{same, sha256};
use crate::domain::api_key::{GRACE_MAX, KeyFault, parse_description, parse_name};
use crate::domain::audit::{Action, Outcome};
use crate::domain::feed::Cursor;
use crate::domain::id::ServiceId;
use crate::domain::permission::Permission;
use crate::domain::service::Service;
use crate::domain::time::Timestamp;
use crate::store::lane::EventV1;
use crate::store::{self, Abort, StoreError};

/// A service whose secret can be shown this once.
#[derive(Debug)]
pub struct Issued {
    /// The service.
    pub service: Service,
    /// Its secret.
    pub secret: PlainApiKey,
}

/// A page of services.
#[derive(Debug)]
pub struct ServicePage {
    /// The services, newest first.
    pub services: Vec<Service>,
    /// Where the next page starts, when there is one.
    pub next: Option<ServiceId>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Why a service was not registered, changed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum ServiceFault {
    /// A field is not acceptable.
    #[error("a field is not valid: {0}")]
    Field(#[from] KeyFault),
    /// There is no such service.
    #[error("no such service")]
    NotFound,
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

/// Registers a service. Needs `integrations:create`.
pub async fn create(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    name: &str,
    description: Option<&str>,
) -> Result<Issued, ServiceFault> {
    let caller = allowed(app, ctx, caller, Permission::IntegrationsCreate).await?;
    let secret = PlainApiKey::of_service(&app.random());
    let service = Service {
        id: ServiceId::new(ctx.now, &app.random()),
        name: parse_name(name)?,
        description: description.map(parse_description).transpose()?.filter(|text| !text.is_empty()),
        created_at: ctx.now,
        rotated_at: ctx.now,
        hash: *secret.hash().as_bytes(),
        former: None,
    };
    let event = event(app, ctx, &caller, Action::ServiceCreated, service.id)?;
    let made = service.clone();
    app.store
        .transact("service.create", app.stamp(ctx), move |txn| {
            caller.still_may::<ServiceFault>(txn, Permission::IntegrationsCreate)?;
            store::service::put(txn, &made)?;
            Ok(txn.emit(event.clone())?)
        })
        .await
        .map_err(flatten)?;
    Ok(Issued { service, secret })
}

/// Services, newest first, older than `after`. Needs `integrations:update`: everybody holds `integrations:read`, and
/// which applications ask about tokens is for those who look after them.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    after: Option<ServiceId>,
    limit: usize,
) -> Result<ServicePage, Refused> {
    require(app, ctx, caller, Permission::IntegrationsUpdate).await?;
    let page = app.read(|read| {
        let (services, more) = store::service::list(read, after, limit)?;
        let next = services.last().map(|service| service.id).filter(|_| more);
        Ok(ServicePage { services, next, as_of: as_of(read)? })
    });
    Ok(page?)
}

/// Gives a service a new secret. The old one goes on working for `grace`. Needs `integrations:update`.
pub async fn rotate(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    id: ServiceId,
    grace: Option<Duration>,
) -> Result<Issued, ServiceFault> {
    let caller = allowed(app, ctx, caller, Permission::IntegrationsUpdate).await?;
    let grace = grace.unwrap_or(app.policy.api_keys.rotation_grace);
    if grace > GRACE_MAX {
        return Err(KeyFault::Grace.into());
    }
    let secret = PlainApiKey::of_service(&app.random());
    let hash = *secret.hash().as_bytes();
    let event = event(app, ctx, &caller, Action::ServiceRotated, id)?;
    let rotated = app.store.transact("service.rotate", app.stamp(ctx), move |txn| {
        caller.still_may::<ServiceFault>(txn, Permission::IntegrationsUpdate)?;
        let now = txn.now();
        let mut service = store::service::by_id(txn, id)?.ok_or(Abort::Rule(ServiceFault::NotFound))?;
        service.rotate(hash, now, now.plus(grace));
        store::service::put(txn, &service)?;
        txn.emit(event.clone())?;
        Ok(service)
    });
    Ok(Issued { service: rotated.await.map_err(flatten)?, secret })
}

/// Deletes a service: its secrets open nothing from now on. Needs `integrations:delete`.
pub async fn delete(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    id: ServiceId,
) -> Result<(), ServiceFault> {
    let caller = caller.caller.clone();
    require(app, ctx, &caller, Permission::IntegrationsDelete).await?;
    let event = event(app, ctx, &caller, Action::ServiceDeleted, id)?;
    app.store
        .transact("service.delete", app.stamp(ctx), move |txn| {
            caller.still_may::<ServiceFault>(txn, Permission::IntegrationsDelete)?;
            store::service::by_id(txn, id)?.ok_or(Abort::Rule(ServiceFault::NotFound))?;
            store::service::remove(txn, id)?;
            Ok(txn.emit(event.clone())?)
        })
        .await
        .map_err(flatten)
}

/// The service `client_id`, if `secret` is one that it has.
pub fn authenticate(
    app: &Services,
    client_id: &str,
    secret: &str,
    now: Timestamp,
) -> Result<Option<Service>, StoreError> {
    let shown = sha256(secret.as_bytes());
    let service = match client_id.parse() {
        Ok(id) => app.read(|read| store::service::by_id(read, id))?,
        Err(_) => None,
    };
    let present = service.as_ref().map_or([0; 32], |service| service.hash);
    let former = service.as_ref().and_then(|service| service.former_at(now)).copied().unwrap_or(present);
    let fits = same(&shown, &present) | same(&shown, &former);
    Ok(service.filter(|_| fits))
}

/// The caller, who may do this and has proved of late who they are: a secret is given out.
async fn allowed(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    permission: Permission,
) -> Result<Caller, ServiceFault> {
    require(app, ctx, &caller.caller, permission).await?;
    require_fresh_person(app, ctx, caller)?;
    Ok(caller.caller.clone())
}

fn event(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    action: Action,
    id: ServiceId,
) -> Result<EventV1, StoreError> {
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let signed = caller.signed(witness.event(action, Outcome::Success));
    Ok(signed.detail("service", id.to_string()).done())
}
