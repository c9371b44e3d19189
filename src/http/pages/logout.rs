//! `/logout`: a button, and what is told of it after, with the way to the next login.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Query;
use poem::{EndpointExt, Response, Route, get, handler};

use super::login::LOGIN;
use super::onward::{Hints, Onward, allowed, onward};
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
fn ask(
    _place: PagePlace<Anonymous>,
    site: Here<'_>,
    guest: Guest,
    query: poem::Result<Query<Hints>>,
) -> Response {
    let hints = Hints::of(query);
    let return_to = allowed(&site.app, hints.return_to.as_deref());
    let csrf = guest.caller.as_ref().and_then(|caller| Some((caller, caller.csrf.as_ref()?.reveal())));
    let html = match &csrf {
        Some((caller, csrf)) => {
            site.pages.logout_form(caller.user.name.as_str(), csrf, return_to.unwrap_or_default())
        }
        None => site.pages.logged_out(&onward(LOGIN, return_to)),
    };
    page(StatusCode::OK, html)
}

#[handler]
async fn leave(site: Here<'_>, deed: Deed<Onward>) -> Response {
    let Deed { owner, form: Onward { return_to } } = deed;
    match end(&site.app, &owner.ctx, &owner.caller, owner.caller.session).await {
        // Whoever pressed twice is out as well.
        Ok(()) | Err(EndFault::NotFound) => {
            let page = onward(LOGOUT, allowed(&site.app, return_to.as_deref()));
            see_other(&page, cookie::cleared(&site.app.policy))
        }
        Err(fault) => broken(&site, &owner.ctx.request_id, &fault.into()),
    }
}
