//! The cookie of a session, as browsers send it and as it is set. Knows nothing of what it opens.
//!
//! ## Decision: one name, everywhere
//! `__Host-` makes a browser refuse the cookie unless it is `Secure`, for this host alone and for all of its paths: no
//! other host, no subdomain and no plain connection can set it or see it. On this machine browsers count plain HTTP as
//! secure too, so `serve --dev` needs no second name. A browser that does not (Safari) is served with `--dev --tls`.
//!
//! ## Decision: two cookies of this name are none
//! No browser sends two; whoever does wants one of two readers to see the other.

use poem::http::{HeaderMap, HeaderValue, header};

use crate::domain::cookie::SameSite;
use crate::domain::time::Timestamp;
use crate::services::opening::NewCookie;
use crate::services::session::Principal;

/// The cookie's name.
pub const NAME: &str = "__Host-latchkey";

/// There are two cookies of the name, or one that is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// The value of the one cookie of the name. HTTP/2 may part the cookies over several headers (RFC 9113, 8.2.3); each
/// holds pairs parted by `;`. Nothing is decoded: our values need none.
pub fn shown(headers: &HeaderMap) -> Result<Option<&str>, Unreadable> {
    let mut found = None;
    for line in headers.get_all(header::COOKIE) {
        for pair in line.as_bytes().split(|byte| *byte == b';') {
            let Some(value) = pair.trim_ascii().strip_prefix(NAME.as_bytes()) else { continue };
            let Some(value) = value.strip_prefix(b"=") else { continue };
            let value = std::str::from_utf8(value).map_err(|_| Unreadable)?;
            if found.replace(value).is_some() {
                return Err(Unreadable);
            }
        }
    }
    Ok(found)
}

/// Sets `cookie` until its session ends for good: what ends before that, the server knows.
pub fn set(cookie: &NewCookie, now: Timestamp, same_site: SameSite) -> Option<HeaderValue> {
    let max_age = cookie.ends_at.since(now).as_secs();
    let same_site = match same_site {
        SameSite::Lax => "Lax",
        SameSite::Strict => "Strict",
    };
    let text = format!(
        "{NAME}={}; Max-Age={max_age}; Path=/; Secure; HttpOnly; SameSite={same_site}",
        *cookie.value
    );
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Takes the cookie away from a caller who has one.
pub fn cleared_for(caller: &Principal) -> Option<HeaderValue> {
    caller.csrf.as_ref().map(|_| cleared())
}

fn cleared() -> HeaderValue {
    HeaderValue::from_static("__Host-latchkey=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_by(lines: &[&[u8]]) -> Result<Option<String>, Unreadable> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        shown(&headers).map(|value| value.map(str::to_owned))
    }

    #[test]
    fn the_one_cookie_is_found_wherever_it_stands() {
        for lines in [
            &[&b"__Host-latchkey=x"[..]][..],
            &[b"a=b; __Host-latchkey=x; c=d"],
            &[b"a=b;__Host-latchkey=x"],
            &[b"a=b", b"__Host-latchkey=x", b"c=\xff"],
            &[b";; \t__Host-latchkey=x ; "],
        ] {
            assert_eq!(shown_by(lines), Ok(Some("x".to_owned())));
        }
    }

    #[test]
    fn other_names_are_other_cookies() {
        for line in [
            &b""[..],
            b"a=b",
            b"__host-latchkey=x",
            b"__Host-latchkey",
            b"__Host-latchkey2=x",
            b"a=__Host-latchkey=x",
        ] {
            assert_eq!(shown_by(&[line]), Ok(None), "{line:?}");
        }
    }

    #[test]
    fn two_are_none_even_when_equal() {
        let two = b"__Host-latchkey=x; __Host-latchkey=x";
        assert_eq!(shown_by(&[two]), Err(Unreadable));
        assert_eq!(shown_by(&[b"__Host-latchkey=x", b"__Host-latchkey="]), Err(Unreadable));
        assert_eq!(shown_by(&[b"__Host-latchkey=\xff"]), Err(Unreadable));
    }

    #[test]
    fn what_is_cleared_is_what_was_set() {
        assert!(cleared().to_str().unwrap().starts_with(&format!("{NAME}=;")));
    }
}
