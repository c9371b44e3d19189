//! Step-up on the wire: a fresh proof for sensitive acts. Knows nothing of how it is judged.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A proof.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct StepUpRequest {
    /// The account's password.
    pub password: Secret,
}

impl Example for StepUpRequest {
    fn example() -> Self {
        Self { password: "correct horse battery".into() }
    }
}

/// The session is fresh.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct SteppedUp {
    /// What happened.
    pub message: String,
    /// Seconds for which sensitive acts ask no more; 0 where they never ask.
    pub expires_in: u64,
}

impl Example for SteppedUp {
    fn example() -> Self {
        Self { message: "Proved.".to_owned(), expires_in: 3_600 }
    }
}
