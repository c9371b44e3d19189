//! Any bytes as a sealed value: nothing opens but what was sealed, at its place, unchanged.
#![no_main]

use latchkey::crypto::SealKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>, [u8; 12], u16)| {
    let (place, bytes, nonce, at) = input;
    let key = SealKey::new(&[3; 32]);
    assert!(key.open(&place, &bytes).is_err(), "nobody sealed this");
    let mut sealed = key.seal(&place, &bytes, nonce);
    assert!(key.open(&place, &sealed).is_ok_and(|plain| *plain == bytes));
    assert!(key.open(&[&*place, b"x"].concat(), &sealed).is_err());
    let at = usize::from(at) % sealed.len();
    sealed[at] ^= 1 << (at % 8);
    assert!(key.open(&place, &sealed).is_err());
});
