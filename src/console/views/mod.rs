//! What is shown: one file for each view, and the list of them. Knows no terminal and no socket.
//!
//! Most views are lists, and a list is data: a [`ListSpec`] says which operation answers the rows, what the columns show,
//! which filter fields there are and what an event changes. Everything else - pages, cursor, marks, filter, following,
//! drawing - is [`List`]. A view that is no list implements [`View`] itself.

mod account;
mod api_keys;
mod audit;
pub mod column;
mod denials;
pub mod filter;
mod health;
mod incidents;
pub mod list;
mod lockouts;
mod overview;
pub mod paned;
pub mod part;
mod sessions;
mod sign;
mod users;

use ratatui::layout::Rect;

use super::action::{ActionSpec, Step};
use super::conn::{Answer, Problem, Request};
use super::draw::Canvas;
use super::look::Look;
use super::model::deeds::{Deed, Target};
use super::model::msg::{Effect, Slot};
use super::model::notice::Notice;
use super::moment::Moment;
use crate::wire::audit::AuditLog;
use crate::wire::user::User;

pub use column::{Cell, Column, Width};
pub use filter::{Field, Filter, Sent};
pub use list::{Change, Detail, List, ListSpec};

#[cfg(test)]
mod tests;

/// All views, in the order of their tabs. **A new view is registered here and nowhere else.**
pub fn all() -> Vec<Box<dyn View>> {
    vec![
        overview::view(),
        Box::new(List::new(&sessions::LIST)),
        lockouts::view(),
        Box::new(List::new(&audit::LIST).chained(audit::joint)),
        Box::new(List::new(&users::LIST)),
        Box::new(List::new(&api_keys::LIST)),
        Box::new(health::Health::default()),
        incidents::view(),
        Box::new(List::new(&denials::LIST)),
    ]
}

/// What all views say of themselves.
pub fn specs() -> Vec<&'static ViewSpec> {
    all().iter().map(|view| view.spec()).collect()
}

/// What a view says of itself.
#[derive(Debug)]
pub struct ViewSpec {
    /// Opens it. Its id is the view's, its first key is shown in the tab.
    pub open: ActionSpec,
    /// In the tab.
    pub title: &'static str,
    /// Other names for the palette, such as `s`.
    pub aliases: &'static [&'static str],
    /// The permission without which it shows nothing.
    pub needs: &'static str,
    /// What only this view can do.
    pub actions: &'static [ActionSpec],
    /// What it can be filtered by.
    pub fields: &'static [Field],
}

impl ViewSpec {
    /// Names the view in settings, the palette and slots.
    pub const fn id(&self) -> &'static str {
        self.open.id
    }
}

/// What a view may know and do while it is updated.
pub struct Cx<'a> {
    /// The time.
    pub now: Moment,
    /// Where the view is drawn.
    pub body: Rect,
    /// Whether it is the view that is shown.
    pub is_shown: bool,
    /// Who asks, once that is known.
    pub me: Option<&'a User>,
    /// What is to be done.
    pub effects: &'a mut Vec<Effect>,
    /// What is to be said.
    pub notice: &'a mut Option<Notice>,
    /// An answer that this console does not understand.
    pub strange: &'a mut Option<Problem>,
}

impl Cx<'_> {
    /// Asks; the answer comes back to [`View::answer`] with `part` and `generation`.
    pub fn ask(&mut self, (view, part): (&'static str, &'static str), generation: u64, request: Request) {
        self.effects.push(Effect::Ask { slot: Slot { view, part }, generation, request });
    }
}

/// A view. All methods but three have a meaning when they are left out: nothing happens.
pub trait View {
    /// What it says of itself.
    fn spec(&self) -> &'static ViewSpec;

    /// It is shown now, or the server is there again: ask for what is missing or old.
    fn enter(&mut self, cx: &mut Cx<'_>);

    /// Draws it into `area`. Reads only.
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect);

    /// Ask for everything again.
    fn reload(&mut self, cx: &mut Cx<'_>) {
        self.enter(cx);
    }

    /// An answer to its question `part`. One whose `generation` is not that of the last question counts no more.
    fn answer(&mut self, part: &str, generation: u64, result: Result<Answer, Problem>, cx: &mut Cx<'_>) {
        let _ = (part, generation, result, cx);
    }

    /// What happened on the server, oldest first.
    fn events(&mut self, events: &[AuditLog], cx: &mut Cx<'_>) {
        let _ = (events, cx);
    }

    /// Something that happened was missed.
    fn gap(&mut self, why: &str, cx: &mut Cx<'_>) {
        let _ = why;
        self.reload(cx);
    }

    /// When it wants [`View::tick`].
    fn deadline(&self) -> Option<Moment> {
        None
    }

    /// When it wants [`View::tick`] though it is not shown.
    fn deadline_unseen(&self) -> Option<Moment> {
        None
    }

    /// Its deadline has passed.
    fn tick(&mut self, cx: &mut Cx<'_>) {
        let _ = cx;
    }

    /// A move.
    fn step(&mut self, step: Step, cx: &mut Cx<'_>) {
        let _ = (step, cx);
    }

    /// Where Enter leads from the row under the cursor: a line of the palette. `None`: it is [`Step::Open`].
    fn leads(&self) -> Option<String> {
        None
    }

    /// One of its own actions that is [`super::action::Run::View`].
    fn act(&mut self, action: &str, cx: &mut Cx<'_>) {
        let _ = (action, cx);
    }

    /// Whether it has rows, so that moves, marks and filters make sense.
    fn is_list(&self) -> bool {
        false
    }

    /// The filter as typed.
    #[expect(clippy::unnecessary_literal_bound, reason = "a view answers text of its own")]
    fn filter(&self) -> &str {
        ""
    }

    /// Filters by `text`, or says what is wrong with it.
    fn set_filter(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), String> {
        let _ = (text, cx);
        Err("this view has no filter".to_owned())
    }

    /// Earlier filters, newest last.
    fn recalled(&self) -> &[String] {
        &[]
    }

    /// What a write would be done to: the marked rows, or the one under the cursor.
    fn targets(&self) -> Vec<Target> {
        Vec::new()
    }

    /// What `deed` would be done to, in a view of several kinds of things.
    fn targets_of(&self, deed: &'static Deed) -> Vec<Target> {
        let _ = deed;
        self.targets()
    }

    /// Its columns, and whether each is shown.
    fn columns(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    /// Shows these columns and no others; those that it does not have count for nothing.
    fn show_columns(&mut self, titles: &[String]) {
        let _ = titles;
    }

    /// The row under the cursor, as what a write would be done to.
    fn under_cursor(&self) -> Option<Target> {
        None
    }

    /// The request that asks for all that is marked, when that is more than the rows which are loaded.
    fn whole(&self, now: Moment) -> Option<Request> {
        let _ = now;
        None
    }

    /// What the row under the cursor says of itself, for pivots and copies: `id`, `user`, `ip`, `session`, ..
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The request that asks what is shown.
    fn request(&self, now: Moment) -> Option<Request> {
        let _ = now;
        None
    }

    /// What is shown, as lines: for `--plain`.
    fn lines(&self, look: &Look) -> Vec<String> {
        let _ = look;
        Vec::new()
    }

    /// What is shown, as CSV.
    fn csv(&self, look: &Look) -> Option<String> {
        let _ = look;
        None
    }

    /// What is shown, as one JSON object a line.
    fn jsonl(&self, look: &Look) -> Option<String> {
        let _ = look;
        None
    }

    /// A word beside the tab, such as `!14`.
    fn badge(&self) -> Option<String> {
        None
    }
}
