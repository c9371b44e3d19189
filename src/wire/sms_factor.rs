//! A phone as second factor, on the wire. Knows nothing of how a code is sent or judged.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A phone.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct SmsSetup {
    /// The number in international form: `+` and 7 to 15 digits, without spaces.
    pub phone_number: Secret,
}

impl Example for SmsSetup {
    fn example() -> Self {
        Self { phone_number: "+4915112345678".into() }
    }
}

/// A login that waits for its code.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct SmsSend {
    /// The `session_id` that the login answered.
    pub session_id: Secret,
}

impl Example for SmsSend {
    fn example() -> Self {
        Self { session_id: "1c7b1ea5-9f43-4f6f-8f4f-9b11019a1f0c".into() }
    }
}

/// A code is on its way.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct SmsSent {
    /// What to do next.
    pub message: String,
    /// Seconds that the code lives.
    pub expires_in: u64,
}

impl Example for SmsSent {
    fn example() -> Self {
        Self { message: "A code is on its way.".to_owned(), expires_in: 300 }
    }
}

/// How one's phone stands.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct SmsStatus {
    /// Whether a login takes codes sent to it.
    pub enabled: bool,
    /// Whether it waits for its first code.
    pub pending: bool,
    /// The end of its number; null without a phone.
    pub phone_number: Option<String>,
}

impl Example for SmsStatus {
    fn example() -> Self {
        Self { enabled: true, pending: false, phone_number: Some("*********5678".to_owned()) }
    }
}
