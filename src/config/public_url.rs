//! The address users see, from which every link is made. Knows no HTTP.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::listen::{Listener, is_loopback};
use crate::domain::link;

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
        let rest = rest.trim_end_matches('/');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // Names of schemes and hosts ignore case, paths do not.
        let text = format!("{}://{}{path}", scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
        link::PublicUrl::parse(&text).map_err(|_| refuse())?;
        let host = host_of(&authority.to_ascii_lowercase());
        let url = Self { text, host };
        if !url.is_https() && !is_local(&url.host) {
            return Err("http is for this machine only: users need an address with https".into());
        }
        Ok(url)
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
        // Port 0 is any free one: which, is known only once it listens.
        let port = match addr.port() {
            0 => String::new(),
            port if port == usual => String::new(),
            port => format!(":{port}"),
        };
        Self { text: format!("{scheme}://{bracketed}{port}"), host }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The host of an authority that is known to be well formed.
fn host_of(authority: &str) -> String {
    let bracketed = authority.strip_prefix('[').and_then(|rest| rest.split(']').next());
    bracketed.or_else(|| authority.split(':').next()).unwrap_or_default().to_owned()
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(is_loopback)
}
