//! How long callers waited for a hash thread, as a histogram. Knows no pool and no way to show it.

use std::time::Duration;

/// Upper bounds of all groups but the last, in milliseconds.
const BOUNDS_MS: [u64; 9] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];

/// Counts of waits, grouped by their length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    groups: [u64; BOUNDS_MS.len() + 1],
    total: Duration,
}

impl Waits {
    pub(super) fn add(&mut self, waited: Duration) {
        let group = BOUNDS_MS.iter().take_while(|bound| waited > Duration::from_millis(**bound)).count();
        if let Some(count) = self.groups.get_mut(group) {
            *count += 1;
        }
        self.total += waited;
    }

    /// Each group's upper bound and its own count; the last has no bound.
    pub fn groups(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bounds = BOUNDS_MS.iter().map(|bound| Some(Duration::from_millis(*bound))).chain([None]);
        bounds.zip(self.groups)
    }

    /// All waits together.
    pub const fn total(&self) -> Duration {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_counted_in_the_first_group_that_holds_it() {
        let mut waits = Waits::default();
        for micros in [0, 1_000, 1_001, 10_000_000, 10_000_001, 60_000_000] {
            waits.add(Duration::from_micros(micros));
        }
        let counts: Vec<_> = waits.groups().map(|(_, count)| count).collect();
        assert_eq!(counts, [2, 1, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(waits.groups().filter(|(bound, _)| bound.is_none()).count(), 1);
        assert_eq!(waits.total(), Duration::from_micros(80_002_002));
    }
}
