//! Resources of applications and what is granted about them, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{ApiError, Fault, Statuses};
use super::principal::Caller;
use super::query;
use super::tag::Tag;
use crate::domain::id::UserId;
use crate::domain::permission::Scope;
use crate::domain::resource::{self as rules, ResourceName};
use crate::domain::time::Timestamp;
use crate::services::resource::{ResourceFault, Seen};
use crate::services::{Services, grant, resource};
use crate::wire::auth::Message;
use crate::wire::resource::{Grant, GrantList, NewOwner, RegisterResource, Resource, ResourceList};

/// Resources.
pub struct ResourceApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Resources")]
impl ResourceApi {
    /// Register a resource
    ///
    /// You own it: you may do anything with it, and grant others what they may. Needs the right to create one of its
    /// kind, for example `policies:create`. An account owns at most 1,000.
    #[oai(path = "/resources", method = "post", operation_id = "register_resource")]
    async fn register(
        &self,
        caller: Caller,
        body: Json<RegisterResource>,
        asked: Asked,
    ) -> Result<Answer<Resource, 201>, Fault<Listed>> {
        let bad =
            |fault: rules::NotAResource| ApiError::field("resource", "invalid", format!("resource: {fault}"));
        let name = body.0.resource.parse().map_err(bad)?;
        let resource = resource::register(&self.0, &asked.0, &caller.0, name).await?;
        Ok(Answer::new(shown(&Seen { resource, is_owned: true }), asked.0.now))
    }

    /// List resources of one owner
    ///
    /// Your own, or with `users:read` somebody else's, also of an account that was deleted.
    #[oai(path = "/resources", method = "get", operation_id = "list_resources")]
    async fn list(
        &self,
        asked: Asked,
        caller: Caller,
        /// The account that owns them; without one, your own.
        owner: Query<Option<String>>,
        /// The most resources to answer, 1 to 100.
        #[oai(default = "hundred", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<ResourceList>, Fault<Listed>> {
        let owner = query::value("owner", owner.0)?;
        let part = (query::cursor(cursor.0)?, query::count(limit.0));
        let page = resource::list(&self.0, &asked.0, &caller.0, owner, part).await?;
        let resources = page.resources.iter().map(shown).collect();
        let next_cursor = page.next.map(|name| name.to_string());
        Ok(Answer::new(ResourceList { resources, next_cursor, as_of: page.as_of.to_string() }, asked.0.now))
    }

    /// See a resource
    ///
    /// For its owner, for whoever was granted something about it, and for whoever may update or delete all of its kind,
    /// or has `users:read` or `users:update`; to everybody else it does not exist.
    #[oai(path = "/resources/:kind/:id", method = "get", operation_id = "find_resource")]
    async fn find(
        &self,
        asked: Asked,
        caller: Caller,
        kind: Path<String>,
        id: Path<String>,
    ) -> Result<Answer<Resource>, Fault<Listed>> {
        let seen = resource::find(&self.0, &asked.0, &caller.0, &named(&kind, &id)?)?;
        Ok(Answer::new(shown(&seen), asked.0.now))
    }

    /// Remove a resource
    ///
    /// With all its grants. For its owner and whoever may delete it, by a right or a grant.
    #[oai(path = "/resources/:kind/:id", method = "delete", operation_id = "remove_resource")]
    async fn remove(
        &self,
        asked: Asked,
        caller: Caller,
        kind: Path<String>,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        resource::remove(&self.0, &asked.0, &caller.0, &named(&kind, &id)?).await?;
        Ok(Answer::new(Message::new("Resource removed."), asked.0.now))
    }

    /// Give a resource another owner
    ///
    /// For its owner, and with `users:update` for whoever its owner does not outrank. Its grants stay.
    #[oai(path = "/resources/:kind/:id/owner", method = "put", operation_id = "hand_over_resource")]
    async fn hand_over(
        &self,
        caller: Caller,
        kind: Path<String>,
        id: Path<String>,
        body: Json<NewOwner>,
        asked: Asked,
    ) -> Result<Answer<Resource>, Fault<Listed>> {
        let (name, owner) = (named(&kind, &id)?, user(&body.0.user_id)?);
        let seen = resource::hand_over(&self.0, &asked.0, &caller.0, &name, owner).await?;
        Ok(Answer::new(shown(&seen), asked.0.now))
    }

