//! The keys that sign tokens: which there are, and what a turn makes of them. Knows no secret and no token.
//!
//! ## Decision: one key signs, one waits, and those that signed are remembered
//! A resource server that checks tokens by itself has to know a key before the first token is signed with it. So the next
//! key is made, and published, when its forerunner begins to sign. A turn puts it to work; the one that signed till then
//! goes on verifying for as long as anything it signed may live, and is forgotten then.

use std::time::Duration;

use super::time::Timestamp;

/// How tokens are signed (RFC 7518, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// HMAC with SHA-256: whoever verifies can sign, so the key stays here.
    #[default]
    Hs256,
    /// Ed25519: others verify with a published key.
    EdDsa,
    /// ECDSA with P-256 and SHA-256: the same, for clients that know no Ed25519.
    Es256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hs256, Self::EdDsa, Self::Es256];

    /// The value of `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
        }
    }
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is published, and signs after the next turn.
    Next,
    /// It signs.
    Current,
    /// It verifies what it signed, until then.
    Retired {
        /// When the last token it signed is over.
        until: Timestamp,
    },
}

/// A key of the ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name in tokens: 16 hexadecimal digits.
    pub kid: String,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// What it does.
    pub stage: Stage,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its secret, sealed to its name.
    pub sealed: Vec<u8>,
}

/// A key that others may verify with, as RFC 7517 and RFC 8037 write it. Coordinates are base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name in tokens.
    pub kid: String,
    /// What it verifies.
    pub algorithm: Algorithm,
    /// `x`.
    pub x: String,
    /// `y`, for a curve whose points have two coordinates.
    pub y: Option<String>,
}

/// What happens to the key that signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It verifies for `life` more: the longest that a token may live.
    Retire {
        /// How long.
        life: Duration,
    },
    /// It and all before it are forgotten: every token dies.
    Revoke,
}

/// Most keys that verify and do not sign any more; with more, the oldest go before their time. One transaction has to be
/// able to revoke them all, however often somebody has turned the keys before.
pub const RETIRED_MAX: usize = 64;

/// The ring after a turn at `now`. `fresh` are two new keys of the wanted algorithm; what was published as next signs
/// now if it is of that algorithm, and otherwise one of these does.
pub fn turned(ring: &[SigningKey], turn: Turn, fresh: [SigningKey; 2], now: Timestamp) -> Vec<SigningKey> {
    let [first, second] = fresh;
    let wanted = first.algorithm;
    let staged = |key: &SigningKey, stage| SigningKey { stage, ..key.clone() };
    let mut after: Vec<SigningKey> = Vec::new();
    for key in ring {
        match (turn, key.stage) {
            (Turn::Retire { .. }, Stage::Next) if key.algorithm == wanted => {
                after.push(staged(key, Stage::Current));
            }
            (Turn::Retire { life }, Stage::Current) => {
                after.push(staged(key, Stage::Retired { until: now.plus(life) }));
            }
            (Turn::Retire { .. }, Stage::Retired { until }) if until > now => after.push(key.clone()),
            _ => {}
        }
    }
    if !after.iter().any(|key| key.stage == Stage::Current) {
        after.push(staged(&second, Stage::Current));
    }
    after.push(staged(&first, Stage::Next));
    let ends = after.iter().filter_map(|key| match key.stage {
        Stage::Retired { until } => Some(until),
        Stage::Next | Stage::Current => None,
    });
    if ends.clone().count() > RETIRED_MAX {
        let oldest = ends.min();
        after.retain(|key| !matches!(key.stage, Stage::Retired { until } if Some(until) == oldest));
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(100);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn key(kid: &str, algorithm: Algorithm) -> SigningKey {
        SigningKey { kid: kid.into(), algorithm, stage: Stage::Next, created_at: at(0), sealed: Vec::new() }
    }

    fn fresh(names: [&str; 2], algorithm: Algorithm) -> [SigningKey; 2] {
        names.map(|name| key(name, algorithm))
    }

    fn shown(ring: &[SigningKey]) -> Vec<(&str, Stage)> {
        ring.iter().map(|key| (key.kid.as_str(), key.stage)).collect()
    }

    #[test]
    fn a_ring_that_is_turned_very_often_stays_small_and_keeps_its_newest_keys() {
        let mut ring = Vec::new();
        for turn in 0..200 {
            let names = [format!("a{turn}"), format!("b{turn}")];
            let fresh = names.map(|name| key(&name, Algorithm::EdDsa));
            ring = turned(&ring, Turn::Retire { life: Duration::from_secs(86_400) }, fresh, at(turn));
            assert!(ring.len() <= RETIRED_MAX + 2, "{} keys", ring.len());
        }
        let is_there = |kid: &str| ring.iter().any(|key| key.kid == kid);
        assert!(is_there("a199") && is_there("a198") && is_there("a140") && !is_there("a100"));
    }

    #[test]
    fn the_published_key_signs_after_a_turn_and_the_old_one_verifies_for_a_token_s_life() {
        let retire = Turn::Retire { life: LIFE };
        let new = turned(&[], retire, fresh(["b", "a"], Algorithm::EdDsa), at(0));
        assert_eq!(shown(&new), [("a", Stage::Current), ("b", Stage::Next)]);

        let once = turned(&new, retire, fresh(["c", "unused"], Algorithm::EdDsa), at(10));
        let retired = |seconds| Stage::Retired { until: at(seconds) };
        assert_eq!(shown(&once), [("a", retired(110)), ("b", Stage::Current), ("c", Stage::Next)]);

        let twice = turned(&once, retire, fresh(["d", "unused"], Algorithm::EdDsa), at(110));
        assert_eq!(shown(&twice), [("b", retired(210)), ("c", Stage::Current), ("d", Stage::Next)]);
    }

    #[test]
    fn a_revocation_forgets_every_key() {
        let new = turned(&[], Turn::Revoke, fresh(["b", "a"], Algorithm::Hs256), at(0));
        let after = turned(&new, Turn::Revoke, fresh(["d", "c"], Algorithm::Hs256), at(1));
        assert_eq!(shown(&after), [("c", Stage::Current), ("d", Stage::Next)]);
    }

    #[test]
    fn another_algorithm_signs_at_once_and_what_the_old_one_signed_still_verifies() {
        let retire = Turn::Retire { life: LIFE };
        let new = turned(&[], retire, fresh(["b", "a"], Algorithm::Hs256), at(0));
        let after = turned(&new, retire, fresh(["d", "c"], Algorithm::Es256), at(5));
        let retired = Stage::Retired { until: at(105) };
        assert_eq!(shown(&after), [("a", retired), ("c", Stage::Current), ("d", Stage::Next)]);
        assert_eq!(after[1].algorithm, Algorithm::Es256);
    }
}
