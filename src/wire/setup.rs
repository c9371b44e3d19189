//! The first administrator on the wire. Knows nothing of the code's life.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// The first administrator, made with the code that the server printed at its first start.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// The code that was printed. It works once.
    pub code: Secret,
    /// The administrator's address.
    pub email: String,
    /// 8 to 128 characters.
    pub password: Secret,
    /// The name to show, 2 to 100 characters.
    pub name: String,
    /// A second name to log in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

impl Example for SetupRequest {
    fn example() -> Self {
        Self {
            code: "lks_..".into(),
            email: "ada@example.com".to_owned(),
            password: "correct horse battery".into(),
            name: "Ada Lovelace".to_owned(),
            username: Some("ada".to_owned()),
        }
    }
}
