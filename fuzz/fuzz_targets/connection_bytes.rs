//! Any bytes on a connection, in any cuts: the judge of HTTP/1 framing says the same however they come, and the pace of
//! HTTP/2 frames is never exceeded.
#![no_main]

use latchkey::net::frames::Frames;
use latchkey::net::framing::Framing;
use libfuzzer_sys::fuzz_target;
use tokio::time::{Duration, Instant};

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, cuts) = input;
    let whole = Framing::default().follow(&bytes);
    let mut framing = Framing::default();
    let (mut position, mut parts) = (0, Ok(()));
    for part in in_parts(&bytes, &cuts) {
        parts = framing.follow(part).map_err(|at| position + at);
        if parts.is_err() {
            break;
        }
        position += part.len();
    }
    assert_eq!(whole, parts);
    if let Err(at) = whole {
        assert!(at < bytes.len());
        // What lies before the doubtful byte is beyond doubt.
        assert_eq!(Framing::default().follow(&bytes[..at]), Ok(()));
    }

    let now = Instant::now();
    let mut frames = Frames::new(3);
    let whole = frames.follow(&bytes, now);
    let mut frames = Frames::new(3);
    let parts = in_parts(&bytes, &cuts).into_iter().try_for_each(|part| frames.follow(part, now));
    assert_eq!(whole, parts);
    // With time enough between any two parts each has a budget of its own.
    let mut frames = Frames::new(u32::MAX);
    let mut later = now;
    for part in in_parts(&bytes, &cuts) {
        later += Duration::from_secs(1);
        assert!(frames.follow(part, later).is_ok());
    }
});

/// The bytes in parts of these lengths, and the rest.
fn in_parts<'a>(mut bytes: &'a [u8], cuts: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    for cut in cuts {
        let (part, rest) = bytes.split_at(usize::from(*cut).min(bytes.len()));
        parts.push(part);
        bytes = rest;
    }
    parts.push(bytes);
    parts
}
