//! `/forward-auth`: a proxy asks whether a request may reach an application. Knows no rule.
//!
//! ## Decision: the application's cookie goes first, and Authorization is the application's own beside it
//! Whoever comes with the cookie is known by it, and what stands in `Authorization` may be meant for the application:
//! many have keys of their own. Without the cookie an access token or an API key counts, read as everywhere. The cookie
//! of the account pages opens nothing here, and browsers send it to no application.
//!
//! ## Decision: a question beforehand (CORS) is a request like any other
//! A browser sends `OPTIONS` without cookies before it calls from another origin. Anybody can send one that looks the
//! same; so it needs what its rule says, and whoever wants it let through writes a rule with that method.
//!
//! ## Decision: the headers of an identity are always there
//! Where nobody is known they are empty: a proxy that copies them overwrites what a client sent under their names. A
//! value is visible ASCII; every other byte of its UTF-8, and `%`, is percent-encoded, so nothing can end a header.

mod told;

use std::sync::Arc;

use poem::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use poem::web::Data;
use poem::{EndpointExt, IntoResponse, Request, Response, handler};

pub use told::Told;

use super::asked;
use super::cookie;
use super::error::ApiError;
use super::middleware::client_address::{is_trusted, peer_address};
use super::navigation::asks_for_page;
use super::pages::abroad::turned_away;
use super::principal::{Shown, by_key, by_token, shown, stranger};
use super::shortcut::Shortcut;
use super::site::Site;
use super::visit::Visit;
use crate::domain::forward_auth::{COOKIE, ForwardAuthPolicy, Need};
use crate::services::caller::Caller;
use crate::services::cookie::{self as sessions, CookieFault, Visitor};
use crate::services::explain::why;
use crate::services::forward_auth::{self, Fate, Identity, Refusal};
use crate::services::limits::Class;
use crate::services::{Context, Services};
use crate::wire::error::ErrorCode;

/// Where proxies ask.
pub const PATH: &str = "/forward-auth";

/// Longest URL that a login leads back to, in bytes; from a longer one it leads to the front of the application. Encoded,
/// it has to fit into the buffer that proxies have for a head, of which 4 KiB are usual.
const RETURN_TO_MAX: usize = 800;

const REMOTE_USER: HeaderName = HeaderName::from_static("remote-user");
const REMOTE_NAME: HeaderName = HeaderName::from_static("remote-name");
const REMOTE_EMAIL: HeaderName = HeaderName::from_static("remote-email");
const REMOTE_GROUPS: HeaderName = HeaderName::from_static("remote-groups");

/// Adds the path, where there is forward-auth.
pub fn add(shortcut: Shortcut, site: &Arc<Site>) -> Shortcut {
    match &site.app.policy.forward_auth {
        Some(policy) => shortcut.with(PATH, ask.data(Arc::new(policy.clone())).data(site.clone())),
        None => shortcut,
    }
}

#[handler]
async fn ask(
    request: &Request,
    site: Data<&Arc<Site>>,
    policy: Data<&Arc<ForwardAuthPolicy>>,
) -> Result<Response, ApiError> {
    let (app, visit) = (&site.app, Visit::of(request)?);
    if !is_trusted(peer_address(request), &visit.gate().trusted_proxies) {
        visit.take(Class::Anonymous)?;
        return Err(ApiError::new(ErrorCode::Forbidden, "Only a proxy of trusted_proxies may ask here."));
    }
    let told = Told::read(request.headers())?;
    match judge(request, visit, (app, &policy), &told).await {
        Ok(identity) => {
            app.fates.count(if identity.is_some() { Fate::Known } else { Fate::Public });
            Ok(let_through(identity.as_deref(), &policy))
        }
        Err(Refused { error, name }) => {
            match error.status() {
                StatusCode::UNAUTHORIZED => app.fates.count(Fate::Unknown),
                StatusCode::FORBIDDEN => app.fates.count(Fate::Refused),
                _ => {}
            }
            let is_read = [Method::GET, Method::HEAD].iter().any(|method| method == told.method);
            if !is_read || !asks_for_page(request.headers()) {
                return Err(error);
            }
            let back = way_back(app, &told);
            Ok(match &back {
                Some(back) if error.code() == ErrorCode::Unauthorized => {
                    sent_to(app.policy.public_url.login(back), told.takes_redirects)
                }
                _ => turned_away(&site, visit, error, (name.as_deref(), back.as_deref())),
            })
        }
    }
}

/// Why somebody is not let through, and what people call them, where that is known.
struct Refused {
    error: ApiError,
    name: Option<String>,
}

impl<E: Into<ApiError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self { error: error.into(), name: None }
    }
}

/// Who is let through, `None` being anybody.
async fn judge(
    request: &Request,
    visit: &Visit,
    (app, policy): (&Services, &ForwardAuthPolicy),
    told: &Told<'_>,
) -> Result<Option<Arc<Identity>>, Refused> {
    let url = told.url().ok_or(Refusal::Unclear);
    let need = url.and_then(|url| Ok((forward_auth::need(policy, told.method, &url)?, url)));
    let (need, url) = match need {
        Ok((Need::Public, _)) => {
            visit.take(Class::ForwardAuth)?;
            return Ok(None);
        }
        Ok(found) => found,
        Err(refusal) => {
            visit.take(Class::ForwardAuth)?;
            return Err(refusal.into());
        }
    };
    let ctx = asked::context(request, visit);
    let caller = caller(request, visit, (app, &ctx)).await?;
    let admitted = forward_auth::admit(app, &ctx, &caller, need, url.host).await;
    // Whoever shows a key is a program.
    let name = || caller.scopes().is_none().then(|| caller.user.name.as_str().to_owned());
    admitted.map(Some).map_err(|refusal| Refused { error: refusal.into(), name: name() })
}

