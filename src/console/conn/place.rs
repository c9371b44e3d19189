//! What the events of a stream say, one after the other, and where the stream stands. Knows no connection and no time.

use std::time::Duration;

use super::events::News;
use super::problem::{Kind, Problem};
use super::sse::Frame;
use crate::wire::audit::AuditLog;
use crate::wire::event::{StreamEnd, StreamGap, StreamReady};

/// Where the stream stands.
#[derive(Debug)]
pub struct Place {
    /// Behind this event; `None` at the beginning.
    pub at: Option<String>,
    /// The longest silence, 1 s to 10 minutes.
    pub heartbeat: Duration,
}

/// Why a stream ended.
#[derive(Debug)]
pub enum End {
    /// It may be tried again.
    Broken(Problem),
    /// The server does not let this credential follow.
    Refused(Problem),
    /// Nobody listens.
    Closed,
}

impl Default for Place {
    fn default() -> Self {
        Self { at: None, heartbeat: Duration::from_secs(15) }
    }
}

impl Place {
    /// What `frame` tells; `Err`: the stream ends with it.
    pub fn take(&mut self, route: &str, frame: Frame) -> Result<Option<News>, End> {
        if let Some(id) = frame.id {
            self.at = Some(id);
        }
        let strange = |error: serde_json::Error| {
            let message = format!("this console does not understand `{}`: {error}", frame.event);
            End::Refused(Problem::local(Kind::Strange, route, message))
        };
        match frame.event.as_str() {
            "ready" => {
                let ready: StreamReady = serde_json::from_str(&frame.data).map_err(strange)?;
                self.heartbeat = Duration::from_secs(ready.heartbeat_seconds.clamp(1, 600));
                Ok(Some(News::Ready))
            }
            "audit" => {
                let event: AuditLog = serde_json::from_str(&frame.data).map_err(strange)?;
                Ok(Some(News::Events { events: vec![event], dropped: 0 }))
            }
            "gap" => {
                let gap: StreamGap = serde_json::from_str(&frame.data).map_err(strange)?;
                Ok(Some(News::Gap(gap.reason)))
            }
            "end" => {
                let end: StreamEnd = serde_json::from_str(&frame.data).map_err(strange)?;
                let message = format!("the server ended the stream: {}", end.reason);
                let of_kind = |kind| Problem::local(kind, route, message);
                Err(match end.reason.as_str() {
                    "session_ended" | "key_ended" | "token_expired" => End::Refused(of_kind(Kind::Expired)),
                    "permission_missing" => End::Refused(of_kind(Kind::Forbidden)),
                    _ => End::Broken(of_kind(Kind::Unreachable)),
                })
            }
            // A heartbeat, or something a newer server tells.
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::Example;

    use super::*;

    fn frame(event: &str, id: Option<&str>, data: &str) -> Frame {
        Frame { event: event.to_owned(), id: id.map(str::to_owned), data: data.to_owned() }
    }

    #[test]
    fn the_place_moves_with_every_id_and_an_end_says_whether_to_come_back() {
        let mut place = Place::default();
        let ready =
            place.take("r", frame("ready", Some("0-1-a"), r#"{"cursor":"0-1-a","heartbeat_seconds":2}"#));
        assert!(matches!(ready, Ok(Some(News::Ready))));
        assert_eq!((place.at.as_deref(), place.heartbeat), (Some("0-1-a"), Duration::from_secs(2)));
        assert!(matches!(place.take("r", frame("", Some("0-9-b"), "")), Ok(None)));
        assert_eq!(place.at.as_deref(), Some("0-9-b"));
        assert!(matches!(place.take("r", frame("later", None, "?")), Ok(None)), "a newer server tells more");
        let end = |reason: &str| format!("{{\"reason\":\"{reason}\"}}");
        assert!(matches!(place.take("r", frame("end", None, &end("shutdown"))), Err(End::Broken(_))));
        assert!(matches!(place.take("r", frame("end", None, &end("token_expired"))), Err(End::Refused(_))));
        let event = serde_json::to_string(&AuditLog::example()).unwrap();
        assert!(matches!(place.take("r", frame("audit", None, &event)), Ok(Some(News::Events { .. }))));
        assert!(matches!(place.take("r", frame("audit", None, "{}")), Err(End::Refused(_))));
    }
}
