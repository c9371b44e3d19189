//! `/account/proof`: proving again who one is, before a sensitive act, and back to it.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Query;
use poem::{EndpointExt, Response, Route, get, handler, post};
use serde::Deserialize;

use super::account::ACCOUNT;
use super::elsewhere::titles;
use super::onward::{Hints, Onward, allowed_here, with, with_return_to};
use super::render::account::{Asked, Told};
use super::told;
use super::visitor::{Deed, Here, Owner, see_other};
use crate::http::cookie;
use crate::http::error::ApiError;
use crate::http::site::{Site, broken, page};
use crate::services::{StoreError, identity, sms_factor, step_up};
use crate::wire::secret::Secret;

/// Where one proves it.
pub const PROOF: &str = "/account/proof";

/// Where a code is sent to one's phone.
pub const SEND: &str = "/account/proof/send";

/// Adds the page.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route.at(PROOF, get(ask).post(prove).data(site.clone())).at(SEND, post(send).data(site.clone()))
}

#[handler]
fn ask(site: Here<'_>, owner: Owner, query: poem::Result<Query<Hints>>) -> Response {
    let hints = Hints::of(query);
    let return_to = allowed_here(&site.app, hints.return_to.as_deref()).unwrap_or(ACCOUNT);
    let told = hints.done.as_deref().and_then(told::done).map_or(Told::Nothing, Told::Done);
    form(&site, &owner, StatusCode::OK, (told, return_to))
}

#[derive(Deserialize)]
struct Proof {
    password: Option<Secret>,
    code: Option<Secret>,
    return_to: Option<String>,
}

#[handler]
async fn prove(site: Here<'_>, deed: Deed<Proof>) -> Response {
    let Deed { owner, form: Proof { password, code, return_to } } = &deed;
    let return_to = allowed_here(&site.app, return_to.as_deref()).unwrap_or(ACCOUNT);
    let (app, ctx, caller) = (&site.app, &owner.ctx, &owner.caller);
    let proved = match (password, code) {
        (_, Some(code)) => step_up::with_code(app, ctx, caller, code.reveal().trim()).await,
        (Some(password), None) => step_up::with_password(app, ctx, caller, password.reveal()).await,
        (None, None) => return form(&site, owner, StatusCode::BAD_REQUEST, (Told::Nothing, return_to)),
    };
    let error: ApiError = match proved {
        Ok(fresh) => {
            let new = fresh.cookie.map(|new| cookie::set(&new, ctx.now, &app.policy.cookies));
            return see_other(return_to, new.unwrap_or_default());
        }
        Err(fault) => fault.into(),
    };
    match owner.refusal(&site, return_to, &error) {
        Ok(problem) => form(&site, owner, error.status(), (Told::Problem(&problem), return_to)),
        Err(elsewhere) => *elsewhere,
    }
}

#[handler]
async fn send(site: Here<'_>, deed: Deed<Onward>) -> Response {
    let Deed { owner, form: Onward { return_to } } = &deed;
    let return_to = allowed_here(&site.app, return_to.as_deref()).unwrap_or(ACCOUNT);
    match sms_factor::send_for_step_up(&site.app, &owner.ctx, &owner.caller).await {
        Ok(()) => see_other(&with(&with_return_to(PROOF, return_to), "done", "sent"), None),
        Err(fault) => owner.leads(&site, return_to, &fault.into()),
    }
}

fn form(site: &Site, owner: &Owner, status: StatusCode, (told, return_to): (Told<'_>, &str)) -> Response {
    let (own, caller) = (owner.own(site, told), &owner.caller);
    let shown = || -> Result<String, StoreError> {
        if caller.user.has_factor {
            let has_phone = sms_factor::status(&site.app, caller)?.is_on;
            return Ok(site.pages.proof_form(&own, return_to, Asked::Code(has_phone)));
        }
        // Whoever came by an account elsewhere may have no password: coming that way again is a proof, too.
        let linked = identity::list(&site.app, caller)?;
        let mut providers = titles(&site.app);
        providers.retain(|(name, _)| linked.iter().any(|link| link.provider.as_str() == name));
        let asked = Asked::Password(caller.user.email.as_str(), &providers);
        Ok(site.pages.proof_form(&own, return_to, asked))
    };
    match shown() {
        Ok(html) => page(status, html),
        Err(error) => broken(site, &owner.ctx.request_id, &error.into()),
    }
}
