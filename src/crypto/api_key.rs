//! The text of API keys: made, read strictly, hashed. Knows no store, and nothing of what a key may do.
//!
//! Text: a prefix of 1 to 20 of `[a-z0-9_]` that ends with `_`, then base64url of 32 random bytes and their CRC-32: 48
//! characters. A key that names its owner has the first eight digits of the owner's id and `_` at the end of the prefix,
//! and 28 random bytes: 43 characters (T13). No text reads as both: eight digits and `_` end where the 43 begin. The
//! checksum covers the prefix too. It lets a scanner tell a leaked key from a lookalike without asking anybody, and
//! spares the store a look-up for every typing error; it is no protection, for everybody can compute it.
//!
//! ## Decision: plain SHA-256 at rest, found by the hash
//! A key has 224 or 256 random bits: nobody finds it from its hash by trying, so salt and slow hashing, which passwords
//! need, would only cost time. The look-up compares hashes byte by byte in an index, not in constant time: how long
//! that takes tells of a hash that the caller cannot choose but by finding preimages.

use std::fmt;

use zeroize::Zeroizing;

use super::digest::{array_from_base64url, sha256, to_base64url, to_hex};
use crate::domain::api_key::{PREFIX_CHARS, is_prefix};
use crate::domain::id::UserId;

/// Characters behind the prefix.
const BODY: usize = 48;

/// The same of a key that names its owner.
const SHORT_BODY: usize = 43;

/// Digits of the owner's id.
const OWNER: usize = 8;

/// How many characters of the body a person is shown to tell keys apart: 30 of 256 bits.
const HINT: usize = 5;

/// What the secret of every registered service begins with.
const SERVICE_PREFIX: &str = "lkcs_";

/// What an API key begins with, so that people and scanners know it for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPrefix(String);

/// The text is no prefix of API keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 20 of a-z, 0-9 and _, with _ at the end")]
pub struct NotAPrefix;

impl KeyPrefix {
    /// Reads a prefix.
    pub fn parse(text: &str) -> Result<Self, NotAPrefix> {
        if is_prefix(text) { Ok(Self(text.to_owned())) } else { Err(NotAPrefix) }
    }

    /// The prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new key. Shown once, never stored; wiped when dropped.
pub struct PlainApiKey(Zeroizing<String>);

impl PlainApiKey {
    /// A key from 32 random bytes.
    pub fn new(prefix: &KeyPrefix, secret: &[u8; 32]) -> Self {
        Self::of(prefix.as_str(), secret)
    }

    /// A key that names its `owner`, from 28 random bytes. Of a prefix of more than eleven characters the first eleven
    /// stay.
    pub fn of_owner(prefix: &KeyPrefix, owner: UserId, secret: &[u8; 28]) -> Self {
        let room = PREFIX_CHARS - OWNER - 1;
        let owner = to_hex(owner.as_bytes());
        let (prefix, owner) =
            (prefix.0.get(..room).unwrap_or(&prefix.0), owner.get(..OWNER).unwrap_or_default());
        Self::of(&format!("{prefix}{owner}_"), secret)
    }

    fn of(prefix: &str, secret: &[u8]) -> Self {
        let crc = checksum(prefix, secret).to_be_bytes();
        let body = Zeroizing::new([secret, crc.as_slice()].concat());
        let body = Zeroizing::new(to_base64url(&body));
        Self(Zeroizing::new([prefix, body.as_str()].concat()))
    }

    /// The secret of a registered service, from 32 random bytes: in the form of a key, and under a prefix of its own.
    pub fn of_service(secret: &[u8; 32]) -> Self {
        Self::new(&KeyPrefix(SERVICE_PREFIX.to_owned()), secret)
    }

    /// The text, for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The only storable form.
    pub fn hash(&self) -> KeyHash {
        KeyHash(sha256(self.0.as_bytes()))
    }

    /// The beginning of the text, to tell keys apart by: the prefix and five characters.
    pub fn hint(&self) -> String {
        hint(&self.0)
    }
}

impl fmt::Debug for PlainApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainApiKey(redacted)")
    }
}

/// The SHA-256 of a key's whole text: what finds its row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyHash([u8; 32]);

/// The text is no API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// It has another length, prefix or alphabet.
    #[error("not in the form of an API key")]
    Form,
    /// A character was changed, or it was made up.
    #[error("the checksum does not fit: not a whole API key")]
    Checksum,
}

impl KeyHash {
    /// Reads `text` as a key with any prefix: length, alphabet and checksum must fit before anything is looked up.
    pub fn of(text: &str) -> Result<Self, NotAKey> {
        let (prefix, body) = parted(text).ok_or(NotAKey::Form)?;
        let bytes = match body.len() {
            SHORT_BODY => array_from_base64url::<32>(body.as_bytes()).map(|bytes| bytes.to_vec()),
            _ => array_from_base64url::<36>(body.as_bytes()).map(|bytes| bytes.to_vec()),
        };
        let bytes = bytes.map(Zeroizing::new).ok_or(NotAKey::Form)?;
        let (secret, crc) = bytes.split_last_chunk::<4>().ok_or(NotAKey::Form)?;
        if *crc == checksum(prefix, secret).to_be_bytes() {
            Ok(Self(sha256(text.as_bytes())))
        } else {
            Err(NotAKey::Checksum)
        }
    }

    /// The bytes to store and to look up.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(redacted)")
    }
}

/// The beginning of a well-formed key's text, to tell keys apart by.
pub fn hint(text: &str) -> String {
    let end = parted(text).map(|(prefix, _)| prefix.len() + HINT);
    end.and_then(|end| text.get(..end)).unwrap_or_default().to_owned()
}

