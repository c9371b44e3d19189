//! A view that is a list: pages around a cursor, a filter, marks, following what is new. Knows no particular row.
//!
//! ## Decision: acting is on what is seen
//! The cursor and the marks hold ids. A row that goes takes its mark with it; a cursor that is carried out of sight by
//! new rows is dropped, so nothing acts on a row that nobody looks at. Scrolling, opening details and marking stop
//! following by themselves.

mod aside;
mod asking;
mod chain;
mod draw;
mod live;
mod moves;
mod plain;

pub use chain::Joint;
pub use live::QUIET;

use std::collections::{BTreeMap, BTreeSet};

use ratatui::layout::Rect;

use self::aside::Aside;
use super::{Cell, Column, Cx, Filter, View, ViewSpec};
use crate::console::action::Step;
use crate::console::conn::problem::Kind;
use crate::console::conn::{Answer, Problem, Request};
use crate::console::draw::Canvas;
use crate::console::look::Look;
use crate::console::model::deeds::Target;
use crate::console::model::rows::{Item, Page, Window};
use crate::console::moment::Moment;
use crate::wire::audit::AuditLog;

/// What is special about a list.
pub struct ListSpec<R: 'static> {
    /// What it is called, and what it can do.
    pub view: ViewSpec,
    /// The operation that answers its rows.
    pub path: &'static str,
    /// Reads a page.
    pub read: fn(&Answer) -> Result<Page<R>, Problem>,
    /// The id of a row.
    pub id: fn(&R) -> &str,
    /// The columns.
    pub columns: &'static [Column<R>],
    /// The details of a row.
    pub detail: fn(&R, &Look) -> Vec<Detail>,
    /// What the row says of itself, for pivots, copies and fields: `id` first.
    pub facts: fn(&R) -> Vec<(&'static str, String)>,
    /// What a write is done to.
    pub target: fn(&R) -> Target,
    /// What an event means for the list.
    pub change: fn(&AuditLog) -> Change<R>,
    /// Whether a new row passes a filter term; `None`: only the server can tell.
    pub passes: fn(&R, field: &str, value: &str) -> Option<bool>,
    /// What else is asked while the details of a row are open.
    pub more: &'static [More<R>],
    /// What is said when there is nothing at all.
    pub empty: &'static str,
}

/// Something else that is asked while the details of a row are open.
pub struct More<R: 'static> {
    /// Names the question, and stands before the answer until it is there.
    pub part: &'static str,
    /// What is asked.
    pub request: fn(&R) -> Request,
    /// What the answer adds to the details.
    pub read: fn(&Answer, &Look) -> Result<Vec<Detail>, Problem>,
}

/// One line of the details: a name and what it is.
pub type Detail = (&'static str, Cell);

/// What an event means for a list.
#[derive(Debug)]
pub enum Change<R> {
    /// Nothing.
    None,
    /// This row is new, on top.
    Insert(R),
    /// The row of this id is gone.
    Remove(String),
    /// The row of this id changed: this asks for it.
    Refresh(String, Request),
    /// Something changed that only the server can tell.
    Reload,
}

/// The view of a [`ListSpec`].
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct List<R: 'static> {
    spec: &'static ListSpec<R>,
    window: Window<R>,
    load: Load,
    generation: u64,
    filter: Filter,
    recalled: Vec<String>,
    /// The id under the cursor, and where it was seen last.
    selected: Option<String>,
    at: usize,
    /// The first line on the screen.
    top: usize,
    marks: BTreeMap<String, Target>,
    /// Whether everything that the filter holds is marked, loaded or not.
    is_whole: bool,
    is_open: bool,
    follows: bool,
    /// What came while it stood still.
    news: u64,
    /// Whether something came behind the last row since the last question.
    has_grown: bool,
    gaps: u64,
    reload_at: Option<Moment>,
    /// Titles of the columns that the operator took away.
    hidden: BTreeSet<&'static str>,
    /// Whether keys move the details, and the first of their lines.
    in_pane: bool,
    scroll: usize,
    /// How its rows are chained, where they are.
    chain: Option<fn(&R) -> Option<Joint<'_>>>,
    /// The first row that was seen not to follow from the one before.
    broken: Option<String>,
    /// Pages that were asked for since the operator last moved: a narrow filter must not read the whole log by itself.
    hops: u32,
    /// What else is known of the open row.
    aside: Aside,
    /// Rows that changed, and what asks for them.
    stale: BTreeMap<String, Request>,
    refreshing: Option<u64>,
    generation_of_row: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Load {
    Never,
    Asked(Asked, Moment),
    Ready,
    Failed(Problem),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    First,
    Next,
    Before,
}

/// The one question a list asks.
pub const PART: &str = "page";

/// Asks for one row that changed.
const ROW: &str = "row";

/// Pages asked for in a row without the operator moving.
const HOPS_MAX: u32 = 10;

impl<R: Clone + 'static> List<R> {
    /// Nothing loaded yet.
    pub fn new(spec: &'static ListSpec<R>) -> Self {
        Self {
            spec,
            window: Window::new(spec.id),
            load: Load::Never,
            generation: 0,
            filter: Filter::default(),
            recalled: Vec::new(),
            selected: None,
            at: 0,
            top: 0,
            marks: BTreeMap::new(),
            is_whole: false,
            is_open: false,
            follows: true,
            news: 0,
            has_grown: false,
            gaps: 0,
            reload_at: None,
            hops: 0,
            hidden: BTreeSet::new(),
            in_pane: false,
            scroll: 0,
            chain: None,
            broken: None,
            aside: Aside::default(),
            stale: BTreeMap::new(),
            refreshing: None,
            generation_of_row: 0,
        }
    }

    /// With proof beside each row that it follows from the one before.
    #[must_use]
    pub fn chained(self, chain: fn(&R) -> Option<Joint<'_>>) -> Self {
        Self { chain: Some(chain), ..self }
    }

    /// The row under the cursor.
    pub fn row(&self) -> Option<&R> {
        match self.window.at(self.index()?)? {
            Item::Row(row) => Some(row),
            Item::Gap(..) => None,
        }
    }
}

