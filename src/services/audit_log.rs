//! Reading the audit log, sealing its head, and verifying it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::audit::{Personal, open_personal};
use super::audit_filter::{AuditFilter, to_outcome};
use super::caller::Caller;
use super::events::as_of;
use super::role::{Refused, require};
use super::{Context, Services, view};
use crate::crypto::AuditPublicKey;
use crate::crypto::digest::to_hex;
use crate::domain::audit::{Action, Outcome};
use crate::domain::feed::Cursor;
use crate::domain::id::{SessionId, UserId};
use crate::domain::order::Order;
use crate::domain::role::Permission;
use crate::domain::time::Timestamp;
use crate::store::lane::{self, EventV1, Head, LANE_0, LaneRecordV1, SealV1, Span, Walk};
use crate::store::{Page, Read, Store, StoreError, seal};

/// Most records one question looks at; a rarer match is found by going on from the cursor.
const LOOKED_AT: usize = 5_000;

/// Records read from the store at once.
const BATCH: usize = 200;

/// How far the times of records may run against their order: a request is dated at its start, and clocks are
/// set back. A search begins so far before the first time it can find, and ends so far behind the last.
const DISORDER: Duration = Duration::from_secs(3600);

/// The detail of a record that the log was shortened: up to which record.
pub(super) const THROUGH: &str = "through";

/// One record.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// The place of its commit in the chain, from 1.
    pub seq: u64,
    /// Its place within the commit, from 0.
    pub index: usize,
    /// The hash of its commit, lower-case hex.
    pub checksum: String,
    /// The hash of the commit before, as this one keeps it, lower-case hex.
    pub previous: String,
    /// When it happened.
    pub at: Timestamp,
    /// The stable name of the act.
    pub action: String,
    /// How it came out.
    pub outcome: Outcome,
    /// The stable name of the reason.
    pub reason: Option<String>,
    /// Who acted, once known.
    pub actor: Option<UserId>,
    /// Whom it concerns.
    pub subject: Option<UserId>,
    /// The session it happened in.
    pub session: Option<SessionId>,
    /// The request it happened in.
    pub request_id: String,
    /// Further facts: names and values.
    pub detail: Vec<(String, String)>,
    /// Where the request came from; `None` once the person was forgotten, and for what the server does itself.
    pub client: Option<IpAddr>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Why it was done, in the caller's own words.
    pub note: Option<String>,
}

/// A page of records.
#[derive(Debug)]
pub struct AuditPage {
    /// The records, in the order asked for.
    pub entries: Vec<AuditEntry>,
    /// Where the next page starts, when there may be one: an [`AuditFilter::after`].
    pub next: Option<u64>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Lists records. Needs `audit:read`.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &AuditFilter,
) -> Result<AuditPage, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    Ok(app.read(|read| page(app, read, filter))?)
}

fn page(app: &Services, read: &impl Read, filter: &AuditFilter) -> Result<AuditPage, StoreError> {
    let mut keys = HashMap::new();
    let (_, end) = range(filter);
    let mut page = AuditPage { entries: Vec::new(), next: start(read, filter)?, as_of: as_of(read)? };
    for _ in 0..LOOKED_AT / BATCH {
        let records = batch(read, filter, page.next)?;
        for (seq, record) in records.rows {
            if end.is_some_and(|end| filter.order.is_behind(&Timestamp::from_millis(record.at), &end)) {
                return Ok(AuditPage { next: None, ..page });
            }
            let mut wanted = Vec::new();
            for (index, event) in record.events.iter().enumerate().filter(|(_, event)| filter.holds(event)) {
                let personal = open_personal(app, read, &mut keys, event)?;
                if filter.holds_client(personal.as_ref()) {
                    wanted.push((index, event, personal));
                }
            }
            if filter.order == Order::Newest {
                wanted.reverse();
            }
            if !page.entries.is_empty() && page.entries.len() + wanted.len() > filter.limit {
                return Ok(page);
            }
            if !wanted.is_empty() {
                let chain = (to_hex(&record.hash(LANE_0, seq)?), to_hex(&record.prev_hash));
                let entries = wanted.into_iter().map(|(index, event, personal)| {
                    entry((seq, index), chain.clone(), event.clone(), personal)
                });
                page.entries.extend(entries);
            }
            page.next = Some(seq);
        }
        if !records.more {
            return Ok(AuditPage { next: None, ..page });
        }
        if page.entries.len() >= filter.limit {
            return Ok(page);
        }
    }
    Ok(page)
}

