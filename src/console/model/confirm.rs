//! The question before a write: what has to be typed, and why it is done. Knows no key and no screen.

use std::collections::BTreeSet;

use super::super::conn::Answer;
use super::super::moment::Moment;
use super::super::safe::Safe;
use super::deeds::{Asks, Deed, Target, counted};
use super::line::Line;
use super::many::Many;
use crate::wire::secret::Secret;

/// Longest reason that the server takes, in characters.
const NOTE_CHARS_MAX: usize = 200;

/// What is filled in to make something.
#[derive(Debug)]
pub struct Form {
    /// One after the other.
    pub questions: &'static [Question],
    /// The body of the request, from what was typed for each of them.
    pub body: fn(&[String], Moment) -> String,
    /// The secret in the answer, which is shown this once.
    pub secret: fn(&Answer) -> Option<Secret>,
}

/// One line of a form.
#[derive(Debug)]
pub struct Question {
    /// What is asked for.
    pub name: &'static str,
    /// What may be typed.
    pub help: &'static str,
    /// What is wrong with it.
    pub check: fn(&str) -> Result<(), String>,
}

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
    /// What is typed so far: the word, or the present line of the form.
    pub typed: Line,
    /// The lines of the form that are filled in.
    pub said: Vec<String>,
    /// Why, as far as it is typed; `None`: nobody began to.
    pub reason: Option<Line>,
    /// Whether it is the reason that is typed now.
    pub is_saying: bool,
    /// What is wrong with what was typed.
    pub error: Option<String>,
}

/// What has to be typed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Exactly this.
    Word(String),
    /// Why it is done.
    Reason,
    /// The line of this number of the form.
    Line(usize),
}

impl Confirm {
    /// Asks whether `deed` is to be done to `targets`.
    pub fn new(deed: &'static Deed, view: &'static str, targets: Vec<Target>) -> Self {
        let names = targets.iter().map(|target| target.name.clone()).collect();
        Self {
            deed,
            view,
            targets,
            names,
            many: None,
            inverse: None,
            is_wide: false,
            remark: None,
            typed: Line::default(),
            said: Vec::new(),
            reason: None,
            is_saying: false,
            error: None,
        }
    }

    /// The word that has to be typed, as it is shown, so that hostile names can be typed too; `None`: `y` is enough, or
    /// there is a form. What is one's own always has to be typed.
    pub fn word(&self) -> Option<String> {
        if self.targets.iter().any(|target| target.is_mine) {
            return Some("mine".to_owned());
        }
        let name = self.names.first().map(String::as_str).unwrap_or_default();
        match self.deed.asks {
            Asks::Form(_) => None,
            Asks::Yes if !self.is_wide => None,
            // Everything of one account is that account's name.
            _ if self.names.iter().all(|other| other == name) => Some(Safe::new(name).to_string()),
            _ => Some(self.targets.len().to_string()),
        }
    }

    /// What is typed now; `None`: nothing, `y` is enough.
    pub fn wanted(&self) -> Option<Wanted> {
        if self.is_saying { Some(Wanted::Reason) } else { self.demanded() }
    }

    /// What is still asked for besides the reason.
    pub fn demanded(&self) -> Option<Wanted> {
        let Asks::Form(form) = self.deed.asks else { return self.word().map(Wanted::Word) };
        (self.said.len() < form.questions.len()).then_some(Wanted::Line(self.said.len()))
    }

    /// What stands before the line where `wanted` is typed.
    pub fn prompt(&self, wanted: &Wanted) -> String {
        match wanted {
            Wanted::Word(word) => format!("type {word} and enter: "),
            Wanted::Reason => "why, for the audit log: ".to_owned(),
            Wanted::Line(number) => {
                let (name, help) =
                    self.question(*number).map(|question| (question.name, question.help)).unwrap_or_default();
                format!("{name} ({help}): ")
            }
        }
    }

    /// The line of this number of the form.
    fn question(&self, number: usize) -> Option<&'static Question> {
        if let Asks::Form(form) = self.deed.asks { form.questions.get(number) } else { None }
    }

    /// The line is finished; answers whether all that is asked for is typed. A reason is asked for behind the name.
    pub fn enter(&mut self) -> bool {
        let right = self.wanted().map_or(Ok(()), |wanted| self.check(&wanted));
        self.error = right.err();
        if self.error.is_some() {
            return false;
        }
        match self.wanted() {
            None => false,
            Some(Wanted::Line(_)) => {
                self.said.push(std::mem::take(&mut self.typed).text().trim().to_owned());
                self.wanted().is_none()
            }
            Some(Wanted::Reason) => {
                self.is_saying = false;
                self.word().is_some_and(|word| self.typed.text() == word)
            }
            Some(Wanted::Word(_)) if self.needs_reason() && self.note().is_none() => {
                self.turn();
                false
            }
            Some(Wanted::Word(_)) => true,
        }
    }

    fn check(&self, wanted: &Wanted) -> Result<(), String> {
        let text = self.typed.text();
        match wanted {
            Wanted::Word(word) if text == *word => Ok(()),
            Wanted::Word(_) => Err("that is not what has to be typed".to_owned()),
            Wanted::Line(number) => {
                self.question(*number).map_or(Ok(()), |question| (question.check)(text.trim()))
            }
            Wanted::Reason => match self.note().map_or(0, |note| note.chars().count()) {
                0 if self.needs_reason() => Err("say why: it goes into the audit log".to_owned()),
                0..=NOTE_CHARS_MAX => Ok(()),
                _ => Err(format!("at most {NOTE_CHARS_MAX} characters")),
            },
        }
    }

    /// Whether it is not done without a reason.
    pub const fn needs_reason(&self) -> bool {
        matches!(self.deed.asks, Asks::Reason)
    }

    /// From what has to be typed to the reason, or back.
    pub fn turn(&mut self) {
        self.is_saying = !self.is_saying;
        self.reason.get_or_insert_default();
        self.error = None;
    }

    /// The line that is typed now.
    pub fn line(&mut self) -> &mut Line {
        self.error = None;
        if self.is_saying { self.reason.get_or_insert_default() } else { &mut self.typed }
    }

    /// Whether a reason that was begun is one the server takes.
    pub fn has_fitting_reason(&self) -> bool {
        self.note().is_none_or(|note| note.chars().count() <= NOTE_CHARS_MAX)
    }

    /// Why it is done.
    pub fn note(&self) -> Option<String> {
        let text = self.reason.as_ref()?.text();
        Some(text.trim().to_owned()).filter(|note| !note.is_empty())
    }

    /// `2 sessions of 1 user`, or `1 lock` where each is one of its own.
    pub fn count(&self) -> String {
        if let Asks::Form(_) = self.deed.asks {
            return self.deed.things.0.to_owned();
        }
        let things = counted(self.targets.len(), self.deed.things);
        if !matches!(self.deed.asks, Asks::Yes) && self.many.is_none() {
            return things;
        }
        let names: BTreeSet<&str> = self.targets.iter().map(|target| target.name.as_str()).collect();
        let users = if names.len() == 1 { "user" } else { "users" };
        format!("{things} of {} {users}", names.len())
    }
}
