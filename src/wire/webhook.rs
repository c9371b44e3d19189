//! Webhooks on the wire: what operators see of them, and what receivers get. Carries no secret and no path of a receiver.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::audit::AuditLog;
use super::word::Word;

/// What a receiver gets: the body of the Standard Webhooks specification.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct WebhookEvent {
    /// The action of the record, for example `login.failed`; `webhook.test` for a test.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened, RFC 3339.
    pub timestamp: String,
    /// The record, as `GET /audit/logs` shows it.
    pub data: AuditLog,
}

impl Example for WebhookEvent {
    fn example() -> Self {
        let data = AuditLog::example();
        Self { kind: data.action.clone(), timestamp: data.created_at.clone(), data }
    }
}

/// A configured webhook, and how it stands.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Webhook {
    /// Its name in the configuration.
    pub name: String,
    /// Where it goes: scheme, host and port.
    pub origin: String,
    /// Which actions it is told of; empty: all.
    pub events: Vec<String>,
    /// `ok`, `failing` (the last delivery failed, and is tried again) or `disabled` (the receiver answered 410 Gone).
    pub state: Word,
    /// Events that the receiver took.
    pub delivered: u64,
    /// Deliveries in a row that failed.
    pub failures: u32,
    /// Commits of the audit log that it has not got to.
    pub behind: u64,
    /// Events that it gave up, as far as they are kept.
    pub dead_letters: u32,
    /// When the receiver took an event last, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<String>,
    /// When the delivery that failed is tried again, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

impl Example for Webhook {
    fn example() -> Self {
        Self {
            name: "siem".to_owned(),
            origin: "https://siem.example.com".to_owned(),
            events: vec!["login.*".to_owned(), "user.deleted".to_owned()],
            state: "failing".into(),
            delivered: 4711,
            failures: 2,
            behind: 3,
            dead_letters: 0,
            delivered_at: Some("2026-11-21T10:00:00.000Z".to_owned()),
            next_attempt_at: Some("2026-11-21T10:00:17.250Z".to_owned()),
            last_error: Some("the receiver answered 503".to_owned()),
        }
    }
}

/// All webhooks.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct WebhookList {
    /// The webhooks, in the order of the configuration.
    pub webhooks: Vec<Webhook>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this list, and none is missing.
    pub as_of: String,
}

impl Example for WebhookList {
    fn example() -> Self {
        Self { webhooks: vec![Webhook::example()], as_of: "0-90-5f70bf18a0860170".to_owned() }
    }
}

/// How a delivery that was asked for came out.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct WebhookDelivery {
    /// Whether the receiver took the event.
    pub delivered: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Example for WebhookDelivery {
    fn example() -> Self {
        Self { delivered: false, error: Some("the receiver answered 503".to_owned()) }
    }
}

/// An event that a webhook gave up.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct DeadLetter {
    /// The id of the audit record.
    pub id: String,
    /// The action of the record.
    pub action: String,
    /// When it was given up, RFC 3339.
    pub at: String,
    /// Until when it is kept, RFC 3339.
    pub kept_until: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: String,
}

impl Example for DeadLetter {
    fn example() -> Self {
        Self {
            id: "42-0".to_owned(),
            action: "login.failed".to_owned(),
            at: "2026-11-21T10:00:00.000Z".to_owned(),
            kept_until: "2026-12-21T10:00:00.000Z".to_owned(),
            attempts: 12,
            last_error: "the receiver answered 400".to_owned(),
        }
    }
}

/// One page of what a webhook gave up.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct DeadLetterPage {
    /// The events, the oldest first.
    pub dead_letters: Vec<DeadLetter>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for DeadLetterPage {
    fn example() -> Self {
        let dead_letters = vec![DeadLetter::example()];
        Self { dead_letters, next_cursor: None, as_of: "0-90-5f70bf18a0860170".to_owned() }
    }
}
