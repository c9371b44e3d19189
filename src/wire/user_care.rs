//! What an administrator sees and does of somebody's factors, sessions and locks, on the wire. Carries no secret.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// A second factor that is on.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct FactorOfUser {
    /// `totp` or `sms`.
    pub r#type: String,
    /// When it was switched on: RFC 3339.
    pub enrolled_at: String,
}

impl Example for FactorOfUser {
    fn example() -> Self {
        Self { r#type: "totp".to_owned(), enrolled_at: "2026-11-21T10:00:00.000Z".to_owned() }
    }
}

/// The second factors of an account.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct FactorsOfUser {
    /// Those that are on.
    pub factors: Vec<FactorOfUser>,
    /// How many backup codes are left.
    pub backup_codes_left: u32,
}

impl Example for FactorsOfUser {
    fn example() -> Self {
        Self { factors: vec![FactorOfUser::example()], backup_codes_left: 5 }
    }
}

/// An act on an account that ended its sessions.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct SessionsEndedByAdmin {
    /// What was done.
    pub message: String,
    /// How many sessions were alive.
    pub sessions_ended: u32,
}

impl Example for SessionsEndedByAdmin {
    fn example() -> Self {
        Self { message: "All sessions ended.".to_owned(), sessions_ended: 2 }
    }
}

/// What was lifted.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Unlocked {
    /// What was done.
    pub message: String,
    /// How many networks the account was locked for.
    pub networks: u32,
    /// How many wrong passwords in a row were counted, from all networks together.
    pub failures: u32,
}

impl Example for Unlocked {
    fn example() -> Self {
        Self { message: "Account unlocked.".to_owned(), networks: 1, failures: 5 }
    }
}