/// For views that show more than the rows.
impl<R: Clone + 'static> List<R> {
    /// The rows that are loaded.
    pub fn rows(&self) -> impl Iterator<Item = &R> {
        self.window.rows()
    }

    /// How many lines are loaded, and whether that is all.
    pub fn count(&self) -> (usize, bool) {
        (self.window.len(), self.window.has_end())
    }

    /// Whether the details are open.
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether it follows what is new.
    pub const fn follows(&self) -> bool {
        self.follows
    }

    /// Opens the details, also where there is no row.
    pub fn open_pane(&mut self, cx: &Cx<'_>) {
        self.is_open = true;
        self.show(cx);
    }
}

impl<R: Clone + 'static> View for List<R> {
    fn spec(&self) -> &'static ViewSpec {
        &self.spec.view
    }

    fn enter(&mut self, cx: &mut Cx<'_>) {
        let is_old = self.reload_at.is_some();
        if is_old || matches!(self.load, Load::Never | Load::Failed(_)) {
            self.ask_first(cx);
        }
    }

    fn reload(&mut self, cx: &mut Cx<'_>) {
        if cx.is_shown {
            self.ask_first(cx);
        } else if self.load != Load::Never {
            self.reload_at = Some(cx.now);
        }
    }

    fn answer(&mut self, part: &str, generation: u64, result: Result<Answer, Problem>, cx: &mut Cx<'_>) {
        if part == ROW {
            return self.take_row(generation, result, cx);
        }
        if part != PART {
            return self.aside.settle((part, generation), result, cx.now);
        }
        let Load::Asked(asked, _) = self.load else { return };
        if generation != self.generation {
            return;
        }
        match result.and_then(|answer| (self.spec.read)(&answer)) {
            Ok(page) => self.take(asked, page, cx),
            Err(problem) => {
                if problem.kind == Kind::Strange {
                    *cx.strange = Some(problem.clone());
                }
                self.load = Load::Failed(problem);
            }
        }
        self.look_closer(cx);
    }

    fn events(&mut self, events: &[AuditLog], cx: &mut Cx<'_>) {
        self.hear(events, cx);
        self.look_closer(cx);
    }

    fn gap(&mut self, why: &str, cx: &mut Cx<'_>) {
        self.miss(why, cx);
    }

    fn deadline(&self) -> Option<Moment> {
        self.reload_at.into_iter().chain(self.patience()).min()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if cx.is_shown && self.reload_at.is_some_and(|at| at <= cx.now) {
            self.ask(Asked::First, None, cx);
        }
    }

    fn step(&mut self, step: Step, cx: &mut Cx<'_>) {
        self.go(step, cx);
        self.look_closer(cx);
    }

    fn is_list(&self) -> bool {
        true
    }

    fn filter(&self) -> &str {
        self.filter.text()
    }

    fn set_filter(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), String> {
        self.filter_by(text, cx)
    }

    fn recalled(&self) -> &[String] {
        &self.recalled
    }

    fn targets(&self) -> Vec<Target> {
        if self.marks.is_empty() {
            self.row().map(self.spec.target).into_iter().collect()
        } else {
            self.marks.values().cloned().collect()
        }
    }

    fn under_cursor(&self) -> Option<Target> {
        self.row().map(self.spec.target)
    }

    fn whole(&self, now: Moment) -> Option<Request> {
        self.is_whole.then(|| self.asking(now))
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        self.row().map(self.spec.facts).unwrap_or_default()
    }

    fn request(&self, now: Moment) -> Option<Request> {
        Some(self.asking(now))
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        self.paint(canvas, area);
    }

    fn lines(&self, look: &Look) -> Vec<String> {
        self.as_lines(look)
    }

    fn badge(&self) -> Option<String> {
        match (&self.broken, self.news) {
            (Some(_), _) => Some("!! CHAIN".to_owned()),
            (None, 0) => None,
            (None, news) => Some(format!("+{}", news.min(999))),
        }
    }

    fn jsonl(&self, look: &Look) -> Option<String> {
        Some(self.as_jsonl(look))
    }

    fn columns(&self) -> Vec<(&'static str, bool)> {
        let titles = self.spec.columns.iter().map(|column| column.title);
        titles.map(|title| (title, !self.hidden.contains(title))).collect()
    }

    fn show_columns(&mut self, titles: &[String]) {
        let is_shown = |title: &&'static str| titles.iter().any(|shown| shown == title);
        let all = self.spec.columns.iter().map(|column| column.title);
        let (shown, hidden): (BTreeSet<_>, BTreeSet<_>) = all.partition(is_shown);
        // One is always there.
        if !shown.is_empty() {
            self.hidden = hidden;
        }
    }

    fn csv(&self, look: &Look) -> Option<String> {
        Some(self.as_csv(look))
    }
}

#[cfg(test)]
mod tests;
