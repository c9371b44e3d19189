//! Health on the wire (rule S27). Carries nothing a stranger should not know.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// How the server is.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Health {
    /// `healthy` or `unhealthy`.
    pub status: String,
    /// `connected` when the store answers a read, `damaged` when it does and something in it does not verify, else
    /// `unavailable`.
    pub database: String,
    /// Always `embedded`: the key is kept for clients that expect it, the server needs none.
    pub redis: String,
    /// RFC 3339.
    pub timestamp: String,
}

impl Example for Health {
    fn example() -> Self {
        Self {
            status: "healthy".to_owned(),
            database: "connected".to_owned(),
            redis: "embedded".to_owned(),
            timestamp: "2026-11-21T10:00:00.000Z".to_owned(),
        }
    }
}

/// A probe's answer.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Probe {
    /// `live`, `ready` or `not_ready`.
    pub status: String,
}

impl Example for Probe {
    fn example() -> Self {
        Self { status: "ready".to_owned() }
    }
}
