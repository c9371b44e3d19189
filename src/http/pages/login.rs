//! `/login`: the first step, with the password. The second is beside, as are accounts elsewhere.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode, header};
use poem::web::Query;
use poem::{EndpointExt, Response, Route, get, handler};
use serde::Deserialize;

use super::account::ACCOUNT;
use super::onward::{Hints, allowed, with, with_return_to};
use super::render::login::LoginForm;
use super::visitor::{Guest, Here, Sent, see_other};
use super::{app, second_step, told};
use crate::http::cookie;
use crate::http::error::ApiError;
use crate::http::limit::{self, Anonymous};
use crate::http::login::OtherKind;
use crate::http::site::{PagePlace, Site, broken, page};
use crate::services::login::{LoggedIn, Typed, log_in};
use crate::services::opening::{Admitted, Opened, Opening};
use crate::services::session::Principal;
use crate::services::{Context, Services, enrolment, forward_auth};
use crate::wire::error::ErrorCode;
use crate::wire::secret::Secret;

/// Where one logs in.
pub const LOGIN: &str = "/login";

/// Adds the page.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route.at(LOGIN, get(ask).post(check).data(site.clone()))
}

#[handler]
fn ask(
    _place: PagePlace<Anonymous>,
    site: Here<'_>,
    guest: Guest,
    query: poem::Result<Query<Hints>>,
) -> Response {
    let hints = Hints::of(query);
    let return_to = allowed(&site.app, hints.return_to.as_deref());
    if let Some(caller) = &guest.caller {
        return match for_applications(&site.app, &guest.ctx, caller) {
            Ok(cookie) => see_other(return_to.unwrap_or(ACCOUNT), cookie),
            Err(error) => broken(&site, &guest.ctx.request_id, &error),
        };
    }
    let problem = hints.problem.as_deref().and_then(told::problem);
    form(
        &site,
        StatusCode::OK,
        LoginForm { problem, return_to: return_to.unwrap_or_default(), ..LoginForm::default() },
    )
}

/// The cookie for applications, for somebody whose browser may have lost it.
fn for_applications(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
) -> Result<Option<HeaderValue>, ApiError> {
    let found = forward_auth::cookie_of(app, ctx, caller)?;
    Ok(found.and_then(|(cookie, ends_at)| cookie::for_applications(&cookie, ctx.now, ends_at)))
}

#[derive(Deserialize)]
struct Login {
    email: String,
    password: Secret,
    return_to: Option<String>,
}

#[handler]
async fn check(site: Here<'_>, sent: Sent<limit::Login, Login>) -> Response {
    let Login { email, password, return_to } = &sent.form;
    let return_to = allowed(&site.app, return_to.as_deref());
    let typed = Typed { name: email, password: password.reveal(), code: None };
    let opening = Opening::Cookie { presented: sent.presented() };
    let error = match log_in(&site.app, &sent.ctx, typed, opening).await {
        Ok(LoggedIn::Done(Opened::Cookie(admitted))) => {
            return entered(&site, &sent.ctx, &admitted, return_to);
        }
        Ok(LoggedIn::CodeNeeded(handle)) => {
            return see_other(&second_step::at(return_to), cookie::waiting(&handle));
        }
        Ok(LoggedIn::Done(Opened::Tokens(_))) => ApiError::internal(OtherKind),
        Err(fault) => fault.into(),
    };
    if error.code() != ErrorCode::AuthenticationFailed {
        return broken(&site, &sent.ctx.request_id, &error);
    }
    let problem = Some("The name or the password is wrong, or the account may not be used.");
    let return_to = return_to.unwrap_or_default();
    form(&site, error.status(), LoginForm { problem, email, return_to, ..LoginForm::default() })
}

/// Whoever is logged in now goes on, by way of the second factor where the rules demand one that there is not yet.
pub(super) fn entered(site: &Site, ctx: &Context, admitted: &Admitted, return_to: Option<&str>) -> Response {
    match way_in(&site.app, ctx, admitted, return_to) {
        Ok((location, cookies)) if location.starts_with('/') => see_other(&location, cookies),
        Ok((location, cookies)) => gone_on(site, &location, cookies),
        Err(error) => broken(site, &ctx.request_id, &error),
    }
}

/// Leads on to an application, with cookies.
///
/// ## Decision: a page that goes on by itself, and no redirect
/// `form-action 'self'` of the form that was sent counts for every redirect behind it, those of the application too. So
/// the way ends at a page of this server, and another begins there: by the header `Refresh`, and by a link.
fn gone_on(site: &Site, location: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    let mut answer = page(StatusCode::OK, site.pages.logged_in(location));
    if let Ok(refresh) = HeaderValue::try_from(format!("0; url={location}")) {
        answer.headers_mut().insert(header::REFRESH, refresh);
    }
    for cookie in cookies {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// Where whoever is logged in now goes on, and with which cookies.
pub(super) fn way_in(
    app: &Services,
    ctx: &Context,
    admitted: &Admitted,
    return_to: Option<&str>,
) -> Result<(String, Vec<HeaderValue>), ApiError> {
    let location = if enrolment::is_owed(app, &admitted.user)? {
        with(&with_return_to(app::APP, return_to.unwrap_or(ACCOUNT)), "problem", "owed")
    } else {
        return_to.unwrap_or(ACCOUNT).to_owned()
    };
    let mut cookies = cookie::set(&admitted.cookie, ctx.now, &app.policy.cookies);
    cookies.extend(cookie::no_longer_waiting());
    Ok((location, cookies))
}

fn form(site: &Site, status: StatusCode, form: LoginForm<'_>) -> Response {
    let providers = super::elsewhere::titles(&site.app);
    let may_register = site.app.policy.registration.is_enabled;
    page(status, site.pages.login_form(&LoginForm { providers: &providers, may_register, ..form }))
}
