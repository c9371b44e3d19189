//! The Sessions view: who is logged in, from where, and the end of it. Knows nothing of lists in general.

use super::filter::ORDER;
use super::{Cell, Change, Column, Detail, Field, ListSpec, Sent, ViewSpec, Width};
use crate::console::action::ActionSpec;
use crate::console::conn::{Answer, Problem, Request};
use crate::console::look::{Look, short};
use crate::console::model::deeds::{Asks, Deed, Target};
use crate::console::model::many::{Many, Scope};
use crate::console::model::rows::Page;
use crate::console::safe::{SUSPECT, Safe, is_suspect};
use crate::console::theme::Token;
use crate::wire::audit::AuditLog;
use crate::wire::live_session::{LiveSession, LiveSessionPage};

/// The view.
pub static LIST: ListSpec<LiveSession> = ListSpec {
    view: ViewSpec {
        open: ActionSpec::open("sessions", "sessions", &["2"]),
        title: "Sessions",
        aliases: &["s"],
        needs: "audit:read",
        actions: ACTIONS,
        fields: FIELDS,
    },
    path: "/api/v1/sessions",
    read,
    id: |session| &session.id,
    columns: COLUMNS,
    detail,
    facts,
    target: |session| Target {
        id: session.id.clone(),
        name: session.email.clone(),
        is_mine: session.current,
    },
    change,
    // An event does not tell what a session is like, so new ones are read.
    passes: |_, _, _| None,
    more: &[],
    empty: "Nobody is logged in.",
};

const ACTIONS: &[ActionSpec] = &[
    ActionSpec::many(
        ("sessions.end", "end", "End the marked sessions, or this one; their tokens stop working at once."),
        &["d"],
        "users:update",
        &END_MARKED,
    ),
    ActionSpec::many(
        ("sessions.end-user", "end user's", "End all sessions of this row's user, after a look at which."),
        &["D"],
        "users:update",
        &END_OF_USER,
    ),
    ActionSpec::order("sessions.order"),
];

/// Ends many sessions, or says which it would.
const REVOKE: &str = "/api/v1/sessions/revoke";

static END_MARKED: Many = Many { deed: &END, path: REVOKE, scope: Scope::Marked };
static END_OF_USER: Many = Many { deed: &END, path: REVOKE, scope: Scope::Fact("user", "user_id") };

static END: Deed = Deed {
    verb: "END",
    done: "ended",
    things: ("session", "sessions"),
    request: |target| Request::delete(format!("/api/v1/sessions/{}", target.id)),
    asks: Asks::Yes,
    undo: "cannot be undone; they may log in again",
};

const FIELDS: &[Field] = &[
    Field { name: "user", help: "one account, by id, address or name", sent: Sent::Person("user_id") },
    Field { name: "ip", help: "an address or a network, as 203.0.113.0/24", sent: Sent::As("network") },
    Field { name: "since", help: "opened since then, as 2h or a time", sent: Sent::Time("since") },
    ORDER,
];

const COLUMNS: &[Column<LiveSession>] = &[
    Column {
        title: "USER",
        width: Width::AtLeast(16),
        rank: 0,
        cell: |row, look| look.person(&row.email).into(),
    },
    Column { title: "ST", width: Width::Fixed(3), rank: 3, cell: |row, _| state(row) },
    Column { title: "SESSION", width: Width::Fixed(10), rank: 4, cell: |row, _| short(&row.id).into() },
    Column {
        title: "IP",
        width: Width::AtLeast(15),
        rank: 1,
        cell: |row, look| look.place(&row.ip_address).into(),
    },
    Column { title: "CLIENT", width: Width::AtLeast(10), rank: 5, cell: |row, _| client(row).into() },
    Column {
        title: "AGE",
        width: Width::Fixed(6),
        rank: 3,
        cell: |row, look| look.age(&row.created_at).into(),
    },
    Column {
        title: "IDLE",
        width: Width::Fixed(6),
        rank: 2,
        cell: |row, look| look.age(&row.last_used_at).into(),
    },
];

fn read(answer: &Answer) -> Result<Page<LiveSession>, Problem> {
    let page: LiveSessionPage = answer.read()?;
    Ok(Page { rows: page.sessions, next: page.next_cursor })
}

/// A sign for what is special about it, and a word for what is not.
fn state(row: &LiveSession) -> Cell {
    if row.current {
        Cell(Safe::from("YOU"), Token::Accent)
    } else if is_suspect(&row.email) || is_suspect(&row.username) {
        Cell(Safe::from(SUSPECT), Token::Warn)
    } else {
        Cell(Safe::from("ok"), Token::Ok)
    }
}

fn client(row: &LiveSession) -> Safe {
    Safe::new(row.user_agent.as_deref().unwrap_or("-"))
}

fn detail(row: &LiveSession, look: &Look) -> Vec<Detail> {
    let ends = Safe::new(&row.expires_at);
    vec![
        ("user", look.person(&row.email).into()),
        ("username", look.person(&row.username).into()),
        ("user id", Safe::new(&row.user_id).into()),
        ("address", look.place(&row.ip_address).into()),
        ("client", client(row).into()),
        (
            "opened",
            Safe::new(&format!("{}  {} ago", Safe::new(&row.created_at), look.age(&row.created_at))).into(),
        ),
        (
            "used",
            Safe::new(&format!("{}  {} ago", Safe::new(&row.last_used_at), look.age(&row.last_used_at)))
                .into(),
        ),
        (
            "proved",
            Safe::new(&format!(
                "{}  {} ago",
                Safe::new(&row.authenticated_at),
                look.age(&row.authenticated_at)
            ))
            .into(),
        ),
        ("ends", ends.into()),
    ]
}

fn facts(row: &LiveSession) -> Vec<(&'static str, String)> {
    vec![
        ("id", row.id.clone()),
        ("session", row.id.clone()),
        ("user", row.user_id.clone()),
        ("ip", row.ip_address.clone()),
    ]
}

/// Acts that begin sessions, or end some without naming them.
const ENDING_OR_BEGINNING: &[&str] = &[
    "login.succeeded",
    "password.changed",
    "password.reset",
    "password.reset_forced",
    "refresh.reused",
    "session.all_ended",
    "session.ended",
    "user.deleted",
    "user.status_changed",
];

fn change(event: &AuditLog) -> Change<LiveSession> {
    if event.outcome != "success" {
        return Change::None;
    }
    match (event.action.as_str(), &event.resource_id) {
        ("session.ended", Some(id)) => Change::Remove(id.clone()),
        (action, _) if ENDING_OR_BEGINNING.contains(&action) => Change::Reload,
        _ => Change::None,
    }
}
