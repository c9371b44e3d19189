//! Any text as a one-time token: what is read has one spelling and one kind, and its hash is its own.
#![no_main]

use std::sync::LazyLock;

use latchkey::crypto::{MasterKey, OneTimeKind, OneTimeTokens, PlainToken, Purpose};
use libfuzzer_sys::fuzz_target;

static HASHES: LazyLock<OneTimeTokens> =
    LazyLock::new(|| OneTimeTokens::new(&MasterKey::from_bytes([1; 32]).derive(Purpose::OneTimeTokens)));

fuzz_target!(|text: &str| {
    let read: Vec<_> =
        OneTimeKind::ALL.into_iter().filter_map(|kind| PlainToken::parse(kind, text).ok()).collect();
    assert!(read.len() <= 1, "kinds never mix");
    for token in read {
        assert_eq!(token.reveal().as_str(), text);
        assert!(HASHES.hash(&token).matches(&HASHES.hash(&token)));
        assert!(!format!("{token:?}").contains(text), "the secret is not printed");
    }
});
