//! Changing one's own password, on the wire. Knows nothing of how it is decided.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A new password in place of the current one.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The password as it is.
    pub current_password: Secret,
    /// The password as it shall be: 8 to 128 characters, none of the last ones.
    pub new_password: Secret,
}

impl Example for ChangePasswordRequest {
    fn example() -> Self {
        Self {
            current_password: "correct horse battery".into(),
            new_password: "seven silent paper lanterns".into(),
        }
    }
}
