//! URLs of applications, and where a browser may go after a login. Knows no request.

use std::net::IpAddr;

use super::{ForwardAuthPolicy, URL_BYTES_MAX};

/// The URL of an application, as a proxy or a person names it: `https://host[:port]/path[?query]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppUrl<'a> {
    /// The whole text.
    pub text: &'a str,
    /// Whether it is `https`.
    pub is_https: bool,
    /// Host and port.
    pub host: &'a str,
    /// The path: what begins with `/` and ends before the query.
    pub path: &'a str,
}

impl<'a> AppUrl<'a> {
    /// Reads a URL of `http` or `https` in visible ASCII, without user name and fragment; `None` for any other text.
    pub fn parse(text: &'a str) -> Option<Self> {
        let is_https = text.starts_with("https://");
        let rest = text.strip_prefix(if is_https { "https://" } else { "http://" })?;
        let (host, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let path = rest.split('?').next().unwrap_or_default();
        let is_plain = text.len() <= URL_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
        let is_good = is_plain && super::host(host).is_some() && !path.contains('\\');
        let path = if path.is_empty() { "/" } else { path };
        is_good.then_some(Self { text, is_https, host, path })
    }
}

/// Whether a browser may be sent to `text` after a login: a path of this server, or a URL of an application that some
/// rule names. In the clear only on this machine (`may_be_plain`), where its own pages are, too.
pub fn may_return_to(policy: Option<&ForwardAuthPolicy>, text: &str, may_be_plain: bool) -> bool {
    if text.starts_with('/') {
        return is_own_path(text);
    }
    let Some((policy, url)) = policy.zip(AppUrl::parse(text)) else { return false };
    let is_safe =
        url.is_https || (may_be_plain && super::host(url.host).is_some_and(|host| is_loopback(&host)));
    is_safe && policy.table.knows(url.host)
}

/// `//host` is another server to a browser, and so is `/\host`.
fn is_own_path(text: &str) -> bool {
    let path = text.split('?').next().unwrap_or_default();
    let is_plain = text.len() <= URL_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    is_plain && !path.starts_with("//") && !path.contains('\\')
}

fn is_loopback(host: &str) -> bool {
    let is_address = || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    host == "localhost" || host.ends_with(".localhost") || is_address()
}

#[cfg(test)]
mod tests {
    use super::super::{Hosts, Need, Rule, Table};
    use super::*;

    fn policy() -> ForwardAuthPolicy {
        let rule = |hosts: &str, need| {
            let hosts: Hosts = hosts.parse().unwrap();
            Rule { hosts, path: "/".to_owned(), methods: Vec::new(), need }
        };
        ForwardAuthPolicy {
            cookie_domain: "example.com".to_owned(),
            table: Table(vec![
                rule("app.example.com", Need::Login),
                rule("*.wiki.example.com", Need::Public),
                rule("app.localhost", Need::Login),
            ]),
            identity_header: "remote-identity".to_owned(),
            identity_ttl: std::time::Duration::from_secs(60),
        }
    }

    #[test]
    fn a_url_of_an_application_has_a_scheme_a_host_and_a_path() {
        for (text, is_https, host, path) in [
            ("https://app.example.com", true, "app.example.com", "/"),
            ("https://app.example.com:8443/a/b?c=/d", true, "app.example.com:8443", "/a/b"),
            ("http://app.example.com?x", false, "app.example.com", "/"),
            ("https://[::1]:8443/", true, "[::1]:8443", "/"),
            ("https://app.example.com/x?y=\\", true, "app.example.com", "/x"),
        ] {
            assert_eq!(AppUrl::parse(text), Some(AppUrl { text, is_https, host, path }), "{text}");
        }
        for bad in [
            "",
            "/x",
            "//app.example.com/",
            "https:/app.example.com",
            "https:app.example.com",
            "HTTPS://app.example.com",
            "ftp://app.example.com",
            "javascript://app.example.com/%0aalert(1)",
            "https://",
            "https:///x",
            "https://user@app.example.com/",
            "https://app.example.com\\@evil.example/",
            "https://app.example.com/\\x",
            "https://app.example.com:port/",
            "https://app.example.com:/",
            "https://app.example.com/#x",
            "https://app.example.com/ x",
            "https://app.example.com/\nx",
            "https://app.example.com/\u{e4}",
            "https://\u{e4}pp.example.com/",
        ] {
            assert_eq!(AppUrl::parse(bad), None, "{bad:?}");
        }
        let long = format!("https://app.example.com/{}", "x".repeat(URL_BYTES_MAX));
        assert_eq!(AppUrl::parse(&long), None);
    }

    #[test]
    fn a_login_leads_to_this_server_and_to_hosts_with_a_rule_and_nowhere_else() {
        let policy = policy();
        for good in [
            "/",
            "/account?tab=1",
            "/a//b",
            "https://app.example.com/x?y=//evil.example",
            "https://app.example.com:8443/",
            "https://APP.example.com",
            "https://x.wiki.example.com/",
        ] {
            assert!(may_return_to(Some(&policy), good, false), "{good}");
            assert_eq!(may_return_to(None, good, false), good.starts_with('/'), "{good}");
        }
        for bad in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "/x\\..\\evil.example",
            "/x\r\nSet-Cookie: a=b",
            "/\u{e4}",
            "https://evil.example/",
            "https://example.com/",
            "https://wiki.example.com/",
            "https://app.example.com.evil.example/",
            "https://app.example.com@evil.example/",
            "http://app.example.com/",
            "http://app.localhost/",
            "javascript:alert(1)",
        ] {
            assert!(!may_return_to(Some(&policy), bad, false), "{bad:?}");
        }
        assert!(may_return_to(Some(&policy), "http://app.localhost:8080/", true), "on this machine");
        assert!(!may_return_to(Some(&policy), "http://app.example.com/", true), "but nowhere else");
    }
}
