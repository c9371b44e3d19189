//! Randomness. Knows nothing of what the bytes are used for.

use std::sync::{Arc, Mutex, PoisonError};

/// A source of random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` random bytes from `entropy`.
pub fn bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads real randomness")]
    #[expect(clippy::panic, reason = "a server without randomness must stop, not hand out guessable secrets")]
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            panic!("the operating system gives no randomness: {error}");
        }
    }
}

/// Randomness for names, **never for secrets**: what is not handed out yet lies in memory. Takes a block at a
/// time from its source, because each call to the system costs as much as half a look-up in the store.
pub struct Gathered {
    source: Arc<dyn Entropy>,
    rest: Mutex<Vec<u8>>,
}

const GATHERED: usize = 1_000;

impl Gathered {
    /// From `source`.
    pub fn from(source: Arc<dyn Entropy>) -> Self {
        Self { source, rest: Mutex::default() }
    }
}

impl Entropy for Gathered {
    fn fill(&self, bytes: &mut [u8]) {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() > GATHERED {
            return self.source.fill(bytes);
        }
        if rest.len() < bytes.len() {
            rest.resize(GATHERED, 0);
            self.source.fill(&mut rest);
        }
        let left = rest.len() - bytes.len();
        bytes.copy_from_slice(rest.split_at(left).1);
        rest.truncate(left);
    }
}

/// A repeatable sequence for tests and fuzzing. **Never for a server**: whoever knows the seed knows every secret.
#[derive(Debug)]
pub struct SeededEntropy {
    state: Mutex<u64>,
}

impl SeededEntropy {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: Mutex::new(seed) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            let word = split_mix(&mut state).to_le_bytes();
            chunk.copy_from_slice(word.split_at(chunk.len()).0);
        }
    }
}

/// `SplitMix64` (Steele, Lea, Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let take = |seed| bytes::<20>(&SeededEntropy::new(seed));
        assert_eq!(take(1), take(1));
        assert_ne!(take(1), take(2));
    }

    #[test]
    fn gathered_bytes_are_handed_out_once() {
        let gathered = Gathered::from(Arc::new(OsEntropy));
        let mut seen = std::collections::HashSet::new();
        assert!((0..1_000).all(|_| seen.insert(bytes::<10>(&gathered))));
        let mut large = vec![0; 3 * GATHERED];
        gathered.fill(&mut large);
        assert_ne!(large, vec![0; 3 * GATHERED]);
    }

    #[test]
    fn the_system_gives_bytes_that_differ() {
        assert_ne!(bytes::<32>(&OsEntropy), bytes::<32>(&OsEntropy));
    }
}
