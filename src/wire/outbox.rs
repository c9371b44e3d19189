//! The mail outbox on the wire, for operators. Carries no body: bodies hold live links.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// A mail that waits, or that was given up.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct OutboxMail {
    /// The mail.
    pub id: String,
    /// Where it goes.
    pub to: String,
    /// What it is for, for example `verify_email`.
    pub kind: String,
    /// `waiting` or `dead`.
    pub state: String,
    /// How often sending it was tried.
    pub attempts: u32,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339; absent when it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// What the mail server last said, without addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

impl Example for OutboxMail {
    fn example() -> Self {
        Self {
            id: "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a59".to_owned(),
            to: "ada@example.com".to_owned(),
            kind: "verify_email".to_owned(),
            state: "waiting".to_owned(),
            attempts: 2,
            created_at: "2026-11-21T10:00:00.000Z".to_owned(),
            next_attempt_at: Some("2026-11-21T10:04:00.000Z".to_owned()),
            last_error: Some("451 greylisted".to_owned()),
        }
    }
}

/// The mails that have not been sent.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct OutboxPage {
    /// The mails, newest first.
    pub mails: Vec<OutboxMail>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for OutboxPage {
    fn example() -> Self {
        Self {
            mails: vec![OutboxMail::example()],
            next_cursor: None,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}
