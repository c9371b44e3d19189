//! Diagnosis on the wire. Carries no secret in an answer.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A login that does not work.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct DiagnosisRequest {
    /// The username or the address that is typed.
    pub username: String,
    /// The password that is typed. It is judged by its form and never compared.
    pub password: Secret,
}

impl Example for DiagnosisRequest {
    fn example() -> Self {
        Self { username: "ada".to_owned(), password: "correct horse battery".into() }
    }
}

/// What was found.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Diagnosis {
    /// All that is wrong, in words for people.
    pub issues: Vec<String>,
    /// What helps, in words for people.
    pub recommendations: Vec<String>,
    /// The tests.
    pub tests: DiagnosisTests,
}

impl Example for Diagnosis {
    fn example() -> Self {
        let told = |message: &str| (true, message.to_owned());
        let locked = || vec!["Account is locked".to_owned()];
        let ((passed, message), (fits, form), (heard, pace)) =
            (told("User found"), told("Password format is valid"), told("Not rate limited"));
        let details = UserDetails { user_id: Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned()) };
        Self {
            issues: locked(),
            recommendations: vec!["Wait for lockout period or contact support".to_owned()],
            tests: DiagnosisTests {
                user_exists: UserTest { passed, message, details },
                password_format: IssuesTest {
                    passed: fits,
                    message: form,
                    details: IssuesDetails { issues: Some(Vec::new()) },
                },
                account_status: IssuesTest {
                    passed: false,
                    message: "Account status issues found".to_owned(),
                    details: IssuesDetails { issues: Some(locked()) },
                },
                rate_limiting: LimitTest {
                    passed: heard,
                    message: pace,
                    details: LimitDetails { is_limited: false },
                },
            },
        }
    }
}

/// The four tests.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct DiagnosisTests {
    /// Whether somebody has the name.
    pub user_exists: UserTest,
    /// Whether the password has the form that the policy asks for.
    pub password_format: IssuesTest,
    /// Whether the account may log in.
    pub account_status: IssuesTest,
    /// Whether requests for the account are heard.
    pub rate_limiting: LimitTest,
}

/// Whether somebody has the name.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct UserTest {
    /// Whether it was passed.
    pub passed: bool,
    /// What is told.
    pub message: String,
    /// Who it is.
    pub details: UserDetails,
}

/// Who has the name.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct UserDetails {
    /// The account; absent where nobody has the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

/// Whether nothing is wrong there.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct IssuesTest {
    /// Whether it was passed.
    pub passed: bool,
    /// What is told.
    pub message: String,
    /// What is wrong.
    pub details: IssuesDetails,
}

/// What is wrong.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct IssuesDetails {
    /// Each in words for people; absent where nobody has the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issues: Option<Vec<String>>,
}

/// Whether requests for the account are heard.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct LimitTest {
    /// Whether it was passed.
    pub passed: bool,
    /// What is told.
    pub message: String,
    /// The same as a fact.
    pub details: LimitDetails,
}

/// Whether there were too many requests.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct LimitDetails {
    /// Whether some are refused: a network is locked, or the account's budget is used up.
    pub is_limited: bool,
}

/// A token to test.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct TokenTestRequest {
    /// An access token or a refresh token. Testing it does not use it.
    pub token: Secret,
}

impl Example for TokenTestRequest {
    fn example() -> Self {
        Self { token: "mF_9.B5f-4.1JqM".into() }
    }
}

/// How a token stands.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct TokenTest {
    /// Whether it is good now.
    pub valid: bool,
    /// What it says, where it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<TokenPayload>,
    /// When it ends, RFC 3339, where it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// What is wrong, where it is not good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// What helps, where it is not good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<String>,
}

impl Example for TokenTest {
    fn example() -> Self {
        Self {
            valid: false,
            payload: None,
            expires_at: None,
            issue: Some("Token has expired".to_owned()),
            recommendation: Some("Refresh the token".to_owned()),
        }
    }
}

/// The claims of a token.
#[derive(Debug, Clone, Default, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct TokenPayload {
    /// Whose it is.
    pub user_id: String,
    /// The account's address when it was issued; of an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The account's name when it was issued; of an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The account's roles when it was issued; of an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Of a profile's tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Of a profile's tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Of a profile's tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// `access` or `refresh`.
    pub r#type: String,
    /// When it was issued, in seconds since 1970 UTC.
    pub iat: i64,
    /// When it ends, in seconds since 1970 UTC.
    pub exp: i64,
    /// Names it.
    pub jti: String,
    /// Its session.
    pub sid: String,
    /// Who issued it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
}

/// Whether a second factor is in order.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct MfaTest {
    /// Whether one is on.
    pub mfa_enabled: bool,
    /// What helps.
    pub recommendation: String,
}

impl Example for MfaTest {
    fn example() -> Self {
        Self { mfa_enabled: false, recommendation: "Enable MFA for enhanced security".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ToJSON;

    use super::*;

    #[test]
    fn a_payload_is_written_alike_by_serde_and_the_schema() {
        let payload = TokenPayload {
            user_id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned(),
            email: None,
            name: Some("Ada".to_owned()),
            roles: Some(vec!["developer".to_owned()]),
            sub: None,
            role: None,
            permissions: None,
            r#type: "access".to_owned(),
            iat: 1,
            exp: 2,
            jti: "a".to_owned(),
            sid: "b".to_owned(),
            iss: "c".to_owned(),
            aud: "d".to_owned(),
        };
        assert_eq!(serde_json::to_value(&payload).ok(), payload.to_json());
    }
}
