//! A list whose row under the cursor the server explains: what is asked about a row beside the rows themselves. Knows no
//! particular list.
//!
//! ## Decision: one question at a time, for the row the cursor rests on
//! An explanation costs the server a walk through its audit log. So it is asked for only while it is seen, and a cursor that
//! is moved faster than [`REST`] asks for the row it stops at.

use std::time::Duration;

use ratatui::layout::Rect;

use super::list::{List, ListSpec};
use super::{Cx, View, ViewSpec};
use crate::console::action::Step;
use crate::console::conn::{Answer, Problem, Request};
use crate::console::draw::layout;
use crate::console::draw::{Canvas, layout::Shape};
use crate::console::look::Look;
use crate::console::model::deeds::Target;
use crate::console::moment::Moment;
use crate::wire::audit::AuditLog;

/// The least time between two questions about rows.
pub const REST: Duration = Duration::from_millis(150);

/// How old rows may become while they are looked at and nothing happens: what the server says goes by the time too.
const REFRESH: Duration = Duration::from_secs(60);

/// The least time between two readings of rows that are only counted.
const UNSEEN: Duration = Duration::from_secs(5);

/// What is beside the rows.
pub trait Panes<R> {
    /// Another row is under the cursor: what was known of the one before is forgotten.
    fn forget(&mut self);

    /// Asks about the row that the cursor rests on.
    fn ask(&mut self, row: &R, cx: &mut Cx<'_>);

    /// An answer to one of its own questions.
    fn answer(&mut self, part: &str, generation: u64, result: Result<Answer, Problem>, cx: &mut Cx<'_>);

    /// Draws them.
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, row: Option<&R>);

    /// As lines, for `--plain`.
    fn lines(&self, row: Option<&R>, look: &Look) -> Vec<String>;

    /// One of the view's own actions.
    fn act(&mut self, action: &str, cx: &mut Cx<'_>) {
        let _ = (action, cx);
    }

    /// What a write would be done to, when the rows would say `targets`.
    fn targets(&self, targets: Vec<Target>, row: Option<&R>) -> Vec<Target> {
        let _ = row;
        targets
    }

    /// Whether `event` changes the rows, beside what the list itself makes of it. They are then read again, no sooner than
    /// [`Self::pace`] after the last time, also while the list stands still.
    fn is_changed_by(&self, event: &AuditLog) -> bool {
        let _ = event;
        false
    }

    /// The least time between two readings without a key.
    fn pace(&self) -> Duration;

    /// Whether the rows are counted in the tab while the view is not shown.
    fn is_counted(&self) -> bool {
        false
    }

    /// Whether the row is over by time alone.
    fn is_over(&self, row: &R, now: Moment) -> bool {
        let _ = (row, now);
        false
    }

    /// A word beside the tab, from the rows that are loaded.
    fn badge(&self, rows: usize, has_end: bool) -> Option<String> {
        let _ = (rows, has_end);
        None
    }
}

/// The view of a list and its panes.
pub struct Paned<R: 'static, P> {
    list: List<R>,
    panes: P,
    id: fn(&R) -> &str,
    /// The row that the panes are about.
    about: Option<String>,
    is_asked: bool,
    asked_at: Moment,
    /// When the next question about a row is due.
    rests_at: Option<Moment>,
    read_at: Moment,
    /// When the rows are to be read again.
    reload_at: Option<Moment>,
    /// When they are to be read to be counted.
    count_at: Option<Moment>,
}

impl<R: Clone + 'static, P: Panes<R>> Paned<R, P> {
    /// Nothing loaded yet.
    pub fn new(spec: &'static ListSpec<R>, panes: P) -> Self {
        Self {
            list: List::new(spec),
            panes,
            id: spec.id,
            about: None,
            is_asked: false,
            asked_at: Moment::default(),
            rests_at: None,
            read_at: Moment::default(),
            reload_at: None,
            count_at: None,
        }
    }

    /// After whatever happened: the panes are about the row under the cursor.
    fn attend(&mut self, is_anew: bool, cx: &mut Cx<'_>) {
        let id = self.list.row().map(self.id);
        if id != self.about.as_deref() {
            self.about = id.map(str::to_owned);
            self.panes.forget();
            (self.is_asked, self.rests_at) = (false, None);
        }
        let is_seen = cx.is_shown && layout::list(cx.body, self.list.is_open()).1.is_some();
        if self.about.is_none() || !is_seen || (self.is_asked && !is_anew) {
            return;
        }
        self.is_asked = true;
        let free_at = self.asked_at.plus(REST);
        if free_at <= cx.now {
            self.ask(cx);
        } else {
            self.rests_at = Some(free_at);
        }
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        self.rests_at = None;
        if let Some(row) = self.list.row() {
            self.asked_at = cx.now;
            self.panes.ask(row, cx);
        }
    }

    /// The rows are only counted: they are read when they never were, or changed.
    fn count(&mut self, cx: &mut Cx<'_>) {
        self.count_at = None;
        if !cx.is_shown && self.panes.is_counted() {
            self.read_at = cx.now;
            self.list.enter(cx);
        }
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        (self.read_at, self.reload_at) = (cx.now, None);
        self.list.reload(cx);
    }
}

