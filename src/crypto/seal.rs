//! Sealing of secrets at rest. Knows nothing of rows: the bytes that bind a secret to its place are passed in.
//!
//! ## Decision
//! AES-256-GCM with a random 12-byte nonce that the caller draws, because a transaction may run
//! again and must write the same bytes. Random nonces bound one key to 2^32 seals (NIST SP 800-38D,
//! section 8.3): four thousand million mails, or user keys, from one master key.
//! Format, for ever: `version 1 | nonce 12 | ciphertext | tag 16`.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::{Zeroize, Zeroizing};

const VERSION: u8 = 1;
/// How much longer a sealed value is than its plain text, in bytes.
pub const OVERHEAD: usize = 1 + NONCE_LEN + 16;

/// A key that seals and opens values, each bound to the place where it is stored.
pub struct SealKey(LessSafeKey);

impl SealKey {
    /// From 32 random bytes.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "the key's length is in its type")]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are an AES-256 key")))
    }

    /// Seals `plain` to the place named by `place` (the row's key bytes). The nonce must be random
    /// and never used twice under this key.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "AES-GCM refuses only plain texts of 64 GiB and more"
    )]
    pub fn seal(&self, place: &[u8], plain: &[u8], nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let (_, body) = sealed.split_at_mut(1 + NONCE_LEN);
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), body)
            .expect("a plain text below 64 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what [`seal`](Self::seal) sealed to the same place under the same key.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
        let (version, rest) = sealed.split_first().ok_or(Unopenable)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Unopenable)?;
        if *version != VERSION {
            return Err(Unopenable);
        }
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, Aad::from(place), &mut body).map_err(|_| Unopenable)?.len();
        if let Some(tag) = body.get_mut(length..) {
            tag.zeroize();
        }
        body.truncate(length);
        Ok(body)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(redacted)")
    }
}

/// The sealed bytes do not open: another key, another place, or damage. It does not say which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open")]
pub struct Unopenable;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_opens_only_under_its_key_at_its_place() {
        let key = SealKey::new(&[1; 32]);
        let sealed = key.seal(b"mail|1", b"a secret", [9; 12]);
        assert_eq!(key.open(b"mail|1", &sealed).unwrap().as_slice(), b"a secret");
        assert_eq!(key.open(b"mail|2", &sealed), Err(Unopenable));
        assert_eq!(SealKey::new(&[2; 32]).open(b"mail|1", &sealed), Err(Unopenable));
    }

    #[test]
    fn the_format_is_version_nonce_ciphertext_tag() {
        let key = SealKey::new(&[0; 32]);
        let sealed = key.seal(b"", &[0; 16], [0; 12]);
        // Test case 14 of the GCM specification (McGrew, Viega): zero key, zero nonce, one zero block.
        let body = "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919";
        assert_eq!(crate::crypto::digest::to_hex(&sealed), format!("01{}{body}", "00".repeat(12)));
        assert_eq!(sealed.len(), 16 + OVERHEAD);
    }

    #[test]
    fn debug_output_is_redacted() {
        assert_eq!(format!("{:?}", SealKey::new(&[1; 32])), "SealKey(redacted)");
    }

    proptest! {
        #[test]
        fn any_changed_or_missing_byte_is_refused(plain: Vec<u8>, at: prop::sample::Index, flip in 1u8..) {
            let key = SealKey::new(&[3; 32]);
            let sealed = key.seal(b"row", &plain, [4; 12]);
            prop_assert_eq!(&*key.open(b"row", &sealed).unwrap(), &plain);
            let at = at.index(sealed.len());
            prop_assert!(key.open(b"row", &sealed[..at]).is_err());
            let mut damaged = sealed;
            damaged[at] ^= flip;
            prop_assert!(key.open(b"row", &damaged).is_err());
        }
    }
}
