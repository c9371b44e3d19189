//! What happened how often, on the wire. Knows nothing of how it is counted.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// One number for each step.
#[derive(Debug, Clone, Default, Object, Serialize, Deserialize)]
pub struct StatsSeries {
    /// Logins that gave tokens.
    pub logins_ok: Vec<u64>,
    /// Logins that were asked for a second factor: their password was right.
    pub logins_mfa: Vec<u64>,
    /// Logins that were denied.
    pub logins_failed: Vec<u64>,
    /// Refresh tokens that were exchanged.
    pub refreshes: Vec<u64>,
    /// Callers that were refused something.
    pub denials: Vec<u64>,
    /// Locks that began.
    pub lockouts: Vec<u64>,
    /// Accounts that were made.
    pub registrations: Vec<u64>,
    /// Passwords that were changed or reset.
    pub password_changes: Vec<u64>,
    /// Password hashes begun.
    pub hash_runs: Vec<u64>,
    /// Password hashes that found no room.
    pub hash_refused: Vec<u64>,
    /// Milliseconds that password hashes waited, all together.
    pub hash_wait_ms: Vec<u64>,
}

/// The same since the store was made.
#[derive(Debug, Clone, Default, Object, Serialize, Deserialize)]
pub struct StatsTotals {
    /// Logins that gave tokens.
    pub logins_ok: u64,
    /// Logins that were asked for a second factor: their password was right.
    pub logins_mfa: u64,
    /// Logins that were denied.
    pub logins_failed: u64,
    /// Refresh tokens that were exchanged.
    pub refreshes: u64,
    /// Callers that were refused something.
    pub denials: u64,
    /// Locks that began.
    pub lockouts: u64,
    /// Accounts that were made.
    pub registrations: u64,
    /// Passwords that were changed or reset.
    pub password_changes: u64,
    /// Password hashes begun.
    pub hash_runs: u64,
    /// Password hashes that found no room.
    pub hash_refused: u64,
    /// Milliseconds that password hashes waited, all together.
    pub hash_wait_ms: u64,
}

/// What happened how often.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Stats {
    /// Where the first step begins, RFC 3339.
    pub from: String,
    /// Where the last step ends, RFC 3339; it may be short, and end after now.
    pub to: String,
    /// How long a step is.
    pub step_seconds: u32,
    /// What happened in each step.
    pub series: StatsSeries,
    /// What happened since the store was made.
    pub totals: StatsTotals,
    /// Send it as `after` to `GET /api/v1/events`: its events are not counted here, and all before are.
    pub as_of: String,
}

impl Example for Stats {
    fn example() -> Self {
        Self {
            from: "2026-11-21T10:00:00.000Z".to_owned(),
            to: "2026-11-21T10:02:00.000Z".to_owned(),
            step_seconds: 60,
            series: StatsSeries {
                logins_ok: vec![3, 5],
                logins_mfa: vec![2, 1],
                logins_failed: vec![1, 0],
                refreshes: vec![12, 9],
                denials: vec![0, 0],
                lockouts: vec![0, 0],
                registrations: vec![1, 0],
                password_changes: vec![0, 1],
                hash_runs: vec![5, 6],
                hash_refused: vec![0, 0],
                hash_wait_ms: vec![2, 3],
            },
            totals: StatsTotals { logins_ok: 8_120, logins_failed: 96, ..StatsTotals::default() },
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}
