//! A stream of server-sent events: how it is written, how it waits, and how it ends. Knows nothing of who may open one.
//!
//! ## Decision: a page at a time, and the right to it judged after it was read
//! Nothing is read before the connection asks for more, and then one page. The caller is judged after the page was
//! read and before it is sent, so nothing leaves that was committed after the right was taken. Every end of a session
//! and every change of a role is a commit, and a commit wakes the stream; what ends by time alone shows at the next
//! heartbeat.
//!
//! ## Decision: a wake gathers for a moment
//! Under load each commit would wake every stream for one event. After a wake a stream waits 20 ms, so it looks at
//! most fifty times a second, however many commits there are.
//!
//! ## Decision: a stream is counted by itself
//! The log line and the metrics of its request are those of its beginning; how many are open is a gauge of its own.
//! The deadline of a request ends with the head of its answer. Silence is the server's, so no idle deadline counts;
//! a client that does not take what was sent is cut off after the idle time of its connection.
//!
//! ## Decision: nothing can break a frame
//! A frame is made of names of ours, cursors (digits and hexadecimal) and JSON in one line, in which every control
//! character is escaped. So there is no text in which a line could be smuggled.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use poem::http::{HeaderName, HeaderValue, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

use super::again::Again;
use super::audit::to_wire;
use super::error::ApiError;
use super::middleware::request_log;
use crate::domain::feed::Cursor;
use crate::services::events::{self, Feed, FeedPage};
use crate::services::{Services, StoreError};
use crate::wire::error::ErrorCode;
use crate::wire::event::{StreamEnd, StreamGap, StreamReady};

const EVENT_STREAM: &str = "text/event-stream";

/// How long a wake waits for more.
const GATHER: Duration = Duration::from_millis(20);

/// Tells nginx to pass on what comes as it comes.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The answer that goes on.
pub struct EventStream(Result<Body, ApiError>);

impl EventStream {
    /// What `follower` writes.
    pub fn of(follower: Follower) -> Self {
        let chunks = stream::unfold(follower, async |mut follower| {
            let chunk = follower.next().await?;
            Some((Ok::<_, io::Error>(chunk), follower))
        });
        Self(Ok(Body::from_bytes_stream(chunks)))
    }
}

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        match self.0 {
            Ok(body) => Response::builder()
                .header(header::CONTENT_TYPE, EVENT_STREAM)
                .header(UNBUFFERED, HeaderValue::from_static("no"))
                .body(body),
            Err(error) => error.into_response(),
        }
    }
}

impl ApiResponse for EventStream {
    const BAD_REQUEST_HANDLER: bool = true;

    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: EVENT_STREAM, schema: String::schema_ref() }];
        let (description, status) = ("The events, for as long as the caller may read them", Some(200));
        let response = MetaResponse { description, status, status_range: None, content, headers: Vec::new() };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        String::register(registry);
    }

    fn from_parse_request_error(error: poem::Error) -> Self {
        Self(Err(error.into()))
    }
}

/// One client that follows the feed.
pub struct Follower {
    app: Arc<Services>,
    feed: Feed,
    again: Again,
    commits: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    heart: Interval,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Beginning,
    Following,
    Ended,
}

/// Why a stream ends. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    SessionEnded,
    KeyEnded,
    TokenExpired,
    PermissionMissing,
    Shutdown,
    Unavailable,
}

