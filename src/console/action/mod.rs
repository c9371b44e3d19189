//! Everything an operator can do, as one table: it feeds the keys, the help, the palette, the footer and `assets/keys.md`.
//! Knows no view and no screen.

pub mod chord;
pub mod docs;
pub mod everywhere;
pub mod fuzzy;
pub mod keymap;

pub use chord::Chord;
pub use keymap::Keymap;

use super::model::Model;
use super::model::deeds::Deed;
use super::model::many::Many;
use super::model::msg::Effect;

/// One thing that can be done.
#[derive(Debug)]
pub struct ActionSpec {
    /// Stable, for settings: `sessions.end`.
    pub id: &'static str,
    /// Two words for the footer.
    pub name: &'static str,
    /// One sentence for the help.
    pub help: &'static str,
    /// The keys as shipped.
    pub keys: &'static [&'static str],
    /// When it makes sense.
    pub when: When,
    /// The permission it needs.
    pub needs: Option<&'static str>,
    /// Whether it changes anything on the server.
    pub danger: Danger,
    /// What it does.
    pub run: Run,
}

/// When an action makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// In a view with rows.
    List,
    /// With a row under the cursor.
    Row,
    /// With a row under the cursor, or marked rows.
    Targets,
}

/// What an action may do to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// Nothing.
    None,
    /// It writes: only when armed, connected and confirmed.
    Write,
}

/// What an action does.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// Something about the console.
    Console(fn(&mut Model, &mut Vec<Effect>)),
    /// Opens the view of this id.
    Open(&'static str),
    /// A move in a list.
    Step(Step),
    /// Opens the first of these views that is there, filtered by a fact of the selected row: view, field, fact.
    Pivot(&'static [(&'static str, &'static str, &'static str)]),
    /// A write that is asked first.
    Deed(&'static Deed),
    /// A write that the second one takes back.
    Undoable(&'static Deed, &'static Deed),
    /// A write to many in one request.
    Many(&'static Many),
    /// Something the view does itself, by the id of the action.
    View,
}

/// A move in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// To the first row.
    Top,
    /// To the end of what is loaded.
    End,
    /// To the line that is so many below the top of the screen.
    To(usize),
    /// Show the details of the row, or load a gap.
    Open,
    /// Back to the list.
    Close,
    /// Mark the row, or not.
    Mark,
    /// Mark from the last mark to here.
    Range,
    /// Mark everything loaded.
    All,
    /// Take all marks away.
    Unmark,
    /// Follow what is new, or stand still.
    Follow,
    /// From the rows to the details, or back.
    Pane,
    /// The oldest first, or the newest again.
    Order,
}

impl ActionSpec {
    /// The action that opens a view.
    pub const fn open(view: &'static str, name: &'static str, keys: &'static [&'static str]) -> Self {
        Self {
            id: view,
            name,
            help: "Open this view.",
            keys,
            when: When::Always,
            needs: None,
            danger: Danger::None,
            run: Run::Open(view),
        }
    }

    /// The action that turns a list over. Only a list whose operation walks it from either end has one.
    pub const fn order(id: &'static str) -> Self {
        Self {
            id,
            name: "order",
            help: "The oldest first, or the newest again.",
            keys: &["s"],
            when: When::List,
            needs: None,
            danger: Danger::None,
            run: Run::Step(Step::Order),
        }
    }

    /// A write on rows, from its deed.
    pub const fn deed(
        (id, name, help): (&'static str, &'static str, &'static str),
        keys: &'static [&'static str],
        needs: &'static str,
        deed: &'static Deed,
    ) -> Self {
        Self::write((id, name, help), keys, needs, Run::Deed(deed))
    }

    /// A write on rows that `inverse` takes back.
    pub const fn undoable(
        words: (&'static str, &'static str, &'static str),
        keys: &'static [&'static str],
        needs: &'static str,
        (deed, inverse): (&'static Deed, &'static Deed),
    ) -> Self {
        Self::write(words, keys, needs, Run::Undoable(deed, inverse))
    }

    /// A write to many rows in one request.
    pub const fn many(
        words: (&'static str, &'static str, &'static str),
        keys: &'static [&'static str],
        needs: &'static str,
        many: &'static Many,
    ) -> Self {
        Self::write(words, keys, needs, Run::Many(many))
    }

    const fn write(
        (id, name, help): (&'static str, &'static str, &'static str),
        keys: &'static [&'static str],
        needs: &'static str,
        run: Run,
    ) -> Self {
        let (when, danger, needs) = (When::Targets, Danger::Write, Some(needs));
        Self { id, name, help, keys, when, needs, danger, run }
    }
}
