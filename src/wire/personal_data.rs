//! All that is held of somebody, on the wire. Carries no secret.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::api_key::ApiKey;
use super::audit::{AuditLog, SuspiciousEvent};
use super::federation::Identity;
use super::outbox::OutboxMail;
use super::resource::Resource;
use super::session::Session;
use super::user::User;
use super::user_care::FactorsOfUser;

/// All that is held of somebody. Networks that a person is known to log in from, and names that were guessed, are held
/// as keyed hashes, from which nobody reads anything; of passwords and codes only what proves them is held.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct PersonalData {
    /// The account.
    pub user: User,
    /// When the address was proved, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified_at: Option<String>,
    /// When the password was set, RFC 3339; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_set_at: Option<String>,
    /// Its second factors.
    pub mfa: FactorsOfUser,
    /// The number that codes are sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Its sessions, newest first; those that ended lately among them.
    pub sessions: Vec<Session>,
    /// Its API keys, newest first.
    pub api_keys: Vec<ApiKey>,
    /// Its accounts elsewhere.
    pub identities: Vec<Identity>,
    /// What it owns.
    pub resources: Vec<Resource>,
    /// What it was granted of what others own.
    pub grants: Vec<HeldGrant>,
    /// Mails to it that wait or were given up. What was sent is not kept.
    pub mails: Vec<OutboxMail>,
    /// What looked like an attack on it.
    pub suspicious_events: Vec<SuspiciousEvent>,
    /// What happened to it, newest first; at most those of 500 commits. What an administrator did is told without who that
    /// was.
    pub audit_logs: Vec<AuditLog>,
    /// Send it as `before` for the same with older `audit_logs`; absent with the oldest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_before: Option<String>,
    /// Which of these hold only the newest thousand.
    pub cut: Vec<String>,
    /// When this was read, RFC 3339.
    pub exported_at: String,
}

impl Example for PersonalData {
    fn example() -> Self {
        Self {
            user: User::example(),
            email_verified_at: Some("2026-11-21T10:02:00.000Z".to_owned()),
            password_set_at: Some("2026-11-21T10:00:00.000Z".to_owned()),
            mfa: FactorsOfUser::example(),
            phone_number: Some("+4915112345678".to_owned()),
            sessions: vec![Session::example()],
            api_keys: vec![ApiKey::example()],
            identities: vec![Identity::example()],
            resources: vec![Resource::example()],
            grants: vec![HeldGrant::example()],
            mails: vec![OutboxMail::example()],
            suspicious_events: vec![SuspiciousEvent::example()],
            audit_logs: vec![AuditLog::example()],
            next_before: None,
            cut: Vec::new(),
            exported_at: "2026-11-22T09:00:00.000Z".to_owned(),
        }
    }
}

/// One thing that somebody may do with a resource.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct HeldGrant {
    /// The resource.
    pub resource: String,
    /// What may be done.
    pub permission: String,
    /// When it ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

impl Example for HeldGrant {
    fn example() -> Self {
        Self {
            resource: "policies/42".to_owned(),
            permission: "policies:update".to_owned(),
            expires_at: Some("2026-12-01T00:00:00.000Z".to_owned()),
        }
    }
}