impl End {
    const fn name(self) -> &'static str {
        match self {
            Self::SessionEnded => "session_ended",
            Self::KeyEnded => "key_ended",
            Self::TokenExpired => "token_expired",
            Self::PermissionMissing => "permission_missing",
            Self::Shutdown => "shutdown",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Follower {
    /// Of `feed`, for as long as the credential in `again` opens it.
    pub fn new(app: Arc<Services>, feed: Feed, again: Again) -> Self {
        let (commits, closing) = (app.store.committed(), app.streams.closing());
        let every = app.streams.policy().heartbeat;
        let mut heart = interval_at(Instant::now() + every, every);
        heart.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { app, feed, again, commits, closing, heart, state: State::Beginning }
    }

    /// What is sent next; waits until there is something. `None`: nothing more.
    async fn next(&mut self) -> Option<Bytes> {
        match self.state {
            State::Ended => return None,
            State::Beginning => {
                self.state = State::Following;
                return Some(self.ready());
            }
            State::Following => {}
        }
        let chunk = match self.awaited().await {
            Ok(chunk) => chunk,
            Err(end) => {
                self.state = State::Ended;
                let mut chunk = Vec::new();
                write(&mut chunk, "end", None, &StreamEnd { reason: end.name().to_owned() });
                chunk
            }
        };
        self.heart.reset();
        Some(chunk.into())
    }

    fn ready(&self) -> Bytes {
        let heartbeat_seconds = self.app.streams.policy().heartbeat.as_secs();
        let at = self.feed.at();
        let mut chunk = Vec::new();
        write(&mut chunk, "ready", Some(at), &StreamReady { cursor: at.to_string(), heartbeat_seconds });
        chunk.into()
    }

    async fn awaited(&mut self) -> Result<Vec<u8>, End> {
        let mut is_due = false;
        loop {
            if *self.closing.borrow() {
                return Err(End::Shutdown);
            }
            // Seen before the read: a commit during it wakes again.
            self.commits.borrow_and_update();
            let page = self.feed.next(&self.app).map_err(|error| self.failed(&error))?;
            self.judge()?;
            let more = page.more;
            let chunk = Self::written(page);
            if !chunk.is_empty() {
                return Ok(chunk);
            }
            if is_due {
                return Ok(format!(": heartbeat\nid: {}\n\n", self.feed.at()).into_bytes());
            }
            if more {
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                biased;
                _ = self.closing.changed() => {}
                _ = self.heart.tick() => is_due = true,
                woken = self.commits.changed() => match woken {
                    Ok(()) => sleep(GATHER).await,
                    Err(_) => return Err(End::Unavailable),
                },
            }
        }
    }

    /// Whether the caller may still read.
    fn judge(&self) -> Result<(), End> {
        match self.again.caller(&self.app) {
            Ok(caller) if events::may_follow(&self.app, &caller) => Ok(()),
            Ok(_) => Err(End::PermissionMissing),
            Err(error) if error.code() == ErrorCode::TokenExpired => Err(End::TokenExpired),
            Err(error) if error.status().is_client_error() => {
                Err(if self.again.is_key() { End::KeyEnded } else { End::SessionEnded })
            }
            Err(error) => {
                if let Some(cause) = error.log_cause() {
                    request_log::failure(&self.again.visit().request_id, cause);
                }
                Err(End::Unavailable)
            }
        }
    }

    fn failed(&self, cause: &StoreError) -> End {
        request_log::failure(&self.again.visit().request_id, cause);
        End::Unavailable
    }

    /// A page on the wire.
    fn written(page: FeedPage) -> Vec<u8> {
        let mut chunk = Vec::new();
        if let Some((gap, at)) = page.gap {
            let told = StreamGap { reason: gap.name().to_owned(), cursor: at.to_string() };
            write(&mut chunk, "gap", Some(at), &told);
        }
        for (at, event) in page.events {
            write(&mut chunk, "audit", Some(at), &to_wire(event));
        }
        chunk
    }
}

/// One event. All of our data has a JSON form; it has no line breaks.
fn write(chunk: &mut Vec<u8>, event: &str, id: Option<Cursor>, data: &impl Serialize) {
    chunk.extend_from_slice(format!("event: {event}\n").as_bytes());
    if let Some(id) = id {
        chunk.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    chunk.extend_from_slice(b"data: ");
    chunk.extend_from_slice(&serde_json::to_vec(data).unwrap_or_default());
    chunk.extend_from_slice(b"\n\n");
}
