//! The incident view: failed logins by network, what they look like, and what may have been won. Knows nothing of lists in
//! general.
//!
//! ## Decision: the answer to an attack is frozen when it is seen
//! The dry run counts the sessions opened from the network up to a moment. What is confirmed sends that count and that
//! moment: a session that came or went since makes the server refuse, and the operator looks again.

mod blast;

use std::time::Duration;

use ratatui::layout::Rect;

use super::paned::{Paned, Panes};
use super::part::Part;
use super::{Cell, Change, Column, Cx, Detail, Field, ListSpec, Sent, View, ViewSpec, Width};
use crate::console::action::ActionSpec;
use crate::console::conn::{Answer, Problem, Request};
use crate::console::draw::Canvas;
use crate::console::look::Look;
use crate::console::model::deeds::{Asks, Deed, Target};
use crate::console::model::remote::Remote;
use crate::console::model::rows::Page;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::wire::audit::AuditLog;
use crate::wire::guessing::{Incident, Incidents};
use crate::wire::live_session::{EndSessions, EndedSessions};

/// The view.
pub fn view() -> Box<dyn View> {
    let blast = Part::new("incidents", "blast");
    Box::new(Paned::new(&LIST, IncidentPanes { blast, looked_at: None, may_end: true }))
}

static LIST: ListSpec<Incident> = ListSpec {
    view: ViewSpec {
        open: ActionSpec::open("incidents", "incidents", &["I"]),
        title: "Incidents",
        aliases: &["incident", "attacks"],
        needs: "audit:read",
        actions: ACTIONS,
        fields: FIELDS,
    },
    path: "/api/v1/audit/incidents",
    read,
    id: |incident| &incident.network,
    columns: COLUMNS,
    detail: |_, _| Vec::<Detail>::new(),
    facts: |incident| vec![("id", incident.network.clone()), ("ip", incident.network.clone())],
    target: |incident| Target {
        id: incident.network.clone(),
        name: incident.network.clone(),
        is_mine: false,
    },
    // Read again by the panes, which know how dear that is.
    change: |_| Change::None,
    passes: |_, _, _| None,
    more: &[],
    empty: "No network failed to log in 5 times within 15 minutes.",
};

const ACTIONS: &[ActionSpec] = &[ActionSpec::deed(
    (
        "incidents.end",
        "end sessions",
        "End all sessions that were opened from this network, as the dry run counted them. Asks why.",
    ),
    &["D"],
    NEEDS,
    &END,
)];

/// What ending sessions needs, and looking what would end.
const NEEDS: &str = "users:update";

/// Between the count and the time of the look, in what the dialog shows.
const OPENED_BEFORE: &str = " opened before ";

static END: Deed = Deed {
    verb: "END THE SESSIONS FROM",
    done: "ended the sessions from",
    things: ("network", "networks"),
    request: end,
    asks: Asks::Reason,
    undo: "cannot be undone. If a session came or went since the look, nothing ends.",
};

const FIELDS: &[Field] = &[
    Field { name: "minutes", help: "how far to look back, 1 to 1440; else 15", sent: Sent::As("minutes") },
    Field { name: "least", help: "the fewest failures; else 5", sent: Sent::As("min_failures") },
];

const COLUMNS: &[Column<Incident>] = &[
    Column {
        title: "NETWORK",
        width: Width::AtLeast(18),
        rank: 0,
        cell: |row, look| look.place(&row.network).into(),
    },
    Column { title: "SHAPE", width: Width::Fixed(8), rank: 2, cell: |row, _| shape(row) },
    Column { title: "FAILS", width: Width::Fixed(7), rank: 1, cell: |row, _| count(row.failures).into() },
    Column { title: "NAMES", width: Width::Fixed(6), rank: 4, cell: |row, _| count(row.names).into() },
    Column { title: "ADDRS", width: Width::Fixed(6), rank: 6, cell: |row, _| count(row.addresses).into() },
    Column { title: "LOCKS", width: Width::Fixed(6), rank: 5, cell: |row, _| count(row.lockouts).into() },
    Column { title: "LOGINS", width: Width::Fixed(6), rank: 3, cell: |row, _| won(row) },
    Column {
        title: "LAST",
        width: Width::Fixed(6),
        rank: 4,
        cell: |row, look| look.age(&row.last_at).into(),
    },
];

