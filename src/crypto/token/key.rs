//! One key that signs and verifies tokens. Knows no claims and no other key.
//!
//! ## Decision
//! Every key is made from 32 random bytes, whatever its algorithm: an HMAC key as they stand, an Ed25519 seed (RFC
//! 8032), a P-256 scalar. So what is sealed at rest has one form. A key verifies by its own algorithm and no other,
//! whatever a header says: the header must be that of the key it names (RFC 8725, section 3.1).

use std::fmt;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    UnparsedPublicKey,
};
use jsonwebtoken::EncodingKey;
use zeroize::Zeroizing;

use super::super::digest::{self, MacKey};
use super::identity;
use crate::domain::signing_key::{Algorithm, PublicKey};

/// Bytes that a key is made from.
pub const SEED_BYTES: usize = 32;

/// A key that signs and verifies tokens.
pub struct TokenKey {
    pub(super) kid: String,
    /// The first segment of every token of ours under this key.
    pub(super) header: String,
    /// The same of every signed identity.
    pub(super) identity_header: String,
    pub(super) algorithm: Algorithm,
    signing: EncodingKey,
    verifying: Verifying,
}

enum Verifying {
    Mac(Box<MacKey>),
    Ed25519(Box<[u8]>),
    /// The point, uncompressed: `4 | x | y`.
    P256(Box<[u8]>),
}

impl TokenKey {
    /// The key of an algorithm that is made from `seed`.
    pub fn from_seed(algorithm: Algorithm, seed: &[u8; SEED_BYTES]) -> Self {
        match algorithm {
            Algorithm::Hs256 => Self::from_secret(seed),
            Algorithm::EdDsa => Self::ed25519(seed),
            Algorithm::Es256 => Self::p256(seed),
        }
    }

    /// The HS256 key that is `secret` as it stands.
    pub(super) fn from_secret(secret: &[u8]) -> Self {
        let named = digest::sha256(&Zeroizing::new([b"latchkey/1/kid\0", secret].concat()));
        let verifying = Verifying::Mac(Box::new(MacKey::new(secret)));
        Self::new(Algorithm::Hs256, &named, EncodingKey::from_secret(secret), verifying)
    }

    #[expect(clippy::expect_used, reason = "every 32 bytes are an Ed25519 seed (RFC 8032, section 5.1.5)")]
    fn ed25519(seed: &[u8; SEED_BYTES]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a seed");
        let document = pair.to_pkcs8v1().expect("a key has a PKCS #8 form");
        let public = pair.public_key().as_ref();
        let signing = EncodingKey::from_ed_der(document.as_ref());
        Self::new(Algorithm::EdDsa, &named(public), signing, Verifying::Ed25519(public.into()))
    }

    /// A seed that is no scalar of the curve, one of four thousand million, gives its hash in its place.
    #[expect(clippy::expect_used, reason = "a scalar that was accepted has a point and a PKCS #8 form")]
    fn p256(seed: &[u8; SEED_BYTES]) -> Self {
        let mut scalar = Zeroizing::new(*seed);
        let private = loop {
            match PrivateKey::from_private_key(&ECDH_P256, &*scalar) {
                Ok(private) => break private,
                Err(_) => *scalar = digest::sha256(&*scalar),
            }
        };
        let point = private.compute_public_key().expect("a scalar has a point");
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &*scalar,
            point.as_ref(),
        );
        let document = pair.expect("scalar and point fit").to_pkcs8v1().expect("a key has a PKCS #8 form");
        let signing = EncodingKey::from_ec_der(document.as_ref());
        Self::new(Algorithm::Es256, &named(point.as_ref()), signing, Verifying::P256(point.as_ref().into()))
    }

    fn new(algorithm: Algorithm, named: &[u8; 32], signing: EncodingKey, verifying: Verifying) -> Self {
        let (front, _) = named.split_at(8);
        let kid = digest::to_hex(front);
        let header = |typ: &str| {
            let header = format!(r#"{{"alg":"{}","typ":"{typ}","kid":"{kid}"}}"#, algorithm.name());
            digest::to_base64url(header.as_bytes())
        };
        let (header, identity_header) = (header("JWT"), header(identity::TYPE));
        Self { kid, header, identity_header, algorithm, signing, verifying }
    }

    /// Its name in tokens: 16 hexadecimal digits that say nothing of the secret.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The signature of `text`, in base64url. HS256 and `EdDSA` always give the same.
    #[expect(clippy::expect_used, reason = "the key is of the algorithm")]
    pub(super) fn sign(&self, text: &str) -> String {
        let algorithm = match self.algorithm {
            Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        };
        jsonwebtoken::crypto::sign(text.as_bytes(), &self.signing, algorithm).expect("a key signs")
    }

    /// Whether `signature` is that of `text` under this key and its algorithm.
    pub(super) fn verify(&self, text: &str, signature: &[u8]) -> bool {
        let text = text.as_bytes();
        match &self.verifying {
            Verifying::Mac(mac) => mac.verify(text, signature),
            Verifying::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(text, signature).is_ok(),
            Verifying::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(text, signature).is_ok()
            }
        }
    }

    /// What others verify with; nothing for an HMAC key.
    pub(super) fn public(&self) -> Option<PublicKey> {
        let (x, y) = match &self.verifying {
            Verifying::Mac(_) => return None,
            Verifying::Ed25519(key) => (digest::to_base64url(key), None),
            Verifying::P256(point) => {
                let (x, y) = point.get(1..)?.split_at_checked(32)?;
                (digest::to_base64url(x), Some(digest::to_base64url(y)))
            }
        };
        Some(PublicKey { kid: self.kid.clone(), algorithm: self.algorithm, x, y })
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

fn named(public: &[u8]) -> [u8; 32] {
    digest::sha256(&[b"latchkey/1/kid\0", public].concat())
}
