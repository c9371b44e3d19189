//! A view that is a list: pages around a cursor, a filter, marks, following what is new. Knows no particular row.
//!
//! ## Decision: acting is on what is seen
//! The cursor and the marks hold ids. A row that goes takes its mark with it; a cursor that is carried out of sight by
//! new rows is dropped, so nothing acts on a row that nobody looks at. Scrolling, opening details and marking stop
//! following by themselves.

mod aside;
mod draw;
mod live;
mod moves;
mod plain;

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use self::aside::Aside;
use super::{Cell, Column, Cx, Filter, View, ViewSpec};
use crate::console::action::Step;
use crate::console::conn::{Answer, Problem, Request};
use crate::console::draw::Canvas;
use crate::console::look::Look;
use crate::console::model::deeds::Target;
use crate::console::model::rows::{Item, PAGE, Page, Want, Window};
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
    is_open: bool,
    follows: bool,
    /// What came while it stood still.
    news: u64,
    gaps: u64,
    reload_at: Option<Moment>,
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
const PART: &str = "page";

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
            is_open: false,
            follows: true,
            news: 0,
            gaps: 0,
            reload_at: None,
            hops: 0,
            aside: Aside::default(),
            stale: BTreeMap::new(),
            refreshing: None,
            generation_of_row: 0,
        }
    }

    fn asking(&self, now: Moment) -> Request {
        let request = Request::get(self.spec.path).with("limit", PAGE.to_string());
        self.filter.on(request, now)
    }

    fn ask(&mut self, asked: Asked, cursor: Option<String>, cx: &mut Cx<'_>) {
        self.generation += 1;
        self.load = Load::Asked(asked, cx.now);
        self.reload_at = None;
        let mut request = self.asking(cx.now);
        if let Some(cursor) = cursor {
            request = request.with("cursor", cursor);
        }
        cx.ask((self.spec.view.id(), PART), self.generation, request);
    }

    fn ask_first(&mut self, cx: &mut Cx<'_>) {
        self.hops = 0;
        self.ask(Asked::First, None, cx);
    }

    /// Asks for what the cursor will need next.
    fn ask_more(&mut self, cx: &mut Cx<'_>) {
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

    fn take(&mut self, asked: Asked, page: Page<R>, cx: &mut Cx<'_>) {
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
        self.ask_more(cx);
    }

    fn row(&self) -> Option<&R> {
        match self.window.at(self.index()?)? {
            Item::Row(row) => Some(row),
            Item::Gap(..) => None,
        }
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
            Err(problem) => self.load = Load::Failed(problem),
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
        let filter = Filter::parse(text, self.spec.view.fields)?;
        if !filter.is_empty() {
            self.recalled.retain(|before| before != filter.text());
            self.recalled.push(filter.text().to_owned());
        }
        let has_changed = filter != self.filter;
        self.filter = filter;
        if has_changed {
            // What was marked among other rows is not meant here.
            self.marks.clear();
            self.selected = None;
            self.is_open = false;
            self.follows = true;
            self.window = Window::new(self.spec.id);
            self.at = 0;
        }
        self.ask_first(cx);
        Ok(())
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

    fn csv(&self, look: &Look) -> Option<String> {
        Some(self.as_csv(look))
    }
}
