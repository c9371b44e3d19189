//! `/account/security` and `/account/app`: second factors, and the authenticator app among them.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Query;
use poem::{EndpointExt, Response, Route, get, handler, post};
use serde::Deserialize;

use super::account::{ACCOUNT, hinted};
use super::onward::{Hints, Onward, allowed, with, with_return_to};
use super::render::account::Told;
use super::render::factor::{AppOn, Factors};
use super::visitor::{Deed, Here, Owner, see_other};
use crate::http::error::ApiError;
use crate::http::qr;
use crate::http::site::{Site, broken, page};
use crate::services::enrolment::{self, Shown};
use crate::services::step_up::require_fresh;
use crate::services::{StoreError, sms_factor};
use crate::wire::secret::Secret;

const SECURITY: &str = "/account/security";

/// The page of the authenticator app.
pub const APP: &str = "/account/app";

/// Where setting it up begins.
pub const START: &str = "/account/app/start";

/// Where its first code is asked for.
pub const CODE: &str = "/account/app/code";

/// Where new backup codes are made.
pub const BACKUP_CODES: &str = "/account/app/codes";

/// Where it is taken away.
pub const REMOVE: &str = "/account/app/remove";

/// Adds the pages.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route
        .at(SECURITY, get(show).data(site.clone()))
        .at(APP, get(look).data(site.clone()))
        .at(START, post(start).data(site.clone()))
        .at(CODE, get(ask_code).post(enable).data(site.clone()))
        .at(BACKUP_CODES, post(renew_codes).data(site.clone()))
        .at(REMOVE, post(remove).data(site.clone()))
}

#[handler]
fn show(site: Here<'_>, owner: Owner, query: poem::Result<Query<Hints>>) -> Response {
    let stands = || -> Result<_, StoreError> {
        let app = enrolment::status(&site.app, &owner.ctx, &owner.caller)?;
        Ok((app, sms_factor::status(&site.app, &owner.caller)?))
    };
    let (app, phone) = match stands() {
        Ok(both) => both,
        Err(error) => return broken(&site, &owner.ctx.request_id, &error.into()),
    };
    let since = app.enrolled_at.map(crate::domain::time::Timestamp::in_words);
    let number = phone.masked_number.filter(|_| phone.is_on);
    let has_phones = site.app.sms.is_some() || number.is_some();
    let factors = Factors { app_since: since.as_deref(), phone: has_phones.then_some(number.as_deref()) };
    page(StatusCode::OK, site.pages.security(&owner.own(&site, hinted(query)), &factors))
}

#[handler]
fn look(site: Here<'_>, owner: Owner, query: poem::Result<Query<Hints>>) -> Response {
    let return_to = query.as_ref().ok().and_then(|query| query.return_to.clone());
    let return_to = allowed(&site.app, return_to.as_deref()).unwrap_or(SECURITY);
    shown(&site, &owner, StatusCode::OK, (hinted(query), return_to, false))
}

