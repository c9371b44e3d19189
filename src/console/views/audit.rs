//! The Audit view: everything that happened. Knows nothing of lists in general.

use super::filter::ORDER;
use super::list::Joint;
use super::{Cell, Change, Column, Detail, Field, ListSpec, Sent, ViewSpec, Width, sign};
use crate::console::action::ActionSpec;
use crate::console::conn::{Answer, Problem};
use crate::console::look::Look;
use crate::console::model::deeds::Target;
use crate::console::model::rows::Page;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::wire::audit::{AuditLog, AuditPage};

/// The view.
pub static LIST: ListSpec<AuditLog> = ListSpec {
    view: ViewSpec {
        open: ActionSpec::open("audit", "audit", &["4"]),
        title: "Audit",
        aliases: &["a", "log"],
        needs: "audit:read",
        actions: &[ActionSpec::order("audit.order")],
        fields: FIELDS,
    },
    path: "/api/v1/audit/logs",
    read,
    id: |event| &event.id,
    columns: COLUMNS,
    detail,
    facts,
    target: |event| Target { id: event.id.clone(), name: event.action.clone(), is_mine: false },
    change: |event| Change::Insert(event.clone()),
    passes,
    more: &[],
    empty: "Nothing was recorded yet.",
};

/// What is typed for an outcome, and what is sent.
const OUTCOMES: &[(&str, &str)] = &[("ok", "success"), ("fail", "failure"), ("deny", "denied")];

const FIELDS: &[Field] = &[
    Field { name: "act", help: "acts, as login.failed or login.*,lockout.set", sent: Sent::As("action") },
    Field { name: "user", help: "about this account", sent: Sent::Person("user_id") },
    Field { name: "actor", help: "done by this account", sent: Sent::Person("actor_id") },
    Field { name: "ip", help: "from this address or network", sent: Sent::As("ip_address") },
    Field { name: "res", help: "outcome: ok, fail or deny", sent: Sent::Choice("outcome", OUTCOMES) },
    Field { name: "since", help: "since then, as 2h or a time", sent: Sent::Time("start_date") },
    Field { name: "before", help: "before then, as 2h or a time", sent: Sent::Time("end_date") },
    Field { name: "session", help: "in this session", sent: Sent::As("session_id") },
    Field { name: "req", help: "in this request", sent: Sent::As("request_id") },
    ORDER,
];

const COLUMNS: &[Column<AuditLog>] = &[
    Column {
        title: "TIME",
        width: Width::Fixed(12),
        rank: 1,
        cell: |row, look| look.time(&row.created_at).into(),
    },
    Column { title: "RES", width: Width::Fixed(4), rank: 2, cell: |row, _| sign::outcome(row) },
    Column {
        title: "ACTION",
        width: Width::AtLeast(18),
        rank: 0,
        cell: |row, _| Cell::from(Safe::new(&row.action)),
    },
    Column {
        title: "ABOUT",
        width: Width::Fixed(12),
        rank: 4,
        cell: |row, look| account(row.user_id.as_deref(), look).into(),
    },
    Column {
        title: "ACTOR",
        width: Width::Fixed(12),
        rank: 5,
        cell: |row, look| account(row.actor_id.as_deref(), look).into(),
    },
    Column { title: "IP", width: Width::Fixed(15), rank: 3, cell: |row, look| address(row, look).into() },
    Column { title: "REASON", width: Width::AtLeast(14), rank: 6, cell: |row, _| reason(row) },
];

/// The place of a record in the chain: its id begins with the number of its commit.
pub fn joint(row: &AuditLog) -> Option<Joint<'_>> {
    let place = row.id.split('-').next()?.parse().ok()?;
    let is_told = !row.previous_checksum.is_empty();
    is_told.then_some(Joint { place, hash: &row.checksum, previous: &row.previous_checksum })
}

fn read(answer: &Answer) -> Result<Page<AuditLog>, Problem> {
    let page: AuditPage = answer.read()?;
    Ok(Page { rows: page.logs, next: page.next_cursor })
}

