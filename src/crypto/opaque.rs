//! One-time tokens: mailed links, the setup code and what a registration may go on with. Knows nothing of what they open, nor of the store.
//!
//! Text: a prefix that names the kind, then base64url of a 16-byte time-ordered id and 32 random
//! bytes, 68 characters in all. The id finds the row; the secret is known to the store only as a
//! keyed hash. Each kind has its own prefix and its own hash domain, so no token opens another door.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::digest::{self, MacKey};
use super::master::PurposeKey;
use crate::domain::id::TokenId;

/// What a one-time token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OneTimeKind {
    /// Confirms an email address.
    VerifyEmail,
    /// Sets a new password without the old one.
    ResetPassword,
    /// Confirms the address that an account is to have.
    ChangeEmail,
    /// Makes the first administrator.
    Setup,
    /// Sets the first password of an account that somebody else made.
    Invitation,
    /// Switches on the second factor that a registration began.
    EnrolFactor,
}

impl OneTimeKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ChangeEmail,
        Self::Setup,
        Self::Invitation,
        Self::EnrolFactor,
    ];

    /// What every token of this kind begins with; also its hash domain.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::VerifyEmail => "lkv_",
            Self::ResetPassword => "lkr_",
            Self::ChangeEmail => "lke_",
            Self::Setup => "lks_",
            Self::Invitation => "lki_",
            Self::EnrolFactor => "lkf_",
        }
    }
}

/// A one-time token as its holder has it. Shown once, never stored; wiped when dropped.
pub struct PlainToken {
    kind: OneTimeKind,
    id: TokenId,
    secret: [u8; 32],
}

impl PlainToken {
    /// A new token from its id and 32 random bytes.
    pub const fn new(kind: OneTimeKind, id: TokenId, secret: [u8; 32]) -> Self {
        Self { kind, id, secret }
    }

    /// Reads a token that must be of this kind, in its one spelling.
    pub fn parse(kind: OneTimeKind, text: &str) -> Result<Self, NotAToken> {
        let encoded = text.strip_prefix(kind.prefix()).ok_or(NotAToken)?;
        let bytes = digest::array_from_base64url::<48>(encoded.as_bytes()).map(Zeroizing::new);
        let bytes = bytes.ok_or(NotAToken)?;
        let (id, secret) = bytes.split_first_chunk::<16>().ok_or(NotAToken)?;
        let secret = secret.first_chunk::<32>().ok_or(NotAToken)?;
        Ok(Self { kind, id: TokenId::from_bytes(*id), secret: *secret })
    }

    /// What the token is for.
    pub const fn kind(&self) -> OneTimeKind {
        self.kind
    }

    /// Names the token's row. No secret.
    pub const fn id(&self) -> TokenId {
        self.id
    }

    /// The token's text, for the one mail or terminal that shows it.
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 48]);
        for (to, from) in bytes.iter_mut().zip(self.id.as_bytes().iter().chain(&self.secret)) {
            *to = *from;
        }
        let encoded = Zeroizing::new(digest::to_base64url(&*bytes));
        Zeroizing::new([self.kind.prefix(), &encoded].concat())
    }
}

impl Drop for PlainToken {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainToken({:?} {} redacted)", self.kind, self.id)
    }
}

/// Makes the storable form of one-time tokens.
#[derive(Debug, Clone)]
pub struct OneTimeTokens(MacKey);

impl OneTimeTokens {
    /// From the key derived for [`Purpose::OneTimeTokens`](super::Purpose::OneTimeTokens).
    pub fn new(key: &PurposeKey) -> Self {
        Self(MacKey::new(key.expose()))
    }

    /// The keyed hash over kind, id and secret.
    pub fn hash(&self, token: &PlainToken) -> HashedToken {
        let domain = token.kind.prefix().as_bytes();
        HashedToken(self.0.tag(&[domain, token.id.as_bytes(), &token.secret]))
    }
}

/// A one-time token as the store knows it: the only storable form.
///
/// There is no `==`: hashes are compared by [`matches`](Self::matches).
#[derive(Clone, Copy)]
pub struct HashedToken([u8; 32]);

impl HashedToken {
    /// From stored bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the hash of one token, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        digest::same(&self.0, &other.0)
    }
}

impl fmt::Debug for HashedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedToken(redacted)")
    }
}

