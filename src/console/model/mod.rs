//! Everything the console knows. Changed by [`super::update::update`] alone, drawn by [`super::draw`]. Knows no terminal
//! and no socket.

pub mod confirm;
pub mod deeds;
pub mod line;
pub mod link;
pub mod many;
pub mod msg;
pub mod notice;
pub mod overlay;
pub mod remote;
pub mod rows;

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::{ActionSpec, Danger, Keymap, Run, When};
use super::conn::{Problem, Target};
use super::look::Look;
use super::moment::Moment;
use super::views::{self, View};
use crate::wire::user::User;

use deeds::{Asks, Deed, Deeds};
use link::Link;
use notice::Notice;
use overlay::Overlay;
use remote::Remote;

/// How long writes stay allowed.
pub const ARMED: Duration = Duration::from_secs(600);

/// Most places that `[` goes back to.
const HISTORY_MAX: usize = 50;

/// How long nothing happens before the clock goes by five seconds.
const QUIET: Duration = Duration::from_secs(30);

/// Titles of columns by view.
pub type Columns = BTreeMap<String, Vec<String>>;

/// The state of the console.
pub struct Model {
    /// The time, as of the last message.
    pub now: Moment,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Whether the terminal is looked at; one that does not tell always is.
    pub is_focused: bool,
    /// The servers that can be chosen.
    pub servers: Vec<Target>,
    /// Which of them is shown.
    pub server: usize,
    /// How the connection stands.
    pub link: Link,
    /// Who asks.
    pub me: Remote<User>,
    /// Which question about [`Self::me`] counts.
    pub asked_me: u64,
    /// Which look before a write counts.
    pub looks: u64,
    /// The views.
    pub views: Vec<Box<dyn View>>,
    /// Which of them is shown.
    pub active: usize,
    /// The columns that were chosen, by view.
    pub columns: Columns,
    /// Where `[` and `]` lead.
    pub history: History,
    /// What lies over the view.
    pub overlay: Option<Overlay>,
    /// Until when writes are allowed.
    pub armed_until: Option<Moment>,
    /// What the server said that this console does not understand: it is newer, and nothing is written to it.
    pub strange: Option<Problem>,
    /// Writes under way.
    pub deeds: Deeds,
    /// Makes the names of this console's requests its own.
    pub tag: String,
    /// What was said last.
    pub notice: Option<Notice>,
    /// Which key does what.
    pub keymap: Keymap,
    /// How things look.
    pub look: Look,
    /// When something last happened but that time went on.
    pub stirred_at: Moment,
    /// Whether there is something new to draw.
    pub is_dirty: bool,
}

/// Places that were left.
#[derive(Debug, Default)]
pub struct History {
    /// Before this one, the last at the end.
    pub before: Vec<Place>,
    /// After it, the next at the end.
    pub after: Vec<Place>,
}

/// A view with a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The view.
    pub view: usize,
    /// Its filter.
    pub filter: String,
}

impl History {
    /// `place` is left for a new one.
    pub fn leave(&mut self, place: Place) {
        if self.before.last() != Some(&place) {
            self.before.push(place);
        }
        if self.before.len() > HISTORY_MAX {
            self.before.remove(0);
        }
        self.after.clear();
    }
}

/// What a console starts with.
pub struct Setup {
    /// The servers that can be chosen.
    pub servers: Vec<Target>,
    /// The one to begin with.
    pub server: usize,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Which key does what.
    pub keymap: Keymap,
    /// The columns that were chosen, by view.
    pub columns: Columns,
    /// How things look.
    pub look: Look,
    /// Random; names the requests of this console.
    pub tag: String,
    /// Whether writes are allowed from the start, for ten minutes.
    pub is_armed: bool,
    /// The time.
    pub now: Moment,
}

impl Model {
    /// Nothing known yet.
    pub fn new(setup: Setup) -> Self {
        let mut model = Self {
            now: setup.now,
            size: setup.size,
            is_focused: true,
            servers: setup.servers,
            server: setup.server,
            link: Link::default(),
            me: Remote::default(),
            asked_me: 0,
            looks: 0,
            views: views::all(),
            columns: setup.columns,
            active: 0,
            history: History::default(),
            overlay: None,
            armed_until: setup.is_armed.then(|| setup.now.plus(ARMED)),
            strange: None,
            deeds: Deeds::default(),
            tag: setup.tag,
            notice: None,
            keymap: setup.keymap,
            look: setup.look,
            stirred_at: setup.now,
            is_dirty: true,
        };
        model.look.now = setup.now;
        for view in &mut model.views {
            if let Some(titles) = model.columns.get(view.spec().id()) {
                view.show_columns(titles);
            }
        }
        if model.target().is_none_or(|target| target.is_read_only) {
            model.armed_until = None;
        }
        model
    }

