//! The question before a write: what has to be typed, and why it is done. Knows no view and no key.

use std::collections::BTreeSet;

use super::super::safe::Safe;
use super::deeds::{Asks, Deed, Target, counted};
use super::line::Line;
use super::many::Many;

/// Longest reason that the server keeps.
const NOTE_CHARS_MAX: usize = 200;

/// A dialog that asks.
#[derive(Debug)]
pub struct Confirm {
    /// What would be done.
    pub deed: &'static Deed,
    /// The view it belongs to.
    pub view: &'static str,
    /// To these, whatever changes meanwhile.
    pub targets: Vec<Target>,
    /// Their names as the operator sees them; the requests take those of the targets.
    pub names: Vec<String>,
    /// How it is done to many at once, where it can be.
    pub many: Option<&'static Many>,
    /// What takes it back, where something does.
    pub inverse: Option<&'static Deed>,
    /// Whether it is about more than what was marked one by one, so that it has to be typed.
    pub is_wide: bool,
    /// What else there is to know.
    pub remark: Option<String>,
    /// What is typed so far.
    pub typed: Line,
    /// Why, as far as it is typed; `None`: nobody began to.
    pub reason: Option<Line>,
    /// Whether it is the reason that is typed now.
    pub is_saying: bool,
}

impl Confirm {
    /// Asks whether `deed` is to be done to `targets`.
    pub fn new(deed: &'static Deed, view: &'static str, targets: Vec<Target>) -> Self {
        let (typed, reason, is_saying) = (Line::default(), None, false);
        let (many, inverse, is_wide, remark) = (None, None, false, None);
        let names = targets.iter().map(|target| target.name.clone()).collect();
        Self { deed, view, targets, names, many, inverse, is_wide, remark, typed, reason, is_saying }
    }

    /// What has to be typed, as it is shown, so that hostile names can be typed too; `None`: `y` is enough. What is one's
    /// own always has to be typed.
    pub fn word(&self) -> Option<String> {
        if self.targets.iter().any(|target| target.is_mine) {
            return Some("mine".to_owned());
        }
        let name = self.names.first().map(String::as_str).unwrap_or_default();
        match self.deed.asks {
            Asks::Yes if !self.is_wide => None,
            // Everything of one account is that account's name.
            _ if self.names.iter().all(|other| other == name) => Some(Safe::new(name).to_string()),
            _ => Some(self.targets.len().to_string()),
        }
    }

    /// Whether what has to be typed was typed.
    pub fn is_typed(&self) -> bool {
        self.word().is_some_and(|word| self.typed.text() == word)
    }

    /// Enter was pressed: whether all that is asked for is typed. A reason is asked for behind the name.
    pub fn is_agreed(&mut self) -> bool {
        if !self.is_typed() {
            self.is_saying = false;
            return false;
        }
        if self.deed.asks == Asks::Reason && self.note().is_none() {
            self.is_saying = false;
            self.turn();
            return false;
        }
        true
    }

    /// From what has to be typed to the reason, or back.
    pub fn turn(&mut self) {
        self.is_saying = !self.is_saying;
        self.reason.get_or_insert_default();
    }

    /// The line that is typed now.
    pub fn line(&mut self) -> &mut Line {
        if self.is_saying { self.reason.get_or_insert_default() } else { &mut self.typed }
    }

    /// Why it is done, as it is sent.
    pub fn note(&self) -> Option<String> {
        let text = self.reason.as_ref()?.text();
        let note: String = text.trim().chars().take(NOTE_CHARS_MAX).collect();
        Some(note).filter(|note| !note.is_empty())
    }

    /// `2 sessions of 1 user`, or `1 lock` where each is typed by its name.
    pub fn count(&self) -> String {
        if self.deed.asks != Asks::Yes && self.many.is_none() {
            return counted(self.targets.len(), self.deed.things);
        }
        let names: BTreeSet<&str> = self.targets.iter().map(|target| target.name.as_str()).collect();
        let users = if names.len() == 1 { "user" } else { "users" };
        format!("{} of {} {users}", counted(self.targets.len(), self.deed.things), names.len())
    }
}
