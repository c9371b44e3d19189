//! Links to this server, built from the configured public URL only. Knows no request: a Host header cannot reach a mail.

use std::fmt;

use super::email::is_label;

/// The address under which people reach this server, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// The text is not `http(s)://host[:port][/path]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public URL is https://host[:port][/path], without user name, query or fragment")]
pub struct NotAPublicUrl;

/// A page that a mailed token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTarget {
    /// `/verify-email?token=..`
    VerifyEmail,
    /// `/reset-password?token=..`
    ResetPassword,
    /// `/accept-invitation?token=..`
    AcceptInvitation,
}

/// A link for a mail. It may hold a one-time token: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(String);

impl PublicUrl {
    /// Reads a base URL: `http` or `https`, a host name, IPv4 address or bracketed IPv6 address, an optional
    /// port and path. Trailing slashes are dropped.
    pub fn parse(text: &str) -> Result<Self, NotAPublicUrl> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or(NotAPublicUrl)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path_is_plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b));
        let climbs = path.split('/').any(|segment| segment == ".." || segment == ".");
        if !is_authority(authority) || !path_is_plain || path.contains("//") || climbs {
            return Err(NotAPublicUrl);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The link to the server's front door.
    pub fn home(&self) -> Link {
        Link(format!("{}/", self.0))
    }

    /// The link to the page where a mail that sets a new password can be asked for.
    pub fn forgot_password(&self) -> Link {
        Link(format!("{}/forgot-password", self.0))
    }

    /// Whether people come over TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The login page, from which a browser goes on to `return_to`.
    pub fn login(&self, return_to: &str) -> String {
        format!("{}/login?return_to={}", self.0, percent_encoded(return_to))
    }

    /// The address of one of the server's own paths, which begins with `/` and is written in this program.
    pub fn at(&self, path: &'static str) -> String {
        format!("{}{path}", self.0)
    }

    /// The link that carries a one-time token to its page.
    pub fn link(&self, target: LinkTarget, token: &str) -> Link {
        let page = match target {
            LinkTarget::VerifyEmail => "verify-email",
            LinkTarget::ResetPassword => "reset-password",
            LinkTarget::AcceptInvitation => "accept-invitation",
        };
        Link(format!("{}/{page}?token={}", self.0, percent_encoded(token)))
    }

    /// The host name or address, without port and brackets.
    pub fn host(&self) -> &str {
        let authority = self.0.split('/').nth(2).unwrap_or_default();
        match authority.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        }
    }

    /// The origins of pages of this server, as browsers send them (RFC 6454, 6.2): more than one only where the server
    /// is reached on this machine, which has several names.
    pub fn origins(&self) -> Vec<String> {
        let (scheme, rest) = self.0.split_once("://").unwrap_or_default();
        let authority = rest.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let usual = if scheme == "https" { "443" } else { "80" };
        let port = authority
            .rsplit_once(':')
            .map(|(_, port)| port)
            .filter(|port| *port != usual && port.bytes().all(|byte| byte.is_ascii_digit()));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = self.host().to_ascii_lowercase();
        if matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1") {
            return ["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{scheme}://{name}{port}")).into();
        }
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        vec![format!("{scheme}://{host}{port}")]
    }

    /// The URL as text, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Link {
    /// The link as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(..)")
    }
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at(end + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port_is_good = match port.strip_prefix(':') {
        Some(digits) => {
            digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|p| p > 0)
        }
        None => port.is_empty(),
    };
    let host_is_good = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    port_is_good && host_is_good
}

/// Everything but the unreserved characters of RFC 3986.
fn percent_encoded(text: &str) -> String {
    use fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stand_on_the_public_url() {
        for (base, link) in [
            ("https://auth.example.com", "https://auth.example.com/verify-email?token=a-b_c"),
            ("https://example.com:8443/auth/", "https://example.com:8443/auth/verify-email?token=a-b_c"),
            ("http://[::1]:8080", "http://[::1]:8080/verify-email?token=a-b_c"),
        ] {
            let base = PublicUrl::parse(base).unwrap();
            assert_eq!(base.link(LinkTarget::VerifyEmail, "a-b_c").as_str(), link);
        }
        let base = PublicUrl::parse("https://a.example/").unwrap();
        assert_eq!(base.home().as_str(), "https://a.example/");
        assert_eq!(base.forgot_password().as_str(), "https://a.example/forgot-password");
        assert_eq!(
            base.link(LinkTarget::ResetPassword, "x").as_str(),
            "https://a.example/reset-password?token=x"
        );
    }

    #[test]
    fn origins_are_those_that_browsers_send() {
        for (url, origins) in [
            ("https://auth.example.com", &["https://auth.example.com"][..]),
            ("https://Auth.Example.com:443/a", &["https://auth.example.com"]),
            ("https://example.com:8443/auth/", &["https://example.com:8443"]),
            ("https://[2001:db8::1]", &["https://[2001:db8::1]"]),
            ("http://127.0.0.1:80", &["http://localhost", "http://127.0.0.1", "http://[::1]"]),
            ("http://[::1]:81", &["http://localhost:81", "http://127.0.0.1:81", "http://[::1]:81"]),
        ] {
            assert_eq!(PublicUrl::parse(url).unwrap().origins(), origins, "{url}");
        }
    }

    #[test]
    fn the_host_stands_alone() {
        for (url, host) in [
            ("https://auth.example.com", "auth.example.com"),
            ("http://localhost:8080/auth", "localhost"),
            ("https://[::1]:8443/", "::1"),
            ("https://192.0.2.1/x", "192.0.2.1"),
        ] {
            assert_eq!(PublicUrl::parse(url).unwrap().host(), host);
        }
    }

    #[test]
    fn a_public_url_is_plain_or_refused() {
        let bad = [
            "",
            "auth.example.com",
            "ftp://a.b",
            "https://",
            "https:///x",
            "https://u:p@a.b",
            "https://a.b?x=1",
            "https://a.b/#f",
            "https://a.b:0",
            "https://a.b:99999",
            "https://a.b:",
            "https://a..b",
            "https://a b",
            "https://a.b/x y",
            "https://a.b/\r\nX: y",
            "https://a.b/\"x",
            "https://[::1",
            "https://[x]",
            "https://a.b/../x",
            "https://a.b//evil.example",
            "javascript:alert(1)",
            "https://\u{e4}.example",
            "https://a.b:+1",
            "https://[::1]x",
        ];
        for text in bad {
            assert_eq!(PublicUrl::parse(text), Err(NotAPublicUrl), "{text:?}");
        }
    }

    #[test]
    fn a_token_cannot_break_out_of_its_parameter_and_debug_hides_it() {
        let base = PublicUrl::parse("https://a.example").unwrap();
        let link = base.link(LinkTarget::VerifyEmail, "x&y=#\"<\r\n\u{e4}");
        assert_eq!(link.as_str(), "https://a.example/verify-email?token=x%26y%3D%23%22%3C%0D%0A%C3%A4");
        assert_eq!(format!("{link:?}"), "Link(..)");
    }
}
