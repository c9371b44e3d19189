//! The master key and the keys derived from it. Knows nothing of files: text and bytes come in as values.
//!
//! ## Decision
//! One 32-byte secret is kept beside the store, in a file of its own (a stolen store alone opens
//! nothing); HKDF-SHA-256 (RFC 5869) gives every purpose a key that says nothing about the others.
//! The labels are for ever: a changed label is a changed key.

use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use zeroize::{Zeroize, Zeroizing};

use super::digest;

const PREFIX: &str = "lkmk1_";

/// What a derived key is for. Every use has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The keyed checksum of every stored value.
    StoreChecksum,
    /// Sealing the bodies of mails that wait in the outbox.
    MailSealing,
    /// Sealing each user's own key, which seals the personal fields of the audit log.
    UserKeySealing,
    /// The keyed hash of a typed name that belongs to nobody.
    AuditNames,
    /// Sealing the personal fields of audit records about nobody.
    AuditOfNobody,
    /// The Ed25519 seed that signs the seals of the audit chain.
    AuditSealSeed,
    /// The keyed hash of one-time tokens.
    OneTimeTokens,
    /// The keyed hash of accounts and names whose passwords are guessed.
    LockoutSubjects,
    /// Sealing the secrets of second factors.
    FactorSealing,
    /// The keyed hash of backup codes.
    BackupCodes,
    /// The keyed hash of the handles of logins that wait for their second step.
    PendingLogins,
    /// The keyed hash of codes in text messages.
    SmsCodes,
    /// The keyed hash of the cookies of sessions, and the tokens against forged requests.
    SessionCookies,
    /// Sealing the keys that sign tokens.
    SigningKeys,
    /// Sealing what a browser keeps of a login with an account elsewhere.
    Federation,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 15] = [
        Self::StoreChecksum,
        Self::MailSealing,
        Self::UserKeySealing,
        Self::AuditNames,
        Self::AuditOfNobody,
        Self::AuditSealSeed,
        Self::OneTimeTokens,
        Self::LockoutSubjects,
        Self::FactorSealing,
        Self::BackupCodes,
        Self::PendingLogins,
        Self::SmsCodes,
        Self::SessionCookies,
        Self::SigningKeys,
        Self::Federation,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::StoreChecksum => "latchkey/1/store-checksum",
            Self::MailSealing => "latchkey/1/mail-sealing",
            Self::UserKeySealing => "latchkey/1/user-key-sealing",
            Self::AuditNames => "latchkey/1/audit-names",
            Self::AuditOfNobody => "latchkey/1/audit-of-nobody",
            Self::AuditSealSeed => "latchkey/1/audit-seal-seed",
            Self::OneTimeTokens => "latchkey/1/one-time-tokens",
            Self::LockoutSubjects => "latchkey/1/lockout-subjects",
            Self::FactorSealing => "latchkey/1/factor-sealing",
            Self::BackupCodes => "latchkey/1/backup-codes",
            Self::PendingLogins => "latchkey/1/pending-logins",
            Self::SmsCodes => "latchkey/1/sms-codes",
            Self::SessionCookies => "latchkey/1/session-cookies",
            Self::SigningKeys => "latchkey/1/signing-keys",
            Self::Federation => "latchkey/1/federation",
        }
    }
}

