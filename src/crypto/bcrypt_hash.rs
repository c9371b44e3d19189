//! Hashes that another system made with bcrypt: read and verified, never made. Knows no thread.
//!
//! ## Decision: what bcrypt would cut is refused
//! bcrypt reads 72 bytes of a password, and stops at a NUL. Two passwords that differ behind that place have one
//! hash, so such a password would let in more than its owner. It never matches here, though it costs the same run:
//! whoever had one gets in with a reset, and the next hash is Argon2id, which reads all of it. The pool says so in
//! the log once, because to their owner it looks like any wrong password.

use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;
use zeroize::Zeroizing;

use super::password::Password;

/// Costs that are taken, as powers of two. 14 is a second of one core and more; above it a login is an attack.
const COSTS: std::ops::RangeInclusive<u32> = 4..=14;

/// What bcrypt reads of a password and its closing NUL, in bytes.
const READ_BYTES: usize = 72;

const BASE64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);

/// A stored bcrypt hash taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct BcryptHash {
    cost: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

impl BcryptHash {
    /// Reads `$2a$`, `$2b$` or `$2y$`, two digits of cost from 4 to 14, and 53 characters of salt and hash. These
    /// three versions differ only in faults of programs that made none of the hashes that are kept. Other
    /// spellings, also those with bits that count for nothing, are refused, so that damage is seen.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|version| text.strip_prefix(version))?;
        let (cost, rest) = rest.split_once('$')?;
        let is_plain = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost = cost.parse().ok().filter(|cost| is_plain && COSTS.contains(cost))?;
        let (salt, hash) = rest.split_at_checked(22)?;
        let salt = BASE64.decode(salt).ok()?.try_into().ok()?;
        let hash = BASE64.decode(hash).ok()?.try_into().ok()?;
        Some(Self { cost, salt, hash })
    }

    /// Hashes what bcrypt reads of the password as this hash was made.
    pub(super) fn run(&self, password: &Password) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; READ_BYTES]);
        let mut length = 1;
        for (place, byte) in key.iter_mut().zip(password.expose().bytes().take_while(|byte| *byte != 0)) {
            *place = byte;
            length += 1;
        }
        let key = key.get(..length.min(READ_BYTES)).unwrap_or_default();
        let made = Zeroizing::new(bcrypt::bcrypt(self.cost, self.salt, key));
        // The last byte of the cipher's text is no part of the hash.
        Zeroizing::new(filled(made.split_at(23).0))
    }

    /// The stored hash in the shape of [`BcryptHash::run`].
    pub(super) fn filled(&self) -> [u8; 32] {
        filled(&self.hash)
    }
}

/// Whether bcrypt reads the whole password.
pub(super) fn reads_all(password: &Password) -> bool {
    let text = password.expose();
    text.len() <= READ_BYTES && !text.contains('\0')
}

/// Filled up with zeros to the length of every answer of the pool.
fn filled(hash: &[u8]) -> [u8; 32] {
    let mut filled = [0; 32];
    filled.iter_mut().zip(hash).for_each(|(place, byte)| *place = *byte);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(typed: &str, stored: &str) -> bool {
        let stored = BcryptHash::parse(stored).unwrap();
        *stored.run(&Password::new(typed)) == stored.filled()
    }

    /// Vectors of the jBCrypt and OpenBSD test suites, and of the Python bcrypt package 5.
    #[test]
    fn hashes_of_other_implementations_match() {
        let x72 = "x".repeat(72);
        for (password, stored) in [
            ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
            ("a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
            ("abcdefghijklmnopqrstuvwxyz", "$2a$08$aTsUwsyowQuzRrDqFflhgekJ8d9/7Z3GV3UcgvzQW3J5zMyrTvlz."),
            ("correct horse battery", "$2b$04$......................yqKybrYN1gfi6yNZruor7MV8yF80Yo."),
            ("p\u{e4}ssw\u{f6}rd", "$2y$05$abcdefghijklmnopqrstuuZVEMa1pjhlynBQ1qXmSvGBJpN9h1w8G"),
            (&x72[..71], "$2b$04$......................MUTKUDIj4cZc60IEsGqjRod/wxELAN."),
            (&x72, "$2b$04$......................SZFhVdUK5wGKY4lx/QrgUMHG0XsWjbi"),
        ] {
            assert!(matches(password, stored), "{stored}");
            assert!(!matches(&format!("!{password}"), stored), "{stored}");
        }
    }

    #[test]
    fn what_bcrypt_does_not_read_is_known_to_be_unread() {
        let typed = |text: &str| Password::new(text);
        assert!(reads_all(&typed("")) && reads_all(&typed(&"x".repeat(72))));
        for unread in ["x".repeat(73), "\u{e9}".repeat(37), "abc\0".to_owned(), "\0".to_owned()] {
            assert!(!reads_all(&typed(&unread)), "{unread:?}");
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let good = "$2b$10$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.";
        assert!(BcryptHash::parse(good).is_some());
        for (from, to) in [
            ("$2b$", "$2x$"),
            ("$2b$", "$2$"),
            ("$2b$", "2b$"),
            ("$2b$", "$2B$"),
            ("$10$", "$03$"),
            ("$10$", "$15$"),
            ("$10$", "$31$"),
            ("$10$", "$7$"),
            ("$10$", "$010$"),
            ("$10$", "$+7$"),
            ("$10$", "$-7$"),
            ("$10$", "$$"),
            ("$10$", "$10"),
            // Bits behind the 128 of the salt and the 184 of the hash.
            ("tuu", "tuv"),
            ("Eo.", "Eo/"),
            ("abc", "ab"),
            ("abc", "ab-"),
            ("abc", "ab\u{e9}"),
            ("Eo.", "Eo.."),
            ("Eo.", "Eo"),
            ("Eo.", "Eo.\n"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert!(bad != good && BcryptHash::parse(&bad).is_none(), "{bad}");
        }
        for bad in [
            "",
            "$",
            "$2b$",
            "$2b$10$",
            "$2b$10$\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            assert!(BcryptHash::parse(bad).is_none(), "{bad}");
        }
    }
}
