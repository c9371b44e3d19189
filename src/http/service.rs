//! Registered services, over the API.

use std::sync::Arc;
use std::time::Duration;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{ApiError, Fault, Statuses};
use super::person::Person;
use super::principal::Caller;
use super::query;
use super::tag::Tag;
use crate::domain::id::ServiceId;
use crate::domain::service;
use crate::domain::time::Timestamp;
use crate::services::Services;
use crate::services::service::{self as services, Issued};
use crate::wire::auth::Message;
use crate::wire::error::ErrorCode;
use crate::wire::secret::Secret;
use crate::wire::service::{CreateService, NewService, RotateService, Service, ServiceList};

/// Registered services.
pub struct ServiceApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 413, 415, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Services")]
impl ServiceApi {
    /// Register a service
    ///
    /// An application that may ask about tokens (`POST /oauth/introspect`) and revoke those it is shown (`POST
    /// /oauth/revoke`). Its secret is in this answer and never again. Needs `integrations:create`.
    #[oai(path = "/services", method = "post", operation_id = "create_service")]
    async fn create(
        &self,
        caller: Person,
        body: Json<CreateService>,
        asked: Asked,
    ) -> Result<Answer<NewService, 201>, Fault<Listed>> {
        let CreateService { name, description } = body.0;
        let issued = services::create(&self.0, &asked.0, &caller.0, &name, description.as_deref()).await?;
        Ok(Answer::new(issued_to_wire(&issued, asked.0.now), asked.0.now))
    }

    /// List the registered services
    ///
    /// Newest first. Needs `integrations:update`.
    #[oai(path = "/services", method = "get", operation_id = "list_services")]
    async fn list(
        &self,
        asked: Asked,
        caller: Caller,
        /// The most services to answer, 1 to 100.
        #[oai(default = "hundred", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<ServiceList>, Fault<Listed>> {
        let (after, limit) = (query::cursor(cursor.0)?, query::count(limit.0));
        let page = services::list(&self.0, &asked.0, &caller.0, after, limit).await?;
        let list = ServiceList {
            services: page.services.iter().map(|service| to_wire(service, asked.0.now)).collect(),
            next_cursor: page.next.map(|id| id.to_string()),
            as_of: page.as_of.to_string(),
        };
        Ok(Answer::new(list, asked.0.now))
    }

    /// Give a service a new secret
    ///
    /// The new secret is in this answer and never again. The old one goes on working for `grace_seconds`; the one before
    /// that ends now. Needs `integrations:update`.
    #[oai(path = "/services/:id/rotate", method = "post", operation_id = "rotate_service")]
    async fn rotate(
        &self,
        caller: Person,
        id: Path<String>,
        body: Json<RotateService>,
        asked: Asked,
    ) -> Result<Answer<NewService>, Fault<Listed>> {
        let grace = body.0.grace_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let issued = services::rotate(&self.0, &asked.0, &caller.0, service_id(&id.0)?, grace).await?;
        Ok(Answer::new(issued_to_wire(&issued, asked.0.now), asked.0.now))
    }

    /// Delete a service
    ///
    /// Its secrets open nothing from now on. Needs `integrations:delete`.
    #[oai(path = "/services/:id", method = "delete", operation_id = "delete_service")]
    async fn delete(
        &self,
        asked: Asked,
        caller: Person,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        services::delete(&self.0, &asked.0, &caller.0, service_id(&id.0)?).await?;
        Ok(Answer::new(Message::new("Service deleted."), asked.0.now))
    }
}

fn hundred() -> u32 {
    100
}

fn service_id(text: &str) -> Result<ServiceId, ApiError> {
    text.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "There is no such service."))
}

fn to_wire(service: &service::Service, now: Timestamp) -> Service {
    let ends_at = service.former.filter(|(_, end)| now < *end).map(|(_, end)| end.to_string());
    Service {
        id: service.id.to_string(),
        client_id: service.id.to_string(),
        name: service.name.clone(),
        description: service.description.clone(),
        created_at: service.created_at.to_string(),
        rotated_at: service.rotated_at.to_string(),
        former_secret_ends_at: ends_at,
    }
}

fn issued_to_wire(issued: &Issued, now: Timestamp) -> NewService {
    NewService {
        id: issued.service.id.to_string(),
        client_id: issued.service.id.to_string(),
        client_secret: Secret::new(issued.secret.reveal().to_owned()),
        service: to_wire(&issued.service, now),
    }
}
