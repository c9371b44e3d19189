//! Bodies in and out: the cap and the pace of a request body, the end of a response body. Knows nothing of content.
//!
//! A request body that breaks a rule ends with an [`io::Error`]. Its kind is `TimedOut` when it came too slowly (408);
//! its inner error is [`http_body_util::LengthLimitError`] when it was too long (413):
//! `error.get_ref().is_some_and(|inner| inner.is::<LengthLimitError>())`. poem's own readers (`Body::into_bytes` and
//! what builds on it) wrap the error in another [`io::Error`]: unwrap while `get_ref` downcasts to one.
//! Every other error means that the body broke off or was framed wrongly (400).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Limited;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::{Activity, OpenRequest};
use super::{Limits, Metrics};

/// A request body with a cap and a slowest pace.
pub(super) struct RequestBody {
    inner: Limited<Incoming>,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    activity: Arc<Activity>,
    pace: Option<Pace>,
    received: u64,
    ended: bool,
}

/// The clock of a body that kept its reader waiting.
struct Pace {
    start: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl RequestBody {
    pub(super) fn new(
        body: Incoming,
        limits: Arc<Limits>,
        metrics: Arc<Metrics>,
        activity: Arc<Activity>,
    ) -> Self {
        let inner = Limited::new(body, limits.max_body_bytes);
        Self { inner, limits, metrics, activity, pace: None, received: 0, ended: false }
    }

    fn poll_too_slow(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let earned = self.received.checked_div(self.limits.body_bytes_per_second).unwrap_or_default();
        let allowed = self.limits.body_grace + Duration::from_secs(earned);
        let pace = self.pace.get_or_insert_with(|| {
            let start = Instant::now();
            Pace { start, sleep: Box::pin(sleep_until(start + allowed)) }
        });
        let deadline = pace.start + allowed;
        if pace.sleep.deadline() < deadline {
            pace.sleep.as_mut().reset(deadline);
        }
        pace.sleep.as_mut().poll(context)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                self.received = self.received.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(io::Error::other(error)))),
            Poll::Ready(None) => {
                self.ended = true;
                Poll::Ready(None)
            }
            Poll::Pending => {
                ready!(self.poll_too_slow(context));
                self.metrics.timeouts.up();
                let error = io::Error::new(io::ErrorKind::TimedOut, "the request body came too slowly");
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.ended && !self.inner.is_end_stream() {
            self.activity.left_unread();
        }
    }
}

/// A response body that tells whether the application or the client is awaited.
pub(super) struct ResponseBody {
    inner: BoxBody<Bytes, io::Error>,
    request: OpenRequest,
}

impl ResponseBody {
    pub(super) fn new(inner: BoxBody<Bytes, io::Error>, mut request: OpenRequest) -> Self {
        request.rest();
        Self { inner, request }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        match frame {
            Poll::Pending => self.request.work(),
            Poll::Ready(_) => self.request.rest(),
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
