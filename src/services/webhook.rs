//! Delivering audit events to webhooks: in order, at least once, each hook for itself. Knows no HTTP.
//!
//! ## Decision: the audit log is the outbox
//! An event is in the audit log by the commit of its cause, so nothing more is written there: a hook keeps the place up to
//! which its receiver has taken everything, and reads on from it. A crash between a delivery and the note of it repeats
//! that delivery, under the same id. What is given up is noted by its place only: the content is read again when somebody
//! wants it delivered after all, and is as forgotten as the person by then.
//!
//! ## Decision: one at a time, and the hook waits, not the event
//! Receivers build on the order. So a delivery that fails holds up what follows it, for longer and longer up to an hour,
//! until it was tried as often as is configured; what follows it then is tried at that pace, until one succeeds. A receiver
//! that is away for a day loses a few events to the dead letters and gets all others.
//!
//! ## Decision: configuration is the truth
//! Which hooks there are, and where they lead, is configured, as with providers of identities: nobody who took over an
//! administrator's session can have events sent to themselves. A hook that is not configured any more is forgotten at
//! the next start, and begins anew with what happens from then on when it comes back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Services;
use super::audit::{Witness, open_personal};
use super::audit_log::entry;
use super::webhook_sink::{OutgoingEvent, SinkFault, WebhookSink};
use crate::crypto::digest::to_hex;
use crate::domain::actions::Actions;
use crate::domain::audit::{Action, Outcome};
use crate::domain::feed::Cursor;
use crate::domain::time::Timestamp;
use crate::domain::webhook::retry_delay;
use crate::store::lane::{self, EventV1, LANE_0, LaneRecordV1, Span};
use crate::store::webhook::{self, DeadLetter, Place, Progress};
use crate::store::{Read, StoreError, Txn};

/// Most commits that one step looks at.
const LOOKED_AT: usize = 16;

/// After so many commits of which nothing is wanted, the place is written.
const SKIPPED_MAX: u64 = 1_000;

/// Most dead letters that are kept for one hook, as shipped.
pub const DEAD_MAX: u32 = 10_000;

/// Most dead letters that one transaction removes: each takes two writes of the hundred.
const BATCH: usize = 40;

/// One webhook.
pub struct Hook {
    /// Its name in paths, records and configuration.
    pub name: String,
    /// Scheme, host and port of its receiver; the rest of the URL may hold a secret.
    pub origin: String,
    /// Which acts it is told of; `None`: all.
    pub actions: Option<Actions>,
    /// How often an event is tried before it is given up.
    pub attempts_max: u32,
    /// How long what was given up is kept.
    pub dead_for: Duration,
    /// How many of them are kept; beyond it the oldest is dropped.
    pub dead_max: u32,
    /// What delivers.
    pub sink: Arc<dyn WebhookSink>,
    /// How far it has looked.
    pub seen: Seen,
}

/// The place before which a hook knows that nothing is wanted. What is stored may lie before it.
#[derive(Debug, Default)]
pub struct Seen(Mutex<Place>);

impl Seen {
    fn place(&self) -> Place {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves on, never back; answers where it is then.
    fn move_to(&self, place: Place) -> Place {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = place.max(*seen);
        *seen
    }
}

/// When to take the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// At once.
    Now,
    /// At this time, or when something is committed: an operator may have set the hook going.
    At(Timestamp),
    /// When something is committed.
    OnCommit,
}

/// Looks for the next event that `hook` is to be told of, and delivers it. Of one hook only one step may be under way.
pub async fn step(app: &Services, hook: &Hook) -> Result<Next, StoreError> {
    let Some(progress) = app.read(|read| webhook::progress(read, &hook.name))? else {
        let name = hook.name.clone();
        let begin = move |txn: &mut Txn<'_>| webhook::put(txn, &name, &Progress::begin(txn)?);
        app.write("webhook.begin", &app.own_context("webhook"), begin).await?;
        return Ok(Next::Now);
    };
    if progress.gone_at.is_some() {
        return Ok(Next::OnCommit);
    }
    if let Some(due_at) = progress.due_at.filter(|due_at| *due_at > app.clock.now()) {
        return Ok(Next::At(due_at));
    }
    let from = hook.seen.move_to(progress.next);
    match app.read(|read| look(app, read, hook, from))? {
        Found::Event(place, event) => {
            hook.seen.move_to(place);
            let outcome = hook.sink.deliver(&event).await;
            settle(app, hook, &progress, (place, &event), outcome).await?;
            Ok(Next::Now)
        }
        Found::Nothing { up_to, more } => {
            hook.seen.move_to(up_to);
            if up_to.0.saturating_sub(progress.next.0) >= SKIPPED_MAX {
                let after = Progress { next: up_to, ..progress.clone() };
                note(app, hook, &progress, after, Also::Nothing).await?;
            }
            Ok(if more { Next::Now } else { Next::OnCommit })
        }
    }
}

