//! What other rules of lockouts would have done to the same guesses. Knows no log.
//!
//! ## Decision: the rule itself is run, and only that of networks
//! A replay counts with the very [`Guesses`] that lock, so it cannot differ from them. Of a guess that was refused unheard
//! nobody knows whether it was right; it is replayed as a wrong one, as most of them are. The lock of a whole account
//! depends on the places that it knows, of which the log says nothing, so it is left out.

use std::collections::{HashMap, HashSet};

use super::lockout::{Guesses, LockoutPolicy, Place};
use super::time::Timestamp;

/// Guesses being replayed, in the order of their times.
#[derive(Debug)]
pub struct Replay {
    policy: LockoutPolicy,
    guesses: HashMap<([u8; 16], Place), Guesses>,
    locked: HashSet<[u8; 16]>,
    places: HashSet<Place>,
    counts: Replayed,
}

/// What rules did, or would have done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Locks that began.
    pub locks: u64,
    /// Accounts and names that were locked from somewhere.
    pub names: usize,
    /// Networks for which somebody was locked.
    pub networks: usize,
    /// Guesses that a lock refused unheard.
    pub refused: u64,
    /// Of these, those that were right.
    pub refused_right: u64,
}

impl Replay {
    /// Of nothing yet, under `policy`.
    pub fn under(policy: LockoutPolicy) -> Self {
        Self {
            policy,
            guesses: HashMap::new(),
            locked: HashSet::new(),
            places: HashSet::new(),
            counts: Replayed::default(),
        }
    }

    /// Replays a guess at `whom` from `place`.
    pub fn guess(&mut self, whom: [u8; 16], place: Place, at: Timestamp, is_right: bool) {
        let guesses = self.guesses.entry((whom, place)).or_default();
        if guesses.take(at, &self.policy).is_err() {
            self.counts.refused = self.counts.refused.saturating_add(1);
            self.counts.refused_right = self.counts.refused_right.saturating_add(u64::from(is_right));
        } else if is_right {
            guesses.succeed();
        } else {
            guesses.fail();
            if guesses.tell(&self.policy) {
                self.counts.locks = self.counts.locks.saturating_add(1);
                self.locked.insert(whom);
                self.places.insert(place);
            }
        }
    }

    /// What came of them.
    pub fn counts(&self) -> Replayed {
        Replayed { names: self.locked.len(), networks: self.places.len(), ..self.counts }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn replayed(failures: usize, guesses: &[(u8, u8, u64, bool)]) -> Replayed {
        let mut replay = Replay::under(LockoutPolicy { failures, ..LockoutPolicy::default() });
        for (name, place, minute, is_right) in guesses {
            let at = Timestamp::EPOCH.plus(Duration::from_secs(60 * minute));
            replay.guess([*name; 16], Place([*place; 16]), at, *is_right);
        }
        replay.counts()
    }

    #[test]
    fn stricter_rules_lock_more_and_refuse_what_was_right() {
        let day: Vec<_> = (0..4).map(|minute| (1, 1, minute, false)).chain([(1, 1, 4, true)]).collect();
        assert_eq!(replayed(5, &day), Replayed::default());
        let strict = Replayed { locks: 1, names: 1, networks: 1, refused: 2, refused_right: 1 };
        assert_eq!(replayed(3, &day), strict);
    }

    #[test]
    fn a_lock_ends_and_another_begins_and_names_and_networks_are_counted_once() {
        let burst = |name, place, from: u64| (from..from + 3).map(move |minute| (name, place, minute, false));
        let day: Vec<_> =
            burst(1, 1, 0).chain(burst(1, 2, 3)).chain(burst(2, 1, 6)).chain(burst(1, 1, 60)).collect();
        let counts = Replayed { locks: 4, names: 2, networks: 2, refused: 0, refused_right: 0 };
        assert_eq!(replayed(3, &day), counts);
    }

    #[test]
    fn a_right_password_clears_what_was_counted() {
        let day = [(1, 1, 0, false), (1, 1, 1, false), (1, 1, 2, true), (1, 1, 3, false), (1, 1, 4, false)];
        assert_eq!(replayed(3, &day).locks, 0);
    }
}
