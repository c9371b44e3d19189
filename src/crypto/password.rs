//! Passwords, the costs of their hash and its stored form. Knows no thread and no memory: the pool runs the hash.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use zeroize::Zeroizing;

use super::bcrypt_hash::BcryptHash;

/// The lowest memory cost taken for new hashes, in KiB (OWASP password storage, Argon2id with t = 2).
pub const MIN_MEMORY_KIB: u32 = 19_456;
/// The lowest number of passes taken for new hashes.
pub const MIN_PASSES: u32 = 2;
/// The most passes a stored hash may ask for; more is damage.
const MAX_PASSES: u32 = 16;
/// The most memory a stored hash may ask for, in KiB; the pool's budget is usually lower.
const MAX_MEMORY_KIB: u32 = 1_048_576;
/// The most lanes a stored hash may have. They are run one after another.
const MAX_LANES: u32 = 16;

/// A password as it was typed, in Unicode normalisation form C. Wiped when dropped, and so is each
/// clone: one is verified, one hashed again.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Normalises `typed`, once and only here. Nothing is trimmed, folded or cut.
    pub fn new(typed: &str) -> Self {
        if is_nfc(typed) {
            return Self(Zeroizing::new(typed.to_owned()));
        }
        // Room for any composition in advance: a growing string would leave copies of itself behind.
        let mut text = Zeroizing::new(String::with_capacity(typed.len() * 3));
        text.extend(typed.nfc());
        Self(text)
    }

    /// Its length in Unicode scalar values after normalising: what the length rules count.
    pub fn scalar_count(&self) -> usize {
        self.0.chars().count()
    }

    /// The normalised text, for the rules that look into it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// The costs of an Argon2id hash (RFC 9106). A new one has one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashParams {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl HashParams {
    /// From memory in KiB and passes. Costs below the OWASP floor are refused, and so are costs that
    /// a stored hash may not have.
    pub const fn new(memory_kib: u32, passes: u32) -> Result<Self, CostOutOfRange> {
        if memory_kib < MIN_MEMORY_KIB
            || memory_kib > MAX_MEMORY_KIB
            || passes < MIN_PASSES
            || passes > MAX_PASSES
        {
            return Err(CostOutOfRange);
        }
        Ok(Self { memory_kib, passes, lanes: 1 })
    }

    /// The smallest costs Argon2 knows: 8 KiB, one pass. **Only for tests**; such a hash protects nothing.
    pub const fn insecure_for_tests() -> Self {
        Self { memory_kib: 8, passes: 1, lanes: 1 }
    }

    /// Memory, in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes of the memory.
    pub const fn lanes(self) -> u32 {
        self.lanes
    }
}

impl Default for HashParams {
    /// 19 MiB, two passes.
    fn default() -> Self {
        Self { memory_kib: MIN_MEMORY_KIB, passes: MIN_PASSES, lanes: 1 }
    }
}

/// The costs asked for are not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "argon2id takes {MIN_MEMORY_KIB} to {MAX_MEMORY_KIB} KiB of memory and {MIN_PASSES} to {MAX_PASSES} passes"
)]
pub struct CostOutOfRange;

/// A hashed password in the PHC string format, as it is stored; from another system also in bcrypt's own.
#[derive(Clone, PartialEq, Eq)]
pub struct Phc(String);

impl Phc {
    /// A hash that another system made; `None` when no password could be compared with it.
    pub fn parse(text: &str) -> Option<Self> {
        StoredHash::parse(text).map(|_| Self(text.to_owned()))
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text to store.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Phc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phc(redacted)")
    }
}

/// A stored hash, of one of the kinds that are verified.
#[derive(Clone, PartialEq, Eq)]
pub enum StoredHash {
    /// Argon2id: what new hashes are.
    Argon2(Argon2Hash),
    /// bcrypt: of another system, until the next login.
    Bcrypt(BcryptHash),
}

impl StoredHash {
    /// Reads either kind; see [`Argon2Hash::parse`] and [`BcryptHash::parse`].
    pub fn parse(text: &str) -> Option<Self> {
        let argon2 = Argon2Hash::parse(text).map(Self::Argon2);
        argon2.or_else(|| BcryptHash::parse(text).map(Self::Bcrypt))
    }

    /// The memory that a comparison takes, in KiB.
    pub(super) const fn memory_kib(&self) -> u32 {
        match self {
            Self::Argon2(stored) => stored.params.memory_kib,
            Self::Bcrypt(_) => 0,
        }
    }
}

/// A stored Argon2id hash taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Argon2Hash {
    pub(super) params: HashParams,
    pub(super) salt: Vec<u8>,
    pub(super) hash: [u8; 32],
}

impl Argon2Hash {
    /// The PHC string.
    pub fn to_phc(&self) -> Phc {
        let HashParams { memory_kib, passes, lanes } = self.params;
        let (salt, hash) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(self.hash));
        Phc(format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}"))
    }

    /// Reads a PHC string: argon2id, version 19, 1 to 16 lanes, a salt of 8 to 64 bytes, a hash of 32.
    /// Every other spelling is refused, so that damage is seen.
    pub fn parse(phc: &str) -> Option<Self> {
        let mut fields = phc.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
        if fields.next().is_some() || salt.len() > 86 {
            return None;
        }
        let (memory, rest) = costs.strip_prefix("m=")?.split_once(",t=")?;
        let (passes, lanes) = rest.split_once(",p=")?;
        let (memory_kib, passes, lanes) = (decimal(memory)?, decimal(passes)?, decimal(lanes)?);
        if !(1..=MAX_LANES).contains(&lanes)
            || !(8 * lanes..=MAX_MEMORY_KIB).contains(&memory_kib)
            || !(1..=MAX_PASSES).contains(&passes)
        {
            return None;
        }
        let salt = STANDARD_NO_PAD.decode(salt).ok().filter(|salt| salt.len() >= 8)?;
        let hash = STANDARD_NO_PAD.decode(hash).ok()?.try_into().ok()?;
        Some(Self { params: HashParams { memory_kib, passes, lanes }, salt, hash })
    }
}

