//! The Users view: every account, and what an administrator does for one. Knows nothing of lists in general.

use super::account::{self, DISABLE, ENABLE, LOG_OUT, RESET_FACTORS, RESET_PASSWORD, UNLOCK};
use super::filter::ORDER;
use super::{Cell, Change, Column, Detail, Field, ListSpec, Sent, ViewSpec, Width};
use crate::console::action::ActionSpec;
use crate::console::conn::{Answer, Problem, Request};
use crate::console::look::Look;
use crate::console::model::deeds::Target;
use crate::console::model::rows::Page;
use crate::console::safe::{SUSPECT, Safe, is_suspect};
use crate::console::theme::Token;
use crate::wire::audit::AuditLog;
use crate::wire::user::{User, UserPage};

/// The view.
pub static LIST: ListSpec<User> = ListSpec {
    view: ViewSpec {
        open: ActionSpec::open("users", "users", &["5"]),
        title: "Users",
        aliases: &["u", "accounts"],
        needs: "users:read",
        actions: ACTIONS,
        fields: FIELDS,
    },
    // Nobody waits for a count that nothing shows.
    path: "/api/v1/users?count=false",
    read,
    id: |user| &user.id,
    columns: COLUMNS,
    detail,
    facts,
    target: |user| Target { id: user.id.clone(), name: user.email.clone(), is_mine: false },
    change,
    // A registration tells nothing of the account that a column shows.
    passes: |_, _, _| None,
    more: account::MORE,
    empty: "There are no accounts.",
};

const UPDATE: &str = "users:update";

const ACTIONS: &[ActionSpec] = &[
    ActionSpec::undoable(
        ("users.disable", "disable", "Switch them off; tokens stop at once."),
        &["D"],
        UPDATE,
        (&DISABLE, &ENABLE),
    ),
    ActionSpec::deed(("users.enable", "enable", "Let them in again."), &["E"], UPDATE, &ENABLE),
    ActionSpec::deed(("users.log-out", "log out", "End all of their sessions."), &["L"], UPDATE, &LOG_OUT),
    ActionSpec::deed(
        ("users.reset-mfa", "reset MFA", "Take their second factors away."),
        &["M"],
        UPDATE,
        &RESET_FACTORS,
    ),
    ActionSpec::deed(
        ("users.reset-password", "reset password", "Take their passwords away; mail a link."),
        &["P"],
        UPDATE,
        &RESET_PASSWORD,
    ),
    ActionSpec::deed(
        ("users.unlock", "unlock", "Forget their wrong passwords and codes."),
        &["U"],
        UPDATE,
        &UNLOCK,
    ),
    ActionSpec::order("users.order"),
];

/// What is typed for a second factor, and what is sent.
const FACTORS: &[(&str, &str)] = &[("on", "true"), ("off", "false")];

/// The states, as the server calls them.
const STATES: &[(&str, &str)] =
    &[("active", "active"), ("pending", "pending"), ("inactive", "inactive"), ("suspended", "suspended")];

const FIELDS: &[Field] = &[
    Field { name: "", help: "part of an address or a name, whatever the case", sent: Sent::As("search") },
    Field {
        name: "state",
        help: "active, pending, inactive or suspended",
        sent: Sent::Choice("status", STATES),
    },
    Field { name: "mfa", help: "second factor: on or off", sent: Sent::Choice("has_factor", FACTORS) },
    Field { name: "role", help: "a built-in role, as admin", sent: Sent::As("role") },
    Field { name: "since", help: "made since then, as 2h or a time", sent: Sent::Time("created_from") },
    Field { name: "before", help: "made before then, as 2h or a time", sent: Sent::Time("created_before") },
    Field { name: "id", help: "one account, by its id alone", sent: Sent::One("/api/v1/users") },
    ORDER,
];

const COLUMNS: &[Column<User>] = &[
    Column {
        title: "USER",
        width: Width::AtLeast(20),
        rank: 0,
        cell: |row, look| look.person(&row.email).into(),
    },
    Column { title: "STATE", width: Width::Fixed(9), rank: 1, cell: |row, _| state(row) },
    Column { title: "MFA", width: Width::Fixed(3), rank: 2, cell: |row, _| mfa(row) },
    Column { title: "ROLES", width: Width::AtLeast(12), rank: 3, cell: |row, _| roles(row).into() },
    Column {
        title: "NAME",
        width: Width::AtLeast(12),
        rank: 5,
        cell: |row, look| look.person(&row.name).into(),
    },
    Column {
        title: "AGE",
        width: Width::Fixed(6),
        rank: 4,
        cell: |row, look| look.age(&row.created_at).into(),
    },
];

/// A page, or one account where its id was asked for.
fn read(answer: &Answer) -> Result<Page<User>, Problem> {
    match answer.read::<UserPage>() {
        Ok(page) => Ok(Page { rows: page.users, next: page.next_cursor }),
        Err(problem) => {
            let user = answer.read::<User>().map_err(|_| problem)?;
            Ok(Page { rows: vec![user], next: None })
        }
    }
}

/// The state, with a sign where the name is not what it looks like.
fn state(row: &User) -> Cell {
    let token = match row.status.as_str() {
        "active" if is_suspect(&row.email) || is_suspect(&row.username) || is_suspect(&row.name) => {
            return Cell(Safe::new(&format!("active {SUSPECT}")).cut(9), Token::Warn);
        }
        "active" => Token::Ok,
        "pending" => Token::Info,
        _ => Token::Warn,
    };
    Cell(Safe::new(&row.status), token)
}

fn mfa(row: &User) -> Cell {
    if row.mfa_enabled { Cell(Safe::from("on"), Token::Ok) } else { Cell(Safe::from("-"), Token::Muted) }
}

fn roles(row: &User) -> Safe {
    Safe::new(&row.roles.join(" "))
}

fn detail(row: &User, look: &Look) -> Vec<Detail> {
    let verified = if row.email_verified { "address proved" } else { "address not proved" };
    let Cell(_, token) = state(row);
    let standing = format!("{}, {verified}, made {} ago", row.status, look.age(&row.created_at));
    let names =
        format!("{}  {}  {}", look.person(&row.email), look.person(&row.username), look.person(&row.name));
    vec![
        ("user", Safe::new(&names).into()),
        ("id", Safe::new(&row.id).into()),
        ("state", Cell(Safe::new(&standing), token)),
        ("roles", roles(row).into()),
    ]
}

fn facts(row: &User) -> Vec<(&'static str, String)> {
    vec![("id", row.id.clone()), ("user", row.id.clone())]
}

/// Acts that make accounts.
const MAKING: &[&str] = &["user.created", "user.registered"];

/// Acts that change what a row or its details show.
const CHANGING: &[&str] = &[
    "email.changed",
    "email.verified",
    "lockout.cleared",
    "mfa.disabled",
    "mfa.enabled",
    "password.reset_forced",
    "role.granted",
    "role.revoked",
    "session.all_ended",
    "user.invitation_accepted",
    "user.status_changed",
    "user.updated",
];

fn change(event: &AuditLog) -> Change<User> {
    let (action, Some(id)) = (event.action.as_str(), &event.user_id) else { return Change::None };
    match action {
        _ if event.outcome != "success" => Change::None,
        "user.deleted" => Change::Remove(id.clone()),
        _ if MAKING.contains(&action) => Change::Reload,
        _ if CHANGING.contains(&action) => {
            Change::Refresh(id.clone(), Request::get(format!("/api/v1/users/{id}")))
        }
        _ => Change::None,
    }
}