impl<R: Clone + 'static, P: Panes<R>> View for Paned<R, P> {
    fn spec(&self) -> &'static ViewSpec {
        self.list.spec()
    }

    fn enter(&mut self, cx: &mut Cx<'_>) {
        if self.reload_at.is_some() {
            self.read(cx);
        } else {
            self.list.enter(cx);
        }
        self.attend(false, cx);
    }

    fn reload(&mut self, cx: &mut Cx<'_>) {
        self.read(cx);
        self.count(cx);
        self.attend(true, cx);
    }

    fn answer(&mut self, part: &str, generation: u64, result: Result<Answer, Problem>, cx: &mut Cx<'_>) {
        if part == super::list::PART {
            self.list.answer(part, generation, result, cx);
            self.attend(true, cx);
        } else {
            self.panes.answer(part, generation, result, cx);
        }
    }

    fn events(&mut self, events: &[AuditLog], cx: &mut Cx<'_>) {
        self.list.events(events, cx);
        if cx.now.since(self.read_at) >= UNSEEN {
            self.count(cx);
        } else if !cx.is_shown && self.panes.is_counted() && self.list.is_old() {
            self.count_at = Some(self.read_at.plus(UNSEEN));
        }
        if events.iter().any(|event| self.panes.is_changed_by(event)) {
            let due = self.read_at.plus(self.panes.pace()).max(cx.now);
            self.reload_at.get_or_insert(due);
        }
    }

    fn gap(&mut self, _why: &str, cx: &mut Cx<'_>) {
        self.reload(cx);
    }

    fn deadline(&self) -> Option<Moment> {
        self.list.deadline().into_iter().chain(self.rests_at).chain(self.reload_at).min()
    }

    fn deadline_unseen(&self) -> Option<Moment> {
        self.count_at
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.list.tick(cx);
        let now = cx.now;
        let is_due = |at: Option<Moment>| at.is_some_and(|at| at <= now);
        if is_due(self.count_at) {
            self.count(cx);
        }
        let rows = || self.list.rows().any(|row| self.panes.is_over(row, cx.now));
        let since = cx.now.since(self.read_at);
        let is_old = || since >= REFRESH || (since >= self.panes.pace() && rows());
        if cx.is_shown && (is_due(self.reload_at) || (self.list.follows() && is_old())) {
            self.read(cx);
        }
        if is_due(self.rests_at) {
            self.ask(cx);
        }
        // The screen may have grown.
        self.attend(false, cx);
    }

    fn step(&mut self, step: Step, cx: &mut Cx<'_>) {
        self.list.step(step, cx);
        self.attend(false, cx);
    }

    fn act(&mut self, action: &str, cx: &mut Cx<'_>) {
        self.list.open_pane(cx);
        self.panes.act(action, cx);
        self.attend(false, cx);
    }

    fn is_list(&self) -> bool {
        true
    }

    fn filter(&self) -> &str {
        self.list.filter()
    }

    fn set_filter(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), String> {
        self.list.set_filter(text, cx)?;
        self.attend(false, cx);
        Ok(())
    }

    fn recalled(&self) -> &[String] {
        self.list.recalled()
    }

    fn targets(&self) -> Vec<Target> {
        self.panes.targets(self.list.targets(), self.list.row())
    }

    fn under_cursor(&self) -> Option<Target> {
        self.list.under_cursor()
    }

    fn whole(&self, now: Moment) -> Option<Request> {
        self.list.whole(now)
    }

    fn columns(&self) -> Vec<(&'static str, bool)> {
        self.list.columns()
    }

    fn show_columns(&mut self, titles: &[String]) {
        self.list.show_columns(titles);
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        self.list.facts()
    }

    fn request(&self, now: Moment) -> Option<Request> {
        self.list.request(now)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        if Shape::of(canvas.screen()) == Shape::Line {
            return self.list.draw(canvas, area);
        }
        if let Some(pane) = self.list.paint_rows(canvas, area) {
            self.panes.draw(canvas, pane, self.list.row());
        }
    }

    fn lines(&self, look: &Look) -> Vec<String> {
        let mut lines = self.list.lines(look);
        if self.list.is_open() {
            lines.extend(self.panes.lines(self.list.row(), look));
        }
        lines
    }

    fn csv(&self, look: &Look) -> Option<String> {
        self.list.csv(look)
    }

    fn jsonl(&self, look: &Look) -> Option<String> {
        self.list.jsonl(look)
    }

    fn badge(&self) -> Option<String> {
        let (rows, has_end) = self.list.count();
        self.panes.badge(rows, has_end)
    }
}