/// A decimal without sign and leading zero.
fn decimal(text: &str) -> Option<u32> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn the_two_spellings_of_a_letter_are_one_password() {
        let composed = Password::new("caf\u{e9}-caf\u{e9}");
        let combining = Password::new("cafe\u{301}-cafe\u{301}");
        assert_eq!(composed.expose(), combining.expose());
        assert_eq!(combining.scalar_count(), 9);
    }

    #[test]
    fn nothing_is_trimmed_folded_or_cut() {
        let typed = format!("  Pass\u{0}word {} ", "x".repeat(200));
        assert_eq!(Password::new(&typed).expose(), typed);
        // Compatibility forms stay apart: only form C is applied.
        assert_eq!(Password::new("\u{ff21}").expose(), "\u{ff21}");
    }

    #[test]
    fn debug_output_is_redacted() {
        assert_eq!(format!("{:?}", Password::new("hunter2")), "Password(redacted)");
        assert_eq!(format!("{:?}", Argon2Hash::parse(GOOD).unwrap().to_phc()), "Phc(redacted)");
    }

    #[test]
    fn costs_below_the_floor_are_refused() {
        assert_eq!(HashParams::new(19_456, 2), Ok(HashParams::default()));
        for (memory, passes) in [(19_455, 2), (19_456, 1), (8, 1), (0, 0), (u32::MAX, 2), (19_456, u32::MAX)]
        {
            assert_eq!(HashParams::new(memory, passes), Err(CostOutOfRange), "{memory} {passes}");
        }
    }

    #[test]
    fn a_phc_string_reads_back_as_itself() {
        let parsed = Argon2Hash::parse(GOOD).unwrap();
        assert_eq!(parsed.params, HashParams::default());
        assert_eq!(parsed.salt, (0..16).collect::<Vec<u8>>());
        assert_eq!(parsed.to_phc().as_str(), GOOD);
    }

    #[test]
    fn every_other_spelling_of_a_phc_string_is_refused() {
        let swaps = [
            ("argon2id", "argon2i"),
            ("argon2id", "argon2d"),
            ("$argon2id", "argon2id"),
            ("v=19", "v=16"),
            ("v=19$", ""),
            ("m=19456", "m=019456"),
            ("m=19456", "m=+19456"),
            ("m=19456", "m=4294967296"),
            ("m=19456", "m=4294967295"),
            ("m=19456", "m=7"),
            ("t=2", "t=0"),
            ("t=2", "t=17"),
            ("t=2", "t="),
            ("p=1", "p=0"),
            ("p=1", "p=01"),
            ("p=1", "p=17"),
            ("p=1", "p="),
            ("m=19456,t=2,p=1", "m=31,t=2,p=4"),
            (",p=1", ""),
            ("p=1", "p=1,keyid=AA"),
            ("m=19456,t=2", "t=2,m=19456"),
            ("AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0ODx"),
            ("AAECAwQFBgcICQoLDA0ODw", "AAECAw"),
            ("AAECAwQFBgcICQoLDA0ODw", ""),
            ("AAAA$", "$"),
            ("AAAAAAAA", "AAAAAAA"),
            ("AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0ODw=="),
        ];
        for (from, to) in swaps {
            let bad = GOOD.replacen(from, to, 1);
            if bad != GOOD {
                assert!(Argon2Hash::parse(&bad).is_none(), "{bad}");
            }
        }
        for bad in ["", "$", "$$$$$", "plain", &format!("{GOOD}$"), &format!("{GOOD}\n"), &format!(" {GOOD}")]
        {
            assert!(Argon2Hash::parse(bad).is_none(), "{bad}");
        }
        assert!(Argon2Hash::parse(&GOOD.replace("AAECAwQFBgcICQoLDA0ODw", &"A".repeat(88))).is_none());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_what_is_read_was_written_so(salt in prop::collection::vec(any::<u8>(), 8..=64), hash: [u8; 32], memory_kib in 128u32..=1_048_576, passes in 1u32..=16, lanes in 1u32..=16) {
            let stored = Argon2Hash { params: HashParams { memory_kib, passes, lanes }, salt, hash };
            let phc = stored.to_phc();
            prop_assert!(Argon2Hash::parse(phc.as_str()) == Some(stored));
        }

        #[test]
        fn any_text_that_is_read_is_canonical(text in "\\$argon2id\\$v=19\\$m=[0-9]{1,7},t=[0-9]{1,2},p=[0-9]{1,2}\\$[A-Za-z0-9+/]{10,24}\\$[A-Za-z0-9+/]{43}") {
            if let Some(parsed) = Argon2Hash::parse(&text) {
                prop_assert_eq!(parsed.to_phc().into_string(), text);
            }
        }
    }
}
