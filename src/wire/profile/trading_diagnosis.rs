//! Bodies of the trading profile: why somebody cannot log in. What its guide shows as the canonical API does is there.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::wire::diagnosis::{IssuesTest, LimitTest};
use crate::wire::secret::Secret;

/// A login that does not work.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Attempt {
    /// The username or the address that is typed.
    pub username: String,
    /// The password that is typed. It is judged by its form and never compared.
    pub password: Secret,
}

/// A token to test.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Tested {
    /// An access token or a refresh token. Testing it does not use it.
    pub token: Secret,
}

/// What was found of a login.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct LoginDiagnosis {
    /// All that is wrong.
    pub issues: Vec<String>,
    /// What helps.
    pub recommendations: Vec<String>,
    /// The tests.
    pub tests: LoginTests,
}

/// The four tests.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct LoginTests {
    /// Whether somebody has the name.
    pub user_exists: ExistsTest,
    /// Whether the password has the form that the policy asks for.
    pub password_format: IssuesTest,
    /// Whether the account may log in.
    pub account_status: IssuesTest,
    /// Whether requests for the account are heard.
    pub rate_limiting: LimitTest,
}

/// Whether somebody has the name.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct ExistsTest {
    /// Whether it was passed.
    pub passed: bool,
    /// What is told.
    pub message: String,
    /// Who it is.
    pub details: ExistsDetails,
}

/// Who has the name.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct ExistsDetails {
    /// The account, a UUID; null where nobody has the name.
    pub user_id: Option<String>,
}
