//! `/account/data` and `/account/delete`: a copy of all that is held of oneself, and the end of the account.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::{StatusCode, header};
use poem::web::Query;
use poem::{EndpointExt, Response, Route, get, handler, post};
use serde::Deserialize;

use super::account::ACCOUNT;
use super::render::account::Told;
use super::render::data::Copy;
use super::visitor::{Deed, Guest, Here, Owner, see_other};
use crate::http::cookie;
use crate::http::error::ApiError;
use crate::http::limit::Anonymous;
use crate::http::personal_data::to_wire;
use crate::http::site::{PagePlace, Site, broken, page};
use crate::services::personal_data::{delete_self, export, further};
use crate::services::step_up::require_fresh;
use crate::services::user_deletion::DeletionFault;

/// The page of one's data.
const DATA: &str = "/account/data";

/// Where a copy of it is asked for.
pub const DOWNLOAD: &str = "/account/data/download";

/// Where one's account is deleted.
pub const DELETE: &str = "/account/delete";

/// Where a browser ends whose account is deleted.
const DELETED: &str = "/account/deleted";

/// Adds the pages.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route
        .at(DATA, get(show).data(site.clone()))
        .at(DOWNLOAD, post(download).data(site.clone()))
        .at(DELETE, get(ask).post(delete).data(site.clone()))
        .at(DELETED, get(gone).data(site.clone()))
}

/// Which copy: the events in it are older than this place of the audit log.
#[derive(Deserialize)]
struct Part {
    before: Option<u64>,
}

#[handler]
fn show(site: Here<'_>, owner: Owner, query: poem::Result<Query<Part>>) -> Response {
    if let Err(needed) = require_fresh(&site.app, &owner.ctx, &owner.caller) {
        return owner.leads(&site, DATA, &needed.into());
    }
    let before = query.ok().and_then(|query| query.before);
    let older = match further(&site.app, &owner.caller, before) {
        Ok(older) => older,
        Err(error) => return broken(&site, &owner.ctx.request_id, &error.into()),
    };
    let copy = Copy { before, older, may_delete: site.app.policy.self_deletion };
    page(StatusCode::OK, site.pages.data(&owner.own(&site, Told::Nothing), &copy))
}

#[handler]
async fn download(site: Here<'_>, deed: Deed<Part>) -> Response {
    let Deed { owner, form: Part { before } } = &deed;
    let found = export(&site.app, &owner.ctx, &owner.caller, *before).await.map_err(ApiError::from);
    let document = found.and_then(|found| {
        let document = to_wire(&site.app, found, Some(owner.caller.session), owner.ctx.now)?;
        serde_json::to_string_pretty(&document).map_err(ApiError::internal)
    });
    match document {
        Ok(document) => Response::builder()
            .content_type("application/json")
            .header(header::CONTENT_DISPOSITION, "attachment; filename=\"account-data.json\"")
            .body(document),
        Err(error) => owner.leads(&site, DATA, &error),
    }
}

#[handler]
fn ask(site: Here<'_>, owner: Owner) -> Response {
    if !site.app.policy.self_deletion {
        return broken(&site, &owner.ctx.request_id, &DeletionFault::SwitchedOff.into());
    }
    if let Err(needed) = require_fresh(&site.app, &owner.ctx, &owner.caller) {
        return owner.leads(&site, DELETE, &needed.into());
    }
    form(&site, &owner, StatusCode::OK, (Told::Nothing, false))
}

#[derive(Deserialize)]
struct Sure {
    email: String,
}

#[handler]
async fn delete(site: Here<'_>, deed: Deed<Sure>) -> Response {
    let Deed { owner, form: Sure { email } } = &deed;
    let is_typed = email.trim().eq_ignore_ascii_case(owner.caller.user.email.as_str());
    // Where nobody deletes their own account, the use case says so and writes it down, whatever was typed.
    if !is_typed && site.app.policy.self_deletion {
        let told = Told::Problem("That is not the email address of your account.");
        return form(&site, owner, StatusCode::BAD_REQUEST, (told, true));
    }
    let error: ApiError = match delete_self(&site.app, &owner.ctx, &owner.caller).await {
        Ok(()) => return see_other(DELETED, cookie::cleared(&site.app.policy)),
        Err(fault @ DeletionFault::SwitchedOff) => {
            return broken(&site, &owner.ctx.request_id, &fault.into());
        }
        Err(fault) => fault.into(),
    };
    match owner.refusal(&site, DELETE, &error) {
        Ok(problem) => form(&site, owner, error.status(), (Told::Problem(&problem), false)),
        Err(elsewhere) => *elsewhere,
    }
}

fn form(site: &Site, owner: &Owner, status: StatusCode, (told, is_mistyped): (Told<'_>, bool)) -> Response {
    let email = owner.caller.user.email.as_str();
    page(status, site.pages.delete_form(&owner.own(site, told), email, is_mistyped))
}

#[handler]
fn gone(_place: PagePlace<Anonymous>, site: Here<'_>, guest: Guest) -> Response {
    if guest.caller.is_some() {
        return see_other(ACCOUNT, None);
    }
    let message =
        "You are logged out everywhere, and nothing here names you any more. A last mail says so, too.";
    page(StatusCode::OK, site.pages.notice("Your account is deleted", message))
}