    /// Grant somebody something about a resource
    ///
    /// For its owner, and for whoever may update all of its kind, within what they hold. The same grant again takes the
    /// place of the first, with its new end. A resource has at most 64 grants; to share with more is what roles are for.
    #[oai(path = "/resources/:kind/:id/grants", method = "post", operation_id = "add_grant")]
    async fn add_grant(
        &self,
        caller: Caller,
        kind: Path<String>,
        id: Path<String>,
        body: Json<Grant>,
        asked: Asked,
    ) -> Result<Answer<Grant, 201>, Fault<Listed>> {
        let name = named(&kind, &id)?;
        let grant = grant::add(&self.0, &asked.0, &caller.0, &name, read_grant(&body.0)?).await?;
        Ok(Answer::new(shown_grant(&grant), asked.0.now))
    }

    /// List what is granted about a resource
    ///
    /// For those who may grant.
    #[oai(path = "/resources/:kind/:id/grants", method = "get", operation_id = "list_grants")]
    async fn list_grants(
        &self,
        asked: Asked,
        caller: Caller,
        kind: Path<String>,
        id: Path<String>,
    ) -> Result<Answer<GrantList>, Fault<Listed>> {
        let list = grant::list(&self.0, &asked.0, &caller.0, &named(&kind, &id)?).await?;
        let grants = list.grants.iter().map(shown_grant).collect();
        Ok(Answer::new(GrantList { grants, as_of: list.as_of.to_string() }, asked.0.now))
    }

    /// Take a grant back
    ///
    /// It allows nothing from now on. For those who may grant.
    #[oai(
        path = "/resources/:kind/:id/grants/:user_id/:permission",
        method = "delete",
        operation_id = "remove_grant"
    )]
    async fn remove_grant(
        &self,
        asked: Asked,
        caller: Caller,
        kind: Path<String>,
        id: Path<String>,
        user_id: Path<String>,
        permission: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        let none = ApiError::from(grant::GrantFault::NotFound);
        let which = user_id.parse::<UserId>().ok().zip(permission.parse::<Scope>().ok()).ok_or(none)?;
        grant::remove(&self.0, &asked.0, &caller.0, &named(&kind, &id)?, which).await?;
        Ok(Answer::new(Message::new("Grant taken back."), asked.0.now))
    }
}

fn hundred() -> u32 {
    100
}

/// The resource of a path. What is no name at all is not there either.
fn named(kind: &str, id: &str) -> Result<ResourceName, ApiError> {
    format!("{kind}/{id}").parse().map_err(|_| ResourceFault::NotFound.into())
}

fn user(text: &str) -> Result<UserId, ApiError> {
    text.parse().map_err(|_| ResourceFault::NoSuchUser.into())
}

fn read_grant(grant: &Grant) -> Result<rules::Grant, ApiError> {
    let bad = |field: &str, message: String| ApiError::field(field, "invalid", message);
    let scope = grant.permission.parse::<Scope>();
    let time = |text: &String| text.parse::<Timestamp>();
    Ok(rules::Grant {
        user: user(&grant.user_id)?,
        scope: scope.map_err(|fault| bad("permission", format!("permission: {fault}")))?,
        expires_at: grant
            .expires_at
            .as_ref()
            .map(time)
            .transpose()
            .map_err(|_| bad("expires_at", "`expires_at` is not a time (RFC 3339).".to_owned()))?,
    })
}

fn shown(seen: &Seen) -> Resource {
    let Seen { resource, is_owned } = seen;
    Resource {
        resource: resource.name.to_string(),
        owner_id: is_owned.then(|| resource.owner.to_string()),
        created_at: resource.created_at.to_string(),
    }
}

fn shown_grant(grant: &rules::Grant) -> Grant {
    Grant {
        user_id: grant.user.to_string(),
        permission: grant.scope.name().to_owned(),
        expires_at: grant.expires_at.map(|end| end.to_string()),
    }
}
