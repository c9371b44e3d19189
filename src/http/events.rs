//! Following the feed, over the API. Knows nothing of how a stream is written.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Query};

use super::again::Again;
use super::asked::Asked;
use super::error::{ApiError, Fault, Statuses};
use super::event_stream::{EventStream, Follower};
use super::principal::Caller;
use super::tag::Tag;
use crate::domain::feed::{TOPICS, Topics};
use crate::services::Services;
use crate::services::events::{self, Start};

/// The feed.
pub struct EventsApi(pub Arc<Services>);

/// What this operation can answer beside success.
pub struct Followed;

impl Statuses for Followed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1")]
impl EventsApi {
    /// Follow what happens
    ///
    /// Server-sent events over the audit log, each once and in order. Needs `audit:read`, at every moment. `ready`
    /// comes first: `{"cursor", "heartbeat_seconds"}`. `audit` is one record, as in `GET /audit/logs`. `gap` says
    /// that something is missing, why, and where the stream goes on: `{"reason": "expired" | "unknown_cursor",
    /// "cursor"}`. `end` is the last: `{"reason": "session_ended" | "key_ended" | "token_expired" |
    /// "permission_missing" | "shutdown" | "unavailable"}`. `id` is a cursor, opaque; in silence it moves on with a heartbeat. To resume,
    /// send it as `Last-Event-ID`. To go on from a page without losing or repeating anything, send its `as_of` as
    /// `after`. Without either the stream begins now.
    #[oai(path = "/events", method = "get", operation_id = "follow_events", tag = "Tag::Audit")]
    async fn follow(
        &self,
        asked: Asked,
        caller: Caller,
        again: Again,
        /// Only acts whose name begins with this word, such as `login` for `login.failed`; repeat it for more.
        #[oai(default, validator(max_items = 32))]
        topic: Query<Vec<String>>,
        /// Begin behind this cursor. A `Last-Event-ID` counts more: it is what a browser sends when it comes back.
        after: Query<Option<String>>,
        /// Begin behind this cursor.
        #[oai(name = "Last-Event-ID")]
        last_event_id: Header<Option<String>>,
    ) -> Result<EventStream, Fault<Followed>> {
        let topics = Topics::of(topic.0.iter().map(String::as_str)).map_err(|_| no_topic())?;
        let start = start(last_event_id.0.as_deref(), after.0.as_deref())?;
        let feed = events::follow(&self.0, &asked.0, &caller.0, start, topics).await?;
        Ok(EventStream::of(Follower::new(self.0.clone(), feed, again)))
    }
}

/// A browser sends the last id by itself and gives up at a 400, so one that cannot be read is a gap.
fn start(last_event_id: Option<&str>, after: Option<&str>) -> Result<Start, ApiError> {
    let bad = |_| ApiError::field("after", "invalid", "`after` is not one of our cursors.");
    match (last_event_id, after) {
        (Some(id), _) => Ok(id.parse().map_or(Start::Unreadable, Start::After)),
        (None, Some(after)) => after.parse().map(Start::After).map_err(bad),
        (None, None) => Ok(Start::Now),
    }
}

fn no_topic() -> ApiError {
    ApiError::field("topic", "unknown", format!("`topic` is one of {}.", TOPICS.join(", ")))
}
