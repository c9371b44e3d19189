//! API keys on the wire. Only [`NewApiKey`] carries the key itself.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A key to make.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// What to call it, 1 to 100 characters.
    pub name: String,
    /// What it may do, for example `metrics:read`; `metrics:write` is create and update. At least one.
    pub scopes: Vec<String>,
    /// What it is for, at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it ends (RFC 3339). Without one it does not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Where it may be used from: addresses and networks. Empty or absent: from anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_allowlist: Option<Vec<String>>,
    /// How many requests in a period, 1 to 1000000. Without one, the server's usual limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<u32>,
    /// The period in seconds, 1 to 86400. Without one, 3600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit_period: Option<u32>,
    /// Whether it is bait: a key that opens nothing, and whose use is a suspicious act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<bool>,
}

impl Example for CreateApiKey {
    fn example() -> Self {
        Self {
            name: "Production Service".to_owned(),
            scopes: vec!["metrics:read".to_owned(), "metrics:write".to_owned()],
            description: None,
            expires_at: None,
            ip_allowlist: None,
            rate_limit: None,
            rate_limit_period: None,
            canary: None,
        }
    }
}

/// What to change of a key; what is absent stays.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct UpdateApiKey {
    /// What to call it, 1 to 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for, at most 500 characters; empty: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it may do, in place of what it may do now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Where it may be used from; empty: from anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_allowlist: Option<Vec<String>>,
    /// How many requests in a period, 1 to 1000000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<u32>,
    /// The period in seconds, 1 to 86400. Without one, 3600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit_period: Option<u32>,
}

impl Example for UpdateApiKey {
    fn example() -> Self {
        Self {
            name: None,
            description: None,
            scopes: Some(vec!["metrics:read".to_owned()]),
            ip_allowlist: Some(vec!["203.0.113.0/24".to_owned()]),
            rate_limit: None,
            rate_limit_period: None,
        }
    }
}

/// A new secret for a key.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct RotateApiKey {
    /// How long the old key goes on working: 0 to 604800 seconds. Without one, the server's usual time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<u32>,
}

impl Example for RotateApiKey {
    fn example() -> Self {
        Self { grace_seconds: Some(86_400) }
    }
}

/// A key, without its text.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ApiKey {
    /// Names the key and opens nothing. It stays the same over rotations.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// What its owner says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The beginning of its text, to tell keys apart.
    pub prefix: String,
    /// What it asks for; it may do no more than its owner may.
    pub scopes: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// When its present text was made (RFC 3339).
    pub rotated_at: String,
    /// RFC 3339; absent where it does not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// RFC 3339; absent before the first use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
    /// Where it may be used from; empty: from anywhere.
    pub ip_allowlist: Vec<String>,
    /// How many requests in a period.
    pub rate_limit: u32,
    /// The period in seconds.
    pub rate_limit_period: u32,
    /// Whether it is bait.
    pub canary: bool,
    /// Whether its text is so old that it should be rotated.
    pub rotation_due: bool,
}

impl Example for ApiKey {
    fn example() -> Self {
        Self {
            id: "019a1f0c-5c11-7d02-8e4f-3b2a1c0d9e8f".to_owned(),
            name: "Production Service".to_owned(),
            description: None,
            prefix: "lk_BwcHB".to_owned(),
            scopes: vec!["metrics:read".to_owned(), "metrics:write".to_owned()],
            created_at: "2026-11-21T10:00:00.000Z".to_owned(),
            rotated_at: "2026-11-21T10:00:00.000Z".to_owned(),
            expires_at: None,
            last_used_at: Some("2026-11-21T12:30:00.000Z".to_owned()),
            ip_allowlist: Vec::new(),
            rate_limit: 1_000,
            rate_limit_period: 3_600,
            canary: false,
            rotation_due: false,
        }
    }
}

/// A key with its text, which is shown this once.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct NewApiKey {
    /// Names the key and opens nothing.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// The key itself. Keep it: it is never shown again.
    pub api_key: Secret,
    /// What it asks for.
    pub scopes: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// When the key that it replaces stops working (RFC 3339); absent where none goes on working.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former_key_ends_at: Option<String>,
    /// Everything else about it.
    pub key: ApiKey,
}

impl Example for NewApiKey {
    fn example() -> Self {
        let ApiKey { id, name, scopes, created_at, .. } = ApiKey::example();
        let api_key = "lk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwch9RCU".into();
        Self { id, name, api_key, scopes, created_at, former_key_ends_at: None, key: ApiKey::example() }
    }
}

/// The live keys of the caller.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct OwnApiKeys {
    /// The keys, newest first.
    pub api_keys: Vec<ApiKey>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for OwnApiKeys {
    fn example() -> Self {
        Self {
            api_keys: vec![ApiKey::example()],
            next_cursor: None,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}

/// A key and whose it is.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct OwnedApiKey {
    /// The account.
    pub user_id: String,
    /// The key.
    pub key: ApiKey,
}

impl Example for OwnedApiKey {
    fn example() -> Self {
        Self { user_id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned(), key: ApiKey::example() }
    }
}

/// Live keys of all accounts.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct AllApiKeys {
    /// The keys, newest first.
    pub api_keys: Vec<OwnedApiKey>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for AllApiKeys {
    fn example() -> Self {
        Self {
            api_keys: vec![OwnedApiKey::example()],
            next_cursor: None,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}
