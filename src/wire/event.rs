//! What an event stream says beside the events themselves, which are audit records. Knows nothing of framing.

use serde::{Deserialize, Serialize};

/// `ready`: the stream begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamReady {
    /// What follows is newer than this place.
    pub cursor: String,
    /// Seconds of silence after which something is sent all the same.
    pub heartbeat_seconds: u64,
}

/// `gap`: something is missing here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamGap {
    /// `expired` or `unknown_cursor`.
    pub reason: String,
    /// Where the stream goes on.
    pub cursor: String,
}

/// `end`: nothing more will come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamEnd {
    /// `session_ended`, `token_expired`, `permission_missing`, `shutdown` or `unavailable`.
    pub reason: String,
}
