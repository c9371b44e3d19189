//! The bodies of the profiles: what other systems' clients send and read. Knows nothing of routes or rules.
//!
//! A request type here ignores what it does not know, and an answer may say `null`: so do the systems whose clients
//! these are.

pub mod cirtusai;
pub mod pynomaly;
pub mod scribes;
pub mod trading;
pub mod trading_access;
pub mod trading_diagnosis;

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A refresh token.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Refresh {
    /// The token.
    pub refresh_token: Secret,
}

/// Tokens, without whose they are.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Tokens {
    /// A JWT.
    pub access_token: Secret,
    /// A JWT for the profile's refresh. A client may keep the one it has until it uses this.
    pub refresh_token: Secret,
    /// `bearer`.
    pub token_type: String,
    /// Seconds that the access token lives.
    pub expires_in: u32,
}

/// One sentence.
#[derive(Debug, Object, Serialize, Deserialize)]
pub struct Message {
    /// What was done.
    pub message: String,
}