/// The times between which records are looked at, in the order asked for.
fn range(filter: &AuditFilter) -> (Option<Timestamp>, Option<Timestamp>) {
    let (oldest, newest) =
        (filter.from.map(|at| at.minus(DISORDER)), filter.until.map(|at| at.plus(DISORDER)));
    filter.order.ends(oldest, newest)
}

/// Behind which record the search begins: where the caller goes on, or where the times begin.
fn start(read: &impl Read, filter: &AuditFilter) -> Result<Option<u64>, StoreError> {
    let (None, (Some(time), _)) = (filter.after, range(filter)) else { return Ok(filter.after) };
    let later = lane::first_after(read, LANE_0, time.millis())?;
    Ok(Some(match filter.order {
        Order::Newest => later,
        Order::Oldest => later.saturating_sub(1),
    }))
}

pub(super) fn entry(
    (seq, index): (u64, usize),
    (checksum, previous): (String, String),
    event: EventV1,
    personal: Option<Personal>,
) -> AuditEntry {
    let (client, user_agent, note) =
        personal.map_or((None, None, None), |known| (Some(known.client), known.user_agent, known.note));
    // What the server does by itself comes from nowhere.
    let client = client.filter(|client| !client.is_unspecified());
    AuditEntry {
        seq,
        index,
        checksum,
        previous,
        at: Timestamp::from_millis(event.at),
        action: event.action,
        outcome: to_outcome(event.outcome),
        reason: event.reason,
        actor: event.actor.map(UserId::from_bytes),
        subject: event.subject.map(UserId::from_bytes),
        session: event.session.map(SessionId::from_bytes),
        request_id: event.request_id,
        detail: event.detail,
        client,
        user_agent,
        note,
    }
}

fn batch(
    read: &impl Read,
    filter: &AuditFilter,
    behind: Option<u64>,
) -> Result<Page<u64, lane::LaneRecordV1>, StoreError> {
    let limit = BATCH.min(filter.limit.saturating_add(1));
    let span = match filter.order {
        Order::Newest => Span { before: behind, ..Span::newest(limit) },
        Order::Oldest => Span { after: behind, ..Span::oldest(limit) },
    };
    match filter.user {
        Some(user) => lane::by_subject(read, *user.as_bytes(), LANE_0, span),
        None => lane::records(read, LANE_0, span),
    }
}

/// Signs the head of the chain, unless it is signed already. Answers the number of the new seal.
pub async fn seal(app: &Services) -> Result<Option<u64>, StoreError> {
    let ctx = app.own_context("seal");
    let (head, last) = app.read(|read| Ok((lane::head(read, LANE_0)?, seal::last(read)?)))?;
    let heads = vec![(head.lane, head.seq, head.hash)];
    if head.seq == 0 || last.as_ref().is_some_and(|(_, last)| last.heads == heads) {
        return Ok(None);
    }
    let (number, prev) = match &last {
        Some((number, last)) => (number.saturating_add(1), last.hash(*number)?),
        None => (1, [0; 32]),
    };
    let mut next = SealV1 { at: ctx.now.millis(), heads, prev, signature: Vec::new() };
    next.signature = app.keys.seals.sign(&next.signed_bytes(number)?).to_vec();
    app.write("audit.seal", &ctx, move |txn| seal::put(txn, number, &next)).await?;
    Ok(Some(number))
}

/// What verifying the audit log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The last record of the chain; with a fault, some good record before it.
    pub head: Head,
    /// How many seals were found good.
    pub seals: u64,
    /// The first thing that is wrong.
    pub fault: Option<String>,
}

