//! A path in its plainest form. Knows no rule.

use std::borrow::Cow;

use super::URL_BYTES_MAX;

/// How often a path is decoded at most. What can be decoded once more is refused.
const DECODINGS_MAX: usize = 4;

/// The plainest form of a path: decoded until nothing is left to decode, segments joined by one slash, without
/// parameters and without what an application might take for a query. `None` for what is refused.
pub(super) fn plainest(path: &str) -> Option<Cow<'_, str>> {
    if !path.starts_with('/') || path.len() > URL_BYTES_MAX || !path.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let mut decoded = Cow::Borrowed(path);
    for _ in 0..DECODINGS_MAX {
        match decode(&decoded) {
            Some(next) => decoded = Cow::Owned(next),
            None => break,
        }
    }
    if decode(&decoded).is_some() || decoded.contains(|c: char| c == '\\' || c.is_control()) {
        return None;
    }
    let name = |segment: &str| segment.find([';', '?', '#']).unwrap_or(segment.len());
    let is_dots = |segment: &str| matches!(segment.get(..name(segment)), Some("." | ".."));
    if decoded.split('/').any(is_dots) {
        return None;
    }
    if !decoded.contains("//") && !decoded.contains([';', '?', '#']) {
        return Some(decoded);
    }
    let mut plain = String::with_capacity(decoded.len());
    for name in decoded.split('/').filter_map(|segment| segment.get(..name(segment))) {
        if !name.is_empty() {
            plain.push('/');
            plain.push_str(name);
        }
    }
    Some(Cow::Owned(if plain.is_empty() { "/".to_owned() } else { plain }))
}

/// One round of percent-decoding; `None`: there is nothing to decode. What is no text of UTF-8 then is no segment that a
/// rule names.
fn decode(path: &str) -> Option<String> {
    if !path.contains('%') {
        return None;
    }
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16).and_then(|d| u8::try_from(d).ok());
        if let (b'%', Some(high), Some(low)) = (byte, digit(0), digit(1)) {
            out.push(high << 4 | low);
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push(byte);
            rest = after;
        }
    }
    (out.len() < path.len()).then(|| String::from_utf8_lossy(&out).into_owned())
}