/// Forgets what is stored of hooks that are not configured any more. To be called at the start, before any step.
pub async fn forget_others(app: &Services) -> Result<(), StoreError> {
    let is_other = |name: &String| app.hooks.iter().all(|hook| hook.name != *name);
    let names = app.read(|read| webhook::names(read))?;
    for name in names.into_iter().filter(is_other) {
        let forget = move |txn: &mut Txn<'_>| {
            let Some(mut progress) = webhook::progress(txn, &name)? else { return Ok(false) };
            let letters = webhook::dead_letters(txn, &name, None, BATCH)?;
            for (_, letter) in &letters.rows {
                webhook::dig_up(txn, &name, &mut progress, letter)?;
            }
            if !letters.more {
                webhook::remove(txn, &name)?;
            }
            Ok(letters.more)
        };
        while app.write("webhook.forget", &app.own_context("start"), forget.clone()).await? {}
    }
    Ok(())
}

/// A webhook and how it stands.
pub struct Standing<'a> {
    /// The webhook.
    pub hook: &'a Hook,
    /// How far it has come; `None` until it begins.
    pub progress: Option<Progress>,
    /// Commits of the audit log that it has not got to.
    pub behind: u64,
}

/// How all webhooks stand, in the order of the configuration.
pub fn standing<'a>(app: &'a Services, read: &impl Read) -> Result<Vec<Standing<'a>>, StoreError> {
    let end = lane::head(read, LANE_0)?.seq.saturating_add(1);
    let each = app.hooks.iter().map(|hook| {
        let progress = webhook::progress(read, &hook.name)?;
        let got_to = |progress: &Progress| progress.next.max(hook.seen.place()).0;
        let behind = progress.as_ref().map_or(0, |progress| end.saturating_sub(got_to(progress)));
        Ok(Standing { hook, progress, behind })
    });
    each.collect()
}

/// The event at `place`, if the audit log still has it.
pub(super) fn event_at(
    app: &Services,
    read: &impl Read,
    (seq, index): Place,
) -> Result<Option<OutgoingEvent>, StoreError> {
    let Some(record) = lane::record(read, LANE_0, seq)? else { return Ok(None) };
    outgoing(app, read, (seq, index), &record)
}

/// What [`look`] found.
enum Found {
    /// The next event.
    Event(Place, Box<OutgoingEvent>),
    /// Nothing before this place; whether there is more behind it.
    Nothing { up_to: Place, more: bool },
}

fn look(app: &Services, read: &impl Read, hook: &Hook, from: Place) -> Result<Found, StoreError> {
    let span = Span { after: Some(from.0.saturating_sub(1)), ..Span::oldest(LOOKED_AT) };
    let records = lane::records(read, LANE_0, span)?;
    let mut up_to = from;
    for (seq, record) in records.rows {
        let begin = if seq == from.0 { usize::from(from.1) } else { 0 };
        let is_wanted = |action: &str| hook.actions.as_ref().is_none_or(|actions| actions.hold(action));
        let mut events = record.events.iter().enumerate().skip(begin);
        if let Some((index, _)) = events.find(|(_, event)| is_wanted(&event.action)) {
            let place = (seq, u16::try_from(index).unwrap_or(u16::MAX));
            if let Some(event) = outgoing(app, read, place, &record)? {
                return Ok(Found::Event(place, Box::new(event)));
            }
        }
        up_to = (seq.saturating_add(1), 0);
    }
    Ok(Found::Nothing { up_to, more: records.more })
}