fn account(id: Option<&str>, look: &Look) -> Safe {
    id.map_or_else(|| Safe::from("-"), |id| look.account(id))
}

fn address(row: &AuditLog, look: &Look) -> Safe {
    row.ip_address.as_deref().map_or_else(|| Safe::from("-"), |ip| look.place(ip))
}

fn reason(row: &AuditLog) -> Cell {
    Cell(Safe::new(row.reason.as_deref().unwrap_or("-")), Token::Muted)
}

fn detail(row: &AuditLog, look: &Look) -> Vec<Detail> {
    let whole = |id: Option<&str>| match id {
        None => Safe::from("-"),
        Some(id) if look.masked => look.person(id),
        Some(id) => Safe::new(id),
    };
    let or_none = |text: &Option<String>| Safe::new(text.as_deref().unwrap_or("-"));
    let mut facts: Vec<Detail> = vec![
        ("action", Safe::new(&row.action).into()),
        ("outcome", sign::outcome(row)),
        ("reason", or_none(&row.reason).into()),
        (
            "at",
            Safe::new(&format!("{}  {} ago", Safe::new(&row.created_at), look.age(&row.created_at))).into(),
        ),
        ("about", whole(row.user_id.as_deref()).into()),
        ("actor", whole(row.actor_id.as_deref()).into()),
        ("address", address(row, look).into()),
        ("client", or_none(&row.user_agent).into()),
        ("session", whole(row.resource_id.as_deref()).into()),
        ("request", or_none(&row.request_id).into()),
    ];
    if let Some(note) = &row.note {
        // What somebody wrote may name anybody.
        let note = if look.masked { Safe::from("masked") } else { Safe::new(note) };
        facts.insert(3, ("why", note.into()));
    }
    for (name, value) in row.details.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        facts.push(("fact", Safe::new(&format!("{name} = {text}")).into()));
    }
    facts.push(("hash", Cell(Safe::new(&row.checksum), Token::Muted)));
    facts.push(("before", Cell(Safe::new(&row.previous_checksum), Token::Muted)));
    facts
}

pub fn facts(row: &AuditLog) -> Vec<(&'static str, String)> {
    let optional = [
        ("user", &row.user_id),
        ("actor", &row.actor_id),
        ("ip", &row.ip_address),
        ("session", &row.resource_id),
        ("request", &row.request_id),
    ];
    let known = optional.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    std::iter::once(("id", row.id.clone())).chain(known).collect()
}

/// Whether a new record passes, as the server would say; ages and names only the server can tell.
fn passes(row: &AuditLog, field: &str, value: &str) -> Option<bool> {
    let is = |found: &Option<String>| found.as_deref() == Some(value);
    match field {
        "act" => Some(value.split(',').any(|wanted| match wanted.strip_suffix(".*") {
            Some(kind) => row.action.split('.').next() == Some(kind),
            None => row.action == wanted,
        })),
        "res" => OUTCOMES.iter().find(|(typed, _)| *typed == value).map(|(_, sent)| row.outcome == *sent),
        "session" => Some(is(&row.resource_id)),
        "req" => Some(is(&row.request_id)),
        // Later than any time that was typed, and so never before one.
        "since" => Some(true),
        "before" => Some(false),
        "ip" if !value.contains('/') => Some(is(&row.ip_address)),
        "user" if value.len() == 36 => Some(is(&row.user_id)),
        "actor" if value.len() == 36 => Some(is(&row.actor_id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::Example;

    use super::*;

    #[test]
    fn a_new_record_passes_as_the_server_would_say() {
        let row = AuditLog::example();
        let says = |field, value| passes(&row, field, value);
        assert_eq!((says("act", "login.*"), says("act", "logins.*,lockout.set")), (Some(true), Some(false)));
        assert_eq!((says("res", "deny"), says("res", "ok")), (Some(true), Some(false)));
        assert_eq!((says("ip", "203.0.113.7"), says("ip", "203.0.113.0/24")), (Some(true), None));
        assert_eq!((says("user", row.user_id.as_deref().unwrap()), says("user", "mia")), (Some(true), None));
    }
}
