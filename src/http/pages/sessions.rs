//! `/account/sessions`: where one is logged in, and ending that.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Query;
use poem::{EndpointExt, Response, Route, get, handler, post};
use serde::Deserialize;

use super::account::hinted;
use super::onward::{Hints, with};
use super::render::account::SessionView;
use super::visitor::{Deed, Here, Owner, see_other};
use crate::domain::session::Session;
use crate::http::cookie;
use crate::http::error::ApiError;
use crate::http::site::{Site, broken, page};
use crate::services::session;
use crate::wire::error::ErrorCode;

const SESSIONS: &str = "/account/sessions";

/// Where one session is ended.
pub const END: &str = "/account/sessions/end";

/// Where all others are ended.
pub const END_OTHERS: &str = "/account/sessions/end-others";

/// How many are shown.
const SHOWN: usize = 50;

/// Adds the pages.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route
        .at(SESSIONS, get(list).data(site.clone()))
        .at(END, post(end).data(site.clone()))
        .at(END_OTHERS, post(end_others).data(site.clone()))
}

#[handler]
fn list(site: Here<'_>, owner: Owner, query: poem::Result<Query<Hints>>) -> Response {
    let found = match session::list(&site.app, &owner.ctx, &owner.caller, None, SHOWN) {
        Ok(found) => found,
        Err(error) => return broken(&site, &owner.ctx.request_id, &error.into()),
    };
    let all: Vec<_> = found.sessions.iter().map(|one| view(one, &owner)).collect();
    let html = site.pages.sessions(&owner.own(&site, hinted(query)), &all, found.next.is_some());
    page(StatusCode::OK, html)
}

fn view(session: &Session, owner: &Owner) -> SessionView {
    SessionView {
        id: session.id.to_string(),
        agent: session.user_agent.as_deref().map_or("Unknown program".to_owned(), program),
        place: session.client.to_string(),
        since: session.created_at.in_words(),
        used: session.last_used_at.in_words(),
        is_this: session.id == owner.caller.session,
    }
}

/// What people call a program that calls itself `agent`: a browser and its system, or whatever it says first.
pub(super) fn program(agent: &str) -> String {
    // Most browsers say that they are others too: the first of these that fits is what it is.
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "a Mac"),
        ("Linux", "Linux"),
    ];
    let found = |names: &[(&'static str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (found(&BROWSERS), found(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => agent.split_whitespace().next().unwrap_or(agent).to_owned(),
    }
}

#[derive(Deserialize)]
struct One {
    id: String,
}

#[handler]
async fn end(site: Here<'_>, deed: Deed<One>) -> Response {
    let Deed { owner, form: One { id } } = &deed;
    let Ok(id) = id.parse() else {
        let error = ApiError::new(ErrorCode::NotFound, "There is no such session.");
        return broken(&site, &owner.ctx.request_id, &error);
    };
    match session::end(&site.app, &owner.ctx, &owner.caller, id).await {
        Ok(()) if id == owner.caller.session => {
            see_other(super::logout::LOGOUT, cookie::cleared(&site.app.policy))
        }
        Ok(()) => see_other(&with(SESSIONS, "done", "ended"), None),
        Err(fault) => owner.leads(&site, SESSIONS, &fault.into()),
    }
}

#[derive(Deserialize)]
struct Nothing {}

#[handler]
async fn end_others(site: Here<'_>, deed: Deed<Nothing>) -> Response {
    let Deed { owner, form: Nothing {} } = deed;
    match session::end_others(&site.app, &owner.ctx, &owner.caller).await {
        Ok(_) => see_other(&with(SESSIONS, "done", "others_ended"), None),
        Err(fault) => owner.leads(&site, SESSIONS, &fault.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_what_people_call_it() {
        for (agent, words) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36 Edg/156.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
                "Safari on an iPhone",
            ),
            ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"),
            ("curl/8.9.1", "curl/8.9.1"),
            ("latchkey/0.1.0 (console)", "latchkey/0.1.0"),
            ("", ""),
        ] {
            assert_eq!(program(agent), words);
        }
    }
}
