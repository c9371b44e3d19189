//! How far each webhook has come in the audit log, and which events it gave up, at rest. Holds no content of an event:
//! that stays in the audit log, and so is forgotten with the person it tells of.

use serde::{Deserialize, Serialize};

use super::codec::Value;
use super::lane::{self, LANE_0};
use super::{Page, Read, Scan, StoreError, Txn, expiry, tables};
use crate::domain::time::Timestamp;

/// The place of an event in the audit log: the sequence of its commit, and its place within.
pub type Place = (u64, u16);

/// How a webhook stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The event to deliver next, or where it will be.
    pub next: Place,
    /// How often that was tried.
    pub attempts: u32,
    /// Deliveries in a row that failed.
    pub failures: u32,
    /// When the next one is due; `None`: at once.
    pub due_at: Option<Timestamp>,
    /// When the receiver said that it is gone.
    pub gone_at: Option<Timestamp>,
    /// When it took an event last.
    pub delivered_at: Option<Timestamp>,
    /// Events it took.
    pub delivered: u64,
    /// Events given up that are kept.
    pub dead: u32,
    /// What went wrong last; `None` once a delivery succeeded.
    pub last_error: Option<String>,
}

impl Progress {
    /// A hook that begins with what comes after all that `read` sees.
    pub fn begin(read: &impl Read) -> Result<Self, StoreError> {
        let next = (lane::head(read, LANE_0)?.seq.saturating_add(1), 0);
        Ok(Self {
            next,
            attempts: 0,
            failures: 0,
            due_at: None,
            gone_at: None,
            delivered_at: None,
            delivered: 0,
            dead: 0,
            last_error: None,
        })
    }
}

/// [`Progress`] as stored under the name of the webhook.
#[derive(Debug, Serialize, Deserialize)]
pub struct WebhookV1 {
    next: Place,
    attempts: u32,
    failures: u32,
    due_at: Option<i64>,
    gone_at: Option<i64>,
    delivered_at: Option<i64>,
    delivered: u64,
    dead: u32,
    last_error: Option<String>,
}

impl Value for WebhookV1 {
    const VERSION: u8 = 1;
}

/// An event that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where the event is.
    pub place: Place,
    /// The stable name of its act.
    pub action: String,
    /// When it was given up.
    pub at: Timestamp,
    /// When it is forgotten.
    pub until: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: String,
}

/// [`DeadLetter`] as stored under webhook and place.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeadLetterV1 {
    action: String,
    at: i64,
    until: i64,
    attempts: u32,
    last_error: String,
}

impl Value for DeadLetterV1 {
    const VERSION: u8 = 1;
}

/// How the webhook `name` stands, if it ever began.
pub fn progress(read: &impl Read, name: &str) -> Result<Option<Progress>, StoreError> {
    let record = read.get(&tables::WEBHOOKS, &name.to_owned())?;
    Ok(record.map(|record| Progress {
        next: record.next,
        attempts: record.attempts,
        failures: record.failures,
        due_at: record.due_at.map(Timestamp::from_millis),
        gone_at: record.gone_at.map(Timestamp::from_millis),
        delivered_at: record.delivered_at.map(Timestamp::from_millis),
        delivered: record.delivered,
        dead: record.dead,
        last_error: record.last_error,
    }))
}

/// Stores how the webhook `name` stands.
pub fn put(txn: &mut Txn<'_>, name: &str, progress: &Progress) -> Result<(), StoreError> {
    let record = WebhookV1 {
        next: progress.next,
        attempts: progress.attempts,
        failures: progress.failures,
        due_at: progress.due_at.map(Timestamp::millis),
        gone_at: progress.gone_at.map(Timestamp::millis),
        delivered_at: progress.delivered_at.map(Timestamp::millis),
        delivered: progress.delivered,
        dead: progress.dead,
        last_error: progress.last_error.clone(),
    };
    txn.put(&tables::WEBHOOKS, &name.to_owned(), &record)
}

