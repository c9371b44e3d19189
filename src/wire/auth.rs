//! Registration, login, refresh and logout on the wire. Knows nothing of how they are decided.
//!
//! Lengths of passwords are a rule of the service, counted there after normalising; the wire only caps bodies.

use poem_openapi::types::Example;
use poem_openapi::{Object, Union};
use serde::{Deserialize, Serialize};

use super::secret::Secret;
use super::user::UserSummary;

/// A new account.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// The address to verify, at most 254 characters. Unique whatever its case.
    pub email: String,
    /// 8 to 128 characters. Everything counts: case, spaces, every character.
    pub password: Secret,
    /// The name to show, 2 to 100 characters.
    pub name: String,
    /// A second name to log in with, unique whatever its case. Without it one is made from the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

impl Example for RegisterRequest {
    fn example() -> Self {
        Self {
            email: "ada@example.com".to_owned(),
            password: "correct horse battery".into(),
            name: "Ada Lovelace".to_owned(),
            username: None,
        }
    }
}

/// The account that now waits for its verification.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Registered {
    /// The account.
    pub id: String,
    /// Its address.
    pub email: String,
    /// The name to show.
    pub name: String,
    /// `pending` until the link in the mail is followed.
    pub status: String,
    /// What to do next.
    pub message: String,
}

impl Example for Registered {
    fn example() -> Self {
        Self {
            id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned(),
            email: "ada@example.com".to_owned(),
            name: "Ada Lovelace".to_owned(),
            status: "pending".to_owned(),
            message: "User registered successfully. Please verify your email.".to_owned(),
        }
    }
}

/// A wish for a new verification link.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct ResendRequest {
    /// The address that waits for verification.
    pub email: String,
}

impl Example for ResendRequest {
    fn example() -> Self {
        Self { email: "ada@example.com".to_owned() }
    }
}

/// A login.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The email address or the username.
    pub email: String,
    /// The password.
    pub password: Secret,
    /// A code of the authenticator app or a backup code, to log in with one call. Without a second factor it is not
    /// looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa_code: Option<Secret>,
}

impl Example for LoginRequest {
    fn example() -> Self {
        let password = "correct horse battery".into();
        Self { email: "ada@example.com".to_owned(), password, mfa_code: None }
    }
}

/// What a login answers: tokens, or the handle of a second step.
#[derive(Debug, Clone, Union, Serialize, Deserialize)]
#[oai(one_of)]
#[serde(untagged)]
pub enum LoginAnswer {
    /// The login is done.
    Granted(LoginGranted),
    /// The password was right, and a code is asked for.
    CodeNeeded(CodeNeeded),
}

impl Example for LoginAnswer {
    fn example() -> Self {
        Self::Granted(LoginGranted::example())
    }
}

/// A successful login.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct LoginGranted {
    /// A JWT for `Authorization: Bearer`.
    pub access_token: Secret,
    /// A JWT for `/auth/refresh`, and for nothing else.
    pub refresh_token: Secret,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// Who logged in.
    pub user: UserSummary,
    /// Always false: no second step is open.
    pub requires_mfa: bool,
}

impl Example for LoginGranted {
    fn example() -> Self {
        let TokenPair { access_token, refresh_token, token_type, expires_in } = TokenPair::example();
        let user = UserSummary::example();
        Self { access_token, refresh_token, token_type, expires_in, user, requires_mfa: false }
    }
}

/// A login that waits for its second step.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct CodeNeeded {
    /// Always true: send a code to `/auth/mfa/verify`.
    pub requires_mfa: bool,
    /// Names the login there, for 5 minutes. It opens nothing by itself.
    pub session_id: Secret,
    /// A sentence for people.
    pub message: String,
}

impl CodeNeeded {
    /// For the login under `session_id`.
    pub fn new(session_id: Secret) -> Self {
        Self { requires_mfa: true, session_id, message: "MFA verification required".to_owned() }
    }
}

impl Example for CodeNeeded {
    fn example() -> Self {
        Self::new("5c9a4b1e-0f7d-4c55-9a36-8d2b7e41c0fa".into())
    }
}

/// A refresh.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token of the session.
    pub refresh_token: Secret,
}

impl Example for RefreshRequest {
    fn example() -> Self {
        Self { refresh_token: "eyJhbGciOiJIUzI1NiIs..".into() }
    }
}

/// A new pair of tokens. The refresh token that was sent is used up.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct TokenPair {
    /// A JWT for `Authorization: Bearer`.
    pub access_token: Secret,
    /// A JWT for the next refresh.
    pub refresh_token: Secret,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
}

impl Example for TokenPair {
    fn example() -> Self {
        Self {
            access_token: "eyJhbGciOiJIUzI1NiIs..".into(),
            refresh_token: "eyJhbGciOiJIUzI1NiIs..".into(),
            token_type: "Bearer".to_owned(),
            expires_in: 3600,
        }
    }
}

/// Done, and a sentence that says what.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Message {
    /// The sentence.
    pub message: String,
}

impl Message {
    /// The sentence `text`.
    pub fn new(text: &str) -> Self {
        Self { message: text.to_owned() }
    }
}

impl Example for Message {
    fn example() -> Self {
        Self::new("Logged out successfully.")
    }
}

/// Every session of the account is ended.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct LoggedOutAll {
    /// A sentence for people.
    pub message: String,
    /// How many sessions were ended, this one included.
    pub sessions_ended: u64,
}

impl Example for LoggedOutAll {
    fn example() -> Self {
        Self { message: "Logged out of all sessions.".to_owned(), sessions_ended: 3 }
    }
}
