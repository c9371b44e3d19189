//! What a password is like, on the wire. Knows no policy.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A password that somebody thinks of choosing, and for whom.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct PasswordCheckRequest {
    /// The password.
    pub password: Secret,
    /// The address of whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The username of whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The display name of whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Example for PasswordCheckRequest {
    fn example() -> Self {
        Self {
            password: "lovelace1".into(),
            email: Some("ada@example.com".to_owned()),
            username: None,
            name: Some("Ada Lovelace".to_owned()),
        }
    }
}

/// Whether the password may be chosen.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct PasswordCheck {
    /// Whether it satisfies the policy of this server.
    pub valid: bool,
    /// The policy: `basic`, `classes` or `strict`.
    pub policy: String,
    /// Each check by itself, also those that the policy does not ask for.
    pub checks: PasswordChecks,
    /// What keeps it from being chosen, in words for people; empty when it is valid.
    pub messages: Vec<String>,
}

impl Example for PasswordCheck {
    fn example() -> Self {
        let checks = PasswordChecks {
            length: true,
            uppercase: false,
            lowercase: true,
            digit: true,
            special: false,
            no_common_patterns: true,
            not_in_breached_list: true,
            not_context: false,
        };
        let message = "The password is little more than your name, your address or the name of this service, please choose another.";
        Self { valid: false, policy: "basic".to_owned(), checks, messages: vec![message.to_owned()] }
    }
}

/// True where the password does well.
#[derive(Debug, Clone, Default, Object, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a check with a name of its own on the wire")]
pub struct PasswordChecks {
    /// It has 8 to 128 characters.
    pub length: bool,
    /// It has an uppercase letter.
    pub uppercase: bool,
    /// It has a lowercase letter.
    pub lowercase: bool,
    /// It has a digit.
    pub digit: bool,
    /// It has a character that is neither letter nor digit.
    pub special: bool,
    /// It holds none of the words that guessers begin with.
    pub no_common_patterns: bool,
    /// It is none of the passwords known from breaches.
    pub not_in_breached_list: bool,
    /// It is more than a name or address given with it, or the name of this server.
    pub not_context: bool,
}
