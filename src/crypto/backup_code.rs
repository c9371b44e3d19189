//! Backup codes: drawn, read as people type them, and hashed for the store. Knows no account but its id.
//!
//! ## Decision: a keyed hash, not a slow one
//! The shortest codes have 26 bits, which no slow hash saves from whoever has the store: a keyed hash does, because
//! the key is elsewhere. Guessing at the door is bounded by the budget of codes.

use std::fmt;

use zeroize::Zeroizing;

use super::digest::MacKey;
use super::master::PurposeKey;
use crate::domain::factor::{BackupCodeFormat, BackupHash};
use crate::domain::id::UserId;

/// Longest text that is looked at, in bytes: a code with a space or dash behind each character.
const TYPED_BYTES_MAX: usize = 40;

/// A backup code without dashes, in upper case. Shown once, never stored; wiped when dropped.
pub struct BackupCode(Zeroizing<String>);

impl BackupCode {
    /// A new code. `random` gives 64 random bits at each call.
    pub fn draw(format: BackupCodeFormat, mut random: impl FnMut() -> u64) -> Self {
        let alphabet = format.alphabet();
        let count = u64::try_from(alphabet.len()).unwrap_or(1);
        // Of 2^64 values a few more fall on some characters than on others: a bias below 2^-60.
        let one = |()| alphabet.get(usize::try_from(random() % count).unwrap_or(0)).copied();
        let text = std::iter::repeat_n((), format.chars()).filter_map(one).map(char::from).collect();
        Self(Zeroizing::new(text))
    }

    /// Reads a code of any format; case, spaces and dashes do not count. `None`: no backup code looks like this.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > TYPED_BYTES_MAX {
            return None;
        }
        let kept = typed.chars().filter(|c| !matches!(c, ' ' | '-'));
        let text = Zeroizing::new(kept.map(|c| c.to_ascii_uppercase()).collect::<String>());
        let is_code = matches!(text.len(), 8 | 16) && text.bytes().all(|c| c.is_ascii_alphanumeric());
        is_code.then_some(Self(text))
    }

    /// As it is shown, once.
    pub fn reveal(&self, format: BackupCodeFormat) -> Zeroizing<String> {
        let mut shown = Zeroizing::new(String::with_capacity(TYPED_BYTES_MAX));
        for (at, c) in self.0.chars().enumerate() {
            if at > 0 && at.is_multiple_of(format.group()) {
                shown.push('-');
            }
            shown.push(c);
        }
        shown
    }
}

impl fmt::Debug for BackupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupCode(redacted)")
    }
}

/// Makes the storable form of backup codes.
#[derive(Debug, Clone)]
pub struct BackupCodes(MacKey);

impl BackupCodes {
    /// From the key derived for [`Purpose::BackupCodes`](super::Purpose::BackupCodes).
    pub fn new(key: &PurposeKey) -> Self {
        Self(MacKey::new(key.expose()))
    }

    /// The keyed hash of a code of `owner`.
    pub fn hash(&self, owner: UserId, code: &BackupCode) -> BackupHash {
        self.0.tag(&[owner.as_bytes(), code.0.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Purpose};
    use proptest::prelude::*;

    const FORMATS: [BackupCodeFormat; 3] =
        [BackupCodeFormat::Grouped, BackupCodeFormat::Alphanumeric, BackupCodeFormat::Digits];

    fn hasher() -> BackupCodes {
        BackupCodes::new(&MasterKey::from_bytes([5; 32]).derive(Purpose::BackupCodes))
    }

    fn hash(typed: &str) -> Option<BackupHash> {
        BackupCode::parse(typed).map(|code| hasher().hash(UserId::from_bytes([1; 16]), &code))
    }

    /// R48.
    #[test]
    fn case_dashes_and_spaces_do_not_count() {
        let right = hash("ABCD-2345-EFGH-6789").unwrap();
        for typed in [
            "abcd-2345-efgh-6789",
            "ABCD2345EFGH6789",
            " abcd 2345 efgh 6789 ",
            "A-B-C-D-2-3-4-5-E-F-G-H-6-7-8-9",
        ] {
            assert_eq!(hash(typed), Some(right), "{typed}");
        }
        assert_ne!(hash("ABCD-2345-EFGH-6788"), Some(right));
        assert_eq!(hash("12-34-56-78"), hash("12345678"));
    }

    #[test]
    fn other_texts_are_no_codes() {
        let long = "A".repeat(1_000);
        for typed in
            ["", "123456", "1234567", "123456789", "ABCD-2345-EFGH-678", "ABCD_2345", "ABCDÄ345", &long]
        {
            assert!(BackupCode::parse(typed).is_none(), "{typed}");
        }
    }

    #[test]
    fn the_hash_depends_on_the_owner_and_the_key() {
        let code = BackupCode::parse("ABCD2345").unwrap();
        let hash = hasher().hash(UserId::from_bytes([1; 16]), &code);
        assert_ne!(hash, hasher().hash(UserId::from_bytes([2; 16]), &code));
        let elsewhere = BackupCodes::new(&MasterKey::from_bytes([6; 32]).derive(Purpose::BackupCodes));
        assert_ne!(hash, elsewhere.hash(UserId::from_bytes([1; 16]), &code));
        assert_eq!(format!("{code:?}"), "BackupCode(redacted)");
    }

    proptest! {
        #[test]
        fn a_drawn_code_reads_back_and_has_the_form_of_its_format(seed: u64, at in 0_usize..3) {
            let format = FORMATS[at];
            let mut state = seed;
            let code = BackupCode::draw(format, || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 7
            });
            let shown = code.reveal(format);
            prop_assert_eq!(shown.len(), format.chars() + (format.chars() - 1) / format.group());
            prop_assert!(shown.split('-').all(|group| group.len() == format.group()));
            prop_assert!(shown.bytes().all(|c| c == b'-' || format.alphabet().contains(&c)));
            prop_assert_eq!(&*BackupCode::parse(&shown).unwrap().0, &*code.0);
            prop_assert_eq!(&*BackupCode::parse(&shown.to_lowercase()).unwrap().0, &*code.0);
        }

        #[test]
        fn no_text_makes_the_parser_fail_otherwise(typed in ".*") {
            let _ = BackupCode::parse(&typed);
        }
    }
}
