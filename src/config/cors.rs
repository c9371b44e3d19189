//! `[cors]`: which web pages of other origins may call. Knows no HTTP.

use std::net::Ipv6Addr;
use std::time::Duration;

use super::DAY;
use super::reader::Reader;

const EXPECTED: &str = r#"a list of origins such as "https://app.example.com""#;

/// Calls from web pages of other origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// The origins, as browsers send them. None: nothing is allowed, and nothing said.
    pub allow_origins: Vec<String>,
    /// How long a browser may keep the answer to a preflight.
    pub max_age: Duration,
}

impl Cors {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let allow_origins = reader.list("cors.allow_origins", EXPECTED, origin);
        Self { allow_origins, max_age: reader.duration("cors.max_age", Duration::ZERO..=DAY) }
    }
}

/// An origin as browsers send it (RFC 6454, 6.2): scheme, host, and the port unless it is the scheme's own.
/// Never panics, whatever the text.
pub fn origin(text: &str) -> Result<String, String> {
    if text == "*" || text == "null" {
        return Err(format!("{text:?} would let in pages that nobody can name; list the origins"));
    }
    let refuse = |why: &str| Err(format!("{text:?} {why}; an origin looks like \"https://app.example.com\""));
    let Some((scheme, authority)) = text.split_once("://") else { return refuse("has no scheme") };
    let usual = match scheme.to_ascii_lowercase().as_str() {
        "https" => "443",
        "http" => "80",
        _ => return refuse("is neither https nor http"),
    };
    if authority.contains(['/', '?', '#', '@']) {
        return refuse("has more than scheme, host and port");
    }
    let bracket = authority.find(']').unwrap_or(0);
    let (host, port) = match authority.get(bracket..).and_then(|rest| rest.find(':')) {
        Some(colon) => {
            let (host, port) = authority.split_at(bracket.saturating_add(colon));
            (host, port.strip_prefix(':'))
        }
        None => (authority, None),
    };
    let is_v6 = |host: &str| host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(is_address);
    if !is_v6(host).unwrap_or_else(|| is_name(host)) {
        return refuse("has no host that a browser would send");
    }
    match port {
        Some(port) if port.starts_with('0') || port.parse::<u16>().is_err() || port.starts_with('+') => {
            refuse("has no valid port")
        }
        Some(port) if port == usual => refuse("names the usual port, which browsers leave out"),
        _ => Ok(text.to_ascii_lowercase()),
    }
}

fn is_address(host: &str) -> bool {
    host.parse::<Ipv6Addr>().is_ok_and(|address| address.to_string() == host.to_ascii_lowercase())
}

/// Labels of letters, digits, `-` and `_`; an IPv4 address is one too. Anything else a browser sends encoded.
fn is_name(host: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(fits);
    host.len() <= 253 && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_as_browsers_send_it() {
        for good in [
            "https://app.example.com",
            "http://localhost:3000",
            "https://192.0.2.7:8443",
            "http://[::1]:5173",
            "https://xn--bcher-kva.example",
            "https://a_b.example",
        ] {
            assert_eq!(origin(good).as_deref(), Ok(good));
        }
        assert_eq!(origin("HTTPS://App.Example.COM").as_deref(), Ok("https://app.example.com"));
    }

    #[test]
    fn what_no_browser_sends_or_nobody_should_trust_is_refused_with_the_reason() {
        for (bad, why) in [
            ("*", "nobody can name"),
            ("null", "nobody can name"),
            ("", "no scheme"),
            ("app.example.com", "no scheme"),
            ("//app.example.com", "no scheme"),
            ("ftp://app.example.com", "neither https nor http"),
            ("chrome-extension://abc", "neither https nor http"),
            ("https://app.example.com/", "more than scheme, host and port"),
            ("https://app.example.com/path", "more than scheme, host and port"),
            ("https://app.example.com?x", "more than scheme, host and port"),
            ("https://user@app.example.com", "more than scheme, host and port"),
            ("https://", "no host"),
            ("https://:8443", "no host"),
            ("https://*.example.com", "no host"),
            ("https://b\u{fc}cher.example", "no host"),
            ("https://a b.example", "no host"),
            ("https://app.example.com,https://b.example", "more than scheme, host and port"),
            ("https://app..example", "no host"),
            ("https://::1", "no host"),
            ("https://[::1", "no host"),
            ("https://[::1]x", "no host"),
            ("https://[0:0::1]", "no host"),
            ("https://app.example.com:", "no valid port"),
            ("https://app.example.com:0", "no valid port"),
            ("http://_::73", "no valid port"),
            ("https://app.example.com:+1", "no valid port"),
            ("https://app.example.com:65536", "no valid port"),
            ("https://app.example.com:443", "usual port"),
            ("http://app.example.com:80", "usual port"),
        ] {
            let said = origin(bad).expect_err(bad);
            assert!(said.contains(why), "{bad}: {said}");
        }
    }
}
