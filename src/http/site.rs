//! The served pages: proving an address, and setting the server up; those of a lost password are beside, and those of an
//! account in [`pages`]. Forms without script.
//!
//! Here the token travels in the form, and no cookie is read, so there is nothing for another site to forge.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use poem::http::{StatusCode, header};
use poem::web::{Data, Query};
use poem::{EndpointExt, FromRequest, IntoResponse, Request, RequestBody, Response, Route, get, handler};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::asked::Asked;
use super::body::form::read_form;
use super::error::ApiError;
use super::invitation_page;
use super::limit::{Anonymous, Counted, Place};
use super::middleware::security_headers::{PAGE_POLICY, PAGE_REFERRER};
use super::pages::render::{PAGE_ICON, Pages, SetupForm};
use super::pages::{self, account};
use super::reset_page;
use super::visit::Visit;
use crate::services::Services;
use crate::services::registration::Registration;
use crate::services::setup::{self, SetupFault};
use crate::services::verification::{self, VerifyFault};
use crate::wire::secret::Secret;

/// The page that a verification mail links to.
pub const VERIFY_EMAIL: &str = "/verify-email";

/// The page that makes the first administrator.
pub const SETUP: &str = "/setup";

/// The pages that mails and the start lead to, and those of an account.
pub fn all() -> impl Iterator<Item = &'static str> {
    const PAGES: [&str; 5] = [
        VERIFY_EMAIL,
        SETUP,
        reset_page::RESET_PASSWORD,
        reset_page::FORGOT_PASSWORD,
        invitation_page::ACCEPT_INVITATION,
    ];
    PAGES.into_iter().chain(pages::FORMS)
}

/// What those pages load.
pub const STYLE: &str = "/assets/page.css";

/// The operator's picture on those pages.
pub const LOGO: &str = "/assets/logo";

/// Where every browser looks for a picture of the site.
pub const ICON: &str = "/favicon.ico";

/// What the pages need.
pub struct Site {
    /// The use cases.
    pub app: Arc<Services>,
    /// The looks.
    pub pages: Pages,
}

/// Adds the pages.
pub fn add(route: Route, site: Arc<Site>) -> Route {
    let route = pages::add(invitation_page::add(reset_page::add(route, &site), &site), &site);
    route
        .at("/", get(home))
        .at(STYLE, get(style).data(site.clone()))
        .at(LOGO, get(logo).data(site.clone()))
        .at(ICON, get(icon))
        .at(VERIFY_EMAIL, get(ask_verification).post(verify).data(site.clone()))
        .at(SETUP, get(ask_setup).post(set_up).data(site))
}

#[handler]
fn home() -> Response {
    let answer = Response::builder().status(StatusCode::SEE_OTHER);
    answer.header(header::LOCATION, account::ACCOUNT).finish()
}

#[handler]
fn style(site: Data<&Arc<Site>>) -> Response {
    let answer = Response::builder().header(header::CACHE_CONTROL, "public, max-age=3600");
    answer.content_type("text/css; charset=utf-8").body(site.pages.style().to_owned())
}

#[handler]
fn logo(site: Data<&Arc<Site>>) -> Response {
    match site.pages.logo() {
        Some(logo) => {
            let answer = Response::builder().header(header::CACHE_CONTROL, "public, max-age=3600");
            answer.content_type(logo.content_type).body(logo.bytes.to_vec())
        }
        None => ApiError::from_status(StatusCode::NOT_FOUND).into_response(),
    }
}

