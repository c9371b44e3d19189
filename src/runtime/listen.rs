//! Sockets and certificates: the configured listeners become bound ones, with what answers on each.

use std::sync::Arc;
use std::time::Duration;

use poem::http::StatusCode;
use rustix::process::geteuid;

use super::data_dir::DataDir;
use super::failure::Failure;
use crate::ambient::SystemClock;
use crate::config::{self, Config, PlainHttp};
use crate::domain::operator::Operators;
use crate::http::Front;
use crate::http::answer;
use crate::http::error::ApiError;
use crate::http::middleware::security_headers;
use crate::http::middleware::transport::Transport;
use crate::net::{
    self, Bound, Fault, FaultAnswer, Handler, Limits, Listener, LocalSocket, Server, TlsFiles, TlsSource,
};

/// A bound listener, and how it is announced.
pub struct Listening {
    /// What the accept loop takes.
    pub listener: Listener,
    /// The address, and the certificate's fingerprint when it speaks TLS.
    pub description: String,
}

/// The certificate, when any listener speaks TLS.
pub fn tls(config: &Config, dir: &DataDir) -> Result<Option<Arc<TlsSource>>, Failure> {
    let speaks = config.listen.iter().any(|listener| listener.tls);
    speaks.then(|| certificate(config, dir).map(Arc::new)).transpose()
}

/// Binds every configured address. Nothing is accepted yet.
pub fn bind(config: &Config, tls: Option<&Arc<TlsSource>>, front: &Front) -> Result<Vec<Listening>, Failure> {
    config.listen.iter().map(|listener| bind_one(config, listener, tls, front)).collect()
}

fn bind_one(
    config: &Config,
    listener: &config::Listener,
    tls: Option<&Arc<TlsSource>>,
    front: &Front,
) -> Result<Listening, Failure> {
    let bound = Bound::to(listener.addr).map_err(|error| {
        Failure::from_error(&error).help("stop the other program, or choose another address with --listen")
    })?;
    let plain = match listener.http {
        PlainHttp::Off => None,
        PlainHttp::Reject => Some(Transport::Reject),
        PlainHttp::Redirect => Some(Transport::Redirect { base: origin(config.public_url.as_str()) }),
        PlainHttp::Trusted => Some(Transport::Trusted),
        PlainHttp::Open => Some(Transport::Dev),
    };
    let handler = |transport| -> Handler { net::handler(front.behind(transport, listener.root)) };
    let tls = tls.filter(|_| listener.tls);
    let description = match tls {
        Some(tls) => format!("https://{} (certificate SHA-256 {})", bound.address(), tls.fingerprint()),
        None => format!("http://{}", bound.address()),
    };
    let tls = tls.map(|tls| (tls.clone(), handler(Transport::Tls)));
    Ok(Listening { listener: Listener { bound, tls, plain: plain.map(handler) }, description })
}

fn certificate(config: &Config, dir: &DataDir) -> Result<TlsSource, Failure> {
    let files = match &config.tls.certificate {
        Some(files) => TlsFiles::Given { certificate: files.cert_file.clone(), key: files.key_file.clone() },
        None => TlsFiles::SelfSigned {
            folder: dir.path().join("tls"),
            host: Some(config.public_url.host().to_owned()),
        },
    };
    TlsSource::load(files, Arc::new(SystemClock)).map_err(|error| Failure::from_error(&error))
}

/// Scheme and authority, without a path.
fn origin(url: &str) -> String {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let end =
        url.get(after_scheme..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| after_scheme + at);
    url.get(..end).unwrap_or(url).to_owned()
}

/// Who may call over the admin socket.
pub fn operators(config: &Config) -> Operators {
    let rules = config.admin_socket.as_ref().map(|socket| socket.operators.clone());
    Operators { own: geteuid().as_raw(), rules: rules.unwrap_or_default() }
}

/// Binds the admin socket. Nothing is accepted yet.
pub async fn admin_socket(config: &Config) -> Result<Option<LocalSocket>, Failure> {
    let Some(socket) = &config.admin_socket else { return Ok(None) };
    let bound = LocalSocket::bind(&socket.path, socket.mode()).await;
    bound.map(Some).map_err(|error| {
        let help = "choose another path with admin_socket.path, or set admin_socket.enabled to false";
        Failure::from_error(&error).help(help)
    })
}

/// The admin socket and what serves it.
pub struct Local {
    /// An accept loop of its own: what happens on the network shuts no operator out.
    pub server: Server,
    /// The socket.
    pub socket: LocalSocket,
    /// What answers.
    pub handler: Handler,
}

/// What serves `socket`: the deadlines of the configuration, and caps in all and for one user of the host.
pub fn local(config: &Config, socket: LocalSocket, front: &Front) -> Local {
    let caps = Limits { max_connections: 128, max_connections_per_address: 32, ..limits(config) };
    let limits = Limits { uncounted: Vec::new(), ..caps };
    Local {
        server: Server { limits, faults: faults(), metrics: Arc::default() },
        socket,
        handler: net::handler(front.behind(Transport::Socket, None)),
    }
}

/// The deadlines and caps of the configuration.
pub fn limits(config: &Config) -> Limits {
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let net = &config.net;
    Limits {
        first_byte_timeout: net.header_timeout,
        handshake_timeout: net.handshake_timeout,
        header_read_timeout: net.header_timeout,
        body_grace: net.body_grace,
        body_bytes_per_second: net.body_min_rate.into(),
        // The HTTP floor answers in time by itself, with a request id; this is the net below it.
        request_timeout: net.request_timeout.saturating_add(Duration::from_secs(1)),
        idle_timeout: net.idle_timeout,
        drain_timeout: net.drain_timeout,
        max_connections: size(net.max_connections),
        max_connections_per_address: size(net.max_connections_per_address),
        uncounted: config.trusted_proxies.clone(),
        max_header_bytes: net.max_header_bytes,
        max_header_fields: size(net.max_header_fields),
        max_body_bytes: size(net.max_body_bytes),
        http2_max_streams: net.http2_max_streams,
        http2_max_pending_resets: size(net.http2_max_resets),
        http2_max_control_frames: net.http2_max_control_frames,
        http2_ping_interval: net.http2_ping_interval,
        http2_ping_timeout: net.http2_ping_timeout,
    }
}

/// The answers of the accept loop itself, in the envelope. It knows no request id.
pub fn faults() -> FaultAnswer {
    Arc::new(|fault| {
        let error = match fault {
            Fault::Panic => ApiError::from_status(StatusCode::INTERNAL_SERVER_ERROR),
            Fault::Deadline => ApiError::from_status(StatusCode::SERVICE_UNAVAILABLE).retry_after(1),
            Fault::HeaderFields => ApiError::from_status(StatusCode::BAD_REQUEST),
        };
        let mut answer = answer::json(error.status(), &error.to_wire("none"));
        security_headers::apply(answer.headers_mut(), false);
        answer
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_goes_to_the_origin_of_the_public_url() {
        assert_eq!(origin("https://auth.example.com"), "https://auth.example.com");
        assert_eq!(origin("https://auth.example.com:8443/login"), "https://auth.example.com:8443");
    }
}