/// The text is not a token of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this kind")]
pub struct NotAToken;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Purpose};
    use proptest::prelude::*;

    fn hasher() -> OneTimeTokens {
        OneTimeTokens::new(&MasterKey::from_bytes([5; 32]).derive(Purpose::OneTimeTokens))
    }

    fn token(kind: OneTimeKind) -> PlainToken {
        PlainToken::new(kind, TokenId::from_bytes([1; 16]), [2; 32])
    }

    /// R28: 256 bits of the entropy that is given, and none of them twice.
    #[test]
    fn every_token_has_256_bits_of_its_own() {
        let source = crate::ambient::OsEntropy;
        let id = TokenId::from_bytes([0; 16]);
        let texts: std::collections::BTreeSet<_> = (0..10_000)
            .map(|_| PlainToken::new(OneTimeKind::ResetPassword, id, crate::ambient::entropy::bytes(&source)))
            .map(|token| token.reveal().to_string())
            .collect();
        assert_eq!(texts.len(), 10_000);
    }

    #[test]
    fn kinds_never_mix_in_text_or_in_hash() {
        for kind in OneTimeKind::ALL {
            for other in OneTimeKind::ALL {
                let text = token(other).reveal();
                assert_eq!(PlainToken::parse(kind, &text).is_ok(), kind == other, "{kind:?} {other:?}");
                let hashes = (hasher().hash(&token(kind)), hasher().hash(&token(other)));
                assert_eq!(hashes.0.matches(&hashes.1), kind == other, "{kind:?} {other:?}");
            }
        }
    }

    #[test]
    fn the_hash_depends_on_the_key_the_id_and_the_secret() {
        let hash = hasher().hash(&token(OneTimeKind::Setup));
        let elsewhere = OneTimeTokens::new(&MasterKey::from_bytes([6; 32]).derive(Purpose::OneTimeTokens));
        assert!(!hash.matches(&elsewhere.hash(&token(OneTimeKind::Setup))));
        let other_id = PlainToken::new(OneTimeKind::Setup, TokenId::from_bytes([2; 16]), [2; 32]);
        assert!(!hash.matches(&hasher().hash(&other_id)));
        let other_secret = PlainToken::new(OneTimeKind::Setup, TokenId::from_bytes([1; 16]), [3; 32]);
        assert!(!hash.matches(&hasher().hash(&other_secret)));
        assert!(hash.matches(&HashedToken::from_bytes(*hash.as_bytes())));
    }

    #[test]
    fn debug_output_shows_the_id_but_no_secret() {
        let token = token(OneTimeKind::ResetPassword);
        let shown = format!("{token:?} {:?}", hasher().hash(&token));
        let id = token.id();
        assert_eq!(shown, format!("PlainToken(ResetPassword {id} redacted) HashedToken(redacted)"));
    }

    #[test]
    fn other_texts_are_refused() {
        let text = token(OneTimeKind::VerifyEmail).reveal();
        let upper = text.to_uppercase();
        for bad in ["", "lkv_", "lkv_AAAA", &text[4..], &text[..67], &upper] {
            assert!(PlainToken::parse(OneTimeKind::VerifyEmail, bad).is_err(), "{bad}");
        }
        for (front, back) in [(" ", ""), ("", " "), ("", "\n"), ("", "="), ("", "A"), ("", "AAAA")] {
            let bad = format!("{front}{}{back}", text.as_str());
            assert!(PlainToken::parse(OneTimeKind::VerifyEmail, &bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_token_reads_back_and_every_other_spelling_is_another_token(
            id: [u8; 16], secret: [u8; 32], at in 0usize..68, byte in 0u8..128,
        ) {
            let kind = OneTimeKind::VerifyEmail;
            let token = PlainToken::new(kind, TokenId::from_bytes(id), secret);
            let text = token.reveal();
            prop_assert_eq!(text.len(), 68);
            let back = PlainToken::parse(kind, &text).unwrap();
            prop_assert_eq!(back.id(), token.id());
            prop_assert!(hasher().hash(&back).matches(&hasher().hash(&token)));

            let mut changed = text.as_bytes().to_vec();
            prop_assume!(changed[at] != byte);
            changed[at] = byte;
            if let Ok(other) = PlainToken::parse(kind, std::str::from_utf8(&changed).unwrap()) {
                prop_assert!(!hasher().hash(&other).matches(&hasher().hash(&token)));
            }
        }

        #[test]
        fn no_text_makes_the_parser_fail_otherwise(text in ".*") {
            let _ = PlainToken::parse(OneTimeKind::Setup, &text);
        }
    }
}
