//! Signatures on the seals of the audit chain. Knows nothing of the chain: it signs bytes.
//!
//! ## Decision
//! Ed25519 (RFC 8032), not a keyed hash: whoever holds an exported chain head and the public key can
//! verify it offline, without any secret of the server.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::digest;
use super::master::PurposeKey;

/// Signs the seals of the audit chain.
pub struct AuditSigner(Ed25519KeyPair);

impl AuditSigner {
    /// From the seed derived for [`Purpose::AuditSealSeed`](super::Purpose::AuditSealSeed).
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "every 32 bytes are an Ed25519 seed (RFC 8032, section 5.1.5)"
    )]
    pub fn new(seed: &PurposeKey) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed.expose()).expect("32 bytes are a seed"))
    }

    /// The signature of `message`. The same message always has the same signature.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.0.sign(message).as_ref());
        signature
    }

    /// The key that verifies; public.
    pub fn public_key(&self) -> AuditPublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        AuditPublicKey(key)
    }
}

impl fmt::Debug for AuditSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuditSigner").field(&self.public_key()).finish()
    }
}

/// Verifies the seals of the audit chain. Its text form is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuditPublicKey([u8; 32]);

impl AuditPublicKey {
    /// Whether `signature` is this key's signature of `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Display for AuditPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&digest::to_hex(&self.0))
    }
}

impl fmt::Debug for AuditPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AuditPublicKey {
    type Err = NotAPublicKey;

    fn from_str(text: &str) -> Result<Self, NotAPublicKey> {
        let mut key = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NotAPublicKey);
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotAPublicKey)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotAPublicKey)?;
        }
        Ok(Self(key))
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public key is 64 hexadecimal digits")]
pub struct NotAPublicKey;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Purpose};

    fn signer(byte: u8) -> AuditSigner {
        AuditSigner::new(&MasterKey::from_bytes([byte; 32]).derive(Purpose::AuditSealSeed))
    }

    #[test]
    fn a_signature_verifies_its_message_under_its_key_only() {
        let signature = signer(1).sign(b"head");
        let key = signer(1).public_key();
        assert!(key.verify(b"head", &signature));
        assert!(!key.verify(b"heads", &signature));
        assert!(!key.verify(b"head", &signature[..63]));
        assert!(!key.verify(b"head", &[0; 64]));
        assert!(!signer(2).public_key().verify(b"head", &signature));
        assert_eq!(signature, signer(1).sign(b"head"));
    }

    #[test]
    fn the_public_key_reads_back_from_its_text() {
        let key = signer(1).public_key();
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!("+0".repeat(32).parse::<AuditPublicKey>(), Err(NotAPublicKey));
        assert_eq!("".parse::<AuditPublicKey>(), Err(NotAPublicKey));
    }

    #[test]
    fn debug_output_shows_the_public_key_only() {
        let signer = signer(3);
        assert_eq!(format!("{signer:?}"), format!("AuditSigner({})", signer.public_key()));
    }
}
