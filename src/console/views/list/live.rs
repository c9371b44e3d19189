//! What happens to a list while it is looked at: new rows, rows that go, rows that were missed. Knows no screen.

use std::time::Duration;

use super::{Change, List, Load};
use crate::console::model::notice::Notice;
use crate::console::model::rows::Item;
use crate::console::moment::Moment;
use crate::console::views::Cx;
use crate::wire::audit::AuditLog;

/// The least time between two readings that events cause.
const RELOAD_EVERY: Duration = Duration::from_secs(1);

/// How long nothing is said about waiting.
pub const QUIET: Duration = Duration::from_millis(150);

impl<R: Clone + 'static> List<R> {
    pub(super) fn hear(&mut self, events: &[AuditLog], cx: &mut Cx<'_>) {
        if self.load == Load::Never {
            return;
        }
        for event in events {
            match (self.spec.change)(event) {
                Change::None => {}
                Change::Insert(row) if self.filter.is_oldest_first() => {
                    if !self.passes(&row).contains(&Some(false)) {
                        self.grow();
                    }
                }
                Change::Reload if self.filter.is_oldest_first() && cx.is_shown => self.grow(),
                Change::Remove(id) => self.remove(&id),
                Change::Refresh(id, request) => self.refresh(id, request, cx),
                Change::Insert(_) | Change::Reload if !cx.is_shown => {
                    self.news += 1;
                    self.reload_at = Some(cx.now);
                }
                Change::Insert(_) | Change::Reload if !self.follows => self.news += 1,
                Change::Insert(row) => self.insert(row, cx),
                Change::Reload => self.reload_soon(cx.now),
            }
        }
    }

    /// Whether the rows are known to be old.
    pub const fn is_old(&self) -> bool {
        self.reload_at.is_some()
    }

    pub(super) fn miss(&mut self, why: &str, cx: &mut Cx<'_>) {
        if self.load == Load::Never {
            return;
        }
        if self.filter.is_oldest_first() && cx.is_shown {
            // What was missed has no place above what is read.
            self.grow();
            let text = format!("{why}: what is loaded may be old; r reads it again");
            *cx.notice = Some(Notice::info(&text, cx.now));
            return;
        }
        self.gaps += 1;
        let id = format!("gap-{}", self.gaps);
        if !self.follows && cx.is_shown {
            // It stands still for somebody who reads: a row says it, and Enter loads.
            let before = self.window.len();
            self.window.push(Item::Gap(id, why.to_owned()));
            if self.window.len() > before {
                self.at += 1;
                self.top += 1;
            }
        } else {
            super::View::reload(self, cx);
        }
    }

    /// When the words about waiting change.
    pub(super) fn patience(&self) -> Option<Moment> {
        match self.load {
            Load::Asked(_, since) if self.window.is_empty() => Some(since.plus(QUIET)),
            _ => None,
        }
    }

    fn insert(&mut self, row: R, cx: &mut Cx<'_>) {
        let terms = self.passes(&row);
        if terms.contains(&Some(false)) {
            return;
        }
        // While a page is under way the answer may hold the row already, or not.
        if terms.contains(&None) || matches!(self.load, Load::Asked(..)) {
            return self.reload_soon(cx.now);
        }
        let before = self.window.len();
        if !self.window.push(Item::Row(row)) {
            self.reload_soon(cx.now);
        } else if self.window.len() > before && self.selected.is_some() {
            self.slide(1, cx);
        }
        self.check(1);
    }

    /// What each term of the filter says of a new row.
    fn passes(&self, row: &R) -> Vec<Option<bool>> {
        self.filter.terms().map(|(field, value)| (self.spec.passes)(row, field, value)).collect()
    }

    fn remove(&mut self, id: &str) {
        self.marks.remove(id);
        let was_selected = self.selected.as_deref() == Some(id);
        if let Some(index) = self.window.remove(id) {
            self.close_up(index, was_selected);
        }
    }

    fn reload_soon(&mut self, now: Moment) {
        self.reload_at.get_or_insert(now.plus(RELOAD_EVERY));
    }
}
