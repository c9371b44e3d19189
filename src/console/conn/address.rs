//! Which server, and as whom. Knows no socket.

use std::net::IpAddr;
use std::path::PathBuf;

use http::Uri;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket; the peer's user id is the login.
    Unix(PathBuf),
    /// A host, over TLS or (on loopback only) in the clear.
    Tcp {
        /// A name or an address without brackets.
        host: String,
        /// The port.
        port: u16,
        /// Whether TLS is spoken.
        is_secure: bool,
    },
}

/// Whose certificate is believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    /// The public authorities.
    #[default]
    Public,
    /// The authorities of a PEM file, and no other.
    CaFile(PathBuf),
    /// The one certificate with this SHA-256, in hexadecimal; colons and case do not count.
    Fingerprint(String),
}

/// What is shown to the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(String);

impl Credential {
    /// An access token or an API key.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_sendable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_sendable.then(|| Self(text.to_owned()))
    }

    /// Whether it is the API key that begins with `prefix`.
    pub fn begins_with(&self, prefix: &str) -> bool {
        !prefix.is_empty() && self.0.starts_with(prefix)
    }

    /// Whether it is the token of somebody's session.
    pub fn is_session(&self) -> bool {
        self.header().0 == "authorization"
    }

    /// The header that carries it: a JWT has two dots, a key none.
    pub fn header(&self) -> (&'static str, String) {
        if self.0.matches('.').count() == 2 {
            ("authorization", format!("Bearer {}", self.0))
        } else {
            ("x-api-key", self.0.clone())
        }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// A server, and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What the operator calls it.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// Whose certificate is believed.
    pub trust: Trust,
    /// As whom; a Unix socket needs none.
    pub credential: Option<Credential>,
    /// The file that holds the credential: read each time the console connects.
    pub key_file: Option<PathBuf>,
    /// Whether writes stay off, whatever is asked for.
    pub is_read_only: bool,
}

impl Target {
    /// With what the key file holds now.
    pub fn with_key(mut self) -> Result<Self, String> {
        if let Some(file) = &self.key_file {
            let text =
                std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            let none = || format!("{} holds no token and no key", file.display());
            self.credential = Some(Credential::new(&text).ok_or_else(none)?);
        }
        Ok(self)
    }
}

/// The text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected https://HOST:PORT, unix:/PATH, or http://127.0.0.1:PORT on this machine")]
pub struct NoAddress;

impl std::str::FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(NoAddress) } else { Ok(Self::Unix(PathBuf::from(path))) };
        }
        let uri: Uri = text.parse().map_err(|_| NoAddress)?;
        let has_more =
            uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") || text.contains(['@', '#']);
        let host = uri.host().filter(|_| !has_more).ok_or(NoAddress)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_loopback => false,
            _ => return Err(NoAddress),
        };
        Ok(Self::Tcp { host, port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }), is_secure })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp { host, port, is_secure } => {
                let scheme = if *is_secure { "https" } else { "http" };
                write!(f, "{scheme}://{}", authority(host, *port))
            }
        }
    }
}

/// `host:port`, an IPv6 address in brackets.
pub fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_told_again() {
        for text in
            ["https://auth.example.com:8443", "http://127.0.0.1:8080", "https://[::1]:8443", "unix:/run/x"]
        {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for bad in
            ["", "unix:", "http://auth.example.com", "https://a/b", "https://u@a", "ftp://127.0.0.1", "a b"]
        {
            assert_eq!(bad.parse::<Address>(), Err(NoAddress), "{bad}");
        }
    }

    #[test]
    fn a_token_is_a_bearer_and_a_key_has_a_header_of_its_own() {
        assert_eq!(
            Credential::new(" a.b.c\n").unwrap().header(),
            ("authorization", "Bearer a.b.c".to_owned())
        );
        assert_eq!(Credential::new("lk_1").unwrap().header().0, "x-api-key");
        assert_eq!((Credential::new(" "), Credential::new("a\nb")), (None, None));
        assert_eq!(format!("{:?}", Credential::new("secret")), "Some(Credential(..))");
    }
}
