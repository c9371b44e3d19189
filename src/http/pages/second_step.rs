//! `/login/code`: the second step of a login that waits in this browser. Knows no password.
//!
//! ## Decision: the handle is in a cookie
//! Whoever has the handle and a code is let in. A page and an address are seen by others; so the browser of the first
//! step keeps the handle where no page shows it, and no other browser can go on.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Query;
use poem::{EndpointExt, FromRequest, Request, RequestBody, Response, Route, get, handler, post};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::login::{LOGIN, entered};
use super::onward::{Hints, Onward, allowed, with, with_return_to};
use super::render::login::CodeForm;
use super::told;
use super::visitor::{Here, Sent, see_other};
use crate::http::asked::Asked;
use crate::http::cookie::{self, WAITING};
use crate::http::error::ApiError;
use crate::http::limit::Anonymous;
use crate::http::login::OtherKind;
use crate::http::site::{PagePlace, Site, broken, page};
use crate::services::factor::FactorUsed;
use crate::services::login::LoginFault;
use crate::services::opening::Opened;
use crate::services::pending_login::{Browser, methods, verify};
use crate::services::sms_factor::{SmsFault, send_for_login};
use crate::services::{Context, StoreError};
use crate::wire::error::ErrorCode;
use crate::wire::secret::Secret;

/// Where the code is asked for.
pub const CODE: &str = "/login/code";

/// Where a code is sent to a phone.
pub const SEND: &str = "/login/code/send";

/// Adds the page.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route.at(CODE, get(ask).post(check).data(site.clone())).at(SEND, post(send).data(site.clone()))
}

/// The page, from which the browser goes on to `return_to`.
pub(super) fn at(return_to: Option<&str>) -> String {
    return_to.map_or(CODE.to_owned(), |to| with_return_to(CODE, to))
}

/// The handle of the login that waits in this browser.
struct Waiting(Zeroizing<String>);

impl<'a> FromRequest<'a> for Waiting {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let shown = cookie::shown(request.headers(), WAITING).unwrap_or_default();
        Ok(Self(Zeroizing::new(shown.unwrap_or_default().to_owned())))
    }
}

#[handler]
fn ask(
    _place: PagePlace<Anonymous>,
    site: Here<'_>,
    waiting: Waiting,
    asked: Asked,
    query: poem::Result<Query<Hints>>,
) -> Response {
    let hints = Hints::of(query);
    let return_to = allowed(&site.app, hints.return_to.as_deref());
    let sent = hints.done.as_deref().and_then(told::done);
    form(&site, &asked.0, &waiting, return_to, (StatusCode::OK, None, sent))
}

#[derive(Deserialize)]
struct Code {
    code: Secret,
    return_to: Option<String>,
}

#[handler]
async fn check(site: Here<'_>, waiting: Waiting, sent: Sent<Anonymous, Code>) -> Response {
    let return_to = allowed(&site.app, sent.form.return_to.as_deref());
    let browser = Browser { presented: sent.presented(), forged: None };
    let code = sent.form.code.reveal().trim();
    let error: ApiError = match verify(&site.app, &sent.ctx, &waiting.0, code, browser).await {
        Ok(Opened::Cookie(admitted)) => return entered(&site, &sent.ctx, &admitted, return_to),
        Ok(Opened::Tokens(_)) => ApiError::internal(OtherKind),
        Err(LoginFault::NoPendingLogin) => return over(),
        Err(fault) => fault.into(),
    };
    if error.code() != ErrorCode::MfaInvalid {
        return broken(&site, &sent.ctx.request_id, &error);
    }
    let problem = told::sentence(&error);
    form(&site, &sent.ctx, &waiting, return_to, (error.status(), Some(&problem), None))
}

#[handler]
async fn send(site: Here<'_>, waiting: Waiting, sent: Sent<Anonymous, Onward>) -> Response {
    let return_to = allowed(&site.app, sent.form.return_to.as_deref());
    match send_for_login(&site.app, &sent.ctx, &waiting.0).await {
        Ok(()) => see_other(&with(&at(return_to), "done", "sent"), None),
        Err(SmsFault::NoPendingLogin) => over(),
        Err(fault) => broken(&site, &sent.ctx.request_id, &fault.into()),
    }
}

/// The login is not open any more: it begins again.
fn over() -> Response {
    see_other(&with(LOGIN, "problem", "over"), cookie::no_longer_waiting())
}

fn form(
    site: &Site,
    ctx: &Context,
    waiting: &Waiting,
    return_to: Option<&str>,
    (status, problem, sent): (StatusCode, Option<&str>, Option<&'static str>),
) -> Response {
    let taken: Result<Vec<FactorUsed>, StoreError> = methods(&site.app, ctx, &waiting.0);
    let taken = match taken {
        Ok(taken) if taken.is_empty() => return over(),
        Ok(taken) => taken,
        Err(error) => return broken(site, &ctx.request_id, &error.into()),
    };
    let has_phone = taken.contains(&FactorUsed::Sms);
    let hint = sent.unwrap_or(match (taken.contains(&FactorUsed::Totp), has_phone) {
        (true, true) => {
            "Type the code that your authenticator app shows, one that is sent to your phone, or one of your backup codes."
        }
        (true, false) => "Type the code that your authenticator app shows, or one of your backup codes.",
        (false, _) => "Have a code sent to your phone, and type it here.",
    });
    let return_to = return_to.unwrap_or_default();
    page(status, site.pages.code_form(&CodeForm { problem, hint, return_to, has_phone }))
}
