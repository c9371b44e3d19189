//! The pace of HTTP/2 frames that carry nothing. Knows nothing of their meaning.
//!
//! ## Decision: counted below the protocol
//! Problem: a PING or SETTINGS frame must be answered and costs its sender nothing; the library answers them as fast as they
//! come (CVE-2019-9512, -9515). It does bound streams, early resets, CONTINUATION frames and tiny DATA frames by itself.
//! Choice: the frame heads are followed as they pass, and frames of every other kind have a budget for each second.
//! Alternative: a proxy in front, which this server is meant to do without.

use tokio::time::{Duration, Instant};

/// The client's half of the connection preface (RFC 9113, 3.4).
const PREFACE: usize = 24;
/// Length, kind, flags and stream (RFC 9113, 4.1).
const HEAD: usize = 9;
/// What budgets are counted by.
const WINDOW: Duration = Duration::from_secs(1);

/// The frames that bring content, each bounded elsewhere: DATA, HEADERS, CONTINUATION.
const CONTENT: [u8; 3] = [0x0, 0x1, 0x9];

/// Follows the frames of one connection.
#[derive(Debug)]
pub struct Frames {
    /// Bytes until the next frame begins.
    skip: usize,
    /// The start of a frame head whose end has not come yet.
    head: [u8; HEAD],
    filled: usize,
    per_second: u32,
    count: u32,
    since: Option<Instant>,
}

/// There were too many.
#[derive(Debug, PartialEq, Eq)]
pub struct Flood;

impl Frames {
    /// At the start of a connection, whose client may send `per_second` frames without content.
    pub fn new(per_second: u32) -> Self {
        Self { skip: PREFACE, head: [0; HEAD], filled: 0, per_second, count: 0, since: None }
    }

    /// Follows `bytes`, which came `now`.
    pub fn follow(&mut self, mut bytes: &[u8], now: Instant) -> Result<(), Flood> {
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            if bytes.is_empty() {
                return Ok(());
            }
            let wanted = HEAD.saturating_sub(self.filled).min(bytes.len());
            let (part, later) = bytes.split_at(wanted);
            if let Some(place) = self.head.get_mut(self.filled..self.filled + wanted) {
                place.copy_from_slice(part);
            }
            self.filled += wanted;
            bytes = later;
            if self.filled == HEAD {
                self.begin(now)?;
            }
        }
    }

    /// A frame head is complete.
    fn begin(&mut self, now: Instant) -> Result<(), Flood> {
        let [high, middle, low, kind, ..] = self.head;
        self.skip = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.filled = 0;
        if CONTENT.contains(&kind) { Ok(()) } else { self.spend(now) }
    }

    fn spend(&mut self, now: Instant) -> Result<(), Flood> {
        if self.since.is_none_or(|since| now.duration_since(since) >= WINDOW) {
            (self.since, self.count) = (Some(now), 0);
        }
        self.count = self.count.saturating_add(1);
        if self.count > self.per_second { Err(Flood) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    const DATA: [u8; 12] = [0, 0, 3, 0, 0, 0, 0, 0, 1, 6, 6, 6];

    fn opened(per_second: u32) -> Frames {
        let mut frames = Frames::new(per_second);
        frames.follow(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Instant::now()).unwrap();
        frames
    }

    #[test]
    fn the_budget_is_spent_once_a_second() {
        let (mut frames, mut now) = (opened(3), Instant::now());
        for _ in 0..3 {
            assert_eq!(frames.follow(&PING.repeat(3), now), Ok(()));
            now += WINDOW;
        }
        assert_eq!(frames.follow(&PING.repeat(4), now), Err(Flood));
    }

    #[test]
    fn frames_are_found_however_the_bytes_are_cut() {
        let bytes = [&PING[..], &DATA.repeat(50), &PING].concat();
        let now = Instant::now();
        for size in 1..bytes.len() {
            let (mut enough, mut short) = (opened(2), opened(1));
            let mut verdict = Ok(());
            for part in bytes.chunks(size) {
                assert_eq!(enough.follow(part, now), Ok(()), "parts of {size}");
                verdict = verdict.and(short.follow(part, now));
            }
            assert_eq!(verdict, Err(Flood), "parts of {size}");
        }
    }
}
