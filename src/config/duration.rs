//! Durations as the configuration writes them: `10s`, `5m`, `1h`, `7d`. Knows no keys and no clock.

use std::time::Duration;

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// What a duration looks like, for messages.
pub const EXPECTED: &str = r#"a duration such as "10s", "5m", "1h" or "7d""#;

/// Reads a whole number followed by one unit: `s`, `m`, `h` or `d`. Nothing else, not even a space: a
/// duration without its unit is the mistake this refuses. `None` when it is anything else or overflows.
pub fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    digits.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

/// The shortest form that [`parse`] reads back. Parts of a second are dropped: the configuration has none.
pub fn display(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let fits = |(_, size): &&(char, u64)| seconds != 0 && seconds.is_multiple_of(*size);
    let (unit, size) = UNITS.iter().find(fits).copied().unwrap_or(('s', 1));
    format!("{}{unit}", seconds / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_reads_and_prints_back() {
        for (text, seconds) in
            [("0s", 0), ("10s", 10), ("90s", 90), ("5m", 300), ("1h", 3_600), ("7d", 604_800)]
        {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
            assert_eq!(display(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "s", "10", "10 s", " 10s", "+10s", "-1s", "1.5h", "10S", "1h30m", "10ms", "1w", "١s"]
        {
            assert_eq!(parse(text), None, "{text:?}");
        }
        assert_eq!(parse("18446744073709551615d"), None);
        assert_eq!(parse("99999999999999999999s"), None);
    }
}