/// The event at `place` of its record. Its id is that of the same event in the event stream.
fn outgoing(
    app: &Services,
    read: &impl Read,
    (seq, index): Place,
    record: &LaneRecordV1,
) -> Result<Option<OutgoingEvent>, StoreError> {
    let Some(event) = record.events.get(usize::from(index)) else { return Ok(None) };
    let hash = record.hash(LANE_0, seq)?;
    let (behind, count) = (Cursor::behind(LANE_0, seq, &hash), index.saturating_add(1));
    let is_last = usize::from(count) == record.events.len();
    let id = if is_last { behind } else { behind.within(count) }.to_string();
    let personal = open_personal(app, read, &mut HashMap::new(), event)?;
    let chain = (to_hex(&hash), to_hex(&record.prev_hash));
    let entry = entry((seq, usize::from(index)), chain, event.clone(), personal);
    Ok(Some(OutgoingEvent { id, entry }))
}

/// Writes down what became of a delivery.
async fn settle(
    app: &Services,
    hook: &Hook,
    before: &Progress,
    (place, event): (Place, &OutgoingEvent),
    outcome: Result<(), SinkFault>,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let passed = (place.0, place.1.saturating_add(1));
    let fault = match outcome {
        Ok(()) => {
            let after = Progress {
                next: passed,
                attempts: 0,
                failures: 0,
                due_at: None,
                delivered_at: Some(now),
                delivered: before.delivered.saturating_add(1),
                last_error: None,
                ..before.clone()
            };
            return note(app, hook, before, after, Also::Nothing).await;
        }
        Err(fault) => fault,
    };
    // The attempts of another event, which is not wanted any more, do not count for this one.
    let attempts = if before.next == place { before.attempts } else { 0 }.saturating_add(1);
    let failures = before.failures.saturating_add(1);
    let asked = if let SinkFault::Busy { wait, .. } = fault { wait } else { Duration::ZERO };
    let delay = retry_delay(failures, asked, u32::from_be_bytes(app.random()));
    let is_dead = attempts >= hook.attempts_max;
    tracing::warn!(webhook = hook.name, event = event.id, attempts, is_dead, reason = %fault, "Event not delivered");
    let failed = Progress {
        next: place,
        attempts,
        failures,
        due_at: Some(now.plus(delay)),
        last_error: Some(fault.to_string()),
        ..before.clone()
    };
    if fault == SinkFault::Gone {
        let ctx = app.own_context("webhook");
        let event = Witness::of_nobody(app, &ctx).event(Action::WebhookDisabled, Outcome::Success);
        let event = event.reason("gone").detail("webhook", &hook.name).done();
        let after = Progress { gone_at: Some(now), due_at: None, ..failed };
        return note(app, hook, before, after, Also::Event(event)).await;
    }
    if !is_dead {
        return note(app, hook, before, failed, Also::Nothing).await;
    }
    let letter = DeadLetter {
        place,
        action: event.entry.action.clone(),
        at: now,
        until: now.plus(hook.dead_for),
        attempts,
        last_error: fault.to_string(),
    };
    let after = Progress { next: passed, attempts: 0, ..failed };
    note(app, hook, before, after, Also::Letter(letter)).await
}

/// What is written with a new [`Progress`].
enum Also {
    Nothing,
    Letter(DeadLetter),
    Event(EventV1),
}

/// Writes where `hook` is now, unless it is not any more where it was `before`: an operator resumed it meanwhile, and the
/// delivery is repeated. What operators did to dead letters meanwhile stays done.
async fn note(
    app: &Services,
    hook: &Hook,
    before: &Progress,
    after: Progress,
    also: Also,
) -> Result<(), StoreError> {
    let (before, name, dead_max) = (before.clone(), hook.name.clone(), hook.dead_max);
    let run = move |txn: &mut Txn<'_>| {
        let Some(now) = webhook::progress(txn, &name)? else { return Ok(()) };
        let mut after = Progress { dead: now.dead, ..after.clone() };
        if (Progress { dead: now.dead, ..before.clone() }) != now {
            return Ok(());
        }
        match &also {
            Also::Nothing => {}
            Also::Event(event) => txn.emit(event.clone())?,
            Also::Letter(letter) => {
                if after.dead >= dead_max {
                    for (_, oldest) in webhook::dead_letters(txn, &name, None, 1)?.rows {
                        webhook::dig_up(txn, &name, &mut after, &oldest)?;
                    }
                }
                webhook::bury(txn, &name, &mut after, letter)?;
            }
        }
        webhook::put(txn, &name, &after)
    };
    app.write("webhook.note", &app.own_context("webhook"), run).await
}