/// Who asks for the application, after a place was taken of the budget that they have here.
async fn caller(
    request: &Request,
    visit: &Visit,
    (app, ctx): (&Services, &Context),
) -> Result<Caller, ApiError> {
    let class = Some(Class::ForwardAuth);
    match cookie::shown(request.headers(), COOKIE) {
        Ok(Some(text)) => return by_proxy_cookie(visit, (app, ctx), text).await,
        Ok(None) => {}
        Err(_) => return Err(nobody(visit)),
    }
    // The second name is that of no cookie that could be here.
    match shown(request.headers(), COOKIE) {
        Ok(Shown::Token(token)) => Ok(by_token(visit, token, class)?.into()),
        Ok(Shown::Key(key)) => by_key(request, visit, key, class).await,
        Ok(Shown::Cookie(_)) => Err(nobody(visit)),
        Err(refusal) if refusal.code() == ErrorCode::Unauthorized => Err(nobody(visit)),
        Err(refusal) => Err(stranger(visit, refusal)),
    }
}

async fn by_proxy_cookie(
    visit: &Visit,
    (app, ctx): (&Services, &Context),
    text: &str,
) -> Result<Caller, ApiError> {
    let Visitor { principal, is_due } = match forward_auth::authenticate(app, ctx, text) {
        Ok(visitor) => visitor,
        Err(CookieFault::Noticed(noticed)) => {
            visit.take(Class::Anonymous)?;
            sessions::record(app, ctx, noticed).await?;
            return Err(nobody_at_all());
        }
        Err(CookieFault::Invalid) => {
            why::cookie(app, ctx, text);
            return Err(nobody(visit));
        }
        Err(CookieFault::Store(error)) => return Err(error.into()),
    };
    visit.known_as(principal.user.id, "cookie for applications");
    visit.take_of(principal.user.id, Some(Class::ForwardAuth))?;
    if is_due {
        // A store that cannot write now costs nobody what they came for.
        let used = sessions::note_use(app, ctx, &principal).await;
        used.unwrap_or_else(|error| tracing::warn!(%error, "the use of a session was not written"));
    }
    Ok(principal.into())
}

/// Nobody is there. An old cookie is no guess: a page of an application asks with it many times at once.
fn nobody(visit: &Visit) -> ApiError {
    visit.take(Class::ForwardAuth).err().unwrap_or_else(nobody_at_all)
}

fn nobody_at_all() -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, "Authentication required")
}

/// Where a login leads a person who asked for a page in a browser; nothing where it may not.
fn way_back(app: &Services, told: &Told<'_>) -> Option<String> {
    let url = told.url()?;
    let is_long = url.is_https && url.text.len() > RETURN_TO_MAX;
    let back = if is_long { format!("https://{}/", url.host) } else { url.text.to_owned() };
    forward_auth::may_return_to(app, &back).then_some(back)
}

/// To the login page: at once, or as an answer with which nginx does so.
fn sent_to(login: String, takes_redirects: bool) -> Response {
    let status = if takes_redirects { StatusCode::FOUND } else { StatusCode::UNAUTHORIZED };
    Response::builder().status(status).header(header::LOCATION, login).content_type("text/html").finish()
}

fn let_through(identity: Option<&Identity>, policy: &ForwardAuthPolicy) -> Response {
    let mut answer = StatusCode::OK.into_response();
    let headers = answer.headers_mut();
    let text =
        |of: fn(&Identity) -> String| identity.map_or(HeaderValue::from_static(""), |one| plain(&of(one)));
    headers.insert(REMOTE_USER, text(|one| one.username.clone()));
    headers.insert(REMOTE_NAME, text(|one| one.name.clone()));
    headers.insert(REMOTE_EMAIL, text(|one| one.email.clone().unwrap_or_default()));
    headers.insert(REMOTE_GROUPS, text(|one| one.groups.join(",")));
    if let Ok(name) = HeaderName::try_from(policy.identity_header.as_str()) {
        headers.insert(name, text(|one| one.signed.clone()));
    }
    answer
}

/// The text in visible ASCII and spaces: every other byte and `%` is percent-encoded.
pub fn plain(text: &str) -> HeaderValue {
    let mut plain = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            plain.push(byte);
        } else {
            let digit = |half: u8| {
                char::from_digit(u32::from(half), 16).map_or(b'0', |c| c.to_ascii_uppercase() as u8)
            };
            plain.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    HeaderValue::try_from(plain).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_can_end_its_header_or_be_misread() {
        for (text, expected) in [
            ("ada", "ada"),
            ("Ada Lovelace", "Ada Lovelace"),
            ("100% Ada", "100%25 Ada"),
            ("Zo\u{eb}", "Zo%C3%AB"),
            ("a\r\nRemote-User: b", "a%0D%0ARemote-User: b"),
            ("\0\x7f", "%00%7F"),
            ("", ""),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }
}
