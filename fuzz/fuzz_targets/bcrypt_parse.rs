//! Any text as a stored bcrypt hash: what is read has one spelling for each version, and is read as no other kind.
#![no_main]

use latchkey::crypto::StoredHash;
use latchkey::crypto::bcrypt_hash::BcryptHash;
use latchkey::crypto::password::Argon2Hash;
use libfuzzer_sys::fuzz_target;

/// Where the version, which does not count, ends.
const VERSION: usize = 4;

fuzz_target!(|input: (usize, u8, &str)| {
    let (place, byte, text) = input;
    let Some(read) = BcryptHash::parse(text) else { return };
    assert_eq!(text.len(), 60);
    assert!(Argon2Hash::parse(text).is_none(), "kinds never mix");
    assert!(matches!(StoredHash::parse(text), Some(StoredHash::Bcrypt(again)) if again == read));
    let mut changed = text.as_bytes().to_vec();
    let place = VERSION + place % (changed.len() - VERSION);
    if changed[place] != byte {
        changed[place] = byte;
        let other = std::str::from_utf8(&changed).ok().and_then(BcryptHash::parse);
        assert!(other.is_none_or(|other| other != read), "a change is seen");
    }
});
