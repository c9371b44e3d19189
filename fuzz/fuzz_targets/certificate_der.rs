//! Any bytes as a certificate whose end is asked for: a time as RFC 3339 writes it, or nothing.
#![no_main]

use latchkey::net::der::not_after;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|certificate: &[u8]| {
    if let Some(end) = not_after(certificate) {
        assert_eq!((end.len(), end.chars().filter(|c| *c == '-').count() >= 2), (20, true), "{end:?}");
    }
});
