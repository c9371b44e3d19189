//! What a list asks the server for: its first page, the one behind what is loaded, and what an answer makes of it.
//!
//! ## Decision: no order but the server's, and it stands in the filter
//! Rows are indexed by id, that is by time, and by nothing else. To sort what happens to be loaded would call the oldest of
//! 600 rows the oldest of all. Sessions, accounts and the audit log are walked from either end; for every other order there
//! is a filter: `since:`, `before:`, `due:`, `state:`. The order is a word of the filter, `order:oldest`, so whatever keeps
//! or repeats a filter - recall, back, the palette, a copied command - keeps it too.
//!
//! ## Decision: what is new has no place on top of the oldest
//! It belongs behind the last row of all. So it is counted, the end is no longer known, and scrolling there asks for it.
//! Following is for the newest first: `f` turns the list over.

use super::{Asked, HOPS_MAX, List, Load, PART};
use crate::console::conn::Request;
use crate::console::model::rows::{PAGE, Page, Want, Window};
use crate::console::moment::Moment;
use crate::console::views::{Cx, Filter};

impl<R: Clone + 'static> List<R> {
    pub(super) fn asking(&self, now: Moment) -> Request {
        let request = Request::get(self.spec.path).with("limit", PAGE.to_string());
        self.filter.on(request, now)
    }

    /// What [`super::View::set_filter`] does.
    pub(super) fn filter_by(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), String> {
        let filter = Filter::parse(text, self.spec.view.fields)?;
        if !filter.is_empty() {
            self.recalled.retain(|before| before != filter.text());
            self.recalled.push(filter.text().to_owned());
        }
        let has_changed = filter != self.filter;
        let has_other_rows = filter.terms().ne(self.filter.terms());
        self.filter = filter;
        if has_other_rows {
            // What was marked among other rows is not meant here.
            self.unmark();
        }
        if has_changed {
            self.selected = None;
            self.is_open = false;
            self.follows = !self.filter.is_oldest_first();
            self.window = Window::new(self.spec.id);
            self.at = 0;
        }
        self.ask_first(cx);
        Ok(())
    }

    pub(super) fn ask(&mut self, asked: Asked, cursor: Option<String>, cx: &mut Cx<'_>) {
        self.generation += 1;
        self.load = Load::Asked(asked, cx.now);
        self.reload_at = None;
        self.has_grown = false;
        let mut request = self.asking(cx.now);
        if let Some(cursor) = cursor {
            request = request.with("cursor", cursor);
        }
        cx.ask((self.spec.view.id(), PART), self.generation, request);
    }

    pub(super) fn ask_first(&mut self, cx: &mut Cx<'_>) {
        self.hops = 0;
        self.ask(Asked::First, None, cx);
    }

    /// Asks for what the cursor will need next.
    pub(super) fn ask_more(&mut self, cx: &mut Cx<'_>) {
        if !matches!(self.load, Load::Ready) || self.hops >= HOPS_MAX {
            return;
        }
        // The bottom of the screen has to be filled too.
        let seen = self.top.saturating_add(self.height(cx.body));
        let want = self.window.want(self.at).or_else(|| self.window.want(seen));
        match want {
            Some(Want::Next(cursor)) => self.ask(Asked::Next, cursor, cx),
            Some(Want::Before(cursor)) => self.ask(Asked::Before, cursor, cx),
            None => return,
        }
        self.hops += 1;
    }

    pub(super) fn take(&mut self, asked: Asked, page: Page<R>, cx: &mut Cx<'_>) {
        match asked {
            Asked::First => {
                self.stale.clear();
                self.aside.forget();
                self.window.restart(page);
                self.news = 0;
                self.top = 0;
                self.select_again(cx);
            }
            Asked::Next => {
                let left = self.window.append(page);
                self.at = self.at.saturating_sub(left);
                self.top = self.top.saturating_sub(left);
                if self.filter.is_oldest_first() && self.window.has_end() && !self.has_grown {
                    self.news = 0;
                }
            }
            Asked::Before => {
                let added = self.window.prepend(page);
                self.at += added;
                self.top += added;
            }
        }
        self.load = Load::Ready;
        self.check(self.window.len());
        self.ask_more(cx);
        self.look_behind();
    }

    /// Something came behind the last of the oldest first.
    pub(super) fn grow(&mut self) {
        self.news += 1;
        self.has_grown = true;
        self.look_behind();
    }

    /// An answer that is under way may hold what came meanwhile, or not.
    fn look_behind(&mut self) {
        if self.has_grown && self.load == Load::Ready {
            self.window.reopen();
        }
    }
}
