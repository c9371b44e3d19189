//! Another address for one's account, on the wire. Knows nothing of how it is decided.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// The address that an account is to have.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmailRequest {
    /// At most 254 characters. Unique whatever its case.
    pub new_email: String,
}

impl Example for ChangeEmailRequest {
    fn example() -> Self {
        Self { new_email: "countess@example.com".to_owned() }
    }
}
