//! What a browser is shown on the host of an application that its proxy does not let it reach, and the same page at
//! `/refused` for proxies that throw our answer away. Knows no rule.
//!
//! ## Decision: the page says what applications are told anyway
//! It has the origin of the application, whose scripts may read it. So it names whoever is there, as the headers of an
//! identity do, and not the permission that is missing: that is found by the number, by those who may.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode, header};
use poem::{EndpointExt, Request, Response, Route, get, handler};

use super::account::ACCOUNT;
use super::login::LOGIN;
use super::logout::LOGOUT;
use super::onward::onward;
use super::render::abroad::TurnedAway;
use super::visitor::Here;
use crate::ambient::entropy;
use crate::http::error::ApiError;
use crate::http::site::{LOGO, Site, told};
use crate::http::visit::Visit;
use crate::services::limits::Class;

/// The page for proxies that have only the status of our answer. It says nothing of whoever asks, and of nothing that
/// was asked.
pub const REFUSED: &str = "/refused";

/// Where a second factor is set up.
const SECURITY: &str = "/account/security";

const TITLE: &str = "You may not open this";

/// Adds the page.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route.at(REFUSED, get(refused).data(site.clone()))
}

/// nginx puts the status of the refusal to it.
#[handler]
fn refused(site: Here<'_>, request: &Request) -> poem::Result<Response> {
    let visit = Visit::of(request)?;
    if let Err(error) = visit.take(Class::Anonymous) {
        return Ok(turned_away(&site, visit, error, (None, None)));
    }
    let message = "Your account may not open this page, or nobody may.";
    let shown = Shown { title: TITLE, message, name: None, ways: &elsewhere(&site, None) };
    Ok(page(&site, visit, StatusCode::OK, &shown))
}

/// The answer to somebody with a browser who is called `name`, if that is known; `back` is what they asked for, where a
/// login may lead there.
pub fn turned_away(
    site: &Site,
    visit: &Visit,
    error: ApiError,
    (name, back): (Option<&str>, Option<&str>),
) -> Response {
    let status = error.status();
    let (title, message) = told(&error);
    let owes_factor = error.facts().and_then(|facts| facts.get("mfa_required")).is_some();
    let to = |text, page| vec![(text, site.app.policy.public_url.at(page))];
    let (title, message, ways) = match status {
        StatusCode::FORBIDDEN if owes_factor => (
            TITLE,
            "This asks for a second factor, and your account has none.".into(),
            [to("Set one up", SECURITY), to("Your account", ACCOUNT)].concat(),
        ),
        StatusCode::FORBIDDEN => (
            TITLE,
            if name.is_some() { "Your account may not open this page.".into() } else { message },
            elsewhere(site, name.and(back)),
        ),
        StatusCode::UNAUTHORIZED => ("Log in first", message, to("Log in", LOGIN)),
        _ => (title, message, to("Your account", ACCOUNT)),
    };
    let mut answer = page(site, visit, status, &Shown { title, message: &message, name, ways: &ways });
    answer.extensions_mut().insert(error);
    answer
}

/// Where whoever may not go on can go, and come `back` from as somebody else.
fn elsewhere(site: &Site, back: Option<&str>) -> Vec<(&'static str, String)> {
    let [account, logout] = [ACCOUNT, LOGOUT].map(|page| site.app.policy.public_url.at(page));
    vec![("Your account", account), ("Log in as somebody else", onward(&logout, back))]
}

/// What stands on the page.
struct Shown<'a> {
    title: &'a str,
    message: &'a str,
    name: Option<&'a str>,
    ways: &'a [(&'static str, String)],
}

fn page(site: &Site, visit: &Visit, status: StatusCode, shown: &Shown<'_>) -> Response {
    let home = &site.app.policy.public_url;
    let nonce = format!("{:032x}", u128::from_be_bytes(entropy::bytes(&*visit.gate().entropy)));
    let logo = home.at(LOGO);
    let html = site.pages.turned_away(&TurnedAway {
        title: shown.title,
        message: shown.message,
        name: shown.name,
        ways: shown.ways,
        request_id: &visit.request_id,
        nonce: &nonce,
        logo: &logo,
    });
    let pictures = if site.pages.logo().is_some() { logo.as_str() } else { "'none'" };
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; img-src {pictures}; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let mut answer = Response::builder().status(status).content_type("text/html; charset=utf-8").body(html);
    if let Ok(policy) = HeaderValue::try_from(policy) {
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}
