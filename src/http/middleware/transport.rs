//! Whether a request may be served over the wire it came by (rules G1, S34). Knows nothing of the request's
//! meaning, but that health probes are answered everywhere.

use std::net::IpAddr;

use ipnet::IpNet;
use poem::http::{HeaderValue, StatusCode, Uri, header};
use poem::{IntoResponse, Request, Response};

use super::client_address::is_trusted;
use crate::http::error::ApiError;
use crate::http::health;
use crate::wire::error::ErrorCode;

/// What a listener does with requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// It speaks TLS: everything is served, and browsers are told to stay with TLS.
    Tls,
    /// Plain HTTP on loopback in dev mode: everything is served.
    Dev,
    /// Plain HTTP: everything is refused with 403.
    Reject,
    /// Plain HTTP: everything is sent on with 301 to this base, such as `https://auth.example.com`. It comes
    /// from the configuration and never from the request's `Host` (SECURITY R62).
    Redirect {
        /// Scheme and authority, without a path.
        base: String,
    },
    /// Plain HTTP over the admin socket: served to operators. Browsers cannot come this way.
    Socket,
    /// Plain HTTP behind a proxy that ends TLS: served to trusted proxies, refused to anybody else.
    Trusted,
}

impl Transport {
    /// Whether the client's own connection is encrypted, as far as can be known.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls | Self::Trusted)
    }

    /// The answer that stands in for service, or `None` when `request` may be served.
    pub fn refusal(&self, request: &Request, peer: IpAddr, trusted: &[IpNet]) -> Option<Response> {
        match self {
            Self::Tls | Self::Dev | Self::Socket => None,
            _ if is_health(request.uri().path()) => None,
            Self::Trusted if is_trusted(peer, trusted) => None,
            Self::Reject | Self::Trusted => Some(https_required()),
            Self::Redirect { base } => Some(redirect(base, request.uri())),
        }
    }
}

fn is_health(path: &str) -> bool {
    health::PATHS.contains(&path)
}

fn https_required() -> Response {
    ApiError::new(ErrorCode::HttpsRequired, "This server is reached over HTTPS only.").into_response()
}

fn redirect(base: &str, uri: &Uri) -> Response {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    match HeaderValue::try_from(format!("{base}{target}")) {
        Ok(location) => {
            let permanently = Response::builder().status(StatusCode::MOVED_PERMANENTLY);
            permanently.header(header::LOCATION, location).finish()
        }
        Err(_) => https_required(),
    }
}
