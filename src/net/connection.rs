//! One connection: which protocol, who answers, how it ends. Knows nothing of routes.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use http::uri::Scheme;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::activity::{Activity, Expired, Watchdog};
use super::answer::{Caller, answer};
use super::slots::Slot;
use super::watched::Watched;
use super::{Handler, Limits, Phase, Shared, TlsSource};

/// The first byte of a TLS record that carries a handshake (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 0x16;
/// The start of the HTTP/2 preface (RFC 9113, 3.4). No HTTP/1 method is `PRI`.
const HTTP2_PREFACE: &[u8; 4] = b"PRI ";

/// A connection's share of what all connections share: its slot and its place in the count.
pub(super) struct Open {
    shared: Arc<Shared>,
    _slot: Slot,
}

/// What an address speaks.
pub(super) struct Speakers {
    pub(super) address: SocketAddr,
    pub(super) tls: Option<(Arc<TlsSource>, Handler)>,
    pub(super) plain: Option<Handler>,
}

/// What the peeked bytes say.
enum Opening {
    Tls,
    Http1,
    Http2,
}

impl Open {
    pub(super) fn new(shared: Arc<Shared>, slot: Slot) -> Self {
        shared.metrics.open.up();
        Self { shared, _slot: slot }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.metrics.open.down();
    }
}

/// The protocol settings that `limits` ask for.
pub(super) fn protocol(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // The watchdog times heads: hyper's timer would bound a resting connection by the same value.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        // Answers are small: one plain write costs less than gathering head and body.
        .writev(false)
        // A head must fit into the read buffer; a body streams through it. hyper takes nothing below 8 KiB.
        .max_buf_size(usize::try_from(limits.max_header_bytes).unwrap_or(usize::MAX).max(8 * 1024));
    // 100 is hyper's own cap and costs nothing; any other is allocated for each request.
    if limits.max_header_fields != 100 {
        builder.http1().max_headers(limits.max_header_fields);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2_max_streams)
        .max_pending_accept_reset_streams(limits.http2_max_pending_resets)
        .max_local_error_reset_streams(limits.http2_max_pending_resets)
        .max_header_list_size(limits.max_header_bytes)
        // A connection's unread bodies cannot hold more memory than this.
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(256 * 1024)
        .max_send_buf_size(64 * 1024)
        .keep_alive_interval(limits.http2_ping_interval)
        .keep_alive_timeout(limits.http2_ping_timeout);
    builder
}

/// Serves `stream` to its end.
pub(super) async fn run(
    stream: TcpStream,
    peer: SocketAddr,
    speakers: Arc<Speakers>,
    open: Open,
    mut phase: watch::Receiver<Phase>,
) {
    // Answers are small and written whole: waiting to fill a segment only delays them.
    let _ = stream.set_nodelay(true);
    let local = stream.local_addr().unwrap_or(speakers.address);
    let caller = |handler: &Handler, scheme, http2| Caller {
        shared: Arc::clone(&open.shared),
        activity: Arc::new(Activity::new(http2)),
        handler: Arc::clone(handler),
        scheme,
        local: LocalAddr(local.into()),
        remote: RemoteAddr(peer.into()),
        peer: None,
    };
    let metrics = &open.shared.metrics;
    let Some(opening) = before_drain(&mut phase, opening(&stream, &open.shared)).await else { return };
    match (opening, &speakers.tls, &speakers.plain) {
        (Opening::Tls, Some((source, handler)), _) => {
            let handshake = TlsAcceptor::from(source.config()).accept(stream);
            let handshake = timeout(open.shared.limits.handshake_timeout, handshake);
            let Some(stream) = before_drain(&mut phase, async { Some(handshake.await) }).await else {
                return;
            };
            let Ok(Ok(stream)) = stream else {
                metrics.handshake_failures.up();
                return;
            };
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            serve(stream, caller(handler, Scheme::HTTPS, http2), http2, phase).await;
        }
        (Opening::Http1, _, Some(handler)) => {
            serve(stream, caller(handler, Scheme::HTTP, false), false, phase).await;
        }
        (Opening::Http2, _, Some(handler)) => {
            serve(stream, caller(handler, Scheme::HTTP, true), true, phase).await;
        }
        (Opening::Tls, None, _) | (Opening::Http1 | Opening::Http2, _, None) => {
            metrics.handshake_failures.up();
        }
    }
}

/// Nothing is in flight yet: a drain ends it at once.
async fn before_drain<T>(
    phase: &mut watch::Receiver<Phase>,
    work: impl Future<Output = Option<T>>,
) -> Option<T> {
    tokio::select! {
        biased;
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => None,
        done = work => done,
    }
}

async fn opening(stream: &TcpStream, shared: &Shared) -> Option<Opening> {
    let mut first = [0; 4];
    let Ok(peeked) = timeout(shared.limits.first_byte_timeout, stream.peek(&mut first)).await else {
        shared.metrics.timeouts.up();
        return None;
    };
    match (peeked, first) {
        (Err(_) | Ok(0), _) => None,
        (Ok(_), [TLS_HANDSHAKE, ..]) => Some(Opening::Tls),
        (Ok(4), first) if first == *HTTP2_PREFACE => Some(Opening::Http2),
        _ => Some(Opening::Http1),
    }
}

pub(super) async fn serve<T>(stream: T, caller: Caller, http2: bool, mut phase: watch::Receiver<Phase>)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let shared = Arc::clone(&caller.shared);
    let frames = http2.then_some(shared.limits.http2_max_control_frames);
    let stream = TokioIo::new(Watched::new(stream, Arc::clone(&caller.activity), frames));
    let mut watchdog = Watchdog::new(Arc::clone(&caller.activity), Arc::clone(&shared.limits));
    let caller = Arc::new(caller);
    let service = service_fn(move |request| answer(Arc::clone(&caller), request));
    let builder = shared.http.clone();
    let builder = if http2 { builder.http2_only() } else { builder.http1_only() };
    let mut connection = pin!(builder.serve_connection(stream, service));
    let mut seen = Phase::Serving;
    loop {
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            expired = &mut watchdog => {
                if expired == Expired::Head {
                    shared.metrics.timeouts.up();
                    return;
                }
                if watchdog.is_ending() {
                    return;
                }
            }
            now = phase.wait_for(|phase| *phase != seen) => match now.as_deref() {
                Ok(Phase::Draining) => seen = Phase::Draining,
                _ => return,
            }
        }
        // Rested long enough, or the server drains: say so (GOAWAY, `connection: close`) and leave a moment to go.
        connection.as_mut().graceful_shutdown();
        watchdog.end();
    }
}
