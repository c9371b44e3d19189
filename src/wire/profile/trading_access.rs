//! Bodies of the trading profile: sessions, API keys, and who may do what.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::wire::secret::Secret;

/// A session that lives by a cookie.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct LoggedIn {
    /// Always true.
    pub success: bool,
    /// The value of the cookie `session_id`, which is set too.
    pub session_id: Secret,
    /// What changing requests with the cookie carry in `X-CSRF-Token`.
    pub csrf_token: Secret,
}

/// A live session.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Session {
    /// Names the session. It is not the value of its cookie.
    pub session_id: String,
    /// `cookie` or `token`.
    pub kind: String,
    /// Where the login came from.
    pub ip_address: String,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// When the login was; RFC 3339.
    pub created_at: String,
    /// When it was last used, to the minute; RFC 3339.
    pub last_accessed: String,
    /// When it ends if it is not used; RFC 3339.
    pub expires_at: String,
    /// When it ends; RFC 3339.
    pub absolute_expires_at: String,
    /// Always true: one that is over is not listed.
    pub is_active: bool,
    /// The SHA-256 of browser and address.
    pub fingerprint: String,
}

/// How many sessions ended.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Terminated {
    /// How many.
    pub terminated: u64,
}

/// When a session ends.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Extended {
    /// Always true.
    pub success: bool,
    /// When it ends if it is not used; RFC 3339.
    pub expires_at: String,
}

/// How many expired sessions were removed.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Removed {
    /// How many.
    pub removed: u64,
}

/// How often a key may be used.
#[derive(Debug, Clone, Copy, Object, Serialize, Deserialize)]
pub struct RateLimit {
    /// How many requests.
    pub requests: u32,
    /// In how many seconds.
    pub window: u32,
}

/// A new API key.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct CreateKey {
    /// What to call it.
    pub name: String,
    /// What it opens; `read:signals` when absent.
    pub permissions: Option<Vec<String>>,
    /// Where it may be used from; from anywhere when absent or empty.
    pub ip_whitelist: Option<Vec<String>>,
    /// How often it may be used; 1,000 times an hour when absent.
    pub rate_limit: Option<RateLimit>,
}

/// A new API key with its text.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct NewKey {
    /// The key itself, shown this once.
    pub api_key: Secret,
    /// What its owner calls it.
    pub name: String,
    /// What it opens.
    pub permissions: Vec<String>,
    /// Seconds since 1970 UTC.
    pub created_at: f64,
    /// The SHA-256 of the key, in hexadecimal digits: names it.
    pub key_hash: String,
}

/// An API key without its text.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Key {
    /// What its owner calls it.
    pub name: String,
    /// What it opens.
    pub permissions: Vec<String>,
    /// Seconds since 1970 UTC.
    pub created_at: f64,
    /// When it was last used, if it was; seconds since 1970 UTC.
    pub last_used: Option<f64>,
    /// Always true: one that is over is not listed.
    pub is_active: bool,
    /// Where it may be used from; empty: from anywhere.
    pub ip_whitelist: Vec<String>,
    /// The SHA-256 of the key, in hexadecimal digits: names it.
    pub key_hash: String,
}

/// What a key is to open.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct KeyPermissions {
    /// Such as `read:signals`.
    pub permissions: Vec<String>,
}

/// What the caller may do.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Permissions {
    /// `user`, `admin` or `super_admin`.
    pub role: String,
    /// Such as `read:signals`.
    pub permissions: Vec<String>,
}

/// Whether something is allowed.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Allowed {
    /// Whether it is.
    pub allowed: bool,
}

/// The role of an account.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct SetRole {
    /// `user`, `admin` or `super_admin`.
    pub role: String,
}

/// A permission beside the role.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct OnePermission {
    /// Such as `execute:trades`.
    pub permission: String,
}

/// A permission of an account about one resource.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct ResourcePermission {
    /// The account: its UUID or its number.
    pub user_id: String,
    /// Such as `update:signals`.
    pub permission: String,
}

/// The sample of everybody who is logged in with a cookie.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Protected {
    /// `Access granted`.
    pub message: String,
    /// The account, a UUID.
    pub user_id: String,
}

/// A sample signal.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Signal {
    /// Names it.
    pub id: String,
    /// The account that owns it, a UUID.
    pub owner: String,
}
