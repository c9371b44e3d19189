//! Where a browser goes on after a login. Knows no page by name.

use serde::Deserialize;

use super::render::login::in_query;
use crate::services::Services;
use crate::services::forward_auth::may_return_to;

/// What may stand in the address of a page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Hints {
    /// Where to go on.
    pub(super) return_to: Option<String>,
    /// The name of what was done.
    pub(super) done: Option<String>,
    /// The name of what was wrong.
    pub(super) problem: Option<String>,
}

impl Hints {
    /// Of the query, if it is one that we write: whatever else stands in an address is nothing.
    pub(super) fn of(query: poem::Result<poem::web::Query<Self>>) -> Self {
        query.map(|query| query.0).unwrap_or_default()
    }
}

/// A form that says no more than where to go on.
#[derive(Debug, Deserialize)]
pub(super) struct Onward {
    /// Where, as it was asked.
    pub(super) return_to: Option<String>,
}

/// Where a browser may be sent of what was `asked`: a path here, or an application that a rule of forward-auth names
/// (R70).
pub(super) fn allowed<'a>(app: &Services, asked: Option<&'a str>) -> Option<&'a str> {
    asked.filter(|text| may_return_to(app, text))
}

/// The same where only pages of this server will do.
pub(super) fn allowed_here<'a>(app: &Services, asked: Option<&'a str>) -> Option<&'a str> {
    allowed(app, asked).filter(|text| text.starts_with('/'))
}

/// `page`, from which the browser goes on to `to`.
pub(super) fn with_return_to(page: &str, to: &str) -> String {
    format!("{page}?return_to={}", in_query(to))
}

/// `page`, from which the browser goes on to where it wanted to, if it did.
pub(super) fn onward(page: &str, to: Option<&str>) -> String {
    to.map_or_else(|| page.to_owned(), |to| with_return_to(page, to))
}

/// `page`, with another field in its query.
pub(super) fn with(page: &str, name: &str, value: &str) -> String {
    let mark = if page.contains('?') { '&' } else { '?' };
    format!("{page}{mark}{name}={}", in_query(value))
}
