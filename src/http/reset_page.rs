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
use super::pages::render::ResetForm;
use super::site::{Form, PagePlace, Site, broken, page};
use crate::services::new_password::NewPasswordFault;
use crate::services::password::Unfit;
use crate::services::password_reset::{self, ResetFault};
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
struct Token {
    token: Secret,
}

#[handler]
fn ask_password(
    _place: PagePlace<Anonymous>,
    site: Data<&Arc<Site>>,
    asked: Asked,
    query: poem::Result<Query<Token>>,
) -> Response {
    let Ok(Query(Token { token })) = query else { return invalid(&site) };
    match password_reset::is_live(&site.app, &asked.0, token.reveal()) {
        Ok(true) => form(&site, StatusCode::OK, None, &token),
        Ok(false) => invalid(&site),
        Err(error) => broken(&site, &asked.0.request_id, &error.into()),
    }
}

#[derive(Deserialize)]
struct NewPassword {
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
    let NewPassword { token, password, repeat } = &typed.0;
    let again = |problem: &str| form(&site, StatusCode::BAD_REQUEST, Some(problem), token);
    if password != repeat {
        return again("The two passwords are not the same.");
    }
    let fault = match password_reset::reset(&site.app, &asked.0, token.reveal(), password.reveal()).await {
        Ok(()) => return page(StatusCode::OK, site.pages.reset_done()),
        Err(fault) => fault,
    };
    match fault {
        ResetFault::Invalid => invalid(&site),
        ResetFault::New(NewPasswordFault::Unfit(Unfit(faults))) => {
            let sentences: Vec<_> = faults.iter().map(|fault| format!("The password {fault}.")).collect();
            again(&sentences.join(" "))
        }
        ResetFault::New(NewPasswordFault::Reused) => again("The password must not be one of your last ones."),
        fault => broken(&site, &asked.0.request_id, &fault.into()),
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

fn form(site: &Site, status: StatusCode, problem: Option<&str>, token: &Secret) -> Response {
    let rules = site.app.policy.password.in_words();
    page(status, site.pages.reset_form(&ResetForm { problem, token: token.reveal(), rules: &rules }))
}

fn invalid(site: &Site) -> Response {
    page(StatusCode::BAD_REQUEST, site.pages.reset_invalid())
}
