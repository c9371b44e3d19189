//! `/account`: who one is here, and changing one's name, address and password.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Query;
use poem::{EndpointExt, Response, Route, get, handler};
use serde::Deserialize;

use super::onward::{Hints, with};
use super::render::account::{Blamed, Person, Told};
use super::told;
use super::visitor::{Deed, Here, Owner, see_other};
use crate::http::error::ApiError;
use crate::http::site::{Site, page};
use crate::services::password_change::{ChangeFault, change};
use crate::services::step_up::require_fresh;
use crate::services::{email_change, own_name};
use crate::wire::secret::Secret;

/// The page of one's account.
pub const ACCOUNT: &str = "/account";

/// Where one changes one's name.
pub const NAME: &str = "/account/name";

/// Where one asks for another address.
pub const EMAIL: &str = "/account/email";

/// Where one changes one's password.
pub const PASSWORD: &str = "/account/password";

/// Adds the pages.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route
        .at(ACCOUNT, get(show).data(site.clone()))
        .at(NAME, get(ask_name).post(rename).data(site.clone()))
        .at(EMAIL, get(ask_email).post(change_email).data(site.clone()))
        .at(PASSWORD, get(ask_password).post(change_password).data(site.clone()))
}

/// What the address of a page says was done, or was wrong.
pub(super) fn hinted(query: poem::Result<Query<Hints>>) -> Told<'static> {
    let hints = Hints::of(query);
    let problem = hints.problem.as_deref().and_then(told::problem).map(Told::Problem);
    let done = || hints.done.as_deref().and_then(told::done).map(Told::Done);
    problem.or_else(done).unwrap_or(Told::Nothing)
}

#[handler]
fn show(site: Here<'_>, owner: Owner, query: poem::Result<Query<Hints>>) -> Response {
    let user = &owner.caller.user;
    let since = user.created_at.in_words();
    let person = Person {
        name: user.name.as_str(),
        email: user.email.as_str(),
        username: user.username.as_str(),
        since: &since,
    };
    page(StatusCode::OK, site.pages.account(&owner.own(&site, hinted(query)), &person))
}

#[handler]
fn ask_name(site: Here<'_>, owner: Owner) -> Response {
    let name = owner.caller.user.name.as_str();
    page(StatusCode::OK, site.pages.name_form(&owner.own(&site, Told::Nothing), name))
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[handler]
async fn rename(site: Here<'_>, deed: Deed<Name>) -> Response {
    let Deed { owner, form: Name { name } } = &deed;
    let error: ApiError = match own_name::change(&site.app, &owner.ctx, &owner.caller, name).await {
        Ok(_) => return see_other(&with(ACCOUNT, "done", "name"), None),
        Err(fault) => fault.into(),
    };
    match owner.refusal(&site, NAME, &error) {
        Ok(problem) => {
            page(error.status(), site.pages.name_form(&owner.own(&site, Told::Problem(&problem)), name))
        }
        Err(elsewhere) => *elsewhere,
    }
}

#[handler]
fn ask_email(site: Here<'_>, owner: Owner) -> Response {
    if let Err(needed) = require_fresh(&site.app, &owner.ctx, &owner.caller) {
        return owner.leads(&site, EMAIL, &needed.into());
    }
    let present = owner.caller.user.email.as_str();
    page(StatusCode::OK, site.pages.email_form(&owner.own(&site, Told::Nothing), (present, "")))
}

#[derive(Deserialize)]
struct Email {
    new_email: String,
}

#[handler]
async fn change_email(site: Here<'_>, deed: Deed<Email>) -> Response {
    let Deed { owner, form: Email { new_email } } = &deed;
    let done = email_change::request(&site.app, &owner.ctx, &owner.caller, new_email).await;
    let error: ApiError = match done {
        Ok(()) => return see_other(&with(ACCOUNT, "done", "email"), None),
        Err(fault) => fault.into(),
    };
    match owner.refusal(&site, EMAIL, &error) {
        Ok(problem) => {
            let own = owner.own(&site, Told::Problem(&problem));
            let typed = (owner.caller.user.email.as_str(), new_email.as_str());
            page(error.status(), site.pages.email_form(&own, typed))
        }
        Err(elsewhere) => *elsewhere,
    }
}

#[handler]
fn ask_password(site: Here<'_>, owner: Owner) -> Response {
    password_form(&site, &owner, StatusCode::OK, (Told::Nothing, Blamed::Neither))
}

#[derive(Deserialize)]
struct Passwords {
    current: Secret,
    password: Secret,
    repeat: Secret,
}

#[handler]
async fn change_password(site: Here<'_>, deed: Deed<Passwords>) -> Response {
    let Deed { owner, form: Passwords { current, password, repeat } } = &deed;
    if password != repeat {
        let told = Told::Problem("The two new passwords are not the same.");
        return password_form(&site, owner, StatusCode::BAD_REQUEST, (told, Blamed::New));
    }
    let done = change(&site.app, &owner.ctx, &owner.caller, current.reveal(), password.reveal()).await;
    let fault = match done {
        Ok(()) => return see_other(&with(ACCOUNT, "done", "password"), None),
        Err(fault) => fault,
    };
    let blamed = if matches!(fault, ChangeFault::New(_)) { Blamed::New } else { Blamed::Current };
    let error = ApiError::from(fault);
    match owner.refusal(&site, PASSWORD, &error) {
        Ok(problem) => password_form(&site, owner, error.status(), (Told::Problem(&problem), blamed)),
        Err(elsewhere) => *elsewhere,
    }
}

fn password_form(
    site: &Site,
    owner: &Owner,
    status: StatusCode,
    (told, blamed): (Told<'_>, Blamed),
) -> Response {
    let rules = site.app.policy.password.in_words();
    let known = (owner.caller.user.email.as_str(), rules.as_str());
    page(status, site.pages.password_form(&owner.own(site, told), known, blamed))
}
