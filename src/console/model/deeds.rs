//! Writes: what is asked before, what is under way, and when it is final. Knows no view.
//!
//! ## Decision: final is what the audit trail says
//! The console names each request, the server writes that name into the audit events of the request, and the stream
//! brings them. A write is shown as pending until its answer and its event are both here: an answer alone could be a
//! proxy's, an event alone could be a retry's.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::super::conn::{Answer, Problem, Request};
use super::super::moment::Moment;
pub use super::confirm::{Confirm, Form, Question};
use super::many::{self, IDS_MAX};
use crate::wire::audit::AuditLog;

/// How long the audit event of an answered request may take before that is said.
const EVENT_PATIENCE: Duration = Duration::from_secs(10);

/// A kind of write: what a view declares.
#[derive(Debug)]
pub struct Deed {
    /// The verb of the dialog, in capitals: `END`.
    pub verb: &'static str,
    /// The verb when it is done: `ended`.
    pub done: &'static str,
    /// One of what it is done to, and several.
    pub things: (&'static str, &'static str),
    /// The request for one of them.
    pub request: fn(&Target) -> Request,
    /// How it is confirmed.
    pub asks: Asks,
    /// What can be done about it afterwards; shown in the dialog.
    pub undo: &'static str,
}

/// How a deed is confirmed. Never by the key that began it, and never by Enter alone.
#[derive(Debug, Clone, Copy)]
pub enum Asks {
    /// By `y`.
    Yes,
    /// By typing the name of the target, or how many there are.
    Name,
    /// By the same, and then why it is done, which goes into the audit log: for what helps an attacker when it is done to
    /// the wrong one.
    Reason,
    /// By filling in a form. What it makes is one's own, so only a session may.
    Form(&'static Form),
}

/// What a deed is done to, as it was when the dialog opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub id: String,
    /// What is typed to confirm, and shown: an email address, a prefix of a key.
    pub name: String,
    /// Whether it is the operator's own.
    pub is_mine: bool,
}

/// `1 session`, `2 sessions`.
pub fn counted(count: usize, (one, several): (&str, &str)) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Writes that are under way.
#[derive(Debug, Default)]
pub struct Deeds {
    running: Vec<Running>,
    waiting: BTreeMap<String, Waiting>,
    made: u64,
    /// What takes the last write back, and from what; `None`: nothing does.
    pub inverse: Option<(&'static Deed, Vec<Target>)>,
}

#[derive(Debug)]
struct Running {
    number: u64,
    deed: &'static Deed,
    inverse: Option<&'static Deed>,
    targets: Vec<Target>,
    done: usize,
    left: usize,
    failed: Vec<String>,
}

/// One request: to one thing, or to many.
#[derive(Debug)]
struct Waiting {
    running: u64,
    ids: Vec<String>,
    answered_at: Option<Moment>,
    /// Things it was not done to, and why.
    failed: Vec<String>,
    /// Whose events came.
    heard: HashSet<String>,
}

impl Waiting {
    fn new(running: u64, ids: Vec<String>) -> Self {
        Self { running, ids, answered_at: None, failed: Vec::new(), heard: HashSet::new() }
    }

    /// Whether the trail tells all that the answer told.
    fn is_heard(&self) -> bool {
        self.heard.len() + self.failed.len() >= self.ids.len()
    }

    /// `event` is of this request. One that is about one thing may be told of another: its account, its lock.
    fn hear(&mut self, event: &AuditLog) {
        let id = match (self.ids.as_slice(), &event.resource_id) {
            ([one], _) => Some(one),
            (several, Some(id)) => several.iter().find(|other| *other == id),
            _ => None,
        };
        self.heard.extend(id.cloned());
    }
}

/// How a write ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    /// A sentence.
    pub sentence: String,
    /// Whether all of it was done.
    pub is_good: bool,
}

impl Deeds {
    /// Begins what was confirmed; answers the requests. `tag` makes their names differ from those of other consoles.
    pub fn begin(&mut self, confirmed: &Confirm, tag: &str) -> Vec<Request> {
        self.made += 1;
        let (number, deed) = (self.made, confirmed.deed);
        let group = if confirmed.many.is_some() { IDS_MAX } else { 1 };
        let groups = confirmed.targets.chunks(group);
        self.inverse = None;
        self.running.push(Running {
            number,
            deed,
            inverse: confirmed.inverse,
            targets: confirmed.targets.clone(),
            done: 0,
            left: groups.len(),
            failed: Vec::new(),
        });
        let requests = groups.enumerate().filter_map(|(index, targets)| {
            let request_id = format!("console-{tag}-{number}-{index}");
            let ids: Vec<_> = targets.iter().map(|target| target.id.clone()).collect();
            let request = match (targets, confirmed.many) {
                ([one], _) => (deed.request)(one),
                (_, Some(many)) => many.request(&ids),
                _ => return None,
            };
            self.waiting.insert(request_id.clone(), Waiting::new(number, ids));
            Some(Request { request_id: Some(request_id), note: confirmed.note(), ..request })
        });
        requests.collect()
    }

