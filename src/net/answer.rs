//! One request: to the handler and back, within its time. Knows nothing of sockets.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::uri::Scheme;
use http_body::Body as _;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Body, Request, RequestParts, Response};
use tokio::net::unix::UCred;
use tokio::time::timeout;

use super::activity::Activity;
use super::body::{RequestBody, ResponseBody};
use super::{Fault, Handler, Shared};

/// Who answers this connection, and what it knows of it.
pub(super) struct Caller {
    pub(super) shared: Arc<Shared>,
    pub(super) activity: Arc<Activity>,
    pub(super) handler: Handler,
    pub(super) scheme: Scheme,
    pub(super) local: LocalAddr,
    pub(super) remote: RemoteAddr,
    /// What the kernel says of the other end of a Unix socket.
    pub(super) peer: Option<UCred>,
}

/// Answers one request; whatever happens, there is an answer.
pub(super) async fn answer(
    caller: Arc<Caller>,
    request: http::Request<Incoming>,
) -> Result<http::Response<ResponseBody>, Infallible> {
    let open = caller.activity.open();
    let response: http::Response<BoxBody<Bytes, std::io::Error>> = respond(&caller, request).await.into();
    Ok(response.map(|body| ResponseBody::new(body, open)))
}

async fn respond(caller: &Caller, request: http::Request<Incoming>) -> Response {
    let Shared { limits, faults, metrics, .. } = &*caller.shared;
    let (mut parts, body) = request.into_parts();
    if parts.headers.len() > limits.max_header_fields {
        return faults(Fault::HeaderFields);
    }
    let body = if body.is_end_stream() {
        Body::empty()
    } else {
        let (limits, metrics) = (Arc::clone(limits), Arc::clone(metrics));
        let body = RequestBody::new(body, limits, metrics, Arc::clone(&caller.activity));
        Body::from(BoxBody::new(body))
    };
    if let Some(peer) = caller.peer {
        parts.extensions.insert(peer);
    }
    let (local, remote) = (caller.local.clone(), caller.remote.clone());
    let parts = RequestParts::from((parts, local, remote, caller.scheme.clone()));
    let mut work = Caught(caller.handler.call(Request::from_parts(parts, body)));
    // Most answers are ready at once and need no timer.
    let at_once = poll_fn(|context| Poll::Ready(Pin::new(&mut work).poll(context))).await;
    let answered = match at_once {
        Poll::Ready(answer) => Ok(answer),
        Poll::Pending => timeout(limits.request_timeout, work).await,
    };
    match answered {
        Ok(Some(answer)) => answer.unwrap_or_else(poem::Error::into_response),
        Ok(None) => {
            metrics.panics.up();
            faults(Fault::Panic)
        }
        Err(_) => {
            metrics.timeouts.up();
            faults(Fault::Deadline)
        }
    }
}

/// `None` when the future panics. The panic hook has logged it by then, with its place; logging again would double it.
struct Caught<F>(F);

impl<F: Future + Unpin> Future for Caught<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let work = AssertUnwindSafe(|| Pin::new(&mut self.0).poll(context));
        catch_unwind(work).map_or(Poll::Ready(None), |poll| poll.map(Some))
    }
}
