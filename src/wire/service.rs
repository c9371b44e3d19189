//! Registered services on the wire. Only [`NewService`] carries a secret.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A service to register.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct CreateService {
    /// What to call it, 1 to 100 characters.
    pub name: String,
    /// What it is, at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Example for CreateService {
    fn example() -> Self {
        Self { name: "Billing".to_owned(), description: None }
    }
}

/// A new secret for a service.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct RotateService {
    /// How long the old secret goes on working: 0 to 604800 seconds. Without one, the usual time of API keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<u32>,
}

impl Example for RotateService {
    fn example() -> Self {
        Self { grace_seconds: Some(86_400) }
    }
}

/// A registered service, without its secret.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Service {
    /// Names the service and opens nothing. It stays the same over rotations.
    pub id: String,
    /// The same, under the name that OAuth gives it.
    pub client_id: String,
    /// What administrators call it.
    pub name: String,
    /// What they say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// When its present secret was made (RFC 3339).
    pub rotated_at: String,
    /// When its former secret ends (RFC 3339); absent where none works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former_secret_ends_at: Option<String>,
}

impl Example for Service {
    fn example() -> Self {
        Self {
            id: "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a60".to_owned(),
            client_id: "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a60".to_owned(),
            name: "Billing".to_owned(),
            description: None,
            created_at: "2026-11-21T10:00:00.000Z".to_owned(),
            rotated_at: "2026-11-21T10:00:00.000Z".to_owned(),
            former_secret_ends_at: None,
        }
    }
}

/// A service with its secret, which is in this answer and never again.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct NewService {
    /// The service.
    pub id: String,
    /// The same, under the name that OAuth gives it.
    pub client_id: String,
    /// The secret.
    pub client_secret: Secret,
    /// All that is known of the service.
    pub service: Service,
}

impl Example for NewService {
    fn example() -> Self {
        let service = Service::example();
        Self {
            id: service.id.clone(),
            client_id: service.id.clone(),
            client_secret: "lkcs_..".into(),
            service,
        }
    }
}

/// Registered services.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ServiceList {
    /// The services, newest first.
    pub services: Vec<Service>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for ServiceList {
    fn example() -> Self {
        Self {
            services: vec![Service::example()],
            next_cursor: None,
            as_of: "0-42-5f70bf18a0860070".to_owned(),
        }
    }
}
