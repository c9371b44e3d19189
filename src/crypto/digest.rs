//! Digests, keyed digests and the one spelling of bytes as text. Knows nothing of what is digested.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// SHA-256 of `bytes` (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// HMAC-SHA-256 of `bytes` under `key` (RFC 2104). For many digests under one key keep a [`MacKey`].
pub fn hmac_sha256(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    MacKey::new(key).tag(&[bytes])
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// An HMAC-SHA-256 key with its first block already digested.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// From key bytes of any length; 32 to 64 random ones are right (RFC 2104, section 3).
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The tag of the parts one after another. The parts are **not** delimited: at most one of them
    /// may have a free length, or two messages could share a tag.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }

    /// Whether `tag` is the tag of `message`; the comparison takes constant time.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, message, tag).is_ok()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(redacted)")
    }
}

/// Unpadded base64url (RFC 4648, section 5).
pub fn to_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads unpadded base64url in its one canonical spelling: padding, whitespace, the other alphabet
/// and non-zero trailing bits are refused.
pub fn from_base64url(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Reads canonical base64url that must hold exactly `N` bytes.
pub fn array_from_base64url<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let written = URL_SAFE_NO_PAD.decode_slice(text, &mut out).ok()?;
    (written == N).then_some(out)
}

/// Lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads lower-case hexadecimal that must hold exactly `N` bytes.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    (to_hex(&out) == text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sha256_of_abc_is_the_published_value() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(to_hex(&sha256(b"abc")), hex);
    }

    #[test]
    fn hmac_sha256_gives_the_values_of_rfc_4231() {
        let first = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(to_hex(&hmac_sha256(&[0x0b; 20], b"Hi There")), first);
        let second = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(to_hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")), second);
    }

    #[test]
    fn a_tag_verifies_only_its_own_message_whole() {
        let key = MacKey::new(&[7; 32]);
        let tag = key.tag(&[b"one ", b"message"]);
        assert!(key.verify(b"one message", &tag));
        assert!(!key.verify(b"one messagf", &tag));
        assert!(!key.verify(b"one message", &tag[..31]));
        assert!(!key.verify(b"one message", &[]));
        assert!(!MacKey::new(&[8; 32]).verify(b"one message", &tag));
        assert_eq!(format!("{key:?}"), "MacKey(redacted)");
    }

    #[test]
    fn equality_sees_every_byte_and_the_length() {
        assert!(same(b"abc", b"abc"));
        assert!(!same(b"abc", b"abd"));
        assert!(!same(b"abc", b"ab"));
        assert!(same(b"", b""));
    }

    #[test]
    fn base64url_has_one_spelling() {
        for bad in ["AA==", "AAA=", "A", "AB", "AAB", " AA", "AA\n", "A A", "+/8", "AA.A", "Ä"] {
            assert_eq!(from_base64url(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(from_base64url(b"AA"), Some(vec![0]));
        assert_eq!(from_base64url(b"-_8"), Some(vec![0xfb, 0xff]));
    }

    #[test]
    fn hexadecimal_has_one_spelling() {
        assert_eq!(from_hex(&to_hex(&[0, 0x7f, 0xff])), Some([0, 0x7f, 0xff]));
        for bad in ["", "0", "00", "0000", "0G00", "AB00cd", "+1+2+3", "00ff0", "00ff00f", "äää"] {
            assert_eq!(from_hex::<3>(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn base64url_reads_back_what_it_wrote_and_nothing_else_decodes_to_it(bytes: [u8; 32], at in 0usize..43, byte: u8) {
            let text = to_base64url(&bytes);
            prop_assert_eq!(from_base64url(text.as_bytes()), Some(bytes.to_vec()));
            prop_assert_eq!(array_from_base64url::<32>(text.as_bytes()), Some(bytes));
            prop_assert_eq!(array_from_base64url::<31>(text.as_bytes()), None);
            let mut other = text.into_bytes();
            prop_assume!(other[at] != byte);
            other[at] = byte;
            prop_assert_ne!(array_from_base64url::<32>(&other), Some(bytes));
        }
    }
}
