//! The address users see, from which every link is made. Knows no HTTP.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::listen::{Listener, is_loopback};

/// What it looks like, for messages.
pub const EXPECTED: &str = r#"an address such as "https://auth.example.com""#;

/// An absolute URL without query, fragment, user name and final slash. `http` only for this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    host: String,
}

impl PublicUrl {
    /// Without a slash at its end: links append `/path`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host alone: no port, no brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether users come over TLS.
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https://")
    }

    /// Reads and normalises a URL. The error does not quote the text: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = || format!("expected {EXPECTED}");
        let (scheme, rest) = text.split_once("://").ok_or_else(refuse)?;
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.trim_end_matches('/');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = authority.to_ascii_lowercase();
        let (host, port) = split_port(&authority).ok_or_else(refuse)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if !path.bytes().all(plain) || !matches!(scheme.as_str(), "http" | "https") {
            return Err(refuse());
        }
        if scheme == "http" && !is_local(host) {
            return Err("http is for this machine only: users need an address with https".into());
        }
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { text: format!("{scheme}://{bracketed}{port}{path}"), host: host.to_owned() })
    }

    /// The address of `listener` as seen on this machine.
    pub fn of_listener(listener: &Listener) -> Self {
        Self::of_address(listener.addr, listener.tls)
    }

    /// The address of a socket as seen on this machine: `localhost` when it listens on every address.
    pub fn of_address(addr: SocketAddr, tls: bool) -> Self {
        let host = if addr.ip().is_unspecified() { "localhost".to_owned() } else { addr.ip().to_string() };
        let bracketed =
            if addr.is_ipv6() && host != "localhost" { format!("[{host}]") } else { host.clone() };
        let scheme = if tls { "https" } else { "http" };
        let usual = if tls { 443 } else { 80 };
        let port = if addr.port() == usual { String::new() } else { format!(":{}", addr.port()) };
        Self { text: format!("{scheme}://{bracketed}{port}"), host }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return Some((
            host,
            if port.is_empty() { None } else { Some(port.strip_prefix(':')?.parse().ok()?) },
        ));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (authority, None),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' || byte == b'_';
    (!host.is_empty() && host.len() <= 253 && host.bytes().all(plain)).then_some((host, port))
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(is_loopback)
}
