//! API keys and whoever holds one.

use serde_json::{Value, json};

use super::{Anonymous, LoggedIn, TestApp, text_at};

/// Where one's own keys are.
pub const KEYS: &str = "/api/v1/users/me/api-keys";

/// Somebody with an API key.
pub struct KeyHolder<'a> {
    pub key: String,
    pub id: String,
    client: Anonymous<'a>,
}

impl<'a> KeyHolder<'a> {
    /// Whoever read the answer that showed the key.
    pub fn with(app: &'a TestApp, issued: &Value) -> Self {
        let (key, id) = (text_at(issued, "/api_key"), text_at(issued, "/id"));
        let client = app.anonymous().header("x-api-key", &key);
        Self { key, id, client }
    }

    /// The place of the key among its owner's.
    pub fn place(&self) -> String {
        format!("{KEYS}/{}", self.id)
    }

    /// Whether the key opens a door.
    pub async fn is_in(&self) -> bool {
        let answer = self.get("/api/v1/auth/me").await;
        if answer.status.is_success() {
            return true;
        }
        let error = answer.refused(401, "TOKEN_INVALID");
        assert_eq!(error["message"], "Invalid API key");
        false
    }
}

impl LoggedIn<'_> {
    /// Makes an API key with `scopes`.
    pub async fn make_key(&self, scopes: &[&str]) -> KeyHolder<'_> {
        self.make_key_with(scopes, json!({})).await
    }

    /// Makes an API key with `scopes` and more fields.
    pub async fn make_key_with(&self, scopes: &[&str], more: Value) -> KeyHolder<'_> {
        let mut body = json!({ "name": "Sensor", "scopes": scopes });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        KeyHolder::with(self.app(), &self.post(KEYS, body).await.data(201))
    }
}

impl<'a> std::ops::Deref for KeyHolder<'a> {
    type Target = Anonymous<'a>;

    fn deref(&self) -> &Anonymous<'a> {
        &self.client
    }
}
