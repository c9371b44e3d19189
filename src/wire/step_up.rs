//! Step-up on the wire: a fresh proof for sensitive acts. Knows nothing of how it is judged.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A proof: one of the two.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct StepUpRequest {
    /// The account's password, where no second factor is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A code of the second factor, where one is on: of the app, of a text message, or a backup code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
}

impl Example for StepUpRequest {
    fn example() -> Self {
        Self { password: Some("correct horse battery".into()), code: None }
    }
}

/// The session is fresh.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct SteppedUp {
    /// What happened.
    pub message: String,
    /// Seconds for which sensitive acts ask no more; 0 where they never ask.
    pub expires_in: u64,
    /// The new one, where the session lives by a cookie: that is renewed, and so is this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<Secret>,
}

impl Example for SteppedUp {
    fn example() -> Self {
        Self { message: "Proved.".to_owned(), expires_in: 3_600, csrf_token: None }
    }
}
