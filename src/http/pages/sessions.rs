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
        agent: session.user_agent.clone().unwrap_or_else(|| "Unknown program".to_owned()),
        place: session.client.to_string(),
        since: session.created_at.in_words(),
        used: session.last_used_at.in_words(),
        is_this: session.id == owner.caller.session,
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
