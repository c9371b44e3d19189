//! When a failed sending is tried again. Knows no transport.

use std::time::Duration;

/// How long to wait after `failed` failed attempts before the next one: 1, 5, 15 minutes, 1, 3, 6 hours, then 12
/// hours each time. `None`: `max_attempts` are used up and the mail is a dead letter. Ten attempts span 46 hours.
pub fn retry_delay(failed: u32, max_attempts: u32) -> Option<Duration> {
    const MINUTES: [u64; 7] = [1, 5, 15, 60, 180, 360, 720];
    if failed >= max_attempts {
        return None;
    }
    let step = usize::try_from(failed.saturating_sub(1)).unwrap_or(usize::MAX);
    let minutes = MINUTES.get(step).or(MINUTES.last()).copied().unwrap_or(720);
    Some(Duration::from_secs(minutes * 60))
}

/// The same for a text message, which says what is worth little in five minutes: 2, 5, 15, 30 seconds, then a minute
/// each time.
pub fn sms_retry_delay(failed: u32, max_attempts: u32) -> Option<Duration> {
    const SECONDS: [u64; 5] = [2, 5, 15, 30, 60];
    if failed >= max_attempts {
        return None;
    }
    let step = usize::try_from(failed.saturating_sub(1)).unwrap_or(usize::MAX);
    Some(Duration::from_secs(SECONDS.get(step).copied().unwrap_or(60)))
}
