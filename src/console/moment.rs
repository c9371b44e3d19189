//! Points in time as the console needs them: parsed from answers, shown as ages. Knows no clock of its own.

use std::time::Duration;

use crate::ambient::Clock;

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(i64);

impl Moment {
    /// What `clock` shows.
    pub fn of(clock: &dyn Clock) -> Self {
        Self(clock.now().millis())
    }

    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|time| Self(time.as_millisecond()))
    }

    /// Later by `by`.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Earlier by `by`.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The next time that is a whole multiple of `seconds`, at least 1.
    #[must_use]
    pub const fn next_whole(self, seconds: i64) -> Self {
        let step = seconds.saturating_mul(1_000);
        Self(self.0.div_euclid(step).saturating_add(1).saturating_mul(step))
    }

    /// The time of day in UTC: `12:41:07`.
    pub fn time_of_day(self) -> String {
        let seconds = self.0.div_euclid(1_000).rem_euclid(86_400);
        format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
    }

    /// RFC 3339, to the millisecond.
    pub fn rfc3339(self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }
}

/// A duration in at most two units: `4s`, `2h14m`, `9d`.
pub fn brief(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds}s"),
        (0, 0, minutes, seconds) if minutes < 10 => format!("{minutes}m{seconds:02}s"),
        (0, 0, minutes, _) => format!("{minutes}m"),
        (0, hours, minutes, _) => format!("{hours}h{minutes:02}m"),
        (days, hours, ..) if days < 3 => format!("{days}d{hours:02}h"),
        (days, ..) => format!("{days}d"),
    }
}

/// Reads `90s`, `15m`, `2h` or `3d`.
pub fn parse_brief(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_shown() {
        let noon = Moment::parse("2026-11-21T12:41:07.114Z").unwrap();
        assert_eq!(noon.time_of_day(), "12:41:07");
        assert_eq!(noon.rfc3339(), "2026-11-21T12:41:07.114Z");
        assert_eq!(noon.next_whole(1).since(noon), Duration::from_millis(886));
        assert_eq!(noon.next_whole(5).since(noon), Duration::from_millis(2_886));
        assert_eq!(Moment::parse("yesterday"), None);
    }

    #[test]
    fn ages_are_short_and_read_back() {
        let shown = |seconds| brief(Duration::from_secs(seconds));
        assert_eq!(
            [shown(4), shown(125), shown(2_460), shown(8_040), shown(90_000), shown(800_000)],
            ["4s", "2m05s", "41m", "2h14m", "1d01h", "9d"]
        );
        assert_eq!(parse_brief("2h"), Some(Duration::from_secs(7_200)));
        assert_eq!((parse_brief("2"), parse_brief("h"), parse_brief("")), (None, None, None));
    }
}