/// The names of all webhooks that ever began; at most [`SCAN_ROWS`](super::SCAN_ROWS).
pub fn names(read: &impl Read) -> Result<Vec<String>, StoreError> {
    let page = read.scan(&tables::WEBHOOKS, Scan::all(super::SCAN_ROWS))?;
    Ok(page.rows.into_iter().map(|(name, _)| name).collect())
}

/// Forgets how the webhook `name` stands. What it gave up is removed before.
pub fn remove(txn: &mut Txn<'_>, name: &str) -> Result<(), StoreError> {
    txn.remove(&tables::WEBHOOKS, &name.to_owned())
}

/// What the webhook `name` gave up, the oldest event first, behind `after`.
pub fn dead_letters(
    read: &impl Read,
    name: &str,
    after: Option<Place>,
    limit: usize,
) -> Result<Page<Place, DeadLetter>, StoreError> {
    let name = name.to_owned();
    let scan = Scan::all(limit).prefix(&(name.clone(),));
    let scan = if let Some((seq, index)) = after { scan.after(&(name, seq, index)) } else { scan };
    let page = read.scan(&tables::DEAD_LETTERS, scan)?;
    let letter = |((_, seq, index), record)| ((seq, index), to_letter((seq, index), record));
    Ok(Page { rows: page.rows.into_iter().map(letter).collect(), more: page.more })
}

/// What the webhook `name` gave up at `place`.
pub fn dead_letter(read: &impl Read, name: &str, place: Place) -> Result<Option<DeadLetter>, StoreError> {
    let record = read.get(&tables::DEAD_LETTERS, &key(name, place))?;
    Ok(record.map(|record| to_letter(place, record)))
}

/// Keeps an event that the webhook `name` gave up, and counts it.
pub fn bury(
    txn: &mut Txn<'_>,
    name: &str,
    progress: &mut Progress,
    letter: &DeadLetter,
) -> Result<(), StoreError> {
    let record = DeadLetterV1 {
        action: letter.action.clone(),
        at: letter.at.millis(),
        until: letter.until.millis(),
        attempts: letter.attempts,
        last_error: letter.last_error.clone(),
    };
    let key = key(name, letter.place);
    expiry::schedule(txn, letter.until, &tables::DEAD_LETTERS, &key)?;
    progress.dead = progress.dead.saturating_add(1);
    txn.put(&tables::DEAD_LETTERS, &key, &record)
}

/// Removes a dead letter of the webhook `name`, and counts that in `progress`, which the caller stores.
pub fn dig_up(
    txn: &mut Txn<'_>,
    name: &str,
    progress: &mut Progress,
    letter: &DeadLetter,
) -> Result<(), StoreError> {
    let key = key(name, letter.place);
    expiry::unschedule(txn, letter.until, &tables::DEAD_LETTERS, &key)?;
    progress.dead = progress.dead.saturating_sub(1);
    txn.remove(&tables::DEAD_LETTERS, &key)
}

/// Handles the end that was planned for a dead letter at `planned`.
pub fn expire(
    txn: &mut Txn<'_>,
    (name, seq, index): &(String, u64, u16),
    planned: Timestamp,
) -> Result<(), StoreError> {
    let place = (*seq, *index);
    expiry::unschedule(txn, planned, &tables::DEAD_LETTERS, &key(name, place))?;
    let Some(letter) = dead_letter(txn, name, place)?.filter(|letter| letter.until == planned) else {
        return Ok(());
    };
    let Some(mut progress) = progress(txn, name)? else {
        return txn.remove(&tables::DEAD_LETTERS, &key(name, place));
    };
    dig_up(txn, name, &mut progress, &letter)?;
    put(txn, name, &progress)
}

fn key(name: &str, (seq, index): Place) -> (String, u64, u16) {
    (name.to_owned(), seq, index)
}

fn to_letter(place: Place, record: DeadLetterV1) -> DeadLetter {
    DeadLetter {
        place,
        action: record.action,
        at: Timestamp::from_millis(record.at),
        until: Timestamp::from_millis(record.until),
        attempts: record.attempts,
        last_error: record.last_error,
    }
}
