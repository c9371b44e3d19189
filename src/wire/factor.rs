//! Second factors on the wire. Knows nothing of how a code is made or judged.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A new enrolment. It is shown once, and of no effect until its first code is sent to `/auth/mfa/enable`.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct MfaSetup {
    /// The secret in base32, to be typed where no picture can be read.
    pub secret: Secret,
    /// What the picture says: an `otpauth` URI. SHA-1, 6 digits, 30 seconds.
    pub otpauth_url: Secret,
    /// The picture for an authenticator app: a PNG as a `data:` URL.
    pub qr_code: Secret,
    /// Each logs in once in place of a code. Case, dashes and spaces do not count.
    pub backup_codes: Vec<Secret>,
}

impl Example for MfaSetup {
    fn example() -> Self {
        Self {
            secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".into(),
            otpauth_url: "otpauth://totp/Latchkey:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                &issuer=Latchkey"
                .into(),
            qr_code: "data:image/png;base64,iVBORw0KGgo..".into(),
            backup_codes: BackupCodes::example().backup_codes,
        }
    }
}

/// A code of an authenticator app.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct MfaCode {
    /// Six digits.
    pub code: Secret,
}

impl Example for MfaCode {
    fn example() -> Self {
        Self { code: "123456".into() }
    }
}

/// The second factor is on.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct MfaEnabled {
    /// A sentence for people.
    pub message: String,
    /// Always true.
    pub mfa_enabled: bool,
}

impl Example for MfaEnabled {
    fn example() -> Self {
        Self { message: "MFA enabled successfully.".to_owned(), mfa_enabled: true }
    }
}

/// The password, for an act on the second factor.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct MfaPassword {
    /// The password of the account.
    pub password: Secret,
}

impl Example for MfaPassword {
    fn example() -> Self {
        Self { password: "correct horse battery".into() }
    }
}

/// New backup codes, shown once. Those before do not work any more.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct BackupCodes {
    /// Each logs in once in place of a code. Case, dashes and spaces do not count.
    pub backup_codes: Vec<Secret>,
}

impl Example for BackupCodes {
    fn example() -> Self {
        Self { backup_codes: vec!["7KXW-29FD-QM4T-B8ZN".into(), "V3HP-6YCA-XE52-JR9G".into()] }
    }
}

/// The second step of a login.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct MfaVerify {
    /// Six digits of the authenticator app, or a backup code.
    pub code: Secret,
    /// `session_id` of the login. Good for 5 minutes, 5 wrong codes and one right one.
    pub session_id: Secret,
}

impl Example for MfaVerify {
    fn example() -> Self {
        Self { code: "123456".into(), session_id: "5c9a4b1e-0f7d-4c55-9a36-8d2b7e41c0fa".into() }
    }
}

/// How one's own second factor stands.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct MfaStatus {
    /// Whether a login asks for a code.
    pub enabled: bool,
    /// `totp`; absent while it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// When it was switched on. RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrolled_at: Option<String>,
    /// How many backup codes are left.
    pub backup_codes_left: u32,
    /// Whether an enrolment waits for its first code.
    pub pending: bool,
}

impl Example for MfaStatus {
    fn example() -> Self {
        Self {
            enabled: true,
            r#type: Some("totp".to_owned()),
            enrolled_at: Some("2026-11-21T10:00:00.000Z".to_owned()),
            backup_codes_left: 5,
            pending: false,
        }
    }
}

/// What the server takes now, for an owner whose app shows other codes.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct MfaDebug {
    /// The codes that fit now, earliest first: of the step before, of this one and of the next. One that was used
    /// works no more.
    pub valid_codes: Vec<Secret>,
    /// The server's time, RFC 3339: a device whose clock is more than `time_window` seconds off shows other codes.
    pub server_time: String,
    /// Seconds that one code is shown.
    pub time_window: u64,
    /// How many seconds the client's clock is ahead of the server's, or behind it where it is negative; there when the
    /// request told the client's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_skew: Option<i64>,
}

impl Example for MfaDebug {
    fn example() -> Self {
        Self {
            valid_codes: vec!["287082".into(), "359152".into(), "969429".into()],
            server_time: "2026-11-21T10:00:00.000Z".to_owned(),
            time_window: 30,
            clock_skew: Some(-95),
        }
    }
}
