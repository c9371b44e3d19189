//! `/logout`: a button, and what is told of it after.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::StatusCode;
use poem::{EndpointExt, Response, Route, get, handler};
use serde::Deserialize;

use super::visitor::{Deed, Guest, Here, see_other};
use crate::http::cookie;
use crate::http::limit::Anonymous;
use crate::http::site::{PagePlace, Site, broken, page};
use crate::services::session::{EndFault, end};

/// Where one logs out.
pub const LOGOUT: &str = "/logout";

/// Adds the page.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route.at(LOGOUT, get(ask).post(leave).data(site.clone()))
}

#[handler]
fn ask(_place: PagePlace<Anonymous>, site: Here<'_>, guest: Guest) -> Response {
    let csrf = guest.caller.as_ref().and_then(|caller| Some((caller, caller.csrf.as_ref()?.reveal())));
    let html = match &csrf {
        Some((caller, csrf)) => site.pages.logout_form(caller.user.name.as_str(), csrf),
        None => site.pages.logged_out(),
    };
    page(StatusCode::OK, html)
}

#[derive(Deserialize)]
struct Nothing {}

#[handler]
async fn leave(site: Here<'_>, deed: Deed<Nothing>) -> Response {
    let Deed { owner, form: Nothing {} } = deed;
    match end(&site.app, &owner.ctx, &owner.caller, owner.caller.session).await {
        // Whoever pressed twice is out as well.
        Ok(()) | Err(EndFault::NotFound) => see_other(LOGOUT, cookie::cleared(&site.app.policy)),
        Err(fault) => broken(&site, &owner.ctx.request_id, &fault.into()),
    }
}
