//! How long to wait before the next attempt. Knows no connection.

use std::time::Duration;

use crate::ambient::{Entropy, entropy};

const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// The wait before attempt number `attempt`, from 1: anything from a quarter of a second up to twice as much as the
/// time before, and never above ten seconds. Spread over the whole range, so that many consoles do not come back at once.
pub fn wait(attempt: u32, entropy: &dyn Entropy) -> Duration {
    let doubled = SHORTEST.saturating_mul(1_u32.checked_shl(attempt.min(16)).unwrap_or(u32::MAX));
    let range = doubled.min(LONGEST).saturating_sub(SHORTEST);
    let random = u64::from(u32::from_be_bytes(entropy::bytes(entropy)));
    let range = u64::try_from(range.as_millis()).unwrap_or(0);
    SHORTEST.saturating_add(Duration::from_millis(range.saturating_mul(random) >> 32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SeededEntropy;

    #[test]
    fn waits_grow_to_a_cap_and_differ() {
        let entropy = SeededEntropy::new(3);
        let longest = |attempt| (0..200).map(|_| wait(attempt, &entropy)).max().unwrap();
        assert!(longest(1) <= Duration::from_millis(500));
        assert!(longest(3) > Duration::from_secs(1));
        assert!(longest(40) > Duration::from_secs(9));
        assert!((0..300).all(|attempt| (SHORTEST..=LONGEST).contains(&wait(attempt, &entropy))));
    }
}