/// The page of the app, as it stands.
fn shown(
    site: &Site,
    owner: &Owner,
    status: StatusCode,
    (told, return_to, is_removal): (Told<'_>, &str, bool),
) -> Response {
    let app = match enrolment::status(&site.app, &owner.ctx, &owner.caller) {
        Ok(app) => app,
        Err(error) => return broken(site, &owner.ctx.request_id, &error.into()),
    };
    let own = owner.own(site, told);
    let html = if let Some(since) = app.enrolled_at {
        let since = since.in_words();
        let on = AppOn { since: &since, codes_left: app.backup_codes_left, is_removal };
        site.pages.app_on(&own, &on)
    } else {
        if let Err(needed) = require_fresh(&site.app, &owner.ctx, &owner.caller) {
            return owner.leads(site, &with_return_to(APP, return_to), &needed.into());
        }
        site.pages.app_off(&own, return_to)
    };
    page(status, html)
}

#[handler]
async fn start(site: Here<'_>, deed: Deed<Onward>) -> Response {
    let Deed { owner, form: Onward { return_to } } = &deed;
    let return_to = allowed(&site.app, return_to.as_deref()).unwrap_or(SECURITY);
    match enrolment::set_up(&site.app, &owner.ctx, &owner.caller).await {
        Ok(_) => see_other(&with_return_to(CODE, return_to), None),
        Err(fault) => owner.leads(&site, APP, &fault.into()),
    }
}

#[handler]
fn ask_code(site: Here<'_>, owner: Owner, query: poem::Result<Query<Hints>>) -> Response {
    let hints = Hints::of(query);
    let return_to = allowed(&site.app, hints.return_to.as_deref()).unwrap_or(SECURITY);
    code_form(&site, &owner, StatusCode::OK, (Told::Nothing, return_to))
}

fn code_form(
    site: &Site,
    owner: &Owner,
    status: StatusCode,
    (told, return_to): (Told<'_>, &str),
) -> Response {
    let drawn = || {
        let pending = enrolment::pending(&site.app, &owner.ctx, &owner.caller)?;
        Ok((qr::drawing(&pending.uri)?, pending.secret))
    };
    match drawn() {
        Ok((drawing, secret)) => page(
            status,
            site.pages.app_code(&owner.own(site, told), &drawing, (&grouped(&secret), return_to)),
        ),
        // Nothing waits any more: it begins again.
        Err(error) => match owner.refusal(site, APP, &error) {
            Ok(_) => see_other(APP, None),
            Err(elsewhere) => *elsewhere,
        },
    }
}

/// In groups of four, to be typed.
fn grouped(secret: &Shown) -> Shown {
    let mut text = Shown::default();
    for (at, letter) in secret.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push(' ');
        }
        text.push(letter);
    }
    text
}

#[derive(Deserialize)]
struct Code {
    code: Secret,
    return_to: Option<String>,
}

#[handler]
async fn enable(site: Here<'_>, deed: Deed<Code>) -> Response {
    let Deed { owner, form: Code { code, return_to } } = &deed;
    let return_to = allowed(&site.app, return_to.as_deref()).unwrap_or(SECURITY);
    let code = code.reveal().replace(' ', "");
    let error: ApiError = match enrolment::enable_with_codes(&site.app, &owner.ctx, &owner.caller, &code)
        .await
    {
        Ok(codes) => {
            return codes_shown(&site, owner, &codes, ("Your authenticator app is switched on.", return_to));
        }
        Err(fault) => fault.into(),
    };
    match owner.refusal(&site, CODE, &error) {
        Ok(problem) => code_form(&site, owner, error.status(), (Told::Problem(&problem), return_to)),
        Err(elsewhere) => *elsewhere,
    }
}

fn codes_shown(
    site: &Site,
    owner: &Owner,
    codes: &[Shown],
    (message, href): (&'static str, &str),
) -> Response {
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    page(StatusCode::OK, site.pages.backup_codes(&owner.own(site, Told::Nothing), &codes, (message, href)))
}

#[derive(Deserialize)]
struct Password {
    password: Secret,
}

#[handler]
async fn renew_codes(site: Here<'_>, deed: Deed<Password>) -> Response {
    let Deed { owner, form: Password { password } } = &deed;
    let done = enrolment::renew_backup_codes(&site.app, &owner.ctx, &owner.caller, password.reveal()).await;
    let error: ApiError = match done {
        Ok(codes) => {
            return codes_shown(&site, owner, &codes, ("These are new. The old ones work no more.", APP));
        }
        Err(fault) => fault.into(),
    };
    refused(&site, owner, &error, false)
}

#[handler]
async fn remove(site: Here<'_>, deed: Deed<Password>) -> Response {
    let Deed { owner, form: Password { password } } = &deed;
    match enrolment::disable(&site.app, &owner.ctx, &owner.caller, password.reveal()).await {
        Ok(()) => see_other(&with(SECURITY, "done", "app_removed"), None),
        Err(fault) => refused(&site, owner, &fault.into(), true),
    }
}

fn refused(site: &Site, owner: &Owner, error: &ApiError, is_removal: bool) -> Response {
    match owner.refusal(site, APP, error) {
        Ok(problem) => shown(site, owner, error.status(), (Told::Problem(&problem), ACCOUNT, is_removal)),
        Err(elsewhere) => *elsewhere,
    }
}
