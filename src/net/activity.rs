//! What a connection is busy with, and the deadline that follows. Knows nothing of bytes on the wire.
//!
//! ## Decision: one watchdog per connection
//! hyper's own timer covers the HTTP/1 head only, and one and the same value bounds a resting connection. Here every
//! connection has one timer that is moved rarely; the work of a request is a few atomic stores. It tells apart
//! a head that does not end, a connection at rest, an answer that nobody reads, and an application at work.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;

/// How long a connection without a request may outlive the wish that it ends: time for a request that is
/// already on its way, and for the last bytes of an answer.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// The state of one connection. Times are milliseconds since its start, plus one; 0 is "never".
#[derive(Debug)]
pub(super) struct Activity {
    start: Instant,
    /// Requests the application is working on.
    working: AtomicUsize,
    /// Requests that are not answered in full.
    open: AtomicUsize,
    /// When the client last took something, or the application last gave something.
    progress: AtomicU64,
    /// When the head began that is not yet complete.
    head: AtomicU64,
    /// A request body was left unread: the client may still be sending it.
    unread: AtomicBool,
    http2: bool,
}

/// A request from its head to the end of its answer.
#[derive(Debug)]
pub(super) struct OpenRequest {
    activity: Arc<Activity>,
    working: bool,
}

/// Why a watchdog barks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expired {
    /// A head did not end in time.
    Head,
    /// Nothing moved for the idle time.
    Idle,
}

impl Activity {
    /// A new connection, which owes its first request.
    pub(super) fn new(http2: bool) -> Self {
        Self {
            start: Instant::now(),
            working: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            progress: AtomicU64::new(1),
            head: AtomicU64::new(1),
            unread: AtomicBool::new(false),
            http2,
        }
    }

    /// A request head is complete.
    pub(super) fn open(self: &Arc<Self>) -> OpenRequest {
        self.open.fetch_add(1, Relaxed);
        self.working.fetch_add(1, Relaxed);
        self.head.store(0, Relaxed);
        OpenRequest { activity: Arc::clone(self), working: true }
    }

    /// Bytes came. On HTTP/1 without a request they begin a head; on HTTP/2 they may be an answered ping.
    pub(super) fn has_read(&self) {
        if !self.http2 && self.open.load(Relaxed) == 0 && self.head.load(Relaxed) == 0 {
            self.head.store(self.now(), Relaxed);
        }
    }

    /// Bytes went. On HTTP/2 without a request they are no answer and keep nothing alive.
    pub(super) fn has_written(&self) {
        if !self.http2 || self.open.load(Relaxed) > 0 {
            self.progress.store(self.now(), Relaxed);
        }
    }

    /// A request body was dropped before its end.
    pub(super) fn left_unread(&self) {
        self.unread.store(true, Relaxed);
    }

    /// Whether the client may still be sending what nobody reads: a body, or the rest of a refused HTTP/1 head.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Relaxed) || (!self.http2 && self.head.load(Relaxed) > 0)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn deadline(&self, limits: &Limits, ending: Option<u64>) -> Option<(Instant, Expired)> {
        if self.working.load(Relaxed) > 0 {
            return None;
        }
        let (progress, head) = (self.progress.load(Relaxed), self.head.load(Relaxed));
        let open = self.open.load(Relaxed) > 0;
        Some(match ending {
            Some(since) if !open => (self.at(progress.max(since), LINGER), Expired::Idle),
            None if !open && head > 0 => (self.at(head, limits.header_read_timeout), Expired::Head),
            _ => (self.at(progress, limits.idle_timeout), Expired::Idle),
        })
    }

    fn at(&self, millis: u64, after: Duration) -> Instant {
        self.start + Duration::from_millis(millis) + after
    }
}

impl OpenRequest {
    /// The application works on it again.
    pub(super) fn work(&mut self) {
        if !self.working {
            self.working = true;
            self.activity.working.fetch_add(1, Relaxed);
        }
    }

    /// The application gave something and waits for the client to take it.
    pub(super) fn rest(&mut self) {
        if self.working {
            self.activity.progress.store(self.activity.now(), Relaxed);
            self.working = false;
            self.activity.working.fetch_sub(1, Relaxed);
        }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.rest();
        self.activity.open.fetch_sub(1, Relaxed);
    }
}

/// Waits until a connection has overstayed.
#[derive(Debug)]
pub(super) struct Watchdog {
    activity: Arc<Activity>,
    limits: Arc<Limits>,
    sleep: Pin<Box<Sleep>>,
    ending: Option<u64>,
}

impl Watchdog {
    pub(super) fn new(activity: Arc<Activity>, limits: Arc<Limits>) -> Self {
        let sleep = Box::pin(sleep_until(Instant::now() + limits.header_read_timeout));
        Self { activity, limits, sleep, ending: None }
    }

    /// The connection was asked to end: from now on it has [`LINGER`] when no request is open.
    pub(super) fn end(&mut self) {
        self.ending.get_or_insert(self.activity.now());
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    fn deadline(&self) -> Option<(Instant, Expired)> {
        self.activity.deadline(&self.limits, self.ending)
    }
}

impl Future for Watchdog {
    type Output = Expired;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Expired> {
        loop {
            if let Some((at, _)) = self.deadline()
                && at < self.sleep.deadline()
            {
                self.sleep.as_mut().reset(at);
            }
            ready!(self.sleep.as_mut().poll(context));
            let now = Instant::now();
            let next = match self.deadline() {
                Some((at, expired)) if at <= now => return Poll::Ready(expired),
                Some((at, _)) => at,
                None => now + self.limits.header_read_timeout,
            };
            self.sleep.as_mut().reset(next);
        }
    }
}
