//! Setting a new password with a mailed link, on the wire. Knows nothing of how it is decided.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A wish for a link that sets a new password.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// The address of the account. The mail goes there and nowhere else.
    pub email: String,
}

impl Example for ResetRequest {
    fn example() -> Self {
        Self { email: "ada@example.com".to_owned() }
    }
}

/// A new password, with the token of the mailed link.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct ResetConfirmRequest {
    /// The token of the link.
    pub token: Secret,
    /// The new password: 8 to 128 characters, none of the last ones.
    pub new_password: Secret,
}

impl Example for ResetConfirmRequest {
    fn example() -> Self {
        Self {
            token: "lkr_AZoPDHseffOpQy9vD0-bEQ..".into(),
            new_password: "seven silent paper lanterns".into(),
        }
    }
}