/// Where every browser looks for it, whatever the page says: a drawing, which they all read today.
#[handler]
fn icon() -> Response {
    let answer = Response::builder().header(header::CACHE_CONTROL, "public, max-age=86400");
    answer.content_type("image/svg+xml").body(PAGE_ICON)
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

#[handler]
fn ask_verification(
    _place: PagePlace<Anonymous>,
    site: Data<&Arc<Site>>,
    query: poem::Result<Query<Token>>,
) -> Response {
    match query {
        Ok(query) => page(StatusCode::OK, site.pages.verify_confirm(&query.token)),
        Err(_) => page(StatusCode::BAD_REQUEST, site.pages.verify_invalid()),
    }
}

#[handler]
async fn verify(
    _place: PagePlace<Anonymous>,
    site: Data<&Arc<Site>>,
    asked: Asked,
    form: Form<Token>,
) -> Response {
    match verification::verify_email(&site.app, &asked.0, &form.0.token).await {
        Ok(_) => page(StatusCode::OK, site.pages.verify_done()),
        Err(VerifyFault::Invalid) => page(StatusCode::BAD_REQUEST, site.pages.verify_invalid()),
        Err(VerifyFault::Store(error)) => broken(&site, &asked.0.request_id, &error.into()),
    }
}

#[derive(Deserialize)]
struct Setup {
    code: Secret,
    email: String,
    password: Secret,
    name: String,
}

#[handler]
fn ask_setup(_place: PagePlace<Anonymous>, site: Data<&Arc<Site>>, asked: Asked) -> Response {
    match setup::is_done(&site.app) {
        Ok(true) => page(StatusCode::OK, site.pages.setup_closed()),
        Ok(false) => {
            let empty = SetupForm { problem: None, code: "", email: "", name: "" };
            page(StatusCode::OK, site.pages.setup_form(&empty))
        }
        Err(error) => broken(&site, &asked.0.request_id, &error.into()),
    }
}

#[handler]
async fn set_up(
    _place: PagePlace<Anonymous>,
    site: Data<&Arc<Site>>,
    asked: Asked,
    form: Form<Setup>,
) -> Response {
    let Setup { code, email, password, name } = &form.0;
    let new = Registration { email, password: password.reveal(), name: Some(name), username: None };
    let error: ApiError = match setup::set_up(&site.app, &asked.0, code.reveal(), &new).await {
        Ok(user) => return page(StatusCode::OK, site.pages.setup_done(user.email.as_str())),
        Err(SetupFault::Done) => return page(StatusCode::CONFLICT, site.pages.setup_closed()),
        Err(fault) => fault.into(),
    };
    if error.status().is_server_error() {
        return broken(&site, &asked.0.request_id, &error);
    }
    let again = SetupForm { problem: Some(error.message()), code: code.reveal(), email, name };
    page(error.status(), site.pages.setup_form(&again))
}

/// The page that says why nothing was done, and when to come back where that is known.
pub(super) fn broken(site: &Site, request_id: &str, error: &ApiError) -> Response {
    let (title, message) = told(error);
    let mut answer = page(error.status(), site.pages.error(title, &message, request_id));
    answer.extensions_mut().insert(error.clone());
    answer
}

/// What people are told of `error`: in short, and what there is to say.
pub(super) fn told(error: &ApiError) -> (&'static str, Cow<'_, str>) {
    let Some(seconds) = error.retry_after_seconds() else {
        return ("That did not work", error.message().into());
    };
    let message = format!("{} Come back in {}.", sentence(error.message()), in_words(seconds));
    ("Wait a little", message.into())
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// A time to wait, rounded up: `40 seconds`, `2 minutes`, `3 hours`.
fn in_words(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=90 => (seconds.max(1), "second"),
        91..=5_400 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3_600), "hour"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A place as [`Place`] is one, refused with a page.
pub(super) struct PagePlace<C>(PhantomData<C>);

impl<'a, C: Counted> FromRequest<'a> for PagePlace<C> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let Err(refusal) = Place::<C>::from_request(request, body).await else {
            return Ok(Self(PhantomData));
        };
        Err(refused(request, body, &refusal.into()).await)
    }
}

/// A refusal as a page.
pub(super) async fn refused(request: &Request, body: &mut RequestBody, error: &ApiError) -> poem::Error {
    let site = match Data::<&Arc<Site>>::from_request(request, body).await {
        Ok(site) => site,
        Err(outside) => return outside,
    };
    match Visit::of(request) {
        Ok(visit) => poem::Error::from_response(broken(&site, &visit.request_id, error)),
        Err(outside) => outside.into(),
    }
}

/// A page under the strict policy of pages.
pub(super) fn page(status: StatusCode, html: String) -> Response {
    let mut answer = Response::builder().status(status).content_type("text/html; charset=utf-8").body(html);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    answer.headers_mut().insert(header::REFERRER_POLICY, PAGE_REFERRER);
    answer
}

/// A form as the body of a page.
pub(super) struct Form<T>(pub(super) T);

impl<'a, T: DeserializeOwned> FromRequest<'a> for Form<T> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(read_form(request, body).await?))
    }
}
