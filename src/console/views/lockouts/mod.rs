//! The Lockouts view: who is locked, why, and what other rules would have done. Knows nothing of lists in general.

mod rules;
mod why;

use std::time::Duration;

use ratatui::layout::Rect;

use super::paned::{Paned, Panes};
use super::part::Part;
use super::{Cell, Change, Column, Cx, Detail, Field, ListSpec, Sent, View, ViewSpec, Width};
use crate::console::action::{ActionSpec, Danger, Run, When};
use crate::console::conn::{Answer, Problem, Request};
use crate::console::draw::Canvas;
use crate::console::look::Look;
use crate::console::model::deeds::{Asks, Deed, Target};
use crate::console::model::rows::Page;
use crate::console::moment::{Moment, brief};
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::wire::audit::AuditLog;
use crate::wire::guessing::WhatIf;
use crate::wire::lockout::{Lockout, LockoutExplained, LockoutPage};
use rules::Rules;

/// The view.
pub fn view() -> Box<dyn View> {
    Box::new(Paned::new(&LIST, LockoutPanes::new()))
}

static LIST: ListSpec<Lockout> = ListSpec {
    view: ViewSpec {
        open: ActionSpec::open("lockouts", "lockouts", &["3"]),
        title: "Lockouts",
        aliases: &["l", "locks"],
        needs: "audit:read",
        actions: ACTIONS,
        fields: FIELDS,
    },
    path: "/api/v1/lockouts",
    read,
    id: |lock| &lock.id,
    columns: COLUMNS,
    detail: |_, _| Vec::<Detail>::new(),
    facts,
    target,
    change,
    passes: |_, _, _| None,
    more: &[],
    empty: "Nobody is locked. The audit log knows who was: :audit act:lockout.*",
};

const fn tries(
    id: &'static str,
    (name, help): (&'static str, &'static str),
    keys: &'static [&'static str],
) -> ActionSpec {
    let (when, danger) = (When::List, Danger::None);
    ActionSpec { id, name, help, keys, when, needs: None, danger, run: Run::View }
}

const ACTIONS: &[ActionSpec] = &[
    ActionSpec::deed(
        ("lockouts.unlock", "unlock", "Lift the marked locks, or this one: guessing may go on. Asks why."),
        &["U"],
        "users:update",
        &UNLOCK,
    ),
    tries(
        "lockouts.what-if",
        (
            "what if",
            "What other rules would have locked in the last day; again: the next number of the rule.",
        ),
        &["w"],
    ),
    tries("lockouts.more", ("more", "Try the rule with a higher number."), &["+", "="]),
    tries("lockouts.less", ("less", "Try the rule with a lower number."), &["-"]),
];

static UNLOCK: Deed = Deed {
    verb: "UNLOCK",
    done: "lifted",
    things: ("lock", "locks"),
    request: |target| Request::delete(format!("/api/v1/lockouts/{}", target.id)),
    asks: Asks::Reason,
    undo: "cannot be undone; as many wrong guesses lock again",
};

const FIELDS: &[Field] =
    &[Field { name: "user", help: "one account, by id, address or name", sent: Sent::Person("user_id") }];

const COLUMNS: &[Column<Lockout>] = &[
    Column { title: "WHO", width: Width::AtLeast(16), rank: 0, cell: |row, look| who(row, look) },
    Column {
        title: "RULE",
        width: Width::Fixed(8),
        rank: 3,
        cell: |row, _| Cell::from(Safe::new(&row.rule.name)),
    },
    Column { title: "FROM", width: Width::AtLeast(15), rank: 2, cell: |row, look| place(row, look).into() },
    Column { title: "SINCE", width: Width::Fixed(6), rank: 4, cell: |row, look| look.age(&row.since).into() },
    Column { title: "ENDS IN", width: Width::Fixed(7), rank: 1, cell: |row, look| ends_in(row, look) },
    Column {
        title: "GUESSES",
        width: Width::Fixed(7),
        rank: 5,
        cell: |row, _| Safe::new(&format!("{}/{}", row.failures, row.rule.failures)).into(),
    },
];

fn read(answer: &Answer) -> Result<Page<Lockout>, Problem> {
    let page: LockoutPage = answer.read()?;
    Ok(Page { rows: page.lockouts, next: page.next_cursor })
}

/// Its name where it is an account's; else the hash that stands for a name of nobody.
fn who(row: &Lockout, look: &Look) -> Cell {
    match (&row.email, &row.name_hash) {
        (Some(email), _) => look.person(email).into(),
        (None, hash) => Cell(Safe::new(&format!("nobody's {}", short_hash(hash.as_deref()))), Token::Muted),
    }
}

fn short_hash(hash: Option<&str>) -> String {
    hash.unwrap_or("-").chars().take(12).collect()
}

