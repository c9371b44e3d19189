//! Bodies of the cirtusai profile. Where the guide and the published package name one thing differently, the answer
//! carries both names (X39): each client reads its own and ignores the rest.

use poem_openapi::{Enum, Object, Union};
use serde::{Deserialize, Serialize};

use super::Tokens;
use crate::wire::secret::Secret;

/// A way to prove a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// An authenticator app.
    Totp,
    /// A text message.
    Sms,
}

/// A new account.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Register {
    /// The short name.
    pub username: String,
    /// The address.
    pub email: String,
    /// At least 8 characters.
    pub password: Secret,
    /// How the owner would like to prove the second factor; `totp` when absent. The answer is the same for both: a phone
    /// is set up where its number is given.
    pub preferred_2fa_method: Option<Method>,
}

/// An enrolment, shown once. It is of no effect until its first code is sent to `/auth/2fa/confirm`.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Setup {
    /// The secret in base32.
    pub secret_key: Secret,
    /// The `otpauth` URI that an authenticator app reads.
    pub qr_code_url: Secret,
    /// The secret, to be typed where no picture can be read.
    pub manual_entry_key: Secret,
    /// Each logs in once in place of a code.
    pub backup_codes: Vec<Secret>,
    /// `secret_key` again.
    pub secret: Secret,
    /// `qr_code_url` again.
    pub qr_code_uri: Secret,
    /// Its picture: a PNG in base64.
    pub qr_code_image: Secret,
}

/// A login.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Login {
    /// The username, or the address.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// What a right password leads to.
#[derive(Debug, Union, Serialize, Deserialize)]
#[oai(one_of)]
#[serde(untagged)]
pub enum LoggedIn {
    /// Tokens. There is no `requires_2fa` then: clients ask whether it is there.
    Token(Tokens),
    /// A second step.
    CodeNeeded(CodeNeeded),
}

/// The login waits for a code.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct CodeNeeded {
    /// Always true.
    pub requires_2fa: bool,
    /// For `POST /auth/verify-2fa`: it works once, for five minutes and five wrong codes. No access token.
    pub temporary_token: Secret,
    /// `totp` where an authenticator app is on, else `sms`.
    pub preferred_method: Method,
    /// A sentence for people.
    pub message: String,
}

/// The second step of a login.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Verify {
    /// What the login answered.
    pub temporary_token: Secret,
    /// Six digits of the authenticator app, or a backup code.
    pub totp_code: Secret,
}

/// How one's own second factor stands.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Status {
    /// Whether a login asks for a code.
    pub enabled: bool,
    /// How it is proved; null while none is on.
    pub method: Option<Method>,
    /// How many backup codes are left.
    pub backup_codes_remaining: u32,
    /// `enabled` again.
    pub is_2fa_enabled: bool,
    /// `method` again.
    pub preferred_2fa_method: Option<Method>,
    /// Whether a login takes codes sent to a phone.
    pub is_sms_enabled: bool,
}

/// A code.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Code {
    /// Six digits of the authenticator app.
    pub totp_code: Secret,
}

/// What switches the second factor off.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Disable {
    /// Six digits of the authenticator app, or a backup code.
    pub totp_code: Secret,
    /// The password of the account.
    pub password: Secret,
}

/// The second factor was switched on or off.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Switched {
    /// A sentence for people.
    pub message: String,
    /// Whether it is on now.
    pub enabled: bool,
}

/// A code is on its way.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Sent {
    /// A sentence for people.
    pub message: String,
    /// Seconds that the code lives.
    pub expires_in: u64,
}

/// The codes that fit now, whether they were used or not.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct ValidCodes {
    /// Of the step before.
    #[oai(rename = "time_step_-1")]
    #[serde(rename = "time_step_-1")]
    pub before: Option<Secret>,
    /// Of this step.
    #[oai(rename = "time_step_+0")]
    #[serde(rename = "time_step_+0")]
    pub now: Option<Secret>,
    /// Of the next step.
    #[oai(rename = "time_step_+1")]
    #[serde(rename = "time_step_+1")]
    pub next: Option<Secret>,
}

/// What the server takes now, for an owner whose app shows other codes.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Debug {
    /// The codes.
    pub valid_codes: ValidCodes,
    /// The server's time, RFC 3339.
    pub server_time: String,
    /// Seconds that one code is shown.
    pub time_window: u64,
    /// Always true.
    pub totp_secret_exists: bool,
    /// Whose codes they are.
    pub user_email: String,
    /// How a login is proved; null while no second factor is on.
    pub preferred_2fa_method: Option<Method>,
    /// Whether a login asks for a code.
    pub is_2fa_enabled: bool,
    /// The server's time in seconds since 1970 UTC.
    pub current_server_time: i64,
    /// What the codes are for.
    pub usage_note: String,
    /// What to do.
    pub message: String,
}

/// One's own account.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Me {
    /// A UUID.
    pub id: String,
    /// The short name.
    pub username: String,
    /// The address.
    pub email: String,
    /// Whether the address was proved.
    pub is_verified: bool,
    /// Whether a login asks for a code.
    pub is_2fa_enabled: bool,
    /// RFC 3339.
    pub created_at: String,
}
