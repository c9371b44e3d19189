//! Who looks at a page, and who sends a form. Knows no page.
//!
//! ## Decision: before there is a session, the browser's word is enough
//! A stranger's form has no token, for there is no session to bind one to. What it needs is that `Origin` and
//! `Sec-Fetch-Site`, which no page can forge and every browser of today sends along with a form, are this server's own:
//! so no other site logs a browser in, or registers somebody, in its place.

use std::marker::PhantomData;
use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode, header};
use poem::web::Data;
use poem::{FromRequest, Request, RequestBody, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::account::ACCOUNT;
use super::login::LOGIN;
use super::onward::with_return_to;
use super::render::account::{Own, Told};
use crate::http::asked::{self, Asked};
use crate::http::body::form::{parse_form, read_form_bytes};
use crate::http::cookie_session::OwnPage;
use crate::http::error::ApiError;
use crate::http::limit::{Counted, Place};
use crate::http::principal::{Shown, admit, cookie_holder, shown};
use crate::http::site::{Site, broken, refused};
use crate::http::visit::Visit;
use crate::services::Context;
use crate::services::cookie::Visitor;
use crate::services::session::Principal;
use crate::wire::error::ErrorCode;
use crate::wire::secret::Secret;

/// Somebody who looks at a page, logged in or not.
pub(super) struct Guest {
    pub(super) caller: Option<Principal>,
    pub(super) ctx: Context,
}

/// Somebody who is logged in and looks at a page. Whoever is not is sent to the login.
pub(super) struct Owner {
    pub(super) caller: Principal,
    pub(super) ctx: Context,
    csrf: Zeroizing<String>,
}

/// What somebody who is logged in sends with a form of ours.
pub(super) struct Deed<T> {
    pub(super) owner: Owner,
    pub(super) form: T,
}

/// What a stranger sends with a form of ours, after a place of `C` was taken.
pub(super) struct Sent<C, T> {
    pub(super) ctx: Context,
    pub(super) form: T,
    presented: Option<Zeroizing<String>>,
    class: PhantomData<C>,
}

#[derive(Deserialize)]
struct Token {
    csrf: Option<Secret>,
}

impl Owner {
    fn new(caller: Principal, ctx: Context) -> Self {
        let csrf = match &caller.csrf {
            Some(csrf) => csrf.reveal(),
            None => Zeroizing::default(),
        };
        Self { caller, ctx, csrf }
    }

    /// What each page of the account knows.
    pub(super) fn own<'a>(&'a self, site: &Site, told: Told<'a>) -> Own<'a> {
        Own { csrf: &self.csrf, told, has_links: !site.app.providers.is_empty() }
    }

    /// The sentence for whoever sent a form that was refused, if the form should be shown again. Else where it leads:
    /// to the proof of who one is, and back to `page`; to the login; or to the page that says what is wrong.
    pub(super) fn refusal(&self, site: &Site, page: &str, error: &ApiError) -> Result<String, Box<Response>> {
        use ErrorCode as Code;
        let elsewhere = match error.code() {
            Code::StepUpRequired => see_other(&with_return_to(super::proof::PROOF, page), None),
            Code::TokenInvalid | Code::TokenExpired | Code::Unauthorized => {
                see_other(&with_return_to(LOGIN, page), None)
            }
            Code::AccountLocked | Code::RateLimitExceeded | Code::NotFound => {
                broken(site, &self.ctx.request_id, error)
            }
            _ if error.status().is_server_error() => broken(site, &self.ctx.request_id, error),
            _ => return Ok(super::told::sentence(error)),
        };
        Err(Box::new(elsewhere))
    }

    /// The same where there is no form to show again.
    pub(super) fn leads(&self, site: &Site, page: &str, error: &ApiError) -> Response {
        match self.refusal(site, page, error) {
            Ok(_) => broken(site, &self.ctx.request_id, error),
            Err(elsewhere) => *elsewhere,
        }
    }
}

impl<C, T> Sent<C, T> {
    /// The cookie that the browser came with.
    pub(super) fn presented(&self) -> Option<&str> {
        self.presented.as_ref().map(|text| text.as_str())
    }
}

impl<'a> FromRequest<'a> for Guest {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        let caller = match holder(request, visit).await {
            Ok(None) => None,
            Ok(Some(visitor)) => Some(visitor.principal),
            Err(error) => return Err(refused(request, body, &error).await),
        };
        Ok(Self { caller, ctx: asked::context(request, visit) })
    }
}