/// The secret from which every key at rest is derived: 32 random bytes. Wiped when dropped.
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// From 32 random bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the key file's text: `lkmk1_`, then the key and four check bytes in base64url, then at
    /// most one line end.
    pub fn parse(text: &str) -> Result<Self, MasterKeyFault> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let encoded = line.strip_prefix(PREFIX).ok_or(MasterKeyFault::Prefix)?;
        let bytes = digest::array_from_base64url::<36>(encoded.as_bytes()).map(Zeroizing::new);
        let bytes = bytes.ok_or(MasterKeyFault::Text)?;
        let (key, check) = bytes.split_first_chunk::<32>().ok_or(MasterKeyFault::Text)?;
        let key = Self(*key);
        if digest::same(&key.check_bytes(), check) { Ok(key) } else { Err(MasterKeyFault::Check) }
    }

    /// The text of the key file, with its line end.
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 36]);
        for (to, from) in bytes.iter_mut().zip(self.0.iter().chain(&self.check_bytes())) {
            *to = *from;
        }
        let encoded = Zeroizing::new(digest::to_base64url(&*bytes));
        Zeroizing::new([PREFIX, &encoded, "\n"].concat())
    }

    /// The key for one purpose.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "HKDF-SHA-256 fails only above 8,160 bytes of output"
    )]
    pub fn derive(&self, purpose: Purpose) -> PurposeKey {
        let mut key = PurposeKey([0; 32]);
        Salt::none(HKDF_SHA256)
            .extract(&self.0)
            .expand(&[purpose.label().as_bytes()], HKDF_SHA256)
            .and_then(|output| output.fill(&mut key.0))
            .expect("32 bytes of HKDF output");
        key
    }

    /// Tells a mistyped or damaged file from another key.
    fn check_bytes(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = digest::hmac_sha256(&self.0, b"latchkey/1/master-key-check");
        [a, b, c, d]
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(redacted)")
    }
}

/// A key derived for one [`Purpose`]. Wiped when dropped.
pub struct PurposeKey([u8; 32]);

impl PurposeKey {
    /// The key's bytes, to build the thing that uses them.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for PurposeKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for PurposeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PurposeKey(redacted)")
    }
}

/// Why a text is not a master key. Says nothing of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyFault {
    /// The prefix is missing: another kind of file, or an empty one.
    #[error("a master key begins with {PREFIX}")]
    Prefix,
    /// The rest is not 48 characters of base64url and one line end.
    #[error("a master key is {PREFIX} and 48 characters of base64url on one line")]
    Text,
    /// The check bytes do not fit the key.
    #[error("the master key is damaged: its check bytes do not fit")]
    Check,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()))
    }

    #[test]
    fn the_text_reads_back_as_the_same_key_and_is_one_line() {
        let text = key().reveal();
        assert_eq!(text.len(), 6 + 48 + 1);
        assert!(text.starts_with("lkmk1_") && text.ends_with('\n'));
        assert_eq!(MasterKey::parse(&text).unwrap().0, key().0);
        assert_eq!(MasterKey::parse(text.trim_end()).unwrap().0, key().0);
    }

    #[test]
    fn every_single_changed_character_is_refused() {
        let text = key().reveal().trim_end().to_owned();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(MasterKey::parse(&String::from_utf8(bytes).unwrap()).is_err(), "{at}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_their_reason() {
        let text = key().reveal();
        let cases = [
            (String::new(), MasterKeyFault::Prefix),
            (format!(" {}", text.as_str()), MasterKeyFault::Prefix),
            (format!("{}\n", text.as_str()), MasterKeyFault::Text),
            ("lkmk1_".to_owned(), MasterKeyFault::Text),
            (text.replace('\n', "=="), MasterKeyFault::Text),
            (format!("lkmk1_{}", digest::to_base64url(&[1; 36])), MasterKeyFault::Check),
        ];
        for (text, fault) in cases {
            assert_eq!(MasterKey::parse(&text).unwrap_err(), fault, "{text}");
        }
    }

    #[test]
    fn each_purpose_has_its_own_key_for_ever() {
        let keys: Vec<_> = Purpose::ALL.iter().map(|purpose| *key().derive(*purpose).expose()).collect();
        for (at, one) in keys.iter().enumerate() {
            assert!(keys[at + 1..].iter().all(|other| other != one));
        }
        // Computed by hand: HMAC(HMAC(0^32, key), label || 0x01), RFC 5869 with one block of output.
        let extracted = digest::hmac_sha256(&[0; 32], &key().0);
        let expected = digest::hmac_sha256(&extracted, b"latchkey/1/store-checksum\x01");
        assert_eq!(keys[0], expected);
    }

    #[test]
    fn debug_output_is_redacted() {
        assert_eq!(format!("{:?}", key()), "MasterKey(redacted)");
        assert_eq!(format!("{:?}", key().derive(Purpose::AuditNames)), "PurposeKey(redacted)");
    }
}
