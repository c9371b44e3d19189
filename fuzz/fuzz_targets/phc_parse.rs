//! Any text as a stored Argon2id hash: what is read has one spelling, and is read as no other kind.
#![no_main]

use latchkey::crypto::bcrypt_hash::BcryptHash;
use latchkey::crypto::password::Argon2Hash;
use latchkey::crypto::{Phc, StoredHash};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(read) = Argon2Hash::parse(text) else { return };
    assert_eq!(read.to_phc().as_str(), text);
    assert!(matches!(StoredHash::parse(text), Some(StoredHash::Argon2(again)) if again == read));
    assert!(BcryptHash::parse(text).is_none(), "kinds never mix");
    let stored = Phc::parse(text).expect("it can be stored");
    assert!(!format!("{stored:?}").contains(text), "the hash is not printed");
});
