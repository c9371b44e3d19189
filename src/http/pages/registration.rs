//! `/register`: making an account; and another mail for whoever lost the first one.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::StatusCode;
use poem::{EndpointExt, Response, Route, get, handler};
use serde::Deserialize;

use super::render::login::RegisterForm;
use super::told;
use super::visitor::{Here, Sent, see_other};
use crate::http::error::ApiError;
use crate::http::limit::{Anonymous, Register};
use crate::http::site::{PagePlace, Site, broken, page};
use crate::services::registration::{FieldFault, RegisterFault, Registration, register};
use crate::services::verification::resend;
use crate::wire::secret::Secret;

/// Where one makes an account.
pub const REGISTER: &str = "/register";

/// Where another mail is asked for.
pub const VERIFY_AGAIN: &str = "/verify-email/again";

const DONE: &str = "/register/done";

/// Adds the pages.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route
        .at(REGISTER, get(ask).post(make).data(site.clone()))
        .at(DONE, get(done).data(site.clone()))
        .at(VERIFY_AGAIN, get(ask_again).post(again).data(site.clone()))
}

#[handler]
fn ask(_place: PagePlace<Anonymous>, site: Here<'_>) -> Response {
    if site.app.policy.registration.is_enabled {
        form(&site, StatusCode::OK, RegisterForm::default())
    } else {
        closed(&site)
    }
}

fn closed(site: &Site) -> Response {
    let told =
        "Nobody can make an account here by themselves. Ask whoever runs this server for an invitation.";
    page(StatusCode::FORBIDDEN, site.pages.notice("Registration is closed", told))
}

#[derive(Deserialize)]
struct New {
    name: String,
    email: String,
    password: Secret,
}

#[handler]
async fn make(site: Here<'_>, sent: Sent<Register, New>) -> Response {
    let New { name, email, password } = &sent.form;
    let new = Registration { email, password: password.reveal(), name: Some(name), username: None };
    let (is_password, error): (bool, ApiError) = match register(&site.app, &sent.ctx, &new).await {
        Ok(_) => return see_other(DONE, None),
        Err(RegisterFault::Closed) => return closed(&site),
        Err(fault) => (is_about_password(&fault), fault.into()),
    };
    if error.status().is_server_error() {
        return broken(&site, &sent.ctx.request_id, &error);
    }
    let problem = told::sentence(&error);
    let typed = RegisterForm { problem: Some(&problem), is_password, name, email, rules: "" };
    form(&site, error.status(), typed)
}

fn is_about_password(fault: &RegisterFault) -> bool {
    let RegisterFault::Fields(fields) = fault else { return false };
    fields.iter().any(|field| matches!(field, FieldFault::Password(_)))
}

#[handler]
fn done(_place: PagePlace<Anonymous>, site: Here<'_>) -> Response {
    page(StatusCode::OK, site.pages.register_done())
}

#[handler]
fn ask_again(_place: PagePlace<Anonymous>, site: Here<'_>) -> Response {
    page(StatusCode::OK, site.pages.verify_again())
}

#[derive(Deserialize)]
struct Address {
    email: String,
}

#[handler]
async fn again(site: Here<'_>, sent: Sent<Anonymous, Address>) -> Response {
    match resend(&site.app, &sent.ctx, &sent.form.email).await {
        Ok(()) => see_other(DONE, None),
        Err(error) => broken(&site, &sent.ctx.request_id, &error.into()),
    }
}

fn form(site: &Site, status: StatusCode, form: RegisterForm<'_>) -> Response {
    let rules = site.app.policy.password.in_words();
    page(status, site.pages.register_form(&RegisterForm { rules: &rules, ..form }))
}
