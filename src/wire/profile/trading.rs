//! Bodies of the trading profile: accounts, tokens and second factors.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::wire::secret::Secret;

/// A new account.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Register {
    /// The short name, 3 to 50 characters.
    pub username: String,
    /// The address.
    pub email: String,
    /// 8 to 128 characters: an uppercase and a lowercase letter, a digit, another character, and nothing that guessers
    /// try first.
    pub password: Secret,
    /// The name to show; the username when absent.
    pub full_name: Option<String>,
}

/// An account.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct User {
    /// The account's number.
    pub id: u32,
    /// The account, a UUID, as tokens name it.
    pub user_id: String,
    /// Its short name.
    pub username: String,
    /// Its address.
    pub email: String,
    /// The name to show.
    pub full_name: String,
    /// `user`, `admin` or `super_admin`.
    pub role: String,
    /// Whether it may be used.
    pub is_active: bool,
    /// RFC 3339.
    pub created_at: String,
    /// Always true: this server sells nothing.
    pub subscription_active: bool,
}

/// A login.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Login {
    /// The username, or the address.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// A code of the second factor, or a backup code, where it is on.
    pub mfa_token: Option<Secret>,
}

/// A fresh access token.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Refreshed {
    /// A JWT.
    pub access_token: Secret,
    /// `bearer`.
    pub token_type: String,
    /// Seconds that the access token lives.
    pub expires_in: u32,
}

/// Tokens, after both steps.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Authenticated {
    /// Always true.
    pub success: bool,
    /// A JWT.
    pub access_token: Secret,
    /// A JWT for `POST /token/refresh`.
    pub refresh_token: Secret,
    /// Whether a second factor is on.
    pub mfa_enabled: bool,
}

/// An address.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Address {
    /// The address of an account.
    pub email: String,
}

/// A new password, with the token of a mailed link.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct ResetPassword {
    /// The token.
    pub token: Secret,
    /// The new password.
    pub new_password: Secret,
}

/// A new password in place of the present one.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct ChangePassword {
    /// The present one.
    pub current_password: Secret,
    /// The new one.
    pub new_password: Secret,
}

/// A password to be judged.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Password {
    /// The password.
    pub password: Secret,
}

/// What a password is like.
#[derive(Debug, Default, Object, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a check with a name of its own on the wire")]
pub struct Strength {
    /// Whether it is long enough and not too long.
    pub length: bool,
    /// Whether it has an uppercase letter.
    pub uppercase: bool,
    /// Whether it has a lowercase letter.
    pub lowercase: bool,
    /// Whether it has a digit.
    pub digit: bool,
    /// Whether it has another character.
    pub special: bool,
    /// Whether it has none of the patterns that guessers try first.
    pub no_common_patterns: bool,
    /// Whether it is not known from breaches.
    pub not_in_breached_list: bool,
}

/// An enrolment that waits for its first code. It is shown once.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct MfaSetup {
    /// The secret in base32.
    pub secret: Secret,
    /// A PNG as a data URL.
    pub qr_code: Secret,
    /// Codes for the time until it is switched on; the answer of that has the ones that stay.
    pub backup_codes: Vec<Secret>,
}

/// The first code of an enrolment.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct TotpToken {
    /// Six digits.
    pub totp_token: Secret,
}

/// A second factor that is on.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct MfaEnabled {
    /// Always true.
    pub success: bool,
    /// What was done.
    pub message: String,
    /// Each is good once in place of a code.
    pub backup_codes: Vec<Secret>,
}

/// A code, or a backup code.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Credential {
    /// The code.
    pub credential: Secret,
}

/// Whether a code was right.
#[derive(Debug, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct Verified {
    /// Whether it was, or no second factor is on.
    pub verified: bool,
    /// What changing requests with the new cookie carry in `X-CSRF-Token`, where the session has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<Secret>,
}

/// Something was done.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Done {
    /// Always true.
    pub success: bool,
}
