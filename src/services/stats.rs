//! What happened how often: counted from the feed, kept by minute for a day. Knows nothing of who asks over what.
//!
//! ## Decision: counted from the commit records, never by requests
//! No request writes a count. A job reads the commit records that came since it last looked, counts them in memory,
//! and writes the hours that changed once a minute, with the sequence it has come to, in one commit. After a kill the
//! records behind that sequence are counted again, so no act is lost or counted twice. Only what is in no record, the
//! work of the hash pool, is lost from the last write on: at most a minute of it. Who asks counts what is new first, so
//! that the answer is as new as the question; `as_of` says how far it came.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::caller::Caller;
use super::role::{Refused, require};
use super::{Context, Services};
use crate::crypto::HashStats;
use crate::domain::feed::Cursor;
use crate::domain::permission::Permission;
use crate::domain::stats::{Counts, History, Hour, MINUTES, Series, minute_of, start_of};
use crate::domain::time::Timestamp;
use crate::store::lane::{self, LANE_0, Span};
use crate::store::stats::{self, HourV1, Kept, StatsV1};
use crate::store::{Read, StoreError};

/// Records read from the store at once, and how often in one go.
const BATCH: usize = 500;
const BATCHES: usize = 10;

/// What happened how often.
#[derive(Debug, Default)]
pub struct Stats(Mutex<Option<Tally>>);

#[derive(Debug)]
struct Tally {
    history: History,
    /// The last record that is counted.
    at: Cursor,
    /// What was written last: the sequence and the totals.
    last_kept: Option<(u64, Counts)>,
    /// The hash pool as it was counted last.
    hashing: Hashing,
}