impl<'a> FromRequest<'a> for Owner {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        let admitted = match holder(request, visit).await {
            Ok(None) => return Err(to_login(request)),
            Ok(Some(visitor)) => admit(request, visit, visitor, Ok(())).await,
            Err(error) => Err(error),
        };
        match admitted {
            Ok(caller) => Ok(Self::new(caller, asked::context(request, visit))),
            Err(error) => Err(refused(request, body, &error).await),
        }
    }
}

impl<'a, T: DeserializeOwned> FromRequest<'a> for Deed<T> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        let visitor = match holder(request, visit).await {
            Ok(None) => return Err(to_login(request)),
            Ok(Some(visitor)) => visitor,
            Err(error) => return Err(refused(request, body, &error).await),
        };
        let bytes = read_form_bytes(request, body).await?;
        let token = parse_form::<Token>(&bytes)?.csrf;
        let token = token.as_ref().map(|token| token.reveal().as_bytes());
        let is_token = |text: &[u8]| visitor.principal.csrf.as_ref().is_some_and(|csrf| csrf.matches(text));
        let sent = visit.gate().origins.sent_with(request.headers(), token, is_token);
        match admit(request, visit, visitor, sent).await {
            Ok(caller) => {
                let owner = Owner::new(caller, Asked::from_request(request, body).await?.0);
                Ok(Self { owner, form: parse_form(&bytes)? })
            }
            Err(error) => Err(refused(request, body, &error).await),
        }
    }
}

impl<'a, C: Counted, T: DeserializeOwned> FromRequest<'a> for Sent<C, T> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        if let Err(refusal) = Place::<C>::from_request(request, body).await {
            return Err(refused(request, body, &refusal.into()).await);
        }
        let OwnPage(presented) = match OwnPage::from_request(request, body).await {
            Ok(page) => page,
            Err(forged) => return Err(refused(request, body, &forged.into()).await),
        };
        let bytes = read_form_bytes(request, body).await?;
        let Asked(ctx) = Asked::from_request(request, body).await?;
        Ok(Self { ctx, form: parse_form(&bytes)?, presented, class: PhantomData })
    }
}

/// Who holds the cookie of the request; `None`: nobody, or it opens nothing. A page takes no other credential.
async fn holder(request: &Request, visit: &Visit) -> Result<Option<Visitor>, ApiError> {
    let Ok(Shown::Cookie(text)) = shown(request.headers(), visit.door().name) else { return Ok(None) };
    match cookie_holder(request, visit, text, None).await {
        Ok(visitor) => Ok(Some(visitor)),
        Err(error) if error.status() == StatusCode::UNAUTHORIZED => Ok(None),
        Err(error) => Err(error),
    }
}

/// To the login, and back to the page that was asked for.
fn to_login(request: &Request) -> poem::Error {
    let asked = request.uri().path_and_query().map_or(ACCOUNT, |target| target.as_str());
    let back = if request.method().is_safe() { asked } else { ACCOUNT };
    poem::Error::from_response(see_other(&with_return_to(LOGIN, back), None))
}

/// 303 to `location`, with cookies.
pub(super) fn see_other(location: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    let mut answer = Response::builder().status(StatusCode::SEE_OTHER).finish();
    if let Ok(location) = HeaderValue::try_from(location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    for cookie in cookies {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// The site of a page.
pub(super) type Here<'a> = Data<&'a Arc<Site>>;
