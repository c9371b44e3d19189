//! Any text as an API key: what is read is one key in its one spelling, and no neighbour of it is read too.
#![no_main]

use latchkey::crypto::api_key::hint;
use latchkey::crypto::{KeyHash, KeyPrefix, PlainApiKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (String, String, [u8; 32], u8)| {
    let (text, prefix, secret, at) = input;
    assert!(hint(&text).len() <= text.len());
    if KeyHash::of(&text).is_ok() {
        assert!(text.is_ascii() && (49..=68).contains(&text.len()), "{text:?}");
    }
    let Ok(prefix) = KeyPrefix::parse(&prefix) else { return };
    let key = PlainApiKey::new(&prefix, &secret);
    assert_eq!(KeyHash::of(key.reveal()), Ok(key.hash()));
    let at = usize::from(at) % key.reveal().len();
    let mut changed = key.reveal().as_bytes().to_vec();
    changed[at] ^= 1;
    if let Ok(changed) = std::str::from_utf8(&changed) {
        assert!(KeyHash::of(changed).is_err());
    }
});
