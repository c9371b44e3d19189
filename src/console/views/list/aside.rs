//! What is asked about single rows: more about the one that is open, and again those that changed. Knows no screen.

use super::{List, ROW};
use crate::console::conn::problem::Kind;
use crate::console::conn::{Answer, Problem, Request};
use crate::console::look::Look;
use crate::console::model::remote::Remote;
use crate::console::moment::Moment;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::console::views::Cell;
use crate::console::views::Cx;
use crate::console::views::list::Detail;

/// More rows than this change together: then the page is read.
const STALE_MAX: usize = 20;

/// What else is known of one row.
#[derive(Debug, Default)]
pub(super) struct Aside {
    of: Option<String>,
    generation: u64,
    answers: Vec<(&'static str, Remote<Answer>)>,
}

impl Aside {
    /// It may have changed: what is known stays until the next answer.
    pub(super) fn forget(&mut self) {
        self.of = None;
    }

    pub(super) fn settle(
        &mut self,
        (part, generation): (&str, u64),
        result: Result<Answer, Problem>,
        now: Moment,
    ) {
        let asked = self.answers.iter_mut().find(|(name, _)| *name == part);
        if let Some((_, answer)) = asked.filter(|_| generation == self.generation) {
            answer.settle(result, now);
        }
    }
}

impl<R: Clone + 'static> List<R> {
    /// Asks for the rest of what the details show, when another row is open than before.
    pub(super) fn look_closer(&mut self, cx: &mut Cx<'_>) {
        let open = if self.is_open { self.selected.clone() } else { None };
        if self.spec.more.is_empty() || open == self.aside.of {
            return;
        }
        let Some((row, id)) = self.row().zip(open) else {
            self.aside.answers.clear();
            return self.aside.forget();
        };
        let asked: Vec<_> = self.spec.more.iter().map(|more| (more.part, (more.request)(row))).collect();
        self.aside.of = Some(id);
        self.aside.generation += 1;
        self.aside.answers = Vec::new();
        for (part, request) in asked {
            let mut answer = Remote::default();
            answer.ask(cx.now);
            self.aside.answers.push((part, answer));
            cx.ask((self.spec.view.id(), part), self.aside.generation, request);
        }
    }

    /// What the answers add to the details.
    pub(super) fn asides(&self, look: &Look) -> Vec<Detail> {
        let mut details = Vec::new();
        for (more, (part, answer)) in self.spec.more.iter().zip(&self.aside.answers) {
            let read = match (answer.known(), answer.problem()) {
                (Some(answer), _) => (more.read)(answer, look),
                (None, Some(problem)) => Err(problem.clone()),
                (None, None) => Ok(vec![(*part, Cell(Safe::from("loading"), Token::Muted))]),
            };
            match read {
                Ok(lines) => details.extend(lines),
                Err(problem) if problem.kind == Kind::Forbidden => {
                    details.push((*part, Cell(Safe::from("you may not see them"), Token::Muted)));
                }
                Err(problem) => details.push((*part, Cell(Safe::new(&problem.line()), Token::Danger))),
            }
        }
        details
    }

    /// The row of this id changed. It is asked for where it stands, so that nothing moves under who reads.
    pub(super) fn refresh(&mut self, id: String, request: Request, cx: &mut Cx<'_>) {
        if self.window.find(&id).is_none() {
            return;
        }
        self.stale.insert(id, request);
        if !cx.is_shown || self.stale.len() > STALE_MAX {
            self.stale.clear();
            self.reload_at.get_or_insert(cx.now);
        } else {
            self.refresh_next(cx);
        }
    }

    fn refresh_next(&mut self, cx: &mut Cx<'_>) {
        if self.refreshing.is_some() {
            return;
        }
        let Some((id, request)) = self.stale.pop_first() else { return };
        if self.aside.of.as_ref() == Some(&id) {
            self.aside.forget();
        }
        self.generation_of_row += 1;
        self.refreshing = Some(self.generation_of_row);
        cx.ask((self.spec.view.id(), ROW), self.generation_of_row, request);
    }

    /// One row that changed, or is gone.
    pub(super) fn take_row(&mut self, generation: u64, result: Result<Answer, Problem>, cx: &mut Cx<'_>) {
        if self.refreshing != Some(generation) {
            return;
        }
        self.refreshing = None;
        match result.and_then(|answer| (self.spec.read)(&answer)) {
            Ok(page) => page.rows.into_iter().for_each(|row| self.window.replace(row)),
            // It shows its old state no longer than until the page is read again.
            Err(_) => drop(self.reload_at.get_or_insert(cx.now)),
        }
        self.refresh_next(cx);
        self.look_closer(cx);
    }
}
