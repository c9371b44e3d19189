//! Where HTTP/1 requests begin and end, judged strictly. Knows nothing of what they mean.
//!
//! ## Decision: a strict look before hyper's own
//! Problem: hyper takes a bare LF for a line end, lets `Transfer-Encoding` win over a `Content-Length`, and merges equal
//! `Content-Length` lines, and takes any number of `Host` lines or none; each is allowed by RFC 9112 and each is how a
//! request is smuggled past a proxy that reads otherwise. Choice: the bytes are followed as they pass, and at the first
//! doubtful one the rest is replaced by bytes that no parser takes, so that hyper answers 400 in its turn and closes.
//! Alternative: a check of the parsed head, which comes too late: the evidence is gone by then.

use memchr::memchr;

/// What is put in the place of a doubtful byte: wrong in a request line, a field, and a chunk.
pub(super) const POISON: &[u8] = b"\0\r\n\r\n";

/// Follows the requests of one connection.
#[derive(Debug, Default)]
pub struct Framing {
    state: State,
    /// The start of a line whose end has not come yet. The cap on heads bounds it.
    line: Vec<u8>,
    length: Option<u64>,
    chunked: bool,
    host: Host,
}

/// The one `Host` line of a head (RFC 9112, 3.2).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Host {
    /// HTTP/1.0 does without.
    #[default]
    Optional,
    Owed,
    Given,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    RequestLine,
    Fields,
    Body(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
}

