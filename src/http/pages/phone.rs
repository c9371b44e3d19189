//! `/account/phone`: a phone as second factor.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::StatusCode;
use poem::{EndpointExt, Response, Route, get, handler, post};
use serde::Deserialize;

use super::onward::with;
use super::render::account::Told;
use super::visitor::{Deed, Here, Owner, see_other};
use crate::http::error::ApiError;
use crate::http::site::{Site, broken, page};
use crate::services::sms_factor::{self, SmsFault};
use crate::services::step_up::require_fresh;
use crate::wire::secret::Secret;

/// The page.
pub const PHONE: &str = "/account/phone";

/// Where setting it up begins.
pub const START: &str = "/account/phone/start";

/// Where its first code is asked for.
pub const CODE: &str = "/account/phone/code";

/// Where it is taken away.
pub const REMOVE: &str = "/account/phone/remove";

/// Adds the pages.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route
        .at(PHONE, get(look).data(site.clone()))
        .at(START, post(start).data(site.clone()))
        .at(CODE, get(ask_code).post(enable).data(site.clone()))
        .at(REMOVE, post(remove).data(site.clone()))
}

#[handler]
fn look(site: Here<'_>, owner: Owner) -> Response {
    shown(&site, &owner, StatusCode::OK, Told::Nothing)
}

/// The page, as the phone stands.
fn shown(site: &Site, owner: &Owner, status: StatusCode, told: Told<'_>) -> Response {
    let phone = match sms_factor::status(&site.app, &owner.caller) {
        Ok(phone) => phone,
        Err(error) => return broken(site, &owner.ctx.request_id, &error.into()),
    };
    let own = owner.own(site, told);
    if phone.is_on {
        return page(status, site.pages.phone_on(&own, &phone.masked_number.unwrap_or_default()));
    }
    if site.app.sms.is_none() {
        return broken(site, &owner.ctx.request_id, &SmsFault::NoGateway.into());
    }
    if let Err(needed) = require_fresh(&site.app, &owner.ctx, &owner.caller) {
        return owner.leads(site, PHONE, &needed.into());
    }
    page(status, site.pages.phone_off(&own))
}

#[derive(Deserialize)]
struct Number {
    phone_number: Secret,
}

#[handler]
async fn start(site: Here<'_>, deed: Deed<Number>) -> Response {
    let Deed { owner, form: Number { phone_number } } = &deed;
    // As people write it, in groups.
    let typed = Secret::new(phone_number.reveal().replace([' ', '-', '.', '/', '(', ')'], ""));
    match sms_factor::set_up(&site.app, &owner.ctx, &owner.caller, typed.reveal()).await {
        Ok(()) => see_other(CODE, None),
        Err(fault) => refused(&site, owner, &fault.into()),
    }
}

#[handler]
fn ask_code(site: Here<'_>, owner: Owner) -> Response {
    code_form(&site, &owner, StatusCode::OK, Told::Nothing)
}

fn code_form(site: &Site, owner: &Owner, status: StatusCode, told: Told<'_>) -> Response {
    match sms_factor::status(&site.app, &owner.caller) {
        Ok(phone) => match phone.masked_number.filter(|_| !phone.is_on) {
            Some(number) => page(status, site.pages.phone_code(&owner.own(site, told), &number)),
            None => see_other(PHONE, None),
        },
        Err(error) => broken(site, &owner.ctx.request_id, &error.into()),
    }
}

#[derive(Deserialize)]
struct Code {
    code: Secret,
}

#[handler]
async fn enable(site: Here<'_>, deed: Deed<Code>) -> Response {
    let Deed { owner, form: Code { code } } = &deed;
    let done = sms_factor::enable(&site.app, &owner.ctx, &owner.caller, code.reveal().trim()).await;
    let error: ApiError = match done {
        Ok(()) => return see_other(&with("/account/security", "done", "phone_on"), None),
        Err(fault) => fault.into(),
    };
    match owner.refusal(&site, CODE, &error) {
        Ok(problem) => code_form(&site, owner, error.status(), Told::Problem(&problem)),
        Err(elsewhere) => *elsewhere,
    }
}

#[derive(Deserialize)]
struct Password {
    password: Secret,
}

#[handler]
async fn remove(site: Here<'_>, deed: Deed<Password>) -> Response {
    let Deed { owner, form: Password { password } } = &deed;
    match sms_factor::disable(&site.app, &owner.ctx, &owner.caller, password.reveal()).await {
        Ok(()) => see_other(&with("/account/security", "done", "phone_removed"), None),
        Err(fault) => refused(&site, owner, &fault.into()),
    }
}

fn refused(site: &Site, owner: &Owner, error: &ApiError) -> Response {
    match owner.refusal(site, PHONE, error) {
        Ok(problem) => shown(site, owner, error.status(), Told::Problem(&problem)),
        Err(elsewhere) => *elsewhere,
    }
}
