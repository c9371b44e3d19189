//! Where the cursor of a list is and what is marked. Knows no request.

use ratatui::layout::Rect;

use super::{List, Load};
use crate::console::action::{ActionSpec, Run, Step};
use crate::console::draw::layout;
use crate::console::look::Look;
use crate::console::model::rows::Item;
use crate::console::theme::Theme;
use crate::console::views::Cx;

impl<R: Clone + 'static> List<R> {
    /// Where the selected row is now.
    pub(super) fn index(&self) -> Option<usize> {
        let id = self.selected.as_deref()?;
        let is_there =
            |index: &usize| self.window.at(*index).is_some_and(|item| self.window.id_of(item) == id);
        // It is nearly always where it was seen last.
        Some(self.at).filter(is_there).or_else(|| self.window.find(id))
    }

    /// Lines of the list in `body`.
    pub(super) fn height(&self, body: Rect) -> usize {
        usize::from(layout::list(body, self.is_open).0.height.saturating_sub(layout::LIST_FRAME)).max(1)
    }

    pub(super) fn go(&mut self, step: Step, cx: &mut Cx<'_>) {
        let page = self.height(cx.body);
        self.hops = 0;
        if self.in_pane && self.scroll_pane(step) {
            return;
        }
        match step {
            Step::Up => self.walk(|at| at.saturating_sub(1), cx),
            Step::Down => self.walk(|at| at.saturating_add(1), cx),
            Step::PageUp => self.walk(|at| at.saturating_sub(page), cx),
            Step::PageDown => self.walk(|at| at.saturating_add(page), cx),
            Step::Top if self.window.has_top() => self.walk(|_| 0, cx),
            Step::Top => self.ask_first(cx),
            Step::End => self.walk(|_| usize::MAX, cx),
            Step::To(line) => {
                let index = self.top.saturating_add(line);
                self.select(index);
                self.show(cx);
            }
            Step::Open => self.open(cx),
            Step::Close => self.close(cx),
            Step::Mark => self.mark(cx),
            Step::Range => self.mark_range(),
            Step::All => {
                self.follows = false;
                // More than is loaded can be meant only where one request does it to all.
                let reaches_all = |action: &ActionSpec| matches!(action.run, Run::Many(_));
                let is_loaded = self.window.has_top() && self.window.has_end();
                self.is_whole = !is_loaded && self.spec.view.actions.iter().any(reaches_all);
                self.marks = self
                    .window
                    .rows()
                    .map(|row| ((self.spec.id)(row).to_owned(), (self.spec.target)(row)))
                    .collect();
            }
            Step::Pane => self.in_pane = layout::list(cx.body, self.is_open).1.is_some(),
            Step::Unmark => self.unmark(),
            Step::Order => {
                // Turned over, a filter is understood too.
                let _ = self.filter_by(&self.filter.turned(), cx);
            }
            Step::Follow if self.follows => self.follows = false,
            Step::Follow if self.filter.is_oldest_first() => self.go(Step::Order, cx),
            Step::Follow => {
                self.follows = true;
                self.is_open = false;
                self.ask_first(cx);
            }
        }
    }

    /// A move while the keys move the details; `false`: it is none of those.
    fn scroll_pane(&mut self, step: Step) -> bool {
        const PAGE: usize = 8;
        self.scroll = match step {
            Step::Up => self.scroll.saturating_sub(1),
            Step::PageUp => self.scroll.saturating_sub(PAGE),
            Step::Down => self.scroll.saturating_add(1),
            Step::PageDown => self.scroll.saturating_add(PAGE),
            Step::Top | Step::Pane | Step::Close => 0,
            _ => {
                self.in_pane = false;
                return false;
            }
        };
        let lines = self.details(&Look::new(Theme::Mono, true, 0)).len();
        self.scroll = self.scroll.min(lines.saturating_sub(1));
        self.in_pane = !matches!(step, Step::Pane | Step::Close);
        true
    }

    fn walk(&mut self, to: impl Fn(usize) -> usize, cx: &mut Cx<'_>) {
        let index = match self.index() {
            Some(index) => to(index).min(self.window.len().saturating_sub(1)),
            // The first step takes up what is on the screen.
            None => self.top,
        };
        self.select(index);
        self.show(cx);
        self.ask_more(cx);
    }

    fn select(&mut self, index: usize) {
        if let Some(item) = self.window.at(index) {
            self.selected = Some(self.window.id_of(item).to_owned());
            self.at = index;
            self.scroll = 0;
        }
    }

    /// Scrolls until the selected row is seen. Who looks further down does not follow the top.
    pub(super) fn show(&mut self, cx: &Cx<'_>) {
        let height = self.height(cx.body);
        let Some(index) = self.index() else { return };
        self.at = index;
        self.top = self.top.clamp(index.saturating_add(1).saturating_sub(height), index);
        if self.top > 0 {
            self.follows = false;
        }
    }

    /// After everything was read anew: the same row, or else the first.
    pub(super) fn select_again(&mut self, cx: &Cx<'_>) {
        if let Some(index) = self.index() {
            self.at = index;
            self.top = index.saturating_add(1).saturating_sub(self.height(cx.body));
        } else {
            self.selected = None;
            self.is_open = false;
            self.select(0);
        }
    }

    /// `count` lines came in above.
    pub(super) fn slide(&mut self, count: usize, cx: &Cx<'_>) {
        self.at = self.at.saturating_add(count);
        let is_out = self.at >= self.top.saturating_add(self.height(cx.body));
        if is_out {
            self.selected = None;
        }
    }

    /// The line at `index` is gone: the cursor goes to the one that took its place.
    pub(super) fn close_up(&mut self, index: usize, was_selected: bool) {
        if index < self.at {
            self.at -= 1;
        }
        if index < self.top {
            self.top -= 1;
        }
        if was_selected {
            self.selected = None;
            self.is_open = false;
            self.select(self.at.min(self.window.len().saturating_sub(1)));
        }
    }

    fn open(&mut self, cx: &mut Cx<'_>) {
        match self.index().and_then(|index| self.window.at(index)) {
            Some(Item::Row(_)) => {
                self.is_open = true;
                self.follows = false;
                self.show(cx);
            }
            Some(Item::Gap(..)) => self.ask_first(cx),
            None => {}
        }
    }

    fn close(&mut self, cx: &mut Cx<'_>) {
        if self.is_open {
            self.is_open = false;
        } else if !self.marks.is_empty() {
            self.unmark();
        } else if let (Load::Asked(..), false) = (&self.load, self.window.is_empty()) {
            self.generation += 1;
            self.load = Load::Ready;
        } else if !self.filter.text().is_empty() {
            // An empty filter is always understood.
            let _ = self.filter_by("", cx);
        }
    }

    fn mark(&mut self, cx: &mut Cx<'_>) {
        let Some(target) = self.row().map(self.spec.target) else { return };
        self.follows = false;
        self.is_whole = false;
        if self.marks.remove(&target.id).is_none() {
            self.marks.insert(target.id.clone(), target);
        }
        self.walk(|at| at.saturating_add(1), cx);
    }

    pub(super) fn unmark(&mut self) {
        self.marks.clear();
        self.is_whole = false;
    }

    fn mark_range(&mut self) {
        let Some(here) = self.index() else { return };
        let marked = |index: &usize| {
            self.window.at(*index).is_some_and(|item| self.marks.contains_key(self.window.id_of(item)))
        };
        let nearest =
            (0..self.window.len()).filter(marked).min_by_key(|index| index.abs_diff(here)).unwrap_or(here);
        self.follows = false;
        self.is_whole = false;
        let targets: Vec<_> = (nearest.min(here)..=nearest.max(here))
            .filter_map(|index| self.window.at(index))
            .filter_map(|item| if let Item::Row(row) = item { Some((self.spec.target)(row)) } else { None })
            .collect();
        self.marks.extend(targets.into_iter().map(|target| (target.id.clone(), target)));
    }
}
