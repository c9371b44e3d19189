//! Points in time as plain values. Knows no clock.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A point in time: milliseconds since the Unix epoch, UTC. Arithmetic saturates, so a hostile
/// clock or claim can never overflow it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the Unix epoch (the `NumericDate` of RFC 7519).
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down (the `NumericDate` of RFC 7519).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time moved later by `by`.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis_of(by)))
    }

    /// This time moved earlier by `by`.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis_of(by)))
    }

    /// As a letter says it: `15 January 2027, 08:00 UTC`.
    pub fn in_words(self) -> String {
        self.as_jiff().strftime("%-d %B %Y, %H:%M UTC").to_string()
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Times outside the years 0 to 9999 become their edge.
    fn as_jiff(self) -> jiff::Timestamp {
        let within = self.0.clamp(-62_135_596_800_000, 253_402_207_200_000);
        jiff::Timestamp::from_millisecond(within).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// RFC 3339 with milliseconds and `Z`; times outside the years 0 to 9999 print as their edge.
///
/// Written by hand: two of them are in most answers, and formatting them was a fiftieth of an authenticated GET.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = self.0.clamp(-62_135_596_800_000, 253_402_207_200_000);
        let (days, millis) = (within.div_euclid(86_400_000), within.rem_euclid(86_400_000));
        // Years begin in March here, so that the leap day is the last; eras of 400 years are all alike.
        let (era, day) = ((days + 719_468).div_euclid(146_097), (days + 719_468).rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let year = year + era * 400 + month / 10;
        let month = (month + 2) % 12 + 1;
        let (seconds, minutes, hours) = (millis / 1_000 % 60, millis / 60_000 % 60, millis / 3_600_000);
        let at = |value: i64, unit: i64| b'0'.saturating_add(u8::try_from(value / unit % 10).unwrap_or(0));
        let text = [
            at(year, 1_000),
            at(year, 100),
            at(year, 10),
            at(year, 1),
            b'-',
            at(month, 10),
            at(month, 1),
            b'-',
            at(day, 10),
            at(day, 1),
            b'T',
            at(hours, 10),
            at(hours, 1),
            b':',
            at(minutes, 10),
            at(minutes, 1),
            b':',
            at(seconds, 10),
            at(seconds, 1),
            b'.',
            at(millis, 100),
            at(millis, 10),
            at(millis, 1),
            b'Z',
        ];
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// The text is no RFC 3339 time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time such as 2026-11-21T10:00:00Z")]
pub struct NotATime;

/// Reads RFC 3339, with an offset; finer than milliseconds is dropped.
impl FromStr for Timestamp {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let time: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        Ok(Self(time.as_millisecond()))
    }
}

fn millis_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_time_prints_as_the_library_prints_it(millis in -62_135_596_800_000_i64..=253_402_207_200_000) {
            let library = jiff::Timestamp::from_millisecond(millis).unwrap();
            proptest::prop_assert_eq!(Timestamp::from_millis(millis).to_string(), format!("{library:.3}"));
        }
    }

    #[test]
    fn prints_rfc_3339_with_milliseconds() {
        assert_eq!(Timestamp::from_millis(1_700_000_000_007).to_string(), "2023-11-14T22:13:20.007Z");
        assert_eq!(Timestamp::EPOCH.to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_letter_says_the_time_to_the_minute() {
        assert_eq!(Timestamp::from_millis(1_700_000_000_007).in_words(), "14 November 2023, 22:13 UTC");
        assert!(!Timestamp::from_millis(i64::MIN).in_words().is_empty());
    }

    #[test]
    fn reads_rfc_3339_with_any_offset() {
        assert_eq!("2023-11-14T22:13:20.007Z".parse(), Ok(Timestamp::from_millis(1_700_000_000_007)));
        assert_eq!("2023-11-14T23:13:20+01:00".parse(), Ok(Timestamp::from_seconds(1_700_000_000)));
        for bad in ["", "2023-11-14", "2023-11-14T22:13:20", "yesterday"] {
            assert_eq!(bad.parse::<Timestamp>(), Err(NotATime), "{bad}");
        }
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end.plus(Duration::MAX), end);
        assert_eq!(Timestamp::from_seconds(i64::MAX), end);
        assert_eq!(Timestamp::EPOCH.since(end), Duration::ZERO);
        assert!(!end.to_string().is_empty());
        assert!(!Timestamp::from_millis(i64::MIN).to_string().is_empty());
    }

    #[test]
    fn seconds_round_down_before_the_epoch_too() {
        assert_eq!(Timestamp::from_millis(-1).seconds(), -1);
        assert_eq!(Timestamp::from_millis(1_999).seconds(), 1);
    }
}
