//! The rules of webhooks: their secrets, and when a delivery that failed is tried again. Knows no HTTP and no store.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// What the text of a secret begins with.
const PREFIX: &str = "whsec_";

/// How many bytes a secret may have.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The wait after the first failure.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// The text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be whsec_ and the base64 of 24 to 64 random bytes")]
pub struct NotASecret;

/// Reads a secret as the Standard Webhooks specification writes one: `whsec_` and padded base64.
pub fn parse_secret(text: &str) -> Result<Zeroizing<Vec<u8>>, NotASecret> {
    let encoded = text.strip_prefix(PREFIX).ok_or(NotASecret)?;
    let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| NotASecret)?);
    if SECRET_BYTES.contains(&bytes.len()) { Ok(bytes) } else { Err(NotASecret) }
}

/// How long a hook waits after `failures` deliveries in a row that failed: 5 seconds, then twice as long each time, at
/// most an hour; of that at least half, and as much of the rest as `dice` says, so that hooks that failed together do
/// not come back together. As long as the receiver `asked` for in any case, though no longer than an hour.
pub fn retry_delay(failures: u32, asked: Duration, dice: u32) -> Duration {
    let doubled =
        FIRST_WAIT.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    let half = doubled.min(LONGEST_WAIT) / 2;
    let wait = half + half.mul_f64(f64::from(dice) / f64::from(u32::MAX));
    wait.max(asked.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_what_the_specification_calls_one() {
        let read = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!((read.len(), read[0], read[23]), (24, 0x31, 0xb0));
        let (short, long) = (STANDARD.encode([7; 23]), STANDARD.encode([7; 65]));
        for bad in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-",
            " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            &format!("whsec_{short}"),
            &format!("whsec_{long}"),
        ] {
            assert_eq!(parse_secret(bad), Err(NotASecret), "{bad}");
        }
    }

    #[test]
    fn waits_double_up_to_an_hour_and_half_of_each_is_chance() {
        let seconds = |failures, dice| retry_delay(failures, Duration::ZERO, dice).as_millis();
        let longest = [1, 2, 3, 10, 11, 12, u32::MAX].map(|failures| seconds(failures, u32::MAX));
        assert_eq!(longest, [5_000, 10_000, 20_000, 2_560_000, 3_600_000, 3_600_000, 3_600_000]);
        assert_eq!((seconds(1, 0), seconds(2, 0), seconds(90, 0)), (2_500, 5_000, 1_800_000));
        assert!((3_700..3_800).contains(&seconds(1, u32::MAX / 2)));
    }

    #[test]
    fn a_receiver_is_left_alone_as_long_as_it_asks_but_no_longer_than_an_hour() {
        let waits =
            [0, 4, 60, u64::MAX].map(|asked| retry_delay(1, Duration::from_secs(asked), 0).as_millis());
        assert_eq!(waits, [2_500, 4_000, 60_000, 3_600_000]);
    }
}