impl Framing {
    /// Follows `bytes`. The error is the position of the first byte that must not pass.
    pub fn follow(&mut self, mut bytes: &[u8]) -> Result<(), usize> {
        let mut position = 0;
        while !bytes.is_empty() {
            let taken = match self.state {
                State::Body(left) => self.skip(left, bytes.len(), State::Body, State::RequestLine),
                State::ChunkData(left) => self.skip(left, bytes.len(), State::ChunkData, State::ChunkEnd),
                _ => self.take_line(bytes).map_err(|end| position + end)?,
            };
            position += taken;
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    fn skip(&mut self, left: u64, available: usize, more: fn(u64) -> State, done: State) -> usize {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(available);
        let left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
        self.state = if left == 0 { done } else { more(left) };
        taken
    }

    /// How many of `bytes` belong to the line; the error is the place of its end.
    fn take_line(&mut self, bytes: &[u8]) -> Result<usize, usize> {
        let Some(end) = memchr(b'\n', bytes) else {
            self.line.extend_from_slice(bytes);
            return Ok(bytes.len());
        };
        self.end_line(bytes.get(..end).unwrap_or_default()).ok_or(end)?;
        Ok(end + 1)
    }

    /// A line is complete; `tail` is what came of it last, without the LF.
    fn end_line(&mut self, tail: &[u8]) -> Option<()> {
        if self.line.is_empty() {
            return self.line(tail.strip_suffix(b"\r")?);
        }
        let mut line = std::mem::take(&mut self.line);
        line.extend_from_slice(tail);
        self.line(line.strip_suffix(b"\r")?)
    }

    /// `None` when the line is doubtful where it stands.
    fn line(&mut self, line: &[u8]) -> Option<()> {
        self.state = match self.state {
            // Trailers end here; and empty lines before a request are allowed (RFC 9112, 2.2).
            State::RequestLine | State::Trailers if line.is_empty() => State::RequestLine,
            State::RequestLine => {
                (self.length, self.chunked) = (None, false);
                self.host = if line.ends_with(b" HTTP/1.1") { Host::Owed } else { Host::Optional };
                State::Fields
            }
            State::Fields if line.is_empty() => (self.host != Host::Owed).then(|| self.body())?,
            State::Fields => {
                self.field(line)?;
                State::Fields
            }
            State::ChunkSize => match chunk_size(line)? {
                0 => State::Trailers,
                size => State::ChunkData(size),
            },
            State::ChunkEnd => line.is_empty().then_some(State::ChunkSize)?,
            state @ (State::Trailers | State::Body(_) | State::ChunkData(_)) => state,
        };
        Some(())
    }

    fn body(&self) -> State {
        match self.length {
            _ if self.chunked => State::ChunkSize,
            None | Some(0) => State::RequestLine,
            Some(length) => State::Body(length),
        }
    }

    fn field(&mut self, line: &[u8]) -> Option<()> {
        // A folded line belongs to the field before it and may hide one of these two.
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return None;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = line.get(..colon)?.trim_ascii();
        let value = line.get(colon + 1..)?.trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            let fresh = self.length.is_none() && !self.chunked && value.iter().all(u8::is_ascii_digit);
            self.length = Some(fresh.then(|| std::str::from_utf8(value).ok()?.parse().ok())??);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let fresh = self.length.is_none() && !self.chunked;
            self.chunked = (fresh && value.eq_ignore_ascii_case(b"chunked")).then_some(true)?;
        } else if name.eq_ignore_ascii_case(b"host") {
            self.host = (self.host != Host::Given).then_some(Host::Given)?;
        }
        Some(())
    }
}

/// The size that a chunk line names; extensions are skipped (RFC 9112, 7.1.1).
fn chunk_size(line: &[u8]) -> Option<u64> {
    let size = line.split(|byte| *byte == b';').next()?.trim_ascii_end();
    let digits = (1..=16).contains(&size.len()) && size.iter().all(u8::is_ascii_hexdigit);
    digits.then(|| u64::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n\
        POST / HTTP/1.1\r\nHOST: a\r\nContent-Length: 5\r\n\r\na\nb\nc\
        POST / HTTP/1.1\r\nhost:\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\n\n\r\n\r\nA\r\n0123456789\r\n0\r\nt: 1\r\n\r\n\
        \r\nGET / HTTP/1.0\r\ncontent-length: 0\r\n\r\n";

    fn head(fields: &str) -> Result<(), usize> {
        Framing::default().follow(format!("POST / HTTP/1.1\r\nhost: a\r\n{fields}\r\n\r\n").as_bytes())
    }

    #[test]
    fn well_framed_requests_pass_however_they_are_cut() {
        for cut in 0..GOOD.len() {
            let mut framing = Framing::default();
            framing.follow(&GOOD[..cut]).unwrap();
            framing.follow(&GOOD[cut..]).unwrap();
            assert_eq!(framing.state, State::RequestLine);
        }
    }

    #[test]
    fn doubtful_heads_do_not_pass() {
        for fields in [
            "content-length: 5\r\ntransfer-encoding: chunked",
            "transfer-encoding: chunked\r\ncontent-length: 5",
            "content-length: 5\r\nCONTENT-LENGTH: 5",
            "content-length: 5, 5",
            "content-length: +5",
            "content-length:",
            "content-length : 5\r\ncontent-length: 6",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            "transfer-encoding: gzip, chunked",
            "transfer-encoding: xchunked",
            "x: y\r\n folded",
            "x: y\nz: w",
            "no colon",
            "host: a",
            "HOST : b",
        ] {
            assert!(head(fields).is_err(), "{fields:?}");
        }
        assert_eq!(head("content-length: 0"), Ok(()));
        assert_eq!(Framing::default().follow(b"GET / HTTP/1.0\r\nx: y\r\n\r\n"), Ok(()));
        assert!(Framing::default().follow(b"GET / HTTP/1.1\r\nx: y\r\n\r\n").is_err());
    }

    #[test]
    fn doubtful_chunks_do_not_pass() {
        for body in ["x\r\n", "-1\r\n", "\r\n", "1\n", "1\r\nabc\r\n", "11111111111111111\r\n", "1\r\na\n"] {
            let mut framing = Framing::default();
            framing.follow(b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
            assert!(framing.follow(body.as_bytes()).is_err(), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_cuts_give_the_same_verdict(
            bytes in "(GET / HTTP/1.1\r\nhost: a\r\n|content-length: [0-9]{1,2}\r\n|transfer-encoding: chunked\r\n|\r\n|[0-9a-f]\r\n|[a-f\r\n:]){0,30}",
            cut in 0_usize..200,
        ) {
            let bytes = bytes.as_bytes();
            let cut = cut.min(bytes.len());
            let whole = Framing::default().follow(bytes);
            let mut framing = Framing::default();
            let parts = framing
                .follow(&bytes[..cut])
                .and_then(|()| framing.follow(&bytes[cut..]).map_err(|position| position + cut));
            prop_assert_eq!(whole, parts);
        }
    }
}
