//! Counters of the accept loop. Knows nothing of how they are shown.

use std::sync::atomic::{AtomicU64, Ordering};

/// One counter. It only ever tells what happened; no decision hangs on it.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The value now.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What happened to connections since the start. Shared by the server and whoever reports.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Connections open now.
    pub open: Counter,
    /// Connections accepted, those refused later by a cap excepted.
    pub accepted: Counter,
    /// Connections closed at once because a cap was reached.
    pub refused: Counter,
    /// TLS handshakes that failed or took too long, and cleartext where only TLS is spoken.
    pub handshake_failures: Counter,
    /// Connections and bodies cut by a deadline. A connection that rested and was closed is none of them.
    pub timeouts: Counter,
    /// Requests whose handler panicked.
    pub panics: Counter,
}