fn place(row: &Lockout, look: &Look) -> Safe {
    row.network.as_deref().map_or_else(|| Safe::from("everywhere"), |network| look.place(network))
}

fn ends_in(row: &Lockout, look: &Look) -> Cell {
    match left(row, look.now) {
        Some(left) if left.is_zero() => Cell(Safe::from("over"), Token::Muted),
        Some(left) => Safe::new(&brief(left)).into(),
        None => Safe::new(&row.until).into(),
    }
}

/// How long the lock still holds.
fn left(row: &Lockout, now: Moment) -> Option<Duration> {
    Moment::parse(&row.until).map(|until| until.since(now))
}

fn facts(row: &Lockout) -> Vec<(&'static str, String)> {
    let optional = [("user", &row.user_id), ("ip", &row.network)];
    let known = optional.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    std::iter::once(("id", row.id.clone())).chain(known).collect()
}

fn target(row: &Lockout) -> Target {
    let name = row.email.clone().unwrap_or_else(|| short_hash(row.name_hash.as_deref()));
    Target { id: row.id.clone(), name, is_mine: false }
}

/// Acts that begin locks, or end some without naming them.
const LOCKING: &[&str] =
    &["lockout.set", "lockout.cleared", "login.succeeded", "password.reset", "user.deleted"];

fn change(event: &AuditLog) -> Change<Lockout> {
    match (event.action.as_str(), event.details.get("lockout").and_then(serde_json::Value::as_str)) {
        (_, _) if event.outcome != "success" => Change::None,
        ("lockout.cleared", Some(id)) => Change::Remove(id.to_owned()),
        (action, _) if LOCKING.contains(&action) => Change::Reload,
        _ => Change::None,
    }
}

/// Why this one is locked, and what other rules would have done.
struct LockoutPanes {
    why: Part<LockoutExplained>,
    what_if: Part<WhatIf>,
    rules: Rules,
    /// Where there is room for one of them: whether it is the rules.
    tries_rules: bool,
}

impl LockoutPanes {
    const fn new() -> Self {
        Self {
            why: Part::new("lockouts", "why"),
            what_if: Part::new("lockouts", "what-if"),
            rules: Rules::new(),
            tries_rules: false,
        }
    }
}

impl Panes<Lockout> for LockoutPanes {
    fn forget(&mut self) {
        self.why.forget();
    }

    fn ask(&mut self, row: &Lockout, cx: &mut Cx<'_>) {
        self.why.ask(Request::get(format!("/api/v1/lockouts/{}", row.id)), cx);
    }

    fn answer(&mut self, part: &str, generation: u64, result: Result<Answer, Problem>, cx: &mut Cx<'_>) {
        self.why.answer(part, generation, &result, cx);
        self.what_if.answer(part, generation, &result, cx);
        if let Some(told) = self.what_if.data.known() {
            self.rules.begin_at(told);
        }
    }

    fn act(&mut self, action: &str, cx: &mut Cx<'_>) {
        let is_new = !std::mem::replace(&mut self.tries_rules, true);
        match action {
            "lockouts.more" => self.rules.turn(true),
            "lockouts.less" => self.rules.turn(false),
            _ if is_new => {}
            _ => {
                self.tries_rules = self.rules.choose_next();
                return;
            }
        }
        let request = self.rules.on(Request::get("/api/v1/lockouts/what-if"));
        self.what_if.ask(request, cx);
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, row: Option<&Lockout>) {
        if area.width >= 100 {
            let left = area.width * 11 / 20;
            why::draw(canvas, Rect { width: left, ..area }, row, &self.why);
            let right = Rect { x: area.x + left, width: area.width - left, ..area };
            rules::draw(canvas, right, &self.rules, &self.what_if);
        } else if self.tries_rules {
            rules::draw(canvas, area, &self.rules, &self.what_if);
        } else {
            why::draw(canvas, area, row, &self.why);
        }
    }

    fn lines(&self, row: Option<&Lockout>, look: &Look) -> Vec<String> {
        let why = why::lines(row, &self.why, look);
        let what_if = rules::lines(&self.rules, &self.what_if, look);
        let what_if = what_if.into_iter().filter(|_| self.tries_rules);
        why.into_iter().chain(what_if).map(|(text, _)| text.to_string()).collect()
    }

    fn pace(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn is_counted(&self) -> bool {
        true
    }

    fn is_over(&self, row: &Lockout, now: Moment) -> bool {
        left(row, now).is_some_and(|left| left.is_zero())
    }

    fn badge(&self, rows: usize, has_end: bool) -> Option<String> {
        let more = if has_end { "" } else { "+" };
        (rows > 0).then(|| format!("!{rows}{more}"))
    }
}

#[cfg(test)]
mod tests;
