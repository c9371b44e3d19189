//! How safe an account is, on the wire. Carries no secret.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// How safe an account is.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct SecurityReport {
    /// The account.
    pub user_id: String,
    /// When this was found out, RFC 3339.
    pub timestamp: String,
    /// What was looked at.
    pub security_checks: SecurityChecks,
    /// What lowers the risk, in words for people.
    pub recommendations: Vec<String>,
    /// 30 without a second factor, 20 above five sessions, 10 above three live API keys.
    pub risk_score: u32,
    /// `LOW`, `MEDIUM` from 30 on, or `HIGH` from 50 on.
    pub risk_level: String,
}

impl Example for SecurityReport {
    fn example() -> Self {
        Self {
            user_id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned(),
            timestamp: "2026-11-21T12:30:00.000Z".to_owned(),
            security_checks: SecurityChecks {
                authentication: AuthenticationCheck {
                    password_auth: true,
                    mfa_available: true,
                    api_keys_available: true,
                    last_password_change: Some("2026-11-20T09:00:00.000Z".to_owned()),
                },
                sessions: SessionsCheck {
                    active_sessions: 1,
                    recent_logins: vec![RecentLogin {
                        at: "2026-11-21T10:00:00.000Z".to_owned(),
                        kind: "tokens".to_owned(),
                        ip_address: "203.0.113.7".to_owned(),
                        user_agent: Some("Mozilla/5.0".to_owned()),
                    }],
                    suspicious_activity: false,
                },
                mfa: MfaCheck { enabled: false, backup_codes_available: false },
                api_keys: ApiKeysCheck {
                    total_keys: 1,
                    active_keys: 1,
                    recently_used: vec![UsedKey {
                        id: "019a1f0d-1a2b-7c3d-8e4f-5a6b7c8d9e0f".to_owned(),
                        name: "ingest".to_owned(),
                        last_used_at: "2026-11-21T12:00:00.000Z".to_owned(),
                    }],
                },
            },
            recommendations: vec!["Enable multi-factor authentication for enhanced security".to_owned()],
            risk_score: 30,
            risk_level: "MEDIUM".to_owned(),
        }
    }
}

/// What was looked at.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct SecurityChecks {
    /// How one logs in.
    pub authentication: AuthenticationCheck,
    /// Who is logged in.
    pub sessions: SessionsCheck,
    /// The second factor.
    pub mfa: MfaCheck,
    /// Keys for programs.
    pub api_keys: ApiKeysCheck,
}

/// How one logs in.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct AuthenticationCheck {
    /// Whether the account has a password.
    pub password_auth: bool,
    /// Whether it may have a second factor.
    pub mfa_available: bool,
    /// Whether it may have keys for programs.
    pub api_keys_available: bool,
    /// When the password was set, RFC 3339; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_password_change: Option<String>,
}

/// Who is logged in.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct SessionsCheck {
    /// Live sessions, by tokens and by cookie; at most 1,000 are counted.
    pub active_sessions: u32,
    /// The newest five of them, newest first.
    pub recent_logins: Vec<RecentLogin>,
    /// Whether something suspicious about the account waits to be seen by an operator.
    pub suspicious_activity: bool,
}

/// A login whose session lives.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct RecentLogin {
    /// RFC 3339.
    pub at: String,
    /// What the session lives by: `tokens` or `cookie`.
    pub kind: String,
    /// Where it came from.
    pub ip_address: String,
    /// What the client called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// The second factor.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct MfaCheck {
    /// Whether one is on.
    pub enabled: bool,
    /// Whether backup codes are left.
    pub backup_codes_available: bool,
}

/// Keys for programs.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct ApiKeysCheck {
    /// All of them, also those that work no more and are not swept yet.
    pub total_keys: u32,
    /// Those that work.
    pub active_keys: u32,
    /// The five of those that were used last, the latest first.
    pub recently_used: Vec<UsedKey>,
}

/// A key that was used.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct UsedKey {
    /// Names it; opens nothing.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// RFC 3339.
    pub last_used_at: String,
}
