//! A person's own sessions on the wire. Carries no token.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// A login on one device.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Session {
    /// The session; it names it and opens nothing.
    pub id: String,
    /// `tokens` or `cookie`: what it lives by.
    pub kind: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339. With a cookie to the minute.
    pub last_used_at: String,
    /// When it ends if it is not used, or refreshed; RFC 3339.
    pub expires_at: String,
    /// When it ends, whatever is done in it; RFC 3339.
    pub absolute_expires_at: String,
    /// The address it was opened from.
    pub ip_address: String,
    /// What the client called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The same for sessions of one browser in one network: 16 hexadecimal digits.
    pub fingerprint: String,
    /// Whether this is the session that asks.
    pub current: bool,
}

impl Example for Session {
    fn example() -> Self {
        Self {
            id: "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a59".to_owned(),
            kind: "tokens".to_owned(),
            created_at: "2026-11-21T10:00:00.000Z".to_owned(),
            last_used_at: "2026-11-21T12:30:00.000Z".to_owned(),
            expires_at: "2026-11-28T12:30:00.000Z".to_owned(),
            absolute_expires_at: "2026-12-21T10:00:00.000Z".to_owned(),
            ip_address: "203.0.113.7".to_owned(),
            user_agent: Some("Mozilla/5.0".to_owned()),
            fingerprint: "9f3c1a70b2e4d856".to_owned(),
            current: true,
        }
    }
}

/// The live sessions of the caller.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct SessionList {
    /// The sessions, newest first.
    pub sessions: Vec<Session>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for SessionList {
    fn example() -> Self {
        Self {
            sessions: vec![Session::example()],
            next_cursor: None,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}
