//! Attacks and other rules of lockouts, on the wire. Knows nothing of how they are counted.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// Failed logins from one network.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct Incident {
    /// An IPv4 /24 or an IPv6 /48.
    pub network: String,
    /// `spray` (few guesses at each of many names), `guessing` (at few names) or `flood` (many at many).
    pub shape: String,
    /// Logins that were denied.
    pub failures: u64,
    /// Different accounts and names of nobody among them.
    pub names: u64,
    /// Different addresses among them.
    pub addresses: u64,
    /// Locks that began.
    pub lockouts: u64,
    /// Logins from there that gave tokens: look at these sessions.
    pub logins: u64,
    /// The first failure, RFC 3339.
    pub first_at: String,
    /// The last one, RFC 3339.
    pub last_at: String,
}

/// Failed logins of late, by network.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Incidents {
    /// Most failures first.
    pub incidents: Vec<Incident>,
    /// From when on logins are counted, RFC 3339.
    pub from: String,
    /// Whether that is as far back as was asked for; otherwise there were too many records to look at.
    pub complete: bool,
    /// Send it as `after` to `GET /api/v1/events`: its events are not counted here, and all before are.
    pub as_of: String,
}

impl Example for Incidents {
    fn example() -> Self {
        let incident = Incident {
            network: "203.0.113.0/24".to_owned(),
            shape: "spray".to_owned(),
            failures: 1_912,
            names: 961,
            addresses: 44,
            lockouts: 0,
            logins: 1,
            first_at: "2026-11-21T12:35:00.000Z".to_owned(),
            last_at: "2026-11-21T12:41:06.000Z".to_owned(),
        };
        Self {
            incidents: vec![incident],
            from: "2026-11-21T12:26:06.000Z".to_owned(),
            complete: true,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}

/// What rules of lockouts did, or would have done.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct LockoutReplay {
    /// `lockout.failures`.
    pub failures: u64,
    /// `lockout.window` in seconds.
    pub window_seconds: u64,
    /// `lockout.lock_for` in seconds.
    pub lock_seconds: u64,
    /// Locks that began.
    pub lockouts: u64,
    /// Accounts and names that were locked from somewhere.
    pub names: u64,
    /// Networks for which somebody was locked.
    pub networks: u64,
    /// Guesses that a lock refused unheard.
    pub refused: u64,
    /// Of these, those with the right password.
    pub refused_right: u64,
}

/// The logins of the last day under two rules.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct WhatIf {
    /// Under the rules in force.
    pub present: LockoutReplay,
    /// Under those that were asked about.
    pub asked: LockoutReplay,
    /// From when on logins are replayed, RFC 3339.
    pub from: String,
    /// Whether that is a whole day; otherwise there were too many records to look at.
    pub complete: bool,
    /// Send it as `after` to `GET /api/v1/events`: its events are not counted here, and all before are.
    pub as_of: String,
}

impl Example for WhatIf {
    fn example() -> Self {
        let present = LockoutReplay {
            failures: 5,
            window_seconds: 900,
            lock_seconds: 1_800,
            lockouts: 14,
            names: 14,
            networks: 3,
            refused: 61,
            refused_right: 0,
        };
        let asked = LockoutReplay { failures: 8, lockouts: 3, names: 3, refused: 9, ..present.clone() };
        Self {
            present,
            asked,
            from: "2026-11-20T12:41:06.000Z".to_owned(),
            complete: true,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}
