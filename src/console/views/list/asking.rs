//! What a list asks the server for: its first page, the one behind what is loaded, and what an answer makes of it.
//!
//! ## Decision: no order but the server's
//! Every operation answers its rows by id, newest first, and takes no other order. To sort what happens to be loaded would
//! call the oldest of 600 rows the oldest of all. What an order is asked for is a filter here: `since:`, `before:`,
//! `due:`, `state:`.

use super::{Asked, HOPS_MAX, List, Load, PART};
use crate::console::conn::Request;
use crate::console::model::rows::{PAGE, Page, Want};
use crate::console::moment::Moment;
use crate::console::views::Cx;

impl<R: Clone + 'static> List<R> {
    pub(super) fn asking(&self, now: Moment) -> Request {
        let request = Request::get(self.spec.path).with("limit", PAGE.to_string());
        self.filter.on(request, now)
    }

    pub(super) fn ask(&mut self, asked: Asked, cursor: Option<String>, cx: &mut Cx<'_>) {
        self.generation += 1;
        self.load = Load::Asked(asked, cx.now);
        self.reload_at = None;
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
            Some(Want::Next(cursor)) => self.ask(Asked::Next, Some(cursor), cx),
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
    }
}
