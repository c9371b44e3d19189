//! Clocks. Knows nothing of what the time is used for.
//!
//! Expiry, token times and TOTP steps are judged by a [`Clock`] that is passed in; how long a thing
//! took is measured by a [`Stopwatch`], which a clock jump does not move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::domain::time::Timestamp;

/// Tells the wall-clock time.
pub trait Clock: Send + Sync + 'static {
    /// The time now, UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        // A clock before 1970 reads as the epoch: everything is then expired or not yet valid, never valid for ever.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

/// The machine's clock moved by an offset that can grow: the clock of `--dev`.
#[derive(Debug, Clone, Default)]
pub struct MovableClock {
    offset_millis: Arc<AtomicI64>,
}

impl MovableClock {
    /// Moves the time by `seconds`, forward or (negative) back.
    pub fn advance_seconds(&self, seconds: i64) {
        let by = seconds.saturating_mul(1000);
        let moved = |offset: i64| Some(offset.saturating_add(by));
        let _ = self.offset_millis.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let real = SystemClock.now().millis();
        Timestamp::from_millis(real.saturating_add(self.offset_millis.load(Ordering::SeqCst)))
    }
}

/// A clock that stands still until it is moved: the clock of every test.
#[derive(Debug, Clone)]
pub struct ManualClock {
    millis: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that stands at `now`. Clones share the same hands.
    pub fn at(now: Timestamp) -> Self {
        Self { millis: Arc::new(AtomicI64::new(now.millis())) }
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }

    /// Sets the time, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.millis.store(now.millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }
}

/// Measures how long something took, by the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told_and_clones_share_it() {
        let clock = ManualClock::at(Timestamp::from_seconds(100));
        let other = clock.clone();
        clock.advance(Duration::from_secs(5));
        assert_eq!(other.now(), Timestamp::from_seconds(105));
        other.set(Timestamp::from_seconds(1));
        assert_eq!(clock.now(), Timestamp::from_seconds(1));
    }

    #[test]
    fn a_movable_clock_jumps_both_ways_and_never_overflows() {
        let clock = MovableClock::default();
        let before = clock.now();
        clock.advance_seconds(3_600);
        assert!(clock.now() >= before.plus(Duration::from_secs(3_600)));
        clock.advance_seconds(i64::MAX);
        clock.advance_seconds(i64::MAX);
        assert!(clock.now() > before);
    }
}
