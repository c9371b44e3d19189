//! A second factor by text message: codes sent to a phone, and how often one may be sent. Knows no gateway and no key.

use std::time::Duration;

use super::time::Timestamp;

/// How long a sent code lives.
pub const CODE_TTL: Duration = Duration::from_secs(300);

/// Wrong codes that a sent code takes.
pub const CODE_TRIES: u8 = 5;

/// The least time between two messages to one account, and to one number.
const PAUSE: Duration = Duration::from_secs(60);

/// The most messages to one account, and to one number, in an hour.
const HOURLY: usize = 5;

const HOUR: Duration = Duration::from_secs(3_600);

/// The phone of an account, waiting for its first code or on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsFactor {
    /// The number, sealed to its row.
    pub sealed_number: Vec<u8>,
    /// When the first code came back; `None` until then, and then it is of no effect.
    pub confirmed_at: Option<Timestamp>,
    /// The newest code, while it was not used.
    pub code: Option<SentCode>,
}

/// A code that was sent, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentCode {
    /// Its keyed hash.
    pub hash: [u8; 32],
    /// When it ends.
    pub expires_at: Timestamp,
    /// How many wrong codes it still takes.
    pub tries_left: u8,
}

impl SentCode {
    /// A code that is sent at `now`.
    pub fn new(hash: [u8; 32], now: Timestamp) -> Self {
        Self { hash, expires_at: now.plus(CODE_TTL), tries_left: CODE_TRIES }
    }
}

impl SmsFactor {
    /// Whether a login takes codes sent to it.
    pub const fn is_on(&self) -> bool {
        self.confirmed_at.is_some()
    }

    /// Whether the code with `hash` would be taken at `now`. It is used up.
    pub fn take(&mut self, hash: &[u8; 32], now: Timestamp) -> bool {
        let is_right = self.code.is_some_and(|code| code.hash == *hash && now < code.expires_at);
        if is_right {
            self.code = None;
        }
        is_right
    }

    /// Counts a wrong code: the last one ends the code that was sent. Answers whether there was one.
    pub fn spoil(&mut self) -> bool {
        let before = self.code;
        self.code = before
            .map(|code| SentCode { tries_left: code.tries_left.saturating_sub(1), ..code })
            .filter(|code| code.tries_left > 0);
        before.is_some()
    }
}

/// When messages were sent of late to one account or one number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sends(Vec<Timestamp>);

impl Sends {
    /// Takes a place for one message, or answers how long to wait.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        // A clock that was set back locks nobody out for longer than an hour.
        self.0.retain_mut(|at| {
            *at = (*at).min(now);
            now < at.plus(HOUR)
        });
        let after_pause = self.0.last().map(|last| last.plus(PAUSE));
        let after_hour = self.0.first().filter(|_| self.0.len() >= HOURLY).map(|first| first.plus(HOUR));
        let free_at = after_pause.into_iter().chain(after_hour).max().filter(|at| now < *at);
        if let Some(at) = free_at {
            return Err(at.since(now));
        }
        self.0.push(now);
        Ok(())
    }

    /// Nothing was sent.
    pub fn give_back(&mut self) {
        self.0.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn after(seconds: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(seconds))
    }

    fn phone() -> SmsFactor {
        let code = Some(SentCode::new([7; 32], NOW));
        SmsFactor { sealed_number: Vec::new(), confirmed_at: None, code }
    }

    #[test]
    fn a_code_is_taken_once_and_for_five_minutes() {
        let mut once = phone();
        assert!(!once.take(&[8; 32], NOW));
        assert!(once.take(&[7; 32], after(299)));
        assert!(!once.take(&[7; 32], after(299)));
        assert!(!phone().take(&[7; 32], after(300)));
    }

    #[test]
    fn the_fifth_wrong_code_ends_it() {
        let mut phone = phone();
        for _ in 0..4 {
            assert!(phone.spoil());
        }
        assert!(phone.code.is_some());
        assert!(phone.spoil() && phone.code.is_none() && !phone.spoil());
    }

    #[test]
    fn one_a_minute_and_five_an_hour() {
        let mut sends = Sends::default();
        assert_eq!(sends.take(NOW), Ok(()));
        assert_eq!(sends.take(after(59)), Err(Duration::from_secs(1)));
        for minute in 1..5 {
            assert_eq!(sends.take(after(60 * minute)), Ok(()));
        }
        assert_eq!(sends.take(after(300)), Err(Duration::from_secs(3_300)));
        assert_eq!(sends.take(after(3_599)), Err(Duration::from_secs(1)));
        assert_eq!(sends.take(after(3_600)), Ok(()));
    }

    #[test]
    fn what_was_not_sent_does_not_count_and_a_clock_set_back_ends_in_an_hour() {
        let mut sends = Sends::default();
        sends.take(NOW).unwrap();
        sends.give_back();
        sends.take(NOW).unwrap();
        assert_eq!(sends.take(NOW.minus(Duration::from_secs(86_400))), Err(PAUSE));
    }
}
