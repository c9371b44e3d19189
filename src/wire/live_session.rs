//! Everybody's sessions on the wire. Carries no token.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// A live session, and whose it is.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct LiveSession {
    /// The session; it names it and opens nothing.
    pub id: String,
    /// Its account.
    pub user_id: String,
    /// The account's address.
    pub email: String,
    /// The account's username.
    pub username: String,
    /// The address it was opened from.
    pub ip_address: String,
    /// What the client called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub last_used_at: String,
    /// When its person last proved who they are, RFC 3339.
    pub authenticated_at: String,
    /// RFC 3339.
    pub expires_at: String,
    /// Whether this is the session that asks.
    pub current: bool,
}

impl Example for LiveSession {
    fn example() -> Self {
        Self {
            id: "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a59".to_owned(),
            user_id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned(),
            email: "ada@example.com".to_owned(),
            username: "ada".to_owned(),
            ip_address: "203.0.113.7".to_owned(),
            user_agent: Some("Mozilla/5.0".to_owned()),
            created_at: "2026-11-21T10:00:00.000Z".to_owned(),
            last_used_at: "2026-11-21T12:30:00.000Z".to_owned(),
            authenticated_at: "2026-11-21T10:00:00.000Z".to_owned(),
            expires_at: "2026-12-21T10:00:00.000Z".to_owned(),
            current: false,
        }
    }
}

/// One page of live sessions.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct LiveSessionPage {
    /// The sessions, newest first.
    pub sessions: Vec<LiveSession>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for LiveSessionPage {
    fn example() -> Self {
        Self {
            sessions: vec![LiveSession::example()],
            next_cursor: None,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}
