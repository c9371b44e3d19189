//! Bodies of the pynomaly profile.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::wire::secret::Secret;

/// A new account.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Register {
    /// The short name.
    pub username: String,
    /// The address.
    pub email: String,
    /// 8 to 128 characters.
    pub password: Secret,
    /// The name to show; the username when absent.
    pub full_name: Option<String>,
}

/// A login.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Login {
    /// The username, or the address.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// The password was right, and a code is needed beside it.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct MfaRequired {
    /// `MFA required`.
    pub detail: String,
    /// Always true.
    pub mfa_required: bool,
    /// The bearer token of `POST /api/v1/mfa/verify`, for five minutes.
    pub mfa_token: Secret,
    /// Which codes are taken: `totp`, `sms`, `backup_codes`.
    pub methods: Vec<String>,
}

/// An account.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct User {
    /// The account, a UUID.
    pub id: String,
    /// Its short name.
    pub username: String,
    /// Its address.
    pub email: String,
    /// The name to show.
    pub full_name: String,
    /// Whether it may be used.
    pub is_active: bool,
    /// `admin`, `user`, `viewer`.
    pub roles: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
}

/// A new API key.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct CreateKey {
    /// What to call it.
    pub name: String,
    /// What it is to open, such as `detection:read`, `detection:write` and `health:read`.
    pub scopes: Vec<String>,
    /// When it ends, in the future; RFC 3339.
    pub expires_at: Option<String>,
}

/// A new API key with its text.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct NewKey {
    /// Names the key.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// The key itself, shown this once.
    pub api_key: Secret,
    /// What it opens.
    pub scopes: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// When it ends, if it does.
    pub expires_at: Option<String>,
}

/// An API key without its text.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Key {
    /// Names the key.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Whose it is.
    pub user_id: String,
    /// The beginning of its text.
    pub prefix: String,
    /// What it opens.
    pub scopes: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// When it ends, if it does.
    pub expires_at: Option<String>,
    /// When it was last used, if it was.
    pub last_used_at: Option<String>,
}

/// A page of API keys.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Keys {
    /// Newest first.
    pub api_keys: Vec<Key>,
    /// The `cursor` of the next page, when there is one.
    pub next_cursor: Option<String>,
    /// The state that the page was read from.
    pub as_of: String,
}

/// How an authenticator app is to name the account.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct TotpSetup {
    /// The application; it stands in for an issuer that is absent.
    pub app_name: Option<String>,
    /// What the authenticator app shows.
    pub issuer: Option<String>,
}

/// An enrolment that waits for its first code. It is shown once.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct TotpEnrolment {
    /// The secret in base32.
    pub secret: Secret,
    /// What a QR picture is to say: an `otpauth` URI.
    pub qr_code_url: Secret,
    /// The same.
    pub totp_uri: Secret,
    /// What to type where no picture can be read.
    pub manual_entry_key: Secret,
    /// Each logs in once in place of a code.
    pub backup_codes: Vec<Secret>,
}

/// A code of an authenticator app.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct TotpCode {
    /// Six digits.
    pub totp_code: Secret,
}

/// A phone.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct SmsSetup {
    /// In international form: `+4915112345678`.
    pub phone_number: Secret,
}

/// A code of a text message.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct SmsCode {
    /// Six digits.
    pub sms_code: Secret,
}

/// The second step of a login.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct SecondStep {
    /// `totp`, `sms` or `backup_codes`.
    pub method_type: String,
    /// The code.
    pub verification_code: Secret,
    /// No device is remembered, whatever is asked for.
    pub remember_device: Option<bool>,
}

/// Tokens after a second step.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct SecondStepDone {
    /// A JWT.
    pub access_token: Secret,
    /// A JWT for `POST /api/v1/auth/refresh`.
    pub refresh_token: Secret,
    /// `bearer`.
    pub token_type: String,
    /// Seconds that the access token lives.
    pub expires_in: u32,
    /// Always false: the next login asks for a code again.
    pub device_remembered: bool,
}

/// A password.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Password {
    /// The password.
    pub password: Secret,
}

/// Backup codes.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct BackupCodes {
    /// New ones; none where only their number was asked for.
    pub backup_codes: Vec<Secret>,
    /// How many are left.
    pub codes_remaining: u32,
}

/// The sample of the scope `health:read`.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct SampleHealth {
    /// `healthy`.
    pub status: String,
}
