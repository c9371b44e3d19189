//! Audit records on the wire. Knows nothing of how they are chained.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that happened.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct AuditLog {
    /// The place of the record in the trail; records never change it.
    pub id: String,
    /// Whom it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Who did it, once that is known: nobody has shown who they are at a failed login. An account by its id, or a user
    /// of the host at the admin socket by its number, such as `uid:1000`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// What happened, for example `login.failed`.
    pub action: String,
    /// `success`, `failure` or `denied`.
    pub outcome: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What kind of thing was touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// Which of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// Further facts.
    pub details: Value,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// What the client called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Why it was done, as the caller said in `X-Audit-Note`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The request that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The chain hash of the commit that holds the record, hexadecimal.
    pub checksum: String,
    /// The chain hash of the commit before, as this one keeps it, hexadecimal. Where it is not the `checksum` of that
    /// commit, one of the two was changed.
    #[serde(default)]
    pub previous_checksum: String,
    /// RFC 3339.
    pub created_at: String,
}

impl Example for AuditLog {
    fn example() -> Self {
        Self {
            id: "42-0".to_owned(),
            user_id: Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned()),
            actor_id: None,
            action: "login.failed".to_owned(),
            outcome: "denied".to_owned(),
            reason: Some("wrong_password".to_owned()),
            resource_type: None,
            resource_id: None,
            details: serde_json::json!({}),
            ip_address: Some("203.0.113.7".to_owned()),
            user_agent: Some("Mozilla/5.0".to_owned()),
            note: None,
            request_id: Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b12".to_owned()),
            checksum: "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef".to_owned(),
            previous_checksum: "c7f1c1ad3a1f8c8d6b0e4f1a0c5f0b6a2b1a39e2f54c1f6e8c7f3d2b1a0e9d8c".to_owned(),
            created_at: "2026-11-21T10:00:00.000Z".to_owned(),
        }
    }
}

/// One page of the trail.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct AuditPage {
    /// The records, in the order asked for.
    pub logs: Vec<AuditLog>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for AuditPage {
    fn example() -> Self {
        Self {
            logs: vec![AuditLog::example()],
            next_cursor: Some("42".to_owned()),
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}

/// Something that looks like an attack.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct SuspiciousEvent {
    /// Names it.
    pub id: String,
    /// Whose account it concerns; absent when it is nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// `failed_logins`, `token_reuse` or `privilege_escalation`.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: String,
    /// What was noticed: the act, its reason, where it came from.
    pub details: Value,
    /// RFC 3339.
    pub at: String,
    /// When somebody marked it as seen, RFC 3339; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<String>,
    /// Who did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
}

impl Example for SuspiciousEvent {
    fn example() -> Self {
        Self {
            id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b13".to_owned(),
            user_id: Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned()),
            kind: "failed_logins".to_owned(),
            details: serde_json::json!({
                "action": "lockout.set",
                "reason": "network",
                "ip_address": "203.0.113.7",
                "request_id": "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b12",
            }),
            at: "2026-11-21T10:00:00.000Z".to_owned(),
            acknowledged_at: Some("2026-11-21T10:20:00.000Z".to_owned()),
            acknowledged_by: Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b14".to_owned()),
        }
    }
}

/// One page of them.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct SuspiciousPage {
    /// The events, newest first.
    pub events: Vec<SuspiciousEvent>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for SuspiciousPage {
    fn example() -> Self {
        let next_cursor = Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b13".to_owned());
        Self {
            events: vec![SuspiciousEvent::example()],
            next_cursor,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}
