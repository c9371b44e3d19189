//! Registered services, and what they ask.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Anonymous, Answer, LoggedIn, TestApp, text_at};

/// Where services are registered.
pub const SERVICES: &str = "/api/v1/services";

/// Where to ask about a token.
pub const INTROSPECT: &str = "/oauth/introspect";

/// Where to revoke a token.
pub const REVOKE: &str = "/oauth/revoke";

/// A registered service, which sends its secret in the header.
pub struct ServiceClient<'a> {
    pub id: String,
    pub secret: String,
    client: Anonymous<'a>,
}

impl<'a> ServiceClient<'a> {
    /// Whoever read the answer that showed the secret.
    pub fn with(app: &'a TestApp, issued: &Value) -> Self {
        let (id, secret) = (text_at(issued, "/client_id"), text_at(issued, "/client_secret"));
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        Self { client: app.anonymous().header("authorization", &basic), id, secret }
    }

    /// The place of the service among the others.
    pub fn place(&self) -> String {
        format!("{SERVICES}/{}", self.id)
    }
}

impl LoggedIn<'_> {
    /// Registers a service.
    pub async fn register_service(&self, name: &str) -> ServiceClient<'_> {
        ServiceClient::with(self.app(), &self.post(SERVICES, json!({ "name": name })).await.data(201))
    }
}

impl Anonymous<'_> {
    /// What is known of a token.
    pub async fn introspected(&self, form: &str) -> Value {
        let answer = self.post_form(INTROSPECT, form).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("cache-control")),
            (200, Some("no-store")),
            "{answer:?}"
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));
        answer.json()
    }

    /// Whether a token is good.
    pub async fn finds_active(&self, token: &str) -> bool {
        let known = self.introspected(&format!("token={token}")).await;
        let is_active = known["active"].as_bool().unwrap();
        assert!(is_active || known == json!({ "active": false }), "nothing else is said: {known}");
        is_active
    }

    /// Asks for a revocation.
    pub async fn revoke(&self, token: &str) -> Answer {
        self.post_form(REVOKE, &format!("token={token}")).await
    }
}

impl<'a> std::ops::Deref for ServiceClient<'a> {
    type Target = Anonymous<'a>;

    fn deref(&self) -> &Anonymous<'a> {
        &self.client
    }
}
