//! A write that one request does to many, after a look at which. Knows no view.
//!
//! ## Decision: what was looked at is what is done
//! The server could end "all that match", guarded by a count. But a count that fits may be of others than were seen, and
//! one that does not fit ends nothing, which on a busy server is always. So the look answers ids, the dialog freezes
//! them, and they alone are sent, in groups. Which of them were gone by then, the answer tells.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::conn::{Answer, Problem, Request};
use super::deeds::{Deed, Target};
use crate::wire::live_session::EndedSessions;

/// Most ids in one request.
pub const IDS_MAX: usize = 500;

/// Most things that one look gathers.
const GATHERED_MAX: usize = 5_000;

/// How a deed is done to many.
#[derive(Debug)]
pub struct Many {
    /// What is done, how one is asked, and how it is done to a single one.
    pub deed: &'static Deed,
    /// The operation: it takes `ids`, or a filter with `dry_run` and `cursor`, and answers an outcome for each.
    pub path: &'static str,
    /// Which.
    pub scope: Scope,
}

/// Which things a deed is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The marked rows, or the one under the cursor; all that the filter holds, once all of that is marked.
    Marked,
    /// Everything that shares this fact of the row, and what the operation calls it.
    Fact(&'static str, &'static str),
}

impl Many {
    /// Does it to `ids`.
    pub fn request(&self, ids: &[String]) -> Request {
        Request::post(self.path, json!({ "ids": ids }).to_string())
    }
}

/// A look that is under way.
#[derive(Debug)]
pub struct Looking {
    /// What is wanted.
    pub many: &'static Many,
    /// The view it belongs to.
    pub view: &'static str,
    /// What a row is called whose name is known.
    pub name: Option<String>,
    /// What was found so far.
    pub found: Vec<Target>,
    /// What the accounts are called, as far as that is known.
    names: BTreeMap<String, String>,
    /// How many were passed over: one's own, or of somebody above.
    pub passed: usize,
    filter: Map<String, Value>,
    people: Vec<(String, String)>,
}

impl Looking {
    /// At what `asked`, the request of a list, would answer.
    pub fn new(many: &'static Many, view: &'static str, asked: Request) -> Self {
        // How a list is paged and turned says nothing of which rows there are.
        let terms = asked
            .query
            .into_iter()
            .filter(|(name, _)| !["limit", "cursor", "order"].contains(&name.as_str()));
        let mut filter: Map<_, _> = terms.map(|(name, value)| (name, Value::String(value))).collect();
        if filter.is_empty() && asked.people.is_empty() {
            // The server wants to be told that everything is meant.
            filter.insert("since".to_owned(), json!("1970-01-01T00:00:00Z"));
        }
        filter.insert("dry_run".to_owned(), json!(true));
        Self {
            many,
            view,
            name: None,
            found: Vec::new(),
            names: BTreeMap::new(),
            passed: 0,
            filter,
            people: asked.people,
        }
    }

    /// The next request of the look.
    pub fn request(&self) -> Request {
        let body = Value::Object(self.filter.clone()).to_string();
        Request { people: self.people.clone(), ..Request::post(self.many.path, body) }
    }

    /// Takes an answer; whether the look is over.
    pub fn take(&mut self, answer: &Answer, name: impl Fn(&str) -> Option<String>) -> Result<bool, Problem> {
        let page: EndedSessions = answer.read()?;
        for session in page.sessions {
            let user = session.user_id.unwrap_or_default();
            match session.outcome.as_str() {
                "ended" => {
                    if let Some(name) = self.name.clone().or_else(|| name(&session.id)) {
                        self.names.insert(user.clone(), name);
                    }
                    self.found.push(Target { id: session.id, name: user, is_mine: false });
                }
                "gone" => {}
                _ => self.passed += 1,
            }
        }
        match page.next_cursor {
            Some(next) if self.found.len() < GATHERED_MAX => {
                self.filter.insert("cursor".to_owned(), Value::String(next));
                Ok(false)
            }
            _ => Ok(true),
        }
    }

    /// What was found, each by the name of its account; by its id where no loaded row tells the name.
    pub fn targets(self) -> Vec<Target> {
        let named = |target: Target| Target {
            name: self.names.get(&target.name).cloned().unwrap_or(target.name),
            ..target
        };
        self.found.into_iter().map(named).collect()
    }

    /// Whether there may be more than were gathered.
    pub const fn is_cut(&self) -> bool {
        self.found.len() >= GATHERED_MAX
    }
}

/// What was not done, by the answer to a request for many.
pub fn failed(answer: &Answer) -> Result<Vec<String>, Problem> {
    let told: EndedSessions = answer.read()?;
    let failed = told.sessions.into_iter().filter(|session| session.outcome != "ended");
    Ok(failed.map(|session| format!("{} {}", session.id, session.outcome)).collect())
}