/// Walks the whole chain and all its seals, in bounded steps. The front may be missing as far as the log records that it
/// was dropped.
pub fn verify(store: &Store, key: &AuditPublicKey) -> Result<Verified, StoreError> {
    let nothing = Head { lane: LANE_0, seq: 0, hash: [0; 32] };
    let begin = match view(store, |read| begin(read)) {
        Ok(before) => before.unwrap_or(nothing),
        // The walk names the record.
        Err(StoreError::Damaged { .. } | StoreError::UnknownVersion { .. }) => nothing,
        Err(error) => return Err(error),
    };
    let mut good = Verified { head: begin, seals: 0, fault: None };
    let sealed = seals(store, key, &mut good)?.into_iter().filter(|(seq, _)| *seq >= begin.seq);
    let (mut sealed, mut dropped) = (sealed.peekable(), 0);
    let (mut head, mut ends) = (begin, false);
    loop {
        good.head = head;
        while let Some((_, hash)) = sealed.next_if(|(seq, _)| *seq == head.seq) {
            if hash != head.hash {
                good.fault = Some(format!("record {}: differs from what was sealed", head.seq));
                return Ok(good);
            }
        }
        if ends {
            let is_cut = (begin.seq > dropped).then(|| format!("record {}: it is missing", begin.seq));
            let is_short = sealed.peek().map(|(seq, _)| format!("record {seq}: sealed, and missing now"));
            good.fault = is_cut.or(good.fault).or(is_short);
            return Ok(good);
        }
        // A step ends at the next sealed record, so that its hash can be compared.
        let step = sealed
            .peek()
            .map_or(BATCH, |(seq, _)| usize::try_from(seq - head.seq).unwrap_or(BATCH).clamp(1, BATCH));
        let mut visit = |record: &LaneRecordV1| dropped = dropped_by(record).max(dropped);
        match view(store, |read| lane::verify_with(read, head, step, &mut visit))? {
            Walk::Ongoing(next) => head = next,
            Walk::Whole(next) => (head, ends) = (next, true),
            Walk::Broken { seq, fault } => {
                // A record says more than a seal that is bad as well.
                good.fault = Some(format!("record {seq}: it {fault}"));
                return Ok(good);
            }
        }
    }
}

/// What lies before the oldest record.
fn begin(read: &impl Read) -> Result<Option<Head>, StoreError> {
    let oldest = lane::records(read, LANE_0, Span::oldest(1))?.rows.into_iter().next();
    Ok(oldest.map(|(seq, record)| Head { lane: LANE_0, seq: seq.saturating_sub(1), hash: record.prev_hash }))
}

/// Up to which record the log was shortened, if this one says so.
fn dropped_by(record: &LaneRecordV1) -> u64 {
    let shortened = record.events.iter().filter(|event| event.action == Action::AuditShortened.name());
    let through = |event: &EventV1| event.detail.iter().find(|(name, _)| name == THROUGH)?.1.parse().ok();
    shortened.filter_map(through).max().unwrap_or(0)
}

/// The sealed heads, oldest first, once each; stops at the first bad seal.
fn seals(
    store: &Store,
    key: &AuditPublicKey,
    good: &mut Verified,
) -> Result<Vec<(u64, [u8; 32])>, StoreError> {
    let (mut after, mut prev, mut heads) = (0, [0; 32], Vec::new());
    let mut limit = BATCH;
    loop {
        let page = match view(store, |read| seal::after(read, after, limit)) {
            // The damage may lie in the rows beside the seals: what can be read of the chain is walked all the same.
            Err(StoreError::Damaged { .. } | StoreError::UnknownVersion { .. }) if limit > 1 => {
                limit /= 2;
                continue;
            }
            Err(StoreError::Damaged { .. } | StoreError::UnknownVersion { .. }) => {
                good.fault = Some(format!("seal {}: it, or a row beside it, is damaged", after + 1));
                return Ok(heads);
            }
            page => page?,
        };
        for (number, seal) in page.rows {
            let follows = number == after + 1 && seal.prev == prev;
            if !follows || !key.verify(&seal.signed_bytes(number)?, &seal.signature) {
                good.fault = Some(format!("seal {number}: not ours, or not the next one"));
                return Ok(heads);
            }
            (after, prev, good.seals) = (number, seal.hash(number)?, good.seals + 1);
            heads.extend(seal.heads.iter().map(|(_, seq, hash)| (*seq, *hash)));
        }
        if !page.more {
            return Ok(heads);
        }
    }
}
