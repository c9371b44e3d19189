//! The pages behind a lost password: asking for the mail, and choosing the new one. Forms without script.
//!
//! ## Decision: the new password is typed twice
//! Whoever mistypes it once would be locked out again, and without script nothing on the page can show it.

#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::{Data, Query};
use poem::{EndpointExt, Response, Route, get, handler};
use serde::Deserialize;

use super::asked::Asked;
use super::limit::{Anonymous, PasswordReset, ResetConfirm};
use super::pages::render::{Pages, ResetForm};
use super::site::{Form, PagePlace, Site, broken, page};
use crate::services::new_password::NewPasswordFault;
use crate::services::password::Unfit;
use crate::services::password_reset::{self, Opened, ResetFault};
use crate::wire::secret::Secret;

/// The page that a reset mail links to.
pub const RESET_PASSWORD: &str = "/reset-password";

/// The page where the mail is asked for.
pub const FORGOT_PASSWORD: &str = "/forgot-password";

/// Adds the pages.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route
        .at(RESET_PASSWORD, get(ask_password).post(reset).data(site.clone()))
        .at(FORGOT_PASSWORD, get(ask_address).post(request).data(site.clone()))
}

#[derive(Deserialize)]
pub(super) struct Token {
    token: Secret,
}

#[handler]
fn ask_password(
    _place: PagePlace<Anonymous>,
    site: Data<&Arc<Site>>,
    asked: Asked,
    query: poem::Result<Query<Token>>,
) -> Response {
    show(&site, &asked, &RESET, query)
}

/// What differs between the pages that set a password.
pub(super) struct Looks {
    /// What the token opens.
    pub(super) by: Opened,
    /// The form.
    pub(super) form: fn(&Pages, &ResetForm<'_>) -> String,
    /// It is done.
    pub(super) done: fn(&Pages) -> String,
    /// The token opens nothing.
    pub(super) invalid: fn(&Pages) -> String,
}

const RESET: Looks = Looks {
    by: Opened::Reset,
    form: Pages::reset_form,
    done: Pages::reset_done,
    invalid: Pages::reset_invalid,
};

/// Shows the form to whoever has a token that opens it.
pub(super) fn show(site: &Site, asked: &Asked, looks: &Looks, query: poem::Result<Query<Token>>) -> Response {
    let Ok(Query(Token { token })) = query else { return invalid(site, looks) };
    match password_reset::is_live(&site.app, &asked.0, looks.by, token.reveal()) {
        Ok(true) => form(site, looks, None, &token),
        Ok(false) => invalid(site, looks),
        Err(error) => broken(site, &asked.0.request_id, &error.into()),
    }
}

#[derive(Deserialize)]
pub(super) struct NewPassword {
    token: Secret,
    password: Secret,
    repeat: Secret,
}

#[handler]
async fn reset(
    _place: PagePlace<ResetConfirm>,
    site: Data<&Arc<Site>>,
    asked: Asked,
    typed: Form<NewPassword>,
) -> Response {
    set(&site, &asked, &RESET, &typed.0).await
}

/// Sets the password that was typed twice.
pub(super) async fn set(site: &Site, asked: &Asked, looks: &Looks, typed: &NewPassword) -> Response {
    let NewPassword { token, password, repeat } = typed;
    let again = |problem: &str| form(site, looks, Some(problem), token);
    if password != repeat {
        return again("The two passwords are not the same.");
    }
    let typed = (token.reveal(), password.reveal());
    let fault = match password_reset::reset(&site.app, &asked.0, looks.by, typed).await {
        Ok(()) => return page(StatusCode::OK, (looks.done)(&site.pages)),
        Err(fault) => fault,
    };
    match fault {
        ResetFault::Invalid => invalid(site, looks),
        ResetFault::New(NewPasswordFault::Unfit(Unfit(faults))) => {
            let sentences: Vec<_> = faults.iter().map(|fault| format!("The password {fault}.")).collect();
            again(&sentences.join(" "))
        }
        ResetFault::New(NewPasswordFault::Reused) => again("The password must not be one of your last ones."),
        fault => broken(site, &asked.0.request_id, &fault.into()),
    }
}

#[handler]
fn ask_address(_place: PagePlace<Anonymous>, site: Data<&Arc<Site>>) -> Response {
    page(StatusCode::OK, site.pages.forgot_form())
}

#[derive(Deserialize)]
struct Address {
    email: String,
}

#[handler]
async fn request(
    _place: PagePlace<PasswordReset>,
    site: Data<&Arc<Site>>,
    asked: Asked,
    typed: Form<Address>,
) -> Response {
    match password_reset::request(&site.app, &asked.0, &typed.0.email).await {
        Ok(()) => page(StatusCode::OK, site.pages.forgot_sent()),
        Err(error) => broken(&site, &asked.0.request_id, &error.into()),
    }
}

fn form(site: &Site, looks: &Looks, problem: Option<&str>, token: &Secret) -> Response {
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let rules = site.app.policy.password.in_words();
    let form = ResetForm { problem, token: token.reveal(), rules: &rules };
    page(status, (looks.form)(&site.pages, &form))
}

fn invalid(site: &Site, looks: &Looks) -> Response {
    page(StatusCode::BAD_REQUEST, (looks.invalid)(&site.pages))
}
