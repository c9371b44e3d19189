//! Who may do what in the trading profile: roles, permissions beside them, and those about one resource.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::{Listed, done, names, permission};
use crate::domain::id::UserId;
use crate::domain::permission::Scope;
use crate::domain::profile::trading::{TradingPermission, TradingRole};
use crate::domain::resource::{Grant, ResourceName};
use crate::http::asked::Asked;
use crate::http::error::{ApiError, Fault};
use crate::http::person::Person;
use crate::http::principal::Caller;
use crate::http::profile::Flat;
use crate::http::profile::body::Loose;
use crate::http::tag::Tag;
use crate::http::user::no_such_user;
use crate::services::caller;
use crate::services::profile::trading;
use crate::services::resource::ResourceFault;
use crate::services::role_grant::{self, Right};
use crate::services::{Context, Services, grant};
use crate::wire::profile::trading::Done;
use crate::wire::profile::trading_access as wire;

/// Roles and permissions.
pub struct RightApi(pub Arc<Services>);

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(tag = "Tag::Roles")]
impl RightApi {
    /// What may I do
    ///
    /// By the role, and by what was given beside it.
    #[oai(path = "/permissions", method = "get", operation_id = "my_permissions")]
    async fn mine(&self, caller: Caller) -> Result<Flat<wire::Permissions>, Fault<Listed>> {
        let held = TradingPermission::ALL.into_iter().filter(|own| trading::may(&caller.0, *own));
        let permissions = names(&held.collect::<Vec<_>>());
        Ok(Flat::new(wire::Permissions {
            role: TradingRole::of(&caller.0.user).name().to_owned(),
            permissions,
        }))
    }

    /// May I do this
    ///
    /// Of a resource its owner may do anything, and whoever was given this permission about it may do this.
    #[oai(path = "/permissions/check", method = "get", operation_id = "check_permission")]
    async fn check(
        &self,
        asked: Asked,
        caller: Caller,
        /// Such as `update:signals`.
        #[oai(name = "permission")]
        needed: Query<String>,
        /// The resource that it is about.
        resource_id: Query<Option<String>>,
    ) -> Result<Flat<wire::Allowed>, Fault<Listed>> {
        let question = (resource_id.0.as_deref(), permission(&needed.0)?);
        let allowed = trading::may_with(&self.0, &asked.0, &caller.0, question).await?;
        Ok(Flat::new(wire::Allowed { allowed }))
    }

    /// Give an account a role
    ///
    /// In place of the one it has; it counts from the next request on. Needs `system:admin`.
    #[oai(path = "/users/:id/role", method = "put", operation_id = "set_role")]
    async fn set_role(
        &self,
        caller: Person,
        id: Path<String>,
        body: Loose<wire::SetRole>,
        asked: Asked,
    ) -> Result<Flat<Done>, Fault<Listed>> {
        let role = TradingRole::ALL.into_iter().find(|role| role.name() == body.0.role);
        let message = "role: must be user, admin or super_admin";
        let role = role.ok_or_else(|| ApiError::field("role", "invalid", message))?;
        let id = self.subject(&asked.0, &caller.0, &id.0).await?;
        role_grant::set_role(&self.0, &asked.0, &caller.0, (id, role.stored())).await?;
        Ok(done())
    }

    /// Give an account a permission beside its role
    ///
    /// Needs `system:admin`.
    #[oai(path = "/users/:id/permissions", method = "post", operation_id = "give_permission")]
    async fn give(
        &self,
        caller: Person,
        id: Path<String>,
        body: Loose<wire::OnePermission>,
        asked: Asked,
    ) -> Result<Flat<Done>, Fault<Listed>> {
        let right = Right::Permission(scope(&body.0.permission)?);
        let id = self.subject(&asked.0, &caller.0, &id.0).await?;
        role_grant::give(&self.0, &asked.0, &caller.0, (id, right)).await?;
        Ok(done())
    }

    /// Take a permission from an account
    ///
    /// What its role allows, it keeps. Needs `system:admin`.
    #[oai(path = "/users/:id/permissions", method = "delete", operation_id = "take_permission")]
    async fn take(
        &self,
        caller: Person,
        id: Path<String>,
        body: Loose<wire::OnePermission>,
        asked: Asked,
    ) -> Result<Flat<Done>, Fault<Listed>> {
        let right = Right::Permission(scope(&body.0.permission)?);
        let id = self.subject(&asked.0, &caller.0, &id.0).await?;
        role_grant::take(&self.0, &asked.0, &caller.0, (id, right)).await?;
        Ok(done())
    }

    /// Give an account a permission about one resource
    ///
    /// For its owner, and for whoever may update every one.
    #[oai(path = "/resources/:id/permissions", method = "post", operation_id = "grant_permission")]
    async fn grant(
        &self,
        caller: Person,
        id: Path<String>,
        body: Loose<wire::ResourcePermission>,
        asked: Asked,
    ) -> Result<Flat<Done>, Fault<Listed>> {
        let (name, user, scope) = self.named(&id.0, &body.0)?;
        let grant = Grant { user, scope, expires_at: None };
        grant::add(&self.0, &asked.0, &caller.0.caller, &name, grant).await?;
        Ok(done())
    }

    /// Take a permission about one resource back
    #[oai(path = "/resources/:id/permissions", method = "delete", operation_id = "revoke_permission")]
    async fn revoke(
        &self,
        caller: Person,
        id: Path<String>,
        body: Loose<wire::ResourcePermission>,
        asked: Asked,
    ) -> Result<Flat<Done>, Fault<Listed>> {
        let (name, user, scope) = self.named(&id.0, &body.0)?;
        grant::remove(&self.0, &asked.0, &caller.0.caller, &name, (user, scope)).await?;
        Ok(done())
    }
}

impl RightApi {
    /// The account that `text` names, for a caller who may change what it may do.
    async fn subject(&self, ctx: &Context, caller: &caller::Person, text: &str) -> Result<UserId, ApiError> {
        let needed = TradingPermission::SystemAdmin;
        trading::require(&self.0, ctx, &caller.caller, needed).await?;
        trading::find(&self.0, text)?.ok_or_else(no_such_user)
    }

    /// The resource, the account and the permission of a grant.
    fn named(
        &self,
        id: &str,
        body: &wire::ResourcePermission,
    ) -> Result<(ResourceName, UserId, Scope), ApiError> {
        let scope = scope(&body.permission)?;
        let user = trading::find(&self.0, &body.user_id)?.ok_or(ResourceFault::NoSuchUser)?;
        Ok((trading::signal(id).map_err(|_| ResourceFault::NotFound)?, user, scope))
    }
}

fn scope(text: &str) -> Result<Scope, ApiError> {
    Ok(Scope::of(permission(text)?.stored()))
}
