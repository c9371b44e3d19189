//! Who asks, as the use cases want to know it. Knows nothing of what is asked.

use poem::http::{HeaderMap, HeaderName, header};
use poem::{FromRequest, Request, RequestBody};

use super::error::ApiError;
use super::visit::Visit;
use crate::services::Context;

/// Longest part of a `User-Agent` that is kept, in bytes.
const USER_AGENT_MAX: usize = 256;

/// The header that says why something is done.
const X_AUDIT_NOTE: HeaderName = HeaderName::from_static("x-audit-note");

/// Longest note in characters.
const NOTE_CHARS_MAX: usize = 200;

/// The context of a request. Every operation that calls a use case takes it, and takes it after the body: its
/// time is then the time at which the request was whole, however slowly it came.
#[derive(Debug, Clone)]
pub struct Asked(pub Context);

impl<'a> FromRequest<'a> for Asked {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let note = note(request.headers())?;
        Ok(Self(Context { note, ..context(request, Visit::of(request)?) }))
    }
}

/// The context of a request as it is now, without a note: what is remarkable about a credential nobody explains.
pub(super) fn context(request: &Request, visit: &Visit) -> Context {
    Context {
        request_id: visit.request_id.clone(),
        client: visit.client,
        user_agent: user_agent(request.headers()),
        note: None,
        now: visit.now(),
        trail: visit.trail().clone(),
    }
}

/// What the client calls itself, cut to 256 bytes.
pub fn user_agent(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(header::USER_AGENT);
    agent.map(|agent| shortened(&String::from_utf8_lossy(agent.as_bytes())))
}

/// Why the caller does it, in its own words: UTF-8 as it is. What cannot be kept as it was said is refused, for somebody
/// relies on it.
pub fn note(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let bad = || {
        let message = format!("`X-Audit-Note` is one line of at most {NOTE_CHARS_MAX} characters.");
        ApiError::field("X-Audit-Note", "invalid", message)
    };
    let mut lines = headers.get_all(X_AUDIT_NOTE).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let text = std::str::from_utf8(line.as_bytes()).map_err(|_| bad())?.trim();
    let fits = text.chars().count() <= NOTE_CHARS_MAX && !text.chars().any(char::is_control);
    if lines.next().is_some() || !fits {
        Err(bad())
    } else {
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }
}

fn shortened(text: &str) -> String {
    let end = (0..=USER_AGENT_MAX.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    fn noted(lines: &[&[u8]]) -> Result<Option<String>, ()> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_AUDIT_NOTE, HeaderValue::from_bytes(line).unwrap());
        }
        note(&headers).map_err(drop)
    }

    #[test]
    fn a_note_is_one_line_of_text() {
        assert_eq!(noted(&[]), Ok(None));
        assert_eq!(noted(&[b"  "]), Ok(None));
        assert_eq!(noted(&[" SEC-118: gr\u{fc}n ".as_bytes()]), Ok(Some("SEC-118: gr\u{fc}n".to_owned())));
        let longest = "\u{fc}".repeat(200);
        assert_eq!(noted(&[longest.as_bytes()]), Ok(Some(longest.clone())));
        for bad in [&[b"a".as_slice(), b"b"][..], &[b"\xff"], &[b"a\tb"], &[format!("{longest}x").as_bytes()]]
        {
            assert_eq!(noted(bad), Err(()), "{bad:?}");
        }
    }

    #[test]
    fn a_long_user_agent_is_cut_between_characters() {
        assert_eq!(shortened("curl/8"), "curl/8");
        assert_eq!(shortened(&"\u{e9}".repeat(200)).len(), 256);
        assert_eq!(shortened(&format!("a{}", "\u{e9}".repeat(200))).len(), 255);
    }
}