    /// The server that is shown.
    pub fn target(&self) -> Option<&Target> {
        self.servers.get(self.server)
    }

    /// The view that is shown. There is always one.
    pub fn view(&self) -> Option<&dyn View> {
        self.views.get(self.active).map(AsRef::as_ref)
    }

    /// The number of the view of this id or alias.
    pub fn view_named(&self, name: &str) -> Option<usize> {
        let is_named = |view: &dyn View| view.spec().id() == name || view.spec().aliases.contains(&name);
        self.views.iter().position(|view| is_named(view.as_ref()))
    }

    /// Whether it is the operator's own account, or the key that the console shows.
    pub fn is_own(&self, target: &deeds::Target) -> bool {
        let credential = self.target().and_then(|server| server.credential.as_ref());
        self.me.known().is_some_and(|me| me.id == target.id)
            || credential.is_some_and(|credential| credential.begins_with(&target.name))
    }

    /// Whether somebody's session is shown to the server, and not a key or the end of a socket.
    fn is_session(&self) -> bool {
        self.target()
            .and_then(|server| server.credential.as_ref())
            .is_some_and(super::conn::Credential::is_session)
    }

    /// Whether writes are allowed now.
    pub fn is_armed(&self) -> bool {
        self.armed_until.is_some_and(|until| until > self.now)
    }

    /// Whether the caller has the permission, as far as is known. Unknown: the server will say.
    pub fn may(&self, permission: &str) -> bool {
        let held = self.me.known().and_then(|me| me.permissions.as_ref());
        held.is_none_or(|held| held.contains(&word(permission)))
    }

    /// Why the action cannot be done now; `None`: it can.
    pub fn hindrance(&self, action: &ActionSpec) -> Option<String> {
        let view = self.view()?;
        let lacks_target = match action.when {
            When::List if !view.is_list() => return Some("this view is no list".to_owned()),
            When::Always | When::List => false,
            When::Row => view.facts().is_empty(),
            When::Targets => match action.run {
                Run::Deed(deed) | Run::Undoable(deed, _) => view.targets_of(deed).is_empty(),
                _ => view.targets().is_empty(),
            },
        };
        if lacks_target {
            let is_row = !view.facts().is_empty();
            return Some(
                if is_row { "there is nothing to do it to" } else { "no row is selected" }.to_owned(),
            );
        }
        if let Some(needed) = action.needs.filter(|needed| !self.may(needed)) {
            let roles = self.me.known().map(|me| me.roles.join(", ")).unwrap_or_default();
            return Some(format!("needs {needed}; you are {roles}"));
        }
        let is_form = matches!(action.run, Run::Deed(Deed { asks: Asks::Form(_), .. }));
        if is_form && !self.is_session() {
            return Some("needs the token of your own session".to_owned());
        }
        if action.danger == Danger::None {
            return None;
        }
        if self.target().is_some_and(|target| target.is_read_only) {
            return Some("read-only: so it is set for this server".to_owned());
        }
        if self.strange.is_some() {
            return Some("read-only: the server is newer than this console".to_owned());
        }
        if !self.link.is_live() {
            return Some(format!("not while {}", self.link.word(self.now, "").0.trim()));
        }
        if !self.is_armed() {
            let key = self.keymap.key("arm").unwrap_or_else(|| ":arm".to_owned());
            return Some(format!("read-only: {key} arms"));
        }
        None
    }

    /// Seconds between two moves of the clock. Where nothing happens it is the clock alone that wakes the console up.
    fn clock_step(&self) -> i64 {
        let is_quiet = self.now.since(self.stirred_at) >= QUIET && self.link.is_live() && !self.is_armed();
        if is_quiet { 5 } else { 1 }
    }

    /// When something changes by time alone; `None`: never. Nothing moves on a screen that nobody looks at.
    pub fn deadline(&self) -> Option<Moment> {
        let view = self.views.get(self.active).filter(|_| self.is_focused);
        let work = view.and_then(|view| view.deadline());
        let others = self.views.iter().enumerate().filter(|(index, _)| *index != self.active);
        let unseen = others.filter_map(|(_, view)| view.deadline_unseen());
        let work = work.into_iter().chain(unseen).chain(self.deeds.deadline());
        let clock = self.is_focused.then(|| self.now.next_whole(self.clock_step()));
        work.chain(clock).chain(self.armed_until.filter(|until| *until > self.now)).min()
    }
}

fn word(permission: &str) -> crate::wire::word::Word {
    // A word is its text; only JSON makes one from text that is not static.
    serde_json::from_value(serde_json::Value::String(permission.to_owned())).unwrap_or_else(|_| "".into())
}
