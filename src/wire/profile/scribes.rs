//! Bodies of the scribes profile.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::wire::secret::Secret;

/// A new account.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Register {
    /// The address.
    pub email: String,
    /// The short name.
    pub username: String,
    /// At least 8 characters, with an upper-case and a lower-case letter, a digit and a special character.
    pub password: Secret,
    /// The name to show.
    pub full_name: Option<String>,
}

/// A login.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Login {
    /// The address, or the username.
    pub email: String,
    /// The password.
    pub password: Secret,
    /// The code of the account's second factor, where one is on.
    pub mfa_code: Option<Secret>,
}

/// An address.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Address {
    /// The address.
    pub email: String,
}

/// The token of a mailed link.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct MailedToken {
    /// The token.
    pub token: Secret,
}

/// A new password.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct NewPassword {
    /// The token of the mailed link.
    pub token: Secret,
    /// The new password.
    pub new_password: Secret,
}

/// An account.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct User {
    /// The account as a number.
    pub id: u32,
    /// Its address.
    pub email: String,
    /// Its short name.
    pub username: String,
    /// The name to show, when one was given.
    pub full_name: Option<String>,
    /// `admin` or `user`.
    pub role: String,
    /// Whether it may be used.
    pub is_active: bool,
    /// Whether its address was proved.
    pub is_verified: bool,
    /// RFC 3339.
    pub created_at: String,
}

/// Who logged in.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct UserSummary {
    /// The account as a number.
    pub id: u32,
    /// Its address.
    pub email: String,
    /// Its short name.
    pub username: String,
    /// The name to show, when one was given.
    pub full_name: Option<String>,
    /// `admin` or `user`.
    pub role: String,
}

/// Tokens, and whose they are.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct LoggedIn {
    /// A JWT.
    pub access_token: Secret,
    /// A JWT for `POST /auth/refresh`.
    pub refresh_token: Secret,
    /// `bearer`.
    pub token_type: String,
    /// Seconds that the access token lives.
    pub expires_in: u32,
    /// Whose they are.
    pub user: UserSummary,
}

/// A sample resource.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Sample {
    /// What it is.
    pub message: String,
    /// The account that may see it, as a number.
    pub user_id: u32,
}
