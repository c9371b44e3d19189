//! `[explain]`: how long and how many judgements of denied requests are kept. Knows no request.

use std::time::Duration;

use super::DAY;
use super::reader::Reader;
use crate::domain::trace::{ENTRIES_MAX, TracePolicy};

/// Reads the section.
pub fn read(reader: &mut Reader) -> TracePolicy {
    TracePolicy {
        keep_for: reader.duration("explain.keep_for", Duration::ZERO..=30 * DAY),
        max_entries: reader.number("explain.max_entries", 100..=ENTRIES_MAX),
    }
}