fn read(answer: &Answer) -> Result<Page<Incident>, Problem> {
    let told: Incidents = answer.read()?;
    Ok(Page { rows: told.incidents, next: None })
}

/// How it looks: a word, and a colour for how bad that is.
fn shape(row: &Incident) -> Cell {
    let token = if row.shape == "guessing" { Token::Warn } else { Token::Danger };
    Cell(Safe::new(&row.shape), token)
}

fn count(count: u64) -> Safe {
    Safe::new(&count.to_string())
}

/// Logins from there that succeeded.
fn won(row: &Incident) -> Cell {
    let token = if row.logins > 0 { Token::Danger } else { Token::Muted };
    Cell(count(row.logins), token)
}

/// The sessions from `network`, as the dry run and the deed name them.
fn sessions(network: &str, until: &str) -> EndSessions {
    EndSessions { network: Some(network.to_owned()), until: Some(until.to_owned()), ..EndSessions::default() }
}

fn post(body: &EndSessions) -> Request {
    Request::post("/api/v1/sessions/revoke", serde_json::to_string(body).unwrap_or_default())
}

/// From what the dialog showed. What cannot be read back is sent without a count, which the server refuses.
fn end(target: &Target) -> Request {
    let (count, until) = target.id.split_once(OPENED_BEFORE).unwrap_or_default();
    let expect_count = count.split(' ').next().and_then(|count| count.parse().ok());
    post(&EndSessions { expect_count, ..sessions(&target.name, until) })
}

/// What would end.
struct IncidentPanes {
    blast: Part<EndedSessions>,
    /// The network and the time of the look.
    looked_at: Option<(String, String)>,
    may_end: bool,
}

impl Panes<Incident> for IncidentPanes {
    fn forget(&mut self) {
        self.blast.forget();
        self.looked_at = None;
    }

    fn ask(&mut self, row: &Incident, cx: &mut Cx<'_>) {
        // Asking without the right would be written into the audit log as an attempt.
        let held = cx.me.and_then(|me| me.permissions.as_ref());
        self.may_end = held.is_none_or(|held| held.contains(&NEEDS.into()));
        if self.may_end {
            let until = cx.now.rfc3339();
            let look = EndSessions { dry_run: Some(true), ..sessions(&row.network, &until) };
            self.blast.ask(post(&look), cx);
            self.looked_at = Some((row.network.clone(), until));
        }
    }

    fn answer(&mut self, part: &str, generation: u64, result: Result<Answer, Problem>, cx: &mut Cx<'_>) {
        self.blast.answer(part, generation, &result, cx);
    }

    fn targets(&self, _targets: Vec<Target>, row: Option<&Incident>) -> Vec<Target> {
        // What is asked again is not known as of the new look.
        let (Some(row), Some((network, until)), Remote::Ready { data: blast, .. }) =
            (row, &self.looked_at, &self.blast.data)
        else {
            return Vec::new();
        };
        if *network != row.network || blast.ended == 0 {
            return Vec::new();
        }
        let things = if blast.ended == 1 { "session" } else { "sessions" };
        let id = format!("{} {things}{OPENED_BEFORE}{until}", blast.ended);
        vec![Target { id, name: network.clone(), is_mine: false }]
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, row: Option<&Incident>) {
        blast::draw(canvas, area, row, self);
    }

    fn lines(&self, row: Option<&Incident>, look: &Look) -> Vec<String> {
        let Some(row) = row else { return Vec::new() };
        let all = blast::looks(row, look).into_iter().chain(blast::blast(self, look));
        all.map(|(text, _)| text.to_string()).collect()
    }

    fn is_changed_by(&self, event: &AuditLog) -> bool {
        matches!(
            event.action.as_str(),
            "login.failed" | "login.succeeded" | "lockout.set" | "session.ended" | "session.all_ended"
        )
    }

    /// One reading looks at up to 20,000 records.
    fn pace(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn badge(&self, rows: usize, _has_end: bool) -> Option<String> {
        (rows > 0).then(|| format!("!{rows}"))
    }
}

#[cfg(test)]
mod tests;
