//! The accept loop: TLS, deadlines, caps, graceful end. Knows nothing of routes, users or the store.
//!
//! Bind with [`Bound::to`], describe each address with a [`Listener`], run [`Server::serve`]. A request reaches a poem
//! endpoint with a truthful scheme and the peer's address (IPv4-mapped as IPv4); bodies are capped and paced
//! while they stream (see [`body`] for the errors a handler meets).
//!
//! ## Decision: the protocol is known before the first request is parsed
//! Problem: hyper-util's version detection has no deadline, and one port shall speak TLS and answer cleartext.
//! Choice: the first bytes are peeked under a deadline. 0x16 is a TLS handshake, and ALPN then names the version;
//! `PRI ` in cleartext is HTTP/2 with prior knowledge; all else is HTTP/1. The builder is told which.
//! Alternative: detection while reading, which needs a second timer and cannot be ended gracefully.

mod accept;
mod activity;
mod answer;
pub mod body;
mod certificate;
mod connection;
pub mod der;
pub mod frames;
pub mod framing;
mod limits;
mod local;
mod metrics;
mod slots;
mod tls;
mod watched;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use poem::endpoint::{DynEndpoint, ToDynEndpoint};
use poem::{EndpointExt, IntoEndpoint, Response};
use tokio::sync::watch;
use tokio::time::timeout;

pub use accept::{BindError, Bound};
pub use certificate::fingerprint;
pub use limits::Limits;
pub use local::{LocalError, LocalSocket};
pub use metrics::{Counter, Metrics};
pub use tls::{TlsError, TlsFiles, TlsSource};

/// What answers requests.
pub type Handler = Arc<dyn DynEndpoint<Output = Response>>;

/// Makes the answer to a [`Fault`], in the words of the caller.
pub type FaultAnswer = Arc<dyn Fn(Fault) -> Response + Send + Sync>;

/// Why the loop answers in place of the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The handler panicked. The panic hook has told where; the answer must not (500).
    Panic,
    /// The handler took longer than [`Limits::request_timeout`] (408 or 503).
    Deadline,
    /// More than [`Limits::max_header_fields`] fields came over HTTP/2 (431). HTTP/1 is answered below this.
    HeaderFields,
}

/// One bound address and what it speaks.
pub struct Listener {
    /// The socket.
    pub bound: Bound,
    /// The certificate and what answers over TLS. `None`: plain HTTP only.
    pub tls: Option<(Arc<TlsSource>, Handler)>,
    /// What answers plain HTTP: the service itself, a refusal or a redirect. `None`: cleartext is closed at once.
    pub plain: Option<Handler>,
}

/// The accept loop.
pub struct Server {
    /// Deadlines and caps.
    pub limits: Limits,
    /// Answers for faults.
    pub faults: FaultAnswer,
    /// Counters, shared with whoever reports them.
    pub metrics: Arc<Metrics>,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections cut because they were still open after [`Limits::drain_timeout`].
    pub cut: u64,
}

/// Where the server is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    Draining,
    Cut,
}

/// What all connections share.
struct Shared {
    limits: Arc<Limits>,
    faults: FaultAnswer,
    metrics: Arc<Metrics>,
    slots: Arc<slots::Slots>,
    http: hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>,
}

/// Turns a poem endpoint into a [`Handler`]; its errors become responses.
pub fn handler<E>(endpoint: E) -> Handler
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    Arc::new(ToDynEndpoint(endpoint.into_endpoint().map_to_response()))
}

impl Server {
    /// Serves until `shutdown` is ready, then drains: no new connections, requests in flight are finished, connections
    /// at rest are closed, and what is left after [`Limits::drain_timeout`] is cut.
    ///
    /// A response that streams for ever must end by itself at shutdown, or it is cut.
    pub async fn serve(self, listeners: Vec<Listener>, shutdown: impl Future<Output = ()> + Send) -> Drained {
        let begin = |shared: &Arc<Shared>, phase: &watch::Receiver<Phase>| {
            for listener in listeners {
                tokio::spawn(accept::run(listener, Arc::clone(shared), phase.clone()));
            }
        };
        self.serve_with(begin, shutdown).await
    }

    /// The same over a Unix socket, which speaks HTTP/1.1 and nothing else. `handler` finds in the data of a request what
    /// the kernel says of its peer: a [`tokio::net::unix::UCred`]. [`Limits::max_connections_per_address`] counts by
    /// user.
    pub async fn serve_local(
        self,
        socket: LocalSocket,
        handler: Handler,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Drained {
        let begin = |shared: &Arc<Shared>, phase: &watch::Receiver<Phase>| {
            tokio::spawn(local::run(socket, handler, Arc::clone(shared), phase.clone()));
        };
        self.serve_with(begin, shutdown).await
    }

    async fn serve_with(
        self,
        begin: impl FnOnce(&Arc<Shared>, &watch::Receiver<Phase>) + Send,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Drained {
        let drain_timeout = self.limits.drain_timeout;
        let metrics = Arc::clone(&self.metrics);
        let shared = Arc::new(self.into_shared());
        let (phase, serving) = watch::channel(Phase::Serving);
        begin(&shared, &serving);
        drop(serving);

        shutdown.await;
        phase.send_replace(Phase::Draining);
        // Every listener and connection holds a receiver: the channel closes when the last of them is gone.
        if timeout(drain_timeout, phase.closed()).await.is_ok() {
            return Drained { cut: 0 };
        }
        let cut = metrics.open.value();
        phase.send_replace(Phase::Cut);
        // A handler that blocks its thread cannot be cut; the process ends without it.
        let _ = timeout(activity::LINGER, phase.closed()).await;
        Drained { cut }
    }

    fn into_shared(self) -> Shared {
        let limits = Arc::new(self.limits);
        Shared {
            slots: Arc::new(slots::Slots::new(Arc::clone(&limits))),
            http: connection::protocol(&limits),
            faults: self.faults,
            metrics: self.metrics,
            limits,
        }
    }
}
