//! One of several questions that a view asks, and what is known of the answer. Knows no view.

use serde::de::DeserializeOwned;

use super::Cx;
use crate::console::conn::problem::Kind;
use crate::console::conn::{Answer, Problem, Request};
use crate::console::model::remote::Remote;
use crate::console::moment::brief;
use crate::console::safe::Safe;
use crate::console::theme::Token;

/// A question and its answer `T`.
#[derive(Debug)]
pub struct Part<T> {
    slot: (&'static str, &'static str),
    generation: u64,
    /// What is known.
    pub data: Remote<T>,
}

impl<T: DeserializeOwned> Part<T> {
    /// The question `part` of `view`, not asked yet.
    pub const fn new(view: &'static str, part: &'static str) -> Self {
        Self { slot: (view, part), generation: 0, data: Remote::NotAsked }
    }

    /// Asks. What was known stays until the answer is here.
    pub fn ask(&mut self, request: Request, cx: &mut Cx<'_>) {
        self.generation += 1;
        self.data.ask(cx.now);
        cx.ask(self.slot, self.generation, request);
    }

    /// What was asked is no longer of interest.
    pub fn forget(&mut self) {
        self.generation += 1;
        self.data = Remote::NotAsked;
    }

    /// Takes the answer, if it is one to this question.
    pub fn answer(&mut self, part: &str, generation: u64, result: &Result<Answer, Problem>, cx: &Cx<'_>) {
        if part == self.slot.1 && generation == self.generation {
            let read = result.as_ref().map_err(Clone::clone).and_then(Answer::read);
            self.data.settle(read, cx.now);
        }
    }

    /// What stands where nothing is known yet.
    pub fn instead(&self, look: &crate::console::look::Look) -> (Safe, Token) {
        if let Some(problem) = self.data.problem() {
            let again = if problem.kind == Kind::Forbidden { "" } else { "\nr tries again" };
            return (Safe::new(&format!("{}{again}", problem.line())), Token::Danger);
        }
        let waited = self.data.loading_since().map(|since| look.now.since(since));
        match waited.filter(|waited| *waited >= super::list::QUIET) {
            Some(waited) => (Safe::new(&format!("loading ({})", brief(waited))), Token::Muted),
            None => (Safe::default(), Token::Muted),
        }
    }
}