/// The prefix and what is behind it.
fn parted(text: &str) -> Option<(&str, &str)> {
    let at = |body: usize| {
        let parts = text.split_at_checked(text.len().checked_sub(body)?)?;
        is_prefix(parts.0).then_some(parts)
    };
    at(SHORT_BODY).filter(|(prefix, _)| names_owner(prefix)).or_else(|| at(BODY))
}

/// Whether a prefix ends with eight hexadecimal digits and `_`.
fn names_owner(prefix: &str) -> bool {
    let digits = prefix.strip_suffix('_').and_then(|rest| rest.as_bytes().last_chunk::<OWNER>());
    digits.is_some_and(|digits| digits.iter().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')))
}

fn checksum(prefix: &str, secret: &[u8]) -> u32 {
    crc32(prefix.bytes().chain(secret.iter().copied()))
}

/// CRC-32 as of IEEE 802.3, reflected. Bit by bit: 50 bytes take less time than the look-up that follows.
fn crc32(bytes: impl Iterator<Item = u8>) -> u32 {
    let shift = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
    !bytes.fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| shift(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(prefix: &str, secret: [u8; 32]) -> PlainApiKey {
        PlainApiKey::new(&KeyPrefix::parse(prefix).unwrap(), &secret)
    }

    #[test]
    fn the_checksum_gives_the_published_value() {
        assert_eq!(crc32(b"123456789".iter().copied()), 0xcbf4_3926);
    }

    #[test]
    fn a_key_has_one_form_for_ever() {
        let key = key("lk_", [7; 32]);
        assert_eq!(key.reveal(), "lk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwch9RCU");
        assert_eq!(key.hint(), "lk_BwcHB");
        assert_eq!(key.hash().as_bytes(), &sha256(key.reveal().as_bytes()));
        assert_eq!(format!("{key:?} {:?}", key.hash()), "PlainApiKey(redacted) KeyHash(redacted)");
    }

    /// T13.
    #[test]
    fn a_key_that_names_its_owner_has_eight_digits_of_it_and_43_characters() {
        let owner = UserId::from_bytes([0x01, 0x9a, 0xbc, 0xde, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        let of = |prefix: &str| PlainApiKey::of_owner(&KeyPrefix::parse(prefix).unwrap(), owner, &[7; 28]);
        let key = of("ts_");
        assert_eq!(key.reveal(), "ts_019abcde_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw_l_js");
        assert_eq!((key.reveal().len(), key.hint().as_str()), (3 + 8 + 1 + 43, "ts_019abcde_BwcHB"));
        assert_eq!(KeyHash::of(key.reveal()), Ok(key.hash()));
        let changed = key.reveal().replace("BwcHB", "BwcHC");
        assert_eq!(KeyHash::of(&changed), Err(NotAKey::Checksum));
        let long = of("0123456789abcdefghi_");
        assert_eq!(
            (KeyHash::of(long.reveal()), long.hint().as_str()),
            (Ok(long.hash()), "0123456789a019abcde_BwcHB")
        );
        // A prefix of the usual form that looks the same reads as what it is.
        let other = self::key("ts_019abcde_", [7; 32]);
        assert_eq!(
            (KeyHash::of(other.reveal()), other.hint().as_str()),
            (Ok(other.hash()), "ts_019abcde_BwcHB")
        );
    }

    #[test]
    fn a_prefix_is_short_and_ends_with_an_underscore() {
        for good in ["lk_", "a_", "llm_gov_sk_", "__", "0123456789abcdefghi_"] {
            assert_eq!(KeyPrefix::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "lk", "LK_", "l k_", "l-k_", "lk_x", "\u{e9}_", "0123456789abcdefghij_"] {
            assert_eq!(KeyPrefix::parse(bad), Err(NotAPrefix), "{bad:?}");
        }
    }

    #[test]
    fn other_texts_are_refused_before_any_look_up() {
        let text = key("lk_", [1; 32]).reveal().to_owned();
        let form = [
            String::new(),
            text[..50].into(),
            text[1..].to_uppercase(),
            format!("{text}A"),
            format!(" {text}"),
            text.replacen("lk_", "", 1),
            text.replace("AQEB", "+/=="),
        ];
        for bad in form {
            assert_eq!(KeyHash::of(&bad), Err(NotAKey::Form), "{bad:?}");
        }
        for bad in
            [text.replacen("lk_", "lj_", 1), text.replacen("AQEB", "AQEC", 1), text.replacen("lk_", "l_", 1)]
        {
            assert_eq!(KeyHash::of(&bad), Err(NotAKey::Checksum), "{bad:?}");
        }
        let long = "a".repeat(1_000_000);
        assert_eq!(KeyHash::of(&long), Err(NotAKey::Form));
    }

    proptest! {
        #[test]
        fn a_key_reads_back_and_no_changed_one_does(secret: [u8; 32], prefix in "[a-z0-9_]{0,19}_", at: prop::sample::Index, byte in 33u8..127) {
            let key = key(&prefix, secret);
            prop_assert_eq!(key.reveal().len(), prefix.len() + 48);
            prop_assert_eq!(KeyHash::of(key.reveal()).unwrap(), key.hash());
            let mut changed = key.reveal().as_bytes().to_vec();
            let at = at.index(changed.len());
            prop_assume!(changed[at] != byte);
            changed[at] = byte;
            // One changed character is one burst of less than 32 bits, which a CRC-32 always finds.
            prop_assert!(KeyHash::of(std::str::from_utf8(&changed).unwrap()).is_err());
        }

        #[test]
        fn no_text_makes_the_reader_fail_otherwise(text in ".*") {
            let _ = KeyHash::of(&text);
            let _ = hint(&text);
        }
    }
}
