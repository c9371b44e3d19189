//! Accounts on the wire. Knows nothing of credentials.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::word::Word;

use super::secret::Secret;

/// Who logged in: the few facts a login answers.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct UserSummary {
    /// The account.
    pub id: String,
    /// Its address.
    pub email: String,
    /// The second name it can log in with.
    pub username: String,
    /// The name to show.
    pub name: String,
    /// `pending`, `active`, `inactive` or `suspended`.
    pub status: String,
    /// Whether a login asks for a second factor.
    pub mfa_enabled: bool,
}

impl Example for UserSummary {
    fn example() -> Self {
        let User { id, email, username, name, status, mfa_enabled, .. } = User::example();
        Self { id, email, username, name, status, mfa_enabled }
    }
}

/// An account.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct User {
    /// The account.
    pub id: String,
    /// The account as a number, for systems that want one. Random, not a count.
    pub number: u32,
    /// Its address.
    pub email: String,
    /// The second name it can log in with.
    pub username: String,
    /// The name to show.
    pub name: String,
    /// `pending`, `active`, `inactive` or `suspended`.
    pub status: String,
    /// Whether the address was proved by a mailed link.
    pub email_verified: bool,
    /// Whether a login asks for a second factor.
    pub mfa_enabled: bool,
    /// The slugs of its roles.
    pub roles: Vec<String>,
    /// What it may do; only where one account was asked for. What an API key may do, where a key asks who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<Word>>,
    /// RFC 3339.
    pub created_at: String,
}

impl Example for User {
    fn example() -> Self {
        Self {
            id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned(),
            number: 1_482_203_617,
            email: "ada@example.com".to_owned(),
            username: "ada".to_owned(),
            name: "Ada Lovelace".to_owned(),
            status: "active".to_owned(),
            email_verified: true,
            mfa_enabled: false,
            roles: vec!["developer".to_owned()],
            permissions: None,
            created_at: "2026-11-21T10:00:00.000Z".to_owned(),
        }
    }
}

/// One page of accounts.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct UserPage {
    /// The accounts, in the order asked for.
    pub users: Vec<User>,
    /// How many match, if they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The page size that was used.
    pub limit: u32,
    /// How many were passed over, if they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
    /// True when counting stopped at the cap, so there are more than `total`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_capped: Option<bool>,
    /// Send it as `cursor` for the next page; absent on the last. A page may be short and have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for UserPage {
    fn example() -> Self {
        Self {
            users: vec![User::example()],
            total: Some(1),
            limit: 20,
            offset: Some(0),
            total_capped: Some(false),
            next_cursor: None,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}

/// An account to be made.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// The address, at most 254 characters. Unique whatever its case.
    pub email: String,
    /// The name to show, 2 to 100 characters.
    pub name: String,
    /// A second name to log in with, unique whatever its case. Without it one is made from the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password. Without it the owner is invited by mail to set one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Names of built-in roles, none above what you hold. Without it the role of whoever registers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Whether you vouch for the address, so that it counts as proved. Goes with a password: an invitation proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

impl Example for CreateUser {
    fn example() -> Self {
        Self {
            email: "ada@example.com".to_owned(),
            name: "Ada Lovelace".to_owned(),
            username: None,
            password: None,
            roles: Some(vec!["developer".to_owned()]),
            email_verified: None,
        }
    }
}

/// What to change of an account; what is absent stays.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// The name to show, 2 to 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The second name to log in with, unique whatever its case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// `active`, `inactive` or `suspended`. Works on live tokens at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

impl Example for UpdateUser {
    fn example() -> Self {
        Self { name: None, username: None, status: Some("suspended".to_owned()) }
    }
}

/// What one changes of one's own account.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct UpdateMe {
    /// The name to show, 2 to 100 characters.
    pub name: String,
}

impl Example for UpdateMe {
    fn example() -> Self {
        Self { name: "Ada King".to_owned() }
    }
}

/// Accounts with a name that begins with something.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct UserLookup {
    /// In the order of the names that begin so.
    pub users: Vec<User>,
    /// Whether there are more.
    pub more: bool,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this answer, and none is missing.
    pub as_of: String,
}

impl Example for UserLookup {
    fn example() -> Self {
        Self { users: vec![User::example()], more: false, as_of: "0-90-5f70bf18a0860170".to_owned() }
    }
}
