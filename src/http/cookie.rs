//! The cookie of a session, as browsers send it and as it is set. Knows nothing of what it opens.
//!
//! ## Decision: one name, but where a guide has its own
//! `__Host-` makes a browser refuse the cookie unless it is `Secure`, for this host alone and for all of its paths: no
//! other host, no subdomain and no plain connection can set it or see it. On this machine browsers count plain HTTP as
//! secure too, so `serve --dev` needs no second name. A browser that does not (Safari) is served with `--dev --tls`.
//! The clients of the trading profile know the cookie by a name that promises nothing; a door looks for its own name
//! alone, and what was given out under one name opens nothing under the other.
//!
//! ## Decision: two cookies of this name are none
//! No browser sends two; whoever does wants one of two readers to see the other.

use poem::http::{HeaderMap, HeaderValue, header};
use poem_openapi::payload::Response;

use super::principal::{AuthenticateCookie, Record};
use crate::domain::cookie::{CookiePolicy, SameSite};
use crate::domain::factor::PENDING_LOGIN_TTL;
use crate::domain::forward_auth::COOKIE as PROXY;
use crate::domain::time::Timestamp;
use crate::services::Policy;
use crate::services::forward_auth::ProxyCookie;
use crate::services::opening::NewCookie;
use crate::services::session::Principal;

/// What is told of a cookie that is not where its session is at home.
pub const SUSPICIOUS: &str = "Suspicious session activity";

/// A door that takes cookies.
pub struct CookieDoor {
    /// The cookie's name.
    pub name: &'static str,
    /// Checks it.
    pub authenticate: Box<AuthenticateCookie>,
    /// Records what is remarkable about it, and its use.
    pub record: Box<Record>,
}

/// There are two cookies of the name, or one that is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// The value of the one cookie called `name`. HTTP/2 may part the cookies over several headers (RFC 9113, 8.2.3); each
/// holds pairs parted by `;`. Nothing is decoded: our values need none.
pub fn shown<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Unreadable> {
    let mut found = None;
    for line in headers.get_all(header::COOKIE) {
        for pair in line.as_bytes().split(|byte| *byte == b';') {
            let Some(value) = pair.trim_ascii().strip_prefix(name.as_bytes()) else { continue };
            let Some(value) = value.strip_prefix(b"=") else { continue };
            let value = std::str::from_utf8(value).map_err(|_| Unreadable)?;
            if found.replace(value).is_some() {
                return Err(Unreadable);
            }
        }
    }
    Ok(found)
}

/// Sets `cookie` until its session ends for good: what ends before that, the server knows. With it goes the cookie for
/// applications behind a proxy, where there are any.
pub fn set(cookie: &NewCookie, now: Timestamp, policy: &CookiePolicy) -> Vec<HeaderValue> {
    let max_age = cookie.ends_at.since(now).as_secs();
    let own = line(policy.name, &cookie.value, max_age, policy.same_site);
    let proxy = cookie.proxy.as_ref().and_then(|proxy| proxy_line(&proxy.value, max_age, &proxy.domain));
    let mut lines: Vec<_> = own.into_iter().chain(proxy).collect();
    for line in &mut lines {
        line.set_sensitive(true);
    }
    lines
}

/// The answer, with the cookies to set where there are some.
pub fn setting<T>(answer: T, cookies: impl IntoIterator<Item = HeaderValue>) -> Response<T> {
    let answer = Response::new(answer);
    cookies.into_iter().fold(answer, |answer, cookie| answer.header(header::SET_COOKIE, cookie))
}

/// Takes the cookies away from a caller who has them.
pub fn cleared_for(caller: &Principal, policy: &Policy) -> Vec<HeaderValue> {
    if caller.csrf.is_some() { cleared(policy) } else { Vec::new() }
}

/// Takes the cookies of a session away.
pub fn cleared(policy: &Policy) -> Vec<HeaderValue> {
    let own = line(policy.cookies.name, "", 0, policy.cookies.same_site);
    let proxy = policy.forward_auth.as_ref().and_then(|forward| proxy_line("", 0, &forward.cookie_domain));
    own.into_iter().chain(proxy).collect()
}

/// Sets the cookie for applications anew, until `ends_at`: for a browser that has the session's own already.
pub fn for_applications(proxy: &ProxyCookie, now: Timestamp, ends_at: Timestamp) -> Option<HeaderValue> {
    let mut line = proxy_line(&proxy.value, ends_at.since(now).as_secs(), &proxy.domain)?;
    line.set_sensitive(true);
    Some(line)
}

/// The cookie for applications: for all hosts of `domain`, and when a person follows a link there.
fn proxy_line(value: &str, max_age: u64, domain: &str) -> Option<HeaderValue> {
    line(PROXY, &format!("{value}; Domain={domain}"), max_age, SameSite::Lax)
}

/// The cookie that a browser keeps while it is with a provider of accounts elsewhere.
pub const FEDERATION: &str = "__Host-latchkey-federation";

/// Sets [`FEDERATION`] for `max_age` seconds; 0 takes it away. The browser comes back from another site, so it is `Lax`.
pub fn federation(value: &str, max_age: u64) -> Option<HeaderValue> {
    let mut line = line(FEDERATION, value, max_age, SameSite::Lax)?;
    line.set_sensitive(true);
    Some(line)
}

/// The cookie that a browser keeps at the served pages while a login waits for its second step: so the step is bound to
/// the browser of the first one, and its handle is in no address and on no page.
pub const WAITING: &str = "__Host-latchkey-login";

/// Sets [`WAITING`] for as long as the login waits. A provider elsewhere may have sent the browser here, so it is `Lax`.
pub fn waiting(handle: &str) -> Option<HeaderValue> {
    let mut line = line(WAITING, handle, PENDING_LOGIN_TTL.as_secs(), SameSite::Lax)?;
    line.set_sensitive(true);
    Some(line)
}

/// Takes [`WAITING`] away.
pub fn no_longer_waiting() -> Option<HeaderValue> {
    line(WAITING, "", 0, SameSite::Lax)
}

fn line(name: &str, value: &str, max_age: u64, when: SameSite) -> Option<HeaderValue> {
    let same_site = same_site(when);
    let text = format!("{name}={value}; Max-Age={max_age}; Path=/; Secure; HttpOnly; SameSite={same_site}");
    HeaderValue::try_from(text).ok()
}

const fn same_site(when: SameSite) -> &'static str {
    match when {
        SameSite::Lax => "Lax",
        SameSite::Strict => "Strict",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cookie::{NAME, TRADING_NAME};

    fn shown_by(lines: &[&[u8]]) -> Result<Option<String>, Unreadable> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        shown(&headers, NAME).map(|value| value.map(str::to_owned))
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
    fn each_door_looks_for_its_own_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-latchkey=x; session_id=y"));
        assert_eq!(shown(&headers, NAME), Ok(Some("x")));
        assert_eq!(shown(&headers, TRADING_NAME), Ok(Some("y")));
    }
}
