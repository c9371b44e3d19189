//! `/login/with/<provider>`: logging in with an account elsewhere, from these pages and back to them.

use std::sync::Arc;

use poem::http::HeaderValue;
use poem::web::{Path, Query};
use poem::{EndpointExt, Request, Response, Route, get, handler};

use super::account::ACCOUNT;
use super::login::{LOGIN, way_in};
use super::onward::{Hints, allowed, with, with_return_to};
use super::visitor::{Here, see_other};
use super::{links, second_step};
use crate::domain::identity::Unreached;
use crate::http::asked::Asked;
use crate::http::cookie;
use crate::http::error::ApiError;
use crate::http::federation::landing::Onward;
use crate::http::limit::Anonymous;
use crate::http::login::OtherKind;
use crate::http::middleware::request_log;
use crate::http::site::{PagePlace, broken};
use crate::http::visit::Visit;
use crate::services::federation::{self, Aim, Arrived, FederationFault, STATE_TTL};
use crate::services::login::LoggedIn;
use crate::services::opening::Opened;
use crate::services::{Context, Services};

/// Adds the page.
pub fn add(route: Route, site: &Arc<crate::http::site::Site>) -> Route {
    route.at("/login/with/:provider", get(begin).data(site.clone()))
}

/// Every provider: its name and its title.
pub(super) fn titles(app: &Services) -> Vec<(String, String)> {
    let all = app.providers.iter().map(|provider| provider.about());
    all.map(|about| (about.name.to_string(), about.title.clone())).collect()
}

/// Sends the browser to the provider. A link of another site leads to the login first: nobody should come back logged in
/// who did not ask for it here.
#[handler]
async fn begin(
    _place: PagePlace<Anonymous>,
    request: &Request,
    site: Here<'_>,
    provider: Path<String>,
    query: poem::Result<Query<Hints>>,
    asked: Asked,
) -> Response {
    let hints = Hints::of(query);
    let return_to = allowed(&site.app, hints.return_to.as_deref()).unwrap_or(ACCOUNT);
    let is_ours = Visit::of(request).is_ok_and(|visit| visit.gate().origins.sent(request.headers()).is_ok());
    if !is_ours {
        return see_other(&with_return_to(LOGIN, return_to), None);
    }
    let aim = Aim::Cookie { return_to: return_to.to_owned() };
    match federation::begin(&site.app, &asked.0, &provider.0, aim).await {
        Ok(begun) => see_other(&begun.url, cookie::federation(&begun.cookie, STATE_TTL.as_secs())),
        Err(fault) => broken(&site, &asked.0.request_id, &fault.into()),
    }
}

/// Where a browser goes on that came back to log in.
pub fn logged_in(
    app: &Services,
    ctx: &Context,
    return_to: &str,
    done: Result<Arrived, FederationFault>,
) -> Onward {
    // What was allowed when it went may be allowed no more.
    let return_to = allowed(app, Some(return_to));
    let entered = match done {
        Ok(Arrived::LoggedIn(LoggedIn::Done(Opened::Cookie(admitted)))) => {
            way_in(app, ctx, &admitted, return_to)
        }
        Ok(Arrived::LoggedIn(LoggedIn::CodeNeeded(handle))) => {
            Ok((second_step::at(return_to), cookie::waiting(&handle).into_iter().collect()))
        }
        Ok(_) => Err(ApiError::internal(OtherKind)),
        Err(fault) => {
            let page = with_return_to(LOGIN, return_to.unwrap_or(ACCOUNT));
            Ok((with(&page, "problem", told(ctx, fault)), Vec::new()))
        }
    };
    let (location, cookies) = entered.unwrap_or_else(|error| {
        log(ctx, &error);
        (with(LOGIN, "problem", "busy"), Vec::new())
    });
    onward(&location, cookies)
}

/// Where a browser goes on that came back to link an account.
pub fn linked(ctx: &Context, done: Result<Arrived, FederationFault>) -> Onward {
    let location = match done {
        Ok(_) => with(links::LINKS, "done", "linked"),
        Err(fault) => with(links::LINKS, "problem", told(ctx, fault)),
    };
    onward(&location, Vec::new())
}

/// Where a browser goes on that came back from nowhere: a page that was reloaded, or kept for long. Whoever is logged in
/// already goes on from the login by itself.
pub fn lost() -> Onward {
    onward(&with(LOGIN, "problem", "state"), Vec::new())
}

fn onward(location: &str, mut cookies: Vec<HeaderValue>) -> Onward {
    cookies.extend(cookie::federation("", 0));
    Onward::new(location, cookies)
}

/// The name of what was wrong. What is ours to mend is logged.
fn told(ctx: &Context, fault: FederationFault) -> &'static str {
    match &fault {
        FederationFault::State | FederationFault::Caller(_) | FederationFault::Stale(_) => return "state",
        FederationFault::Refused => return "refused",
        FederationFault::Unreached(Unreached::NoEmail) => return "no_email",
        FederationFault::Unreached(Unreached::Exists) => return "exists",
        FederationFault::Unreached(Unreached::Closed) => return "closed",
        FederationFault::Taken => return "taken",
        FederationFault::TooMany => return "too_many",
        FederationFault::UnknownProvider
        | FederationFault::Provider(_)
        | FederationFault::Login(_)
        | FederationFault::Store(_) => {}
    }
    let is_provider = matches!(fault, FederationFault::Provider(_) | FederationFault::UnknownProvider);
    let error = ApiError::from(fault);
    log(ctx, &error);
    match error.status() {
        _ if is_provider => "provider",
        status if status.is_server_error() => "busy",
        _ => "denied",
    }
}

fn log(ctx: &Context, error: &ApiError) {
    if let Some(cause) = error.log_cause() {
        request_log::failure(&ctx.request_id, cause);
    }
}
