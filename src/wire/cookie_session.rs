//! Sessions that live by a cookie, on the wire. The cookie itself is in no body.

use poem_openapi::types::Example;
use poem_openapi::{Object, Union};
use serde::{Deserialize, Serialize};

use super::auth::{CodeNeeded, LoginGranted};
use super::secret::Secret;
use super::user::{User, UserSummary};

/// What a login for a cookie answers: the session, or the handle of a second step.
#[derive(Debug, Clone, Union, Serialize, Deserialize)]
#[oai(one_of)]
#[serde(untagged)]
pub enum CookieLoginAnswer {
    /// The login is done, and the cookie is set.
    Opened(SessionOpened),
    /// The password was right, and a code is asked for.
    CodeNeeded(CodeNeeded),
}

impl Example for CookieLoginAnswer {
    fn example() -> Self {
        Self::Opened(SessionOpened::example())
    }
}

/// What the second step of a login answers: what the login was begun for.
#[derive(Debug, Clone, Union, Serialize, Deserialize)]
#[oai(one_of)]
#[serde(untagged)]
pub enum VerifyAnswer {
    /// Tokens.
    Granted(LoginGranted),
    /// A session whose cookie is set.
    Opened(SessionOpened),
}

impl Example for VerifyAnswer {
    fn example() -> Self {
        Self::Granted(LoginGranted::example())
    }
}

/// A session in a browser. Its cookie came with this answer.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct SessionOpened {
    /// Who logged in.
    pub user: UserSummary,
    /// For `X-CSRF-Token`: what is not GET, HEAD or OPTIONS needs it.
    pub csrf_token: Secret,
    /// When the session ends if it is not used, RFC 3339.
    pub expires_at: String,
    /// When the session ends, RFC 3339.
    pub absolute_expires_at: String,
    /// Always false: no second step is open.
    pub requires_mfa: bool,
}

impl Example for SessionOpened {
    fn example() -> Self {
        Self {
            user: UserSummary::example(),
            csrf_token: "mF9cXu0nAq3bJ7yVt1sPZk5gHdWlRe8o2iTfQ6xYcBA".into(),
            expires_at: "2026-11-22T10:00:00.000Z".to_owned(),
            absolute_expires_at: "2026-11-28T10:00:00.000Z".to_owned(),
            requires_mfa: false,
        }
    }
}

/// The session that asks, and whose it is.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ThisSession {
    /// Names the session and opens nothing.
    pub id: String,
    /// `cookie` or `tokens`.
    pub kind: String,
    /// Who is logged in.
    pub user: User,
    /// For `X-CSRF-Token`; a session with tokens has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<Secret>,
    /// When the session ends if it is not used, or refreshed; RFC 3339.
    pub expires_at: String,
    /// When the session ends, RFC 3339.
    pub absolute_expires_at: String,
}

impl Example for ThisSession {
    fn example() -> Self {
        let SessionOpened { csrf_token, expires_at, absolute_expires_at, .. } = SessionOpened::example();
        Self {
            id: "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a59".to_owned(),
            kind: "cookie".to_owned(),
            user: User::example(),
            csrf_token: Some(csrf_token),
            expires_at,
            absolute_expires_at,
        }
    }
}

/// The ends of a session.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct SessionEnds {
    /// When the session ends if it is not used, RFC 3339.
    pub expires_at: String,
    /// When the session ends, RFC 3339.
    pub absolute_expires_at: String,
}

impl Example for SessionEnds {
    fn example() -> Self {
        let SessionOpened { expires_at, absolute_expires_at, .. } = SessionOpened::example();
        Self { expires_at, absolute_expires_at }
    }
}
