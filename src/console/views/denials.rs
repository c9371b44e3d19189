//! The Denials view: requests that were refused, why, and what helps. Knows nothing of lists in general.

use super::{Cell, Change, Column, Detail, Field, ListSpec, Sent, ViewSpec, Width};
use crate::console::action::ActionSpec;
use crate::console::conn::{Answer, Problem};
use crate::console::draw::canvas::wrapped;
use crate::console::look::Look;
use crate::console::model::deeds::Target;
use crate::console::model::rows::Page;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::wire::explain::{ExplainedRequest, ExplainedStep, ExplanationPage};

/// The view.
pub static LIST: ListSpec<ExplainedRequest> = ListSpec {
    view: ViewSpec {
        open: ActionSpec::open("denials", "denials", &["N"]),
        title: "Denials",
        aliases: &["explain", "why"],
        needs: "audit:read",
        actions: &[],
        fields: FIELDS,
    },
    path: "/api/v1/explain",
    read,
    id: |request| &request.id,
    columns: COLUMNS,
    detail,
    facts,
    target: |request| Target { id: request.id.clone(), name: request.request_id.clone(), is_mine: false },
    // A look is recorded on the server, so it is taken when somebody asks for it.
    change: |_| Change::None,
    passes: |_, _, _| None,
    more: &[],
    empty: "Nothing was denied within explain.keep_for, or nothing is kept of it.",
};

const FIELDS: &[Field] = &[
    Field { name: "req", help: "in this request", sent: Sent::As("request_id") },
    Field { name: "user", help: "of this account, or about it", sent: Sent::As("user") },
    Field { name: "ip", help: "from this address", sent: Sent::As("address") },
    Field { name: "since", help: "since then, as 2h or a time", sent: Sent::Time("since") },
];

const COLUMNS: &[Column<ExplainedRequest>] = &[
    Column { title: "TIME", width: Width::Fixed(12), rank: 1, cell: |row, look| look.time(&row.at).into() },
    Column { title: "RES", width: Width::Fixed(5), rank: 2, cell: |row, _| sign(&row.verdict) },
    Column {
        title: "WHY",
        width: Width::AtLeast(18),
        rank: 0,
        cell: |row, _| Safe::new(decided(row).map_or("-", |step| step.name.as_str())).into(),
    },
    Column {
        title: "REQUEST",
        width: Width::AtLeast(20),
        rank: 3,
        cell: |row, _| Safe::new(&format!("{} {}", row.method, row.route)).into(),
    },
    Column { title: "ABOUT", width: Width::Fixed(12), rank: 5, cell: |row, look| account(row, look).into() },
    Column { title: "IP", width: Width::Fixed(15), rank: 4, cell: |row, look| address(row, look).into() },
];

fn read(answer: &Answer) -> Result<Page<ExplainedRequest>, Problem> {
    let page: ExplanationPage = answer.read()?;
    Ok(Page { rows: page.requests, next: page.next_cursor })
}

/// The step that decided.
fn decided(row: &ExplainedRequest) -> Option<&ExplainedStep> {
    row.steps.iter().rev().find(|step| step.verdict != "passed")
}

fn sign(verdict: &str) -> Cell {
    match verdict {
        "passed" => Cell(Safe::from("ok"), Token::Ok),
        "limited" => Cell(Safe::from("LIMIT"), Token::Danger),
        "denied" => Cell(Safe::from("DENY"), Token::Warn),
        other => Safe::new(other).into(),
    }
}

fn account(row: &ExplainedRequest, look: &Look) -> Safe {
    let id = row.user_id.as_deref().or(row.actor_id.as_deref());
    id.map_or_else(|| Safe::from("-"), |id| look.account(id))
}

fn address(row: &ExplainedRequest, look: &Look) -> Safe {
    row.ip_address.as_deref().map_or_else(|| Safe::from("-"), |ip| look.place(ip))
}

/// A sentence may name an account or an address: where a screen is shared it is left out.
fn sentence(name: &'static str, text: &str, token: Token, look: &Look) -> Vec<Detail> {
    const CELLS: usize = 64;
    let text = if look.masked { Safe::from("masked") } else { Safe::new(text) };
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    names.zip(wrapped(&text, CELLS)).map(|(name, line)| (name, Cell(line, token))).collect()
}

fn detail(row: &ExplainedRequest, look: &Look) -> Vec<Detail> {
    let mut lines = sentence("cause", &row.cause, Token::Warn, look);
    lines.extend(sentence("mend", &row.mend, Token::Info, look));
    let request = format!("{} {} was answered {}", row.method, row.route, row.status);
    lines.push(("asked", Safe::new(&request).into()));
    let at = format!("{}  {} ago", Safe::new(&row.at), look.age(&row.at));
    lines.extend([
        ("at", Safe::new(&at).into()),
        ("about", account(row, look).into()),
        ("address", address(row, look).into()),
        ("request", Safe::new(&row.request_id).into()),
    ]);
    for step in &row.steps {
        let Cell(word, token) = sign(&step.verdict);
        lines.push((
            "step",
            Cell(Safe::new(&format!("{:<6}{}", word.as_str(), Safe::new(&step.name))), token),
        ));
        lines.extend(sentence("", &step.cause, Token::Plain, look));
    }
    lines
}

fn facts(row: &ExplainedRequest) -> Vec<(&'static str, String)> {
    let optional = [
        ("user", &row.user_id),
        ("actor", &row.actor_id),
        ("ip", &row.ip_address),
        ("request", &Some(row.request_id.clone())),
    ];
    let known = optional.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    std::iter::once(("id", row.id.clone())).chain(known).collect()
}

#[cfg(test)]
mod tests;
