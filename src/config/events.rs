//! `[events]`: how many may follow the feed, and how. Knows nothing of what they follow.

use super::reader::Reader;
use super::{MINUTE, SECOND};
use crate::domain::feed::StreamPolicy;

/// Reads the section.
pub fn read(reader: &mut Reader) -> StreamPolicy {
    StreamPolicy {
        max_streams: reader.number("events.max_streams", 1..=100_000),
        max_streams_per_user: reader.number("events.max_streams_per_user", 1..=100_000),
        heartbeat: reader.duration("events.heartbeat", SECOND..=MINUTE),
    }
}