#[derive(Debug, Clone, Copy, Default)]
struct Hashing {
    runs: u64,
    refused: u64,
    wait_ms: u64,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct StatsQuery {
    /// From the minute of this time on; by default an hour.
    pub from: Option<Timestamp>,
    /// Up to the minute of this time; by default now.
    pub until: Option<Timestamp>,
    /// Minutes in one step, at least one.
    pub step: usize,
}

/// What happened in a stretch of time, and altogether.
#[derive(Debug)]
pub struct StatsPage {
    /// Where the first step begins.
    pub from: Timestamp,
    /// Where the last step ends.
    pub until: Timestamp,
    /// What happened in each step.
    pub steps: Vec<Counts>,
    /// What happened since the store was made.
    pub totals: Counts,
    /// The last commit that is counted.
    pub as_of: Cursor,
}

/// Why there are no numbers.
#[derive(Debug, thiserror::Error)]
pub enum StatsFault {
    /// The time ends before it begins.
    #[error("the end is before the start")]
    Backwards,
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Answers what happened. What is older than a day is not kept, and what is to come has not happened: the answer says
/// what it covers. Needs `audit:read`.
pub async fn report(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    query: &StatsQuery,
) -> Result<StatsPage, StatsFault> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let now = minute_of(ctx.now);
    let oldest = now.saturating_sub(MINUTES - 1);
    let until = query.until.map_or(now, minute_of);
    let from = query.from.map_or(until.saturating_sub(59), minute_of);
    if from > until {
        return Err(StatsFault::Backwards);
    }
    let (from, until) = (from.clamp(oldest, now), until.clamp(oldest, now).saturating_add(1));
    count(app)?;
    let mut tally = app.stats.lock();
    let tally = loaded(app, &mut tally)?;
    Ok(StatsPage {
        from: start_of(from),
        until: start_of(until),
        steps: tally.history.steps(from, until, query.step),
        totals: *tally.history.totals(),
        as_of: tally.at,
    })
}

/// Counts what happened since the last time, in a bounded step; answers whether there is more.
pub fn count(app: &Services) -> Result<bool, StoreError> {
    let mut tally = app.stats.lock();
    let tally = loaded(app, &mut tally)?;
    tally.add_hashing(&app.hashing.stats(), app.clock.now());
    app.read(|read| tally.add_records(read))
}

/// Writes what has changed since the last time. What cannot be written is tried again the next time.
pub async fn keep(app: &Services) -> Result<(), StoreError> {
    while count(app)? {
        tokio::task::yield_now().await;
    }
    let (now_kept, hours) = {
        let mut tally = app.stats.lock();
        let tally = loaded(app, &mut tally)?;
        (tally.kept(), tally.history.take_changed())
    };
    let last_kept = app.stats.lock().as_ref().and_then(|tally| tally.last_kept);
    if last_kept == Some(now_kept) {
        return Ok(());
    }
    let (seq, totals) = now_kept;
    let row =
        Kept { stats: StatsV1 { seq, totals: totals.to_vec() }, hours: hours.iter().map(to_row).collect() };
    let written = app.write("stats", &app.own_context("stats"), move |txn| stats::put(txn, &row)).await;
    if let Some(tally) = app.stats.lock().as_mut() {
        match written {
            Ok(()) => tally.last_kept = Some(now_kept),
            Err(_) => tally.history.put_back(&hours),
        }
    }
    written
}

impl Tally {
    fn add_records(&mut self, read: &impl Read) -> Result<bool, StoreError> {
        for _ in 0..BATCHES {
            let span = Span { after: Some(self.at.seq), ..Span::oldest(BATCH) };
            let page = lane::records(read, LANE_0, span)?;
            let last = page.rows.last().map(|(seq, record)| Ok((*seq, record.hash(LANE_0, *seq)?)));
            let last = last.transpose()?;
            for (_, record) in page.rows {
                let at = Timestamp::from_millis(record.at);
                for series in record.events.iter().filter_map(|event| Series::of(&event.action)) {
                    self.history.add(at, series, 1);
                }
            }
            if let Some((seq, hash)) = last {
                self.at = Cursor::behind(LANE_0, seq, &hash);
            }
            if !page.more {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn add_hashing(&mut self, now: &HashStats, at: Timestamp) {
        let now = Hashing {
            runs: now.runs,
            refused: now.refused,
            wait_ms: u64::try_from(now.waits.total().as_millis()).unwrap_or(u64::MAX),
        };
        let before = std::mem::replace(&mut self.hashing, now);
        for (series, now, before) in [
            (Series::HashRuns, now.runs, before.runs),
            (Series::HashRefused, now.refused, before.refused),
            (Series::HashWaitMs, now.wait_ms, before.wait_ms),
        ] {
            self.history.add(at, series, now.saturating_sub(before));
        }
    }

    const fn kept(&self) -> (u64, Counts) {
        (self.at.seq, *self.history.totals())
    }
}

/// The tally, from what was kept when this is the first question.
fn loaded<'a>(app: &Services, tally: &'a mut Option<Tally>) -> Result<&'a mut Tally, StoreError> {
    if let Some(tally) = tally {
        return Ok(tally);
    }
    let (history, at, last_kept) = app.read(|read| {
        let Some(Kept { stats, hours }) = stats::load(read)? else {
            return Ok((History::default(), Cursor::behind(LANE_0, 0, &[0; 32]), None));
        };
        let record = lane::record(read, LANE_0, stats.seq)?;
        let hash = record.map_or(Ok([0; 32]), |record| record.hash(LANE_0, stats.seq))?;
        let totals = to_counts(&stats.totals);
        let history = History::of(totals, hours.iter().map(of_row));
        Ok((history, Cursor::behind(LANE_0, stats.seq, &hash), Some((stats.seq, totals))))
    })?;
    Ok(tally.insert(Tally { history, at, last_kept, hashing: Hashing::default() }))
}

fn to_row(hour: &Hour) -> HourV1 {
    HourV1 { hour: hour.hour, minutes: hour.minutes.iter().map(|counts| counts.to_vec()).collect() }
}

fn of_row(row: &HourV1) -> Hour {
    Hour { hour: row.hour, minutes: row.minutes.iter().map(|counts| to_counts(counts)).collect() }
}

/// A store that was written before a series was added has none of it.
fn to_counts(row: &[u64]) -> Counts {
    let mut counts = Counts::default();
    counts.iter_mut().zip(row).for_each(|(count, kept)| *count = *kept);
    counts
}

impl Stats {
    fn lock(&self) -> MutexGuard<'_, Option<Tally>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
