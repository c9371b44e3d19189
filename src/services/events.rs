//! The feed of what happens: the audit log read forwards, page by page, by whoever follows it. Knows nothing of how a
//! page travels.
//!
//! ## Decision: the store is the buffer
//! A reader holds a cursor and nothing else. Each page is read from the store behind that cursor; a commit only wakes
//! the readers. So a slow reader costs no memory, a reader that comes back loses nothing, and all see the same order.
//!
//! ## Decision: following is reading
//! Reading the audit log is not recorded, and neither is following it. Who was refused is.

use std::collections::HashMap;

use super::audit::open_personal;
use super::audit_log::{AuditEntry, entry};
use super::caller::Caller;
use super::role::{Refused, may, require};
use super::streams::{NoRoom, Place};
use super::{Context, Services};
use crate::crypto::digest::to_hex;
use crate::domain::feed::{Cursor, Topics};
use crate::domain::permission::Permission;
use crate::store::lane::{self, LANE_0, Span};
use crate::store::{Read, StoreError};

/// Most commits in one page: what a stream holds in memory at a time. A commit is half a kilobyte, and never more than 64.
const PAGE: usize = 32;

/// Why nobody may follow.
#[derive(Debug, thiserror::Error)]
pub enum FollowFault {
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is no room.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the feed does not go on where its reader was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// What followed the cursor is not kept any more.
    Expired,
    /// The cursor is not one of this store: of another one, or of a history that a backup undid.
    Unknown,
}

impl Gap {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Unknown => "unknown_cursor",
        }
    }
}

/// Where a reader wants to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With what happens from now on.
    Now,
    /// Behind this place.
    After(Cursor),
    /// Behind a place that cannot be read.
    Unreadable,
}

/// A reader of the feed.
#[derive(Debug)]
pub struct Feed {
    at: Cursor,
    topics: Topics,
    gap: Option<Gap>,
    _place: Place,
}

/// What came next.
#[derive(Debug, Default)]
pub struct FeedPage {
    /// Why something is missing before it, and behind which place it goes on.
    pub gap: Option<(Gap, Cursor)>,
    /// The events in order, each with the place behind it.
    pub events: Vec<(Cursor, AuditEntry)>,
    /// Whether there is more already.
    pub more: bool,
}

/// Begins to follow what is about `topics`. Needs `audit:read`.
pub async fn follow(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    start: Start,
    topics: Topics,
) -> Result<Feed, FollowFault> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let place = app.streams.take(caller.user.id)?;
    let (at, gap) = app.read(|read| begin(read, start))?;
    Ok(Feed { at, topics, gap, _place: place })
}

/// Whether `caller` may go on following.
pub fn may_follow(app: &Services, caller: &Caller) -> bool {
    may(app, caller, Permission::AuditRead)
}

/// The place behind everything that `read` sees: events behind it are newer than its rows.
pub fn as_of(read: &impl Read) -> Result<Cursor, StoreError> {
    let head = lane::head(read, LANE_0)?;
    Ok(Cursor::behind(head.lane, head.seq, &head.hash))
}

fn begin(read: &impl Read, start: Start) -> Result<(Cursor, Option<Gap>), StoreError> {
    let now = as_of(read)?;
    match start {
        Start::Now => Ok((now, None)),
        Start::After(cursor) if is_of(read, cursor, now)? => Ok((cursor, None)),
        Start::After(_) | Start::Unreadable => Ok((now, Some(Gap::Unknown))),
    }
}

/// Whether `cursor` is a place of this chain, whose end is `now`. Records are only ever dropped from the front: of one
/// that is gone nobody can tell, and what is missing behind it shows on the first page.
fn is_of(read: &impl Read, cursor: Cursor, now: Cursor) -> Result<bool, StoreError> {
    let Cursor { lane, seq, tag, seen } = cursor;
    if lane != LANE_0 || seq > now.seq {
        return Ok(false);
    }
    if seq == 0 {
        return Ok(tag == [0; 8] && seen.is_none());
    }
    let Some(record) = lane::record(read, lane, seq)? else { return Ok(true) };
    let events = record.events.len();
    let fits = seen.is_none_or(|seen| (1..events).contains(&usize::from(seen)));
    Ok(fits && Cursor::behind(lane, seq, &record.hash(lane, seq)?).tag == tag)
}

impl Feed {
    /// The place behind the last page.
    pub const fn at(&self) -> Cursor {
        self.at
    }

    /// What follows, at most one page of it.
    pub fn next(&mut self, app: &Services) -> Result<FeedPage, StoreError> {
        app.read(|read| self.page(app, read))
    }

    fn page(&mut self, app: &Services, read: &impl Read) -> Result<FeedPage, StoreError> {
        // A record that was seen in part is read again.
        let seen = self.at.seen.map_or(0, usize::from);
        let after = if seen > 0 { self.at.seq.saturating_sub(1) } else { self.at.seq };
        let records = lane::records(read, LANE_0, Span { after: Some(after), ..Span::oldest(PAGE) })?;
        let mut page = FeedPage {
            gap: self.gap.take().map(|gap| (gap, self.at)),
            events: Vec::new(),
            more: records.more,
        };
        let mut keys = HashMap::new();
        for (seq, record) in records.rows {
            if seq > self.at.seq.saturating_add(1) {
                let first = Cursor::behind(LANE_0, seq.saturating_sub(1), &record.prev_hash);
                page.gap = Some((Gap::Expired, first));
            }
            let hash = record.hash(LANE_0, seq)?;
            let behind = Cursor::behind(LANE_0, seq, &hash);
            let (chain, events) = ((to_hex(&hash), to_hex(&record.prev_hash)), record.events.len());
            let skipped = if seq == self.at.seq { seen } else { 0 };
            for (index, event) in record.events.into_iter().enumerate().skip(skipped) {
                if self.topics.hold(&event.action) {
                    let personal = open_personal(app, read, &mut keys, &event)?;
                    let count = u16::try_from(index.saturating_add(1)).unwrap_or(u16::MAX);
                    let at = if usize::from(count) < events { behind.within(count) } else { behind };
                    page.events.push((at, entry((seq, index), chain.clone(), event, personal)));
                }
            }
            self.at = behind;
        }
        Ok(page)
    }
}
