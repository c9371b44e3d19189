//! A small HTTP/1.1 client for calling out: one request, one connection. Knows nothing of what is asked.
//!
//! ## Decision: hyper over the rustls that is there, instead of reqwest
//! What calls out sends one small body and reads at most a small one. hyper and tokio-rustls are in the tree for the
//! server; reqwest would bring 20 crates, a second certificate verifier and a connection pool for it. There is nothing to
//! follow a redirect here, and no answer is read beyond what its reader allows, so neither can be abused (R68).
//!
//! ## Decision: an address is judged when it is dialled
//! A name that was harmless when the configuration was read can lead inside later, and a name can have harmless and
//! harmful addresses at once. So a client that may call the internet alone looks the name up itself, drops every address
//! that is not public, and dials one of those that are left: nothing is looked up a second time (DNS rebinding).

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use crate::domain::address::is_public;

/// Most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Where to call. `https`, or `http` on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    port: u16,
    is_secure: bool,
    authority: HeaderValue,
    target: Uri,
}

/// Which addresses a client calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those of the internet: nothing on this machine, in a private network or of a cloud's metadata.
    Public,
    /// Any.
    Anywhere,
}

impl Reach {
    /// The reach of whoever may call private addresses, or may not.
    pub const fn with_private(is_allowed: bool) -> Self {
        if is_allowed { Self::Anywhere } else { Self::Public }
    }
}

/// The client cannot work like this. Each is one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not a URL that is called.
    #[error("not an https:// URL without user name and fragment; http:// is for loopback only")]
    Url,
    /// The file of authorities cannot be read or holds none.
    #[error("{} holds no PEM certificate that can be used", .0.display())]
    CaFile(PathBuf),
    /// TLS could not be prepared.
    #[error("TLS could not be prepared")]
    Tls(#[from] rustls::Error),
}

/// No answer came. The text names the step and holds nothing that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// Nobody listens there, or the name leads nowhere.
    #[error("no connection")]
    Connect,
    /// The name leads to private addresses alone, which are not called.
    #[error("no connection: the address is private")]
    Private,
    /// The certificate is not good for this host, or TLS failed otherwise.
    #[error("no TLS connection: the certificate is not trusted, or TLS failed")]
    Tls,
    /// The answer is no HTTP, or too long, or was cut off.
    #[error("no valid answer")]
    Answer,
    /// The answer is longer than its reader allows.
    #[error("an answer that is too long")]
    TooLong,
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// When to come again (`Retry-After`, RFC 9110 10.2.3), where that was said in seconds.
    pub retry_after: Option<Duration>,
    /// Its body, as far as it was asked for.
    pub body: Vec<u8>,
}

impl Endpoint {
    /// Reads a URL.
    pub fn parse(url: &str) -> Result<Self, ClientError> {
        let uri: Uri = url.parse().map_err(|_| ClientError::Url)?;
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
            return Err(ClientError::Url);
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_loopback = host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_loopback => false,
            _ => return Err(ClientError::Url),
        };
        if authority.as_str().contains('@') || url.contains('#') {
            return Err(ClientError::Url);
        }
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let target = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            host,
            port,
            is_secure,
            authority: HeaderValue::from_str(authority.as_str()).map_err(|_| ClientError::Url)?,
            target: target.parse().map_err(|_| ClientError::Url)?,
        })
    }
}

/// Calls out. Certificates are always verified.
#[derive(Clone)]
pub struct HttpClient {
    tls: TlsConnector,
    timeout: Duration,
    reach: Reach,
}

impl HttpClient {
    /// Trusts the public authorities, and those in `ca_file`. A whole call takes at most `timeout`.
    pub fn new(ca_file: Option<&Path>, timeout: Duration, reach: Reach) -> Result<Self, ClientError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca_file {
            let unusable = || ClientError::CaFile(path.to_owned());
            let found = CertificateDer::pem_file_iter(path).map_err(|_| unusable())?;
            let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|_| unusable())?;
            if found.is_empty() || roots.add_parsable_certificates(found).1 > 0 {
                return Err(unusable());
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), timeout, reach })
    }

    /// Posts `body` with `headers`. The body of the answer is left unread.
    pub async fn post(
        &self,
        endpoint: &Endpoint,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, CallFault> {
        self.fetch(endpoint, Method::POST, (headers, body), 0).await
    }

    /// Calls with `method`, headers and body. The answer's body has at most `bytes_max` bytes; with 0 it is left unread.
    pub async fn fetch(
        &self,
        endpoint: &Endpoint,
        method: Method,
        (headers, body): (HeaderMap, Vec<u8>),
        bytes_max: usize,
    ) -> Result<Answer, CallFault> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        (*request.method_mut(), *request.uri_mut()) = (method, endpoint.target.clone());
        *request.headers_mut() = headers;
        request.headers_mut().insert(header::HOST, endpoint.authority.clone());
        request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        let call = self.call(endpoint, request, bytes_max);
        tokio::time::timeout(self.timeout, call).await.unwrap_or(Err(CallFault::Timeout))
    }

    async fn call(
        &self,
        endpoint: &Endpoint,
        request: Request<Full<Bytes>>,
        bytes_max: usize,
    ) -> Result<Answer, CallFault> {
        let socket = self.dial(endpoint).await?;
        if !endpoint.is_secure {
            return exchange(socket, request, bytes_max).await;
        }
        let name = ServerName::try_from(endpoint.host.clone()).map_err(|_| CallFault::Tls)?;
        let stream = self.tls.connect(name, socket).await.map_err(|_| CallFault::Tls)?;
        exchange(stream, request, bytes_max).await
    }

    async fn dial(&self, endpoint: &Endpoint) -> Result<TcpStream, CallFault> {
        let found = lookup_host((endpoint.host.as_str(), endpoint.port)).await;
        let mut found = found.map_err(|_| CallFault::Connect)?.peekable();
        found.peek().ok_or(CallFault::Connect)?;
        let is_allowed = |at: &SocketAddr| self.reach == Reach::Anywhere || is_public(at.ip());
        let allowed: Vec<_> = found.filter(is_allowed).collect();
        if allowed.is_empty() {
            return Err(CallFault::Private);
        }
        TcpStream::connect(&*allowed).await.map_err(|_| CallFault::Connect)
    }
}

/// One request and its answer.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Full<Bytes>>,
    bytes_max: usize,
) -> Result<Answer, CallFault> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX);
    let shaken = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|_| CallFault::Answer)?;
    let mut answer = pin!(async {
        let answer = sender.send_request(request).await.map_err(|_| CallFault::Answer)?;
        let said =
            answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let (status, retry_after) = (answer.status(), said.map(Duration::from_secs));
        if bytes_max == 0 {
            return Ok(Answer { status, retry_after, body: Vec::new() });
        }
        let body = Limited::new(answer.into_body(), bytes_max).collect().await;
        let body = body.map_err(|fault| {
            if fault.is::<LengthLimitError>() { CallFault::TooLong } else { CallFault::Answer }
        })?;
        Ok(Answer { status, retry_after, body: body.to_bytes().to_vec() })
    });
    tokio::select! {
        answer = &mut answer => answer,
        // The connection may end with the very read that brought the answer.
        _ = connection => answer.await,
    }
}