    /// The form that the request came from.
    pub fn form_of(&self, request_id: &str) -> Option<&'static Form> {
        let waiting = self.waiting.get(request_id)?;
        let running = self.running.iter().find(|running| running.number == waiting.running)?;
        if let Asks::Form(form) = running.deed.asks { Some(form) } else { None }
    }

    /// Whether something is being done to `id`.
    pub fn is_pending(&self, id: &str) -> bool {
        self.waiting.values().any(|waiting| waiting.ids.iter().any(|other| other == id))
    }

    /// How many things are not final.
    pub fn pending(&self) -> usize {
        self.waiting.values().map(|waiting| waiting.ids.len()).sum()
    }

    /// What the answer to `request_id` says of each of many; before [`Self::answered`].
    pub fn told(&mut self, request_id: &str, answer: &Answer) -> Result<(), Problem> {
        if let Some(waiting) = self.waiting.get_mut(request_id).filter(|waiting| waiting.ids.len() > 1) {
            waiting.failed = many::failed(answer)?;
        }
        Ok(())
    }

    /// The answer to `request_id`; an end when it was the last thing to wait for.
    pub fn answered(&mut self, request_id: &str, problem: Option<&Problem>, now: Moment) -> Option<Ended> {
        let waiting = self.waiting.get_mut(request_id)?;
        waiting.answered_at = Some(now);
        if problem.is_some() || waiting.is_heard() {
            let waiting = self.waiting.remove(request_id)?;
            return self.settle(waiting, problem.map(Problem::sentence));
        }
        None
    }

    /// An audit event; an end when it was the last thing to wait for.
    pub fn heard(&mut self, event: &AuditLog) -> Option<Ended> {
        let request_id = event.request_id.as_deref()?;
        let waiting = self.waiting.get_mut(request_id)?;
        waiting.hear(event);
        waiting.answered_at?;
        if !waiting.is_heard() {
            return None;
        }
        let waiting = self.waiting.remove(request_id)?;
        self.settle(waiting, None)
    }

    /// What was answered long ago and never showed in the trail.
    pub fn overdue(&mut self, now: Moment) -> Option<Ended> {
        let is_late =
            |waiting: &Waiting| waiting.answered_at.is_some_and(|at| now.since(at) >= EVENT_PATIENCE);
        let late = self.waiting.iter().find(|(_, waiting)| is_late(waiting)).map(|(id, _)| id.clone())?;
        let waiting = self.waiting.remove(&late)?;
        let of = waiting.ids.join(", ");
        self.settle(waiting, Some(format!("{of}: answered, but no audit event came: look again")))
    }

    /// When [`Self::overdue`] may have something.
    pub fn deadline(&self) -> Option<Moment> {
        self.waiting
            .values()
            .filter_map(|waiting| waiting.answered_at)
            .min()
            .map(|at| at.plus(EVENT_PATIENCE))
    }

    fn settle(&mut self, waiting: Waiting, failed: Option<String>) -> Option<Ended> {
        let index = self.running.iter().position(|running| running.number == waiting.running)?;
        let running = self.running.get_mut(index)?;
        running.left = running.left.saturating_sub(1);
        match failed {
            None => {
                running.done += waiting.ids.len().saturating_sub(waiting.failed.len());
                running.failed.extend(waiting.failed);
            }
            Some(why) => {
                running.targets.retain(|target| !waiting.ids.contains(&target.id));
                running.failed.push(why);
            }
        }
        if running.left > 0 {
            return None;
        }
        let running = self.running.remove(index);
        self.inverse = running.inverse.filter(|_| running.done > 0).map(|deed| (deed, running.targets));
        let mut sentence = format!("{} {}", running.deed.done, counted(running.done, running.deed.things));
        if !running.failed.is_empty() {
            sentence = format!("{sentence}, {} failed: {}", running.failed.len(), running.failed.join("; "));
        }
        Some(Ended { sentence, is_good: running.failed.is_empty() })
    }
}

#[cfg(test)]
mod tests;
