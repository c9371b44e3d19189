//! Server-sent events, read from bytes (HTML standard, 9.2). Knows no connection.

/// Most bytes of one event; ours are a few kilobytes.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// One event, or one comment with an id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// Its kind; empty for a comment.
    pub event: String,
    /// The place behind it.
    pub id: Option<String>,
    /// What it carries.
    pub data: String,
}

/// Reads frames from chunks, wherever these are cut.
#[derive(Debug, Default)]
pub struct Parser {
    rest: Vec<u8>,
    frame: Frame,
}

/// The event is longer than any of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is too long")]
pub struct TooLong;

impl Parser {
    /// The frames that are complete with `chunk`.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Frame>, TooLong> {
        self.rest.extend_from_slice(chunk);
        let mut frames = Vec::new();
        let bytes = std::mem::take(&mut self.rest);
        let mut rest = bytes.as_slice();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            frames.extend(self.line(&String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line))));
        }
        self.rest = rest.to_vec();
        if self.rest.len() > EVENT_BYTES_MAX || self.frame.data.len() > EVENT_BYTES_MAX {
            return Err(TooLong);
        }
        Ok(frames)
    }

    fn line(&mut self, line: &str) -> Option<Frame> {
        if line.is_empty() {
            let frame = std::mem::take(&mut self.frame);
            return (frame != Frame::default()).then_some(frame);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.frame.event),
            "id" => self.frame.id = Some(value.to_owned()),
            "data" if self.frame.data.is_empty() => value.clone_into(&mut self.frame.data),
            "data" => self.frame.data.extend(["\n", value]),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "event: ready\nid: 0-1-a\ndata: {}\n\n: heartbeat\nid: 0-2-b\n\nevent:audit\r\ndata: a\ndata: b\n\n";

    #[test]
    fn frames_are_the_same_however_the_bytes_are_cut() {
        let whole = Parser::default().feed(TEXT.as_bytes()).unwrap();
        assert_eq!(whole.len(), 3);
        assert_eq!((whole[1].event.as_str(), whole[1].id.as_deref()), ("", Some("0-2-b")));
        assert_eq!((whole[2].event.as_str(), whole[2].data.as_str()), ("audit", "a\nb"));
        for size in 1..10 {
            let mut parser = Parser::default();
            let cut: Vec<_> =
                TEXT.as_bytes().chunks(size).flat_map(|chunk| parser.feed(chunk).unwrap()).collect();
            assert_eq!(cut, whole);
        }
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = Parser::default();
        assert_eq!(parser.feed(&vec![b'x'; EVENT_BYTES_MAX + 1]), Err(TooLong));
    }
}
