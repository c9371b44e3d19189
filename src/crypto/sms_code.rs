//! Codes for text messages: drawn, read and hashed for the store. Knows no account but its id.

use std::fmt;

use zeroize::Zeroizing;

use super::digest::MacKey;
use super::master::PurposeKey;
use crate::domain::id::UserId;

/// A code of six digits. Sent once, never stored; wiped when dropped.
pub struct SmsCode(Zeroizing<String>);

impl SmsCode {
    /// A new code from 64 random bits, of which no code is favoured by more than 2^-44.
    pub fn new(random: u64) -> Self {
        Self(Zeroizing::new(format!("{:06}", random % 1_000_000)))
    }

    /// Reads a code: exactly six ASCII digits.
    pub fn parse(typed: &str) -> Option<Self> {
        let is_code = typed.len() == 6 && typed.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| Self(Zeroizing::new(typed.to_owned())))
    }

    /// The code, for the one message that carries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SmsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsCode(redacted)")
    }
}

/// Makes the storable form of sent codes.
#[derive(Debug, Clone)]
pub struct SmsCodes(MacKey);

impl SmsCodes {
    /// From the key derived for [`Purpose::SmsCodes`](super::Purpose::SmsCodes).
    pub fn new(key: &PurposeKey) -> Self {
        Self(MacKey::new(key.expose()))
    }

    /// The keyed hash of a code of `owner`.
    pub fn hash(&self, owner: UserId, code: &SmsCode) -> [u8; 32] {
        self.0.tag(&[owner.as_bytes(), code.0.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits_and_nothing_else() {
        assert_eq!(SmsCode::new(7).reveal(), "000007");
        assert_eq!(SmsCode::new(u64::MAX).reveal(), "551615");
        assert_eq!(SmsCode::parse("012345").unwrap().reveal(), "012345");
        for bad in ["", "12345", "1234567", "12345a", " 12345", "\u{0661}23456", "123 456"] {
            assert!(SmsCode::parse(bad).is_none(), "{bad:?}");
        }
        assert_eq!(format!("{:?}", SmsCode::new(123_456)), "SmsCode(redacted)");
    }
}
