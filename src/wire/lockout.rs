//! What is locked, on the wire. Knows nothing of how guesses are counted.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// The rule that made a lock.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct LockoutRule {
    /// `network`: wrong passwords for one account from one network. `account`: wrong passwords in a row from everywhere.
    /// `factor`: wrong second-factor codes from everywhere.
    pub name: String,
    /// How many of them lock.
    pub failures: u64,
    /// Within how many seconds; absent: in a row, however long that takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u64>,
    /// For how many seconds, counted from the last of them.
    pub lock_seconds: u64,
}

impl Example for LockoutRule {
    fn example() -> Self {
        Self { name: "network".to_owned(), failures: 5, window_seconds: Some(900), lock_seconds: 1_800 }
    }
}

/// What is locked now.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Lockout {
    /// Names the lock. It is the id of the suspicious event that tells of its beginning.
    pub id: String,
    /// The rule that made it.
    pub rule: LockoutRule,
    /// The account; absent for a name that belongs to nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The account's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The account's username.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What stands for a name that belongs to nobody, here and in the audit log: a keyed hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_hash: Option<String>,
    /// The network it holds for; absent: everywhere, but for networks that the account logged in from before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// When it began, RFC 3339.
    pub since: String,
    /// When it ends by itself, RFC 3339.
    pub until: String,
    /// How many wrong guesses count for it now.
    pub failures: u64,
}

impl Example for Lockout {
    fn example() -> Self {
        Self {
            id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b13".to_owned(),
            rule: LockoutRule::example(),
            user_id: Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned()),
            email: Some("ada@example.com".to_owned()),
            username: Some("ada".to_owned()),
            name_hash: None,
            network: Some("203.0.113.0/24".to_owned()),
            since: "2026-11-21T10:00:00.000Z".to_owned(),
            until: "2026-11-21T10:30:00.000Z".to_owned(),
            failures: 5,
        }
    }
}

/// One page of what is locked.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct LockoutPage {
    /// The locks, the one that began last first.
    pub lockouts: Vec<Lockout>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for LockoutPage {
    fn example() -> Self {
        Self {
            lockouts: vec![Lockout::example()],
            next_cursor: None,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}

/// A wrong guess that led to a lock.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct LockoutAttempt {
    /// RFC 3339.
    pub at: String,
    /// What was tried, for example `login.failed`.
    pub action: String,
    /// Why it was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// What the client called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The request.
    pub request_id: String,
}

impl Example for LockoutAttempt {
    fn example() -> Self {
        Self {
            at: "2026-11-21T10:00:00.000Z".to_owned(),
            action: "login.failed".to_owned(),
            reason: Some("wrong_password".to_owned()),
            ip_address: Some("203.0.113.7".to_owned()),
            user_agent: Some("Mozilla/5.0".to_owned()),
            request_id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b12".to_owned(),
        }
    }
}

/// A lock, and how it came about.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct LockoutExplained {
    /// The lock.
    pub lockout: Lockout,
    /// The rule in words.
    pub explanation: String,
    /// The last wrong guesses up to its beginning, newest first, at most 20. Older ones may be out of reach.
    pub attempts: Vec<LockoutAttempt>,
}

impl Example for LockoutExplained {
    fn example() -> Self {
        Self {
            lockout: Lockout::example(),
            explanation: "5 wrong passwords within 15 minutes from 203.0.113.0/24 lock the account there for 30 minutes."
                .to_owned(),
            attempts: vec![LockoutAttempt::example()],
        }
    }
}
