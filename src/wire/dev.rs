//! The tools of `--dev` on the wire. They do not exist on a real server.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// A captured mail. It carries live links: dev mode is for loopback only.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct CapturedMail {
    /// The mail.
    pub id: String,
    /// The recipient.
    pub to: String,
    /// The sender.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// RFC 3339.
    pub sent_at: String,
}

impl Example for CapturedMail {
    fn example() -> Self {
        Self {
            id: "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a59".to_owned(),
            to: "ada@example.com".to_owned(),
            from: "Latchkey <latchkey@localhost>".to_owned(),
            subject: "Verify your email address".to_owned(),
            text: "Follow this link: ..".to_owned(),
            html: "<p>Follow this link: ..</p>".to_owned(),
            sent_at: "2026-11-21T10:00:00.000Z".to_owned(),
        }
    }
}

/// The time the server believes in.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct DevClock {
    /// Seconds since the Unix epoch.
    pub now: i64,
}

impl Example for DevClock {
    fn example() -> Self {
        Self { now: 1_795_255_200 }
    }
}

/// How far to move the clock. It moves every expiry, limit and code with it.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct AdvanceClock {
    /// Seconds; negative moves back.
    pub advance_seconds: i64,
}

impl Example for AdvanceClock {
    fn example() -> Self {
        Self { advance_seconds: 3600 }
    }
}
