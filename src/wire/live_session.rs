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
    /// What it lives by: `token` or `cookie`.
    pub kind: String,
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
            kind: "token".to_owned(),
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
    /// The sessions, in the order asked for.
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

/// Many sessions to end: those with these ids, or those that fit everything else that is given.
#[derive(Debug, Clone, Default, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct EndSessions {
    /// At most 500; nothing that chooses goes with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// Those of this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Those that were opened from this address or network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Those that were opened at or after this time, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Those that were opened before this time, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Those that live by a `cookie`, or by a `token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `next_cursor` of the answer before; goes without `ids`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many this call is expected to end. Where it is another number, nothing is ended. Without `ids` it must be
    /// there, but for a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_count: Option<u32>,
    /// Whether only to say what would be ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// What became of a session, or would.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct EndedSession {
    /// The session.
    pub id: String,
    /// Its account; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// `ended`; `gone`, when there was none any more; `outranked`, when its account is above yours; `own`, when the
    /// session that asks fitted and was not named.
    pub outcome: String,
}

/// What became of many sessions.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct EndedSessions {
    /// Whether this says only what would become of them.
    pub dry_run: bool,
    /// How many ended, or would.
    pub ended: u32,
    /// Each of them.
    pub sessions: Vec<EndedSession>,
    /// Send it as `cursor`: there may be more that fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: what happened to these sessions since is there.
    pub as_of: String,
}

impl Example for EndedSessions {
    fn example() -> Self {
        Self {
            dry_run: false,
            ended: 1,
            sessions: vec![EndedSession {
                id: "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a59".to_owned(),
                user_id: Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned()),
                outcome: "ended".to_owned(),
            }],
            next_cursor: None,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}
