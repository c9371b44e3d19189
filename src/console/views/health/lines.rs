//! Every line of the page, by section. Knows no screen.

use std::time::Duration;

use super::{Health, facts};
use crate::console::conn::problem::Kind;
use crate::console::look::Look;
use crate::console::model::remote::Remote;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::console::views::Cell;

/// How long nothing is said about waiting.
const QUIET: Duration = Duration::from_millis(150);

/// One line.
pub(super) struct Line {
    /// Its kind and its name, with a blank between.
    pub(super) id: String,
    /// What stands on the left.
    pub(super) name: Safe,
    /// What is said.
    pub(super) cell: Cell,
    /// Whether it belongs to what changes by itself.
    pub(super) moves: bool,
    /// Whether it is a heading.
    pub(super) is_head: bool,
    /// What a filter looks at, whatever is masked.
    found: String,
}

/// What a section says.
pub(super) struct Said {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) text: String,
    pub(super) token: Token,
    /// The same where names are hidden.
    pub(super) masked: Option<String>,
}

impl Said {
    /// A fact that is nothing by itself.
    pub(super) fn fact(name: &str, text: impl Into<String>, token: Token) -> Self {
        Self { id: format!("fact {name}"), name: name.to_owned(), text: text.into(), token, masked: None }
    }

    /// A thing of a kind.
    pub(super) fn thing(kind: &str, id: &str, name: impl Into<String>, text: String, token: Token) -> Self {
        Self { id: format!("{kind} {id}"), name: name.into(), text, token, masked: None }
    }
}

impl Line {
    /// Whether the filter finds it. A heading is found with no filter only.
    pub(super) fn is_found_by(&self, filter: &str) -> bool {
        filter.is_empty() || (!self.is_head && self.found.contains(&filter.to_lowercase()))
    }
}

/// All of them.
pub(super) fn all(health: &Health, look: &Look) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |title: &'static str, moves: bool, said: Vec<Said>| {
        lines.push(Line {
            id: format!("section {title}"),
            name: Safe::from(title),
            cell: Cell(Safe::default(), Token::Accent),
            moves,
            is_head: true,
            found: String::new(),
        });
        lines.extend(said.into_iter().map(|said| {
            let found = format!("{title} {} {}", said.name, said.text).to_lowercase();
            let text = if look.masked { said.masked.as_ref().unwrap_or(&said.text) } else { &said.text };
            let name = Safe::new(&said.name);
            Line { id: said.id, name, cell: Cell(Safe::new(text), said.token), moves, is_head: false, found }
        }));
    };
    add("Server", true, told(look, &health.server, "audit:read", |server| facts::server(server, look)));
    add("Store", true, told(look, &health.server, "audit:read", facts::store));
    add("Rates, last hour", true, told(look, &health.stats, "audit:read", |stats| facts::rates(stats, look)));
    add(
        "Certificate",
        true,
        told(look, &health.server, "audit:read", |server| facts::certificate(server, look)),
    );
    add(
        "Limits under strain",
        false,
        told(look, &health.limits, "audit:read", |limits| facts::limits(limits, look)),
    );
    add("Mail", false, told(look, &health.mails, "users:update", |page| facts::mails(page, look)));
    add(
        "Signing keys",
        false,
        told(look, &health.keys, "integrations:update", |keys| facts::keys(keys, look)),
    );
    add("Settings (* changed)", false, told(look, &health.config, "audit:read", facts::settings));
    lines
}

/// What is known, or why it is not.
fn told<T>(look: &Look, remote: &Remote<T>, needs: &str, say: impl Fn(&T) -> Vec<Said>) -> Vec<Said> {
    // What comes at once is not announced.
    let is_late = remote.loading_since().is_some_and(|since| look.now.since(since) >= QUIET);
    let mut said = remote.known().map(say).unwrap_or_default();
    match remote.problem() {
        Some(problem) if problem.kind == Kind::Forbidden => {
            said = vec![Said::fact("forbidden", format!("needs {needs}"), Token::Muted)];
        }
        Some(problem) => said.push(Said::fact("error", problem.line(), Token::Danger)),
        None if remote.known().is_none() && is_late => said.push(Said::fact("loading", "..", Token::Muted)),
        None => {}
    }
    said
}
