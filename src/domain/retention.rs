//! How long is kept what nobody uses any more. Knows no store and no clock.

use std::time::Duration;

/// How long each kind is kept. What ends by itself, such as sessions, links and locks, is removed when it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Records of the audit log; `None`: for ever.
    pub audit: Option<Duration>,
    /// Suspicious acts.
    pub suspicious_events: Duration,
    /// Mails that were given up, without their content.
    pub dead_mails: Duration,
    /// That a webhook gave an event up.
    pub dead_events: Duration,
}
