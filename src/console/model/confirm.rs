//! The question before a write: what has to be typed, and why it is done. Knows no key and no screen.

use std::collections::BTreeSet;

use super::super::conn::Answer;
use super::super::moment::Moment;
use super::deeds::{Asks, Deed, Target, counted};
use super::line::Line;
use crate::wire::secret::Secret;

/// Longest reason that the server takes, in characters.
const REASON_CHARS_MAX: usize = 200;

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
    /// What is typed so far, in the line that is asked for now.
    pub typed: Line,
    /// The lines before it.
    pub said: Vec<String>,
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
    /// Nothing typed yet.
    pub fn new(deed: &'static Deed, view: &'static str, targets: Vec<Target>) -> Self {
        Self { deed, view, targets, typed: Line::default(), said: Vec::new(), error: None }
    }

    /// The word that has to be typed; `None`: `y` is enough, or there is a form. What is one's own always has to be typed.
    pub fn word(&self) -> Option<String> {
        if self.targets.iter().any(|target| target.is_mine) {
            return Some("mine".to_owned());
        }
        match (self.deed.asks, self.targets.as_slice()) {
            (Asks::Yes | Asks::Form(_), _) => None,
            (Asks::Name | Asks::Reason, [one]) => Some(one.name.clone()),
            (Asks::Name | Asks::Reason, several) => Some(several.len().to_string()),
        }
    }

    /// What has to be typed now; `None`: nothing, `y` is enough.
    pub fn wanted(&self) -> Option<Wanted> {
        self.all_wanted().into_iter().nth(self.said.len())
    }

    fn all_wanted(&self) -> Vec<Wanted> {
        let word = self.word().map(Wanted::Word).into_iter();
        let reason = matches!(self.deed.asks, Asks::Reason).then_some(Wanted::Reason);
        let lines = if let Asks::Form(form) = self.deed.asks { form.questions.len() } else { 0 };
        word.chain(reason).chain((0..lines).map(Wanted::Line)).collect()
    }

    /// What is asked for now, as it stands before the line; `None`: `y` is enough.
    pub fn prompt(&self) -> Option<String> {
        Some(match self.wanted()? {
            Wanted::Word(word) => format!("type {word} and enter: "),
            Wanted::Reason => "why, for the audit log: ".to_owned(),
            Wanted::Line(number) => {
                let (name, help) =
                    self.question(number).map(|question| (question.name, question.help)).unwrap_or_default();
                format!("{name} ({help}): ")
            }
        })
    }

    /// The line of this number of the form.
    pub fn question(&self, number: usize) -> Option<&'static Question> {
        if let Asks::Form(form) = self.deed.asks { form.questions.get(number) } else { None }
    }

    /// The line is finished; answers whether everything was typed.
    pub fn enter(&mut self) -> bool {
        let text = self.typed.text();
        let is_right = match self.wanted() {
            None => return false,
            Some(Wanted::Word(word)) if text == word => Ok(()),
            Some(Wanted::Word(_)) => Err("that is not what has to be typed".to_owned()),
            Some(Wanted::Reason) => match text.trim().chars().count() {
                0 => Err("say why: it goes into the audit log".to_owned()),
                1..=REASON_CHARS_MAX => Ok(()),
                _ => Err(format!("at most {REASON_CHARS_MAX} characters")),
            },
            Some(Wanted::Line(number)) => {
                self.question(number).map_or(Ok(()), |question| (question.check)(text.trim()))
            }
        };
        self.error = is_right.err();
        if self.error.is_some() {
            return false;
        }
        self.said.push(text.trim().to_owned());
        self.typed = Line::default();
        self.wanted().is_none()
    }

    /// Why it is done, once that was typed.
    pub fn reason(&self) -> Option<String> {
        let at = self.all_wanted().iter().position(|wanted| *wanted == Wanted::Reason)?;
        self.said.get(at).cloned()
    }

    /// `2 sessions of 1 user`.
    pub fn count(&self) -> String {
        if let Asks::Form(_) = self.deed.asks {
            return self.deed.things.0.to_owned();
        }
        let things = counted(self.targets.len(), self.deed.things);
        if !matches!(self.deed.asks, Asks::Yes) {
            // Each is one of its own: the names say nothing more.
            return things;
        }
        let names: BTreeSet<&str> = self.targets.iter().map(|target| target.name.as_str()).collect();
        let users = if names.len() == 1 { "user" } else { "users" };
        format!("{things} of {} {users}", names.len())
    }
}
