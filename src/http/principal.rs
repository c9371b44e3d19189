//! Who calls: the one credential of a request, which is a session's access token, its cookie or an API key. Knows
//! nothing of how they are checked.
//!
//! ## Decision: closed to keys unless an operation says otherwise
//! An operation takes [`Bearer`], and then it is for people: a key is answered 403. Only one that takes [`Caller`] is
//! for keys too. So nobody can forget to keep keys away from credentials, factors, sessions and other keys.
//!
//! ## Decision: one credential, or none counts
//! Two headers, even equal ones, and a cookie of ours beside another credential are refused with 401: a proxy and a
//! server that each believe another one of them is a known way to act as somebody else. Other cookies are no credential.

mod in_browser;

use std::marker::PhantomData;
use std::net::IpAddr;
use std::pin::Pin;

use poem::http::{HeaderMap, HeaderName, HeaderValue, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::json;

use super::csrf::Cause;
use super::error::ApiError;
use super::limit::Counted;
use super::visit::Visit;
use super::{asked, cookie};
use crate::domain::cookie::NAME;
use crate::domain::time::Timestamp;
use crate::domain::trace::Kind;
use crate::services::api_key::usage::{KeyHolder, Noticed, UseFault};
use crate::services::caller;
use crate::services::cookie::{self as sessions, CookieFault, Visitor};
use crate::services::explain::trail::Trail;
use crate::services::limits::Class;
use crate::services::session::{AuthFault, Principal};
use crate::services::{Context, StoreError};
use crate::wire::error::ErrorCode;
use in_browser::by_cookie;

pub(super) use in_browser::{admit, cookie_holder};

/// Checks an access token at a time: the session must live, whatever the token claims.
pub type Authenticate = dyn Fn(&str, Timestamp) -> Result<Principal, AuthFault> + Send + Sync;

/// Checks an API key that a client at an address shows at a time.
pub type AuthenticateKey = dyn Fn(&str, IpAddr, Timestamp) -> Result<KeyHolder, UseFault> + Send + Sync;

/// Checks the cookie of a request with a context.
pub type AuthenticateCookie = dyn Fn(&str, &Context) -> Result<Visitor, CookieFault> + Send + Sync;

/// Notes why a credential opens nothing for a client at a time.
pub type Why = dyn Fn(&Trail, &Shown<'_>, (IpAddr, Timestamp)) + Send + Sync;

/// Records what is remarkable about a credential.
pub type Record = dyn Fn(Context, Remark) -> Recording + Send + Sync;

/// A record being written.
pub type Recording = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// What is remarkable about a credential.
#[derive(Debug)]
pub enum Remark {
    /// A key should not have been used so.
    Noticed(Noticed),
    /// A key was shown, or an operator came, where only a session will do.
    NoSession(Box<caller::Caller>),
    /// A cookie was shown where its session is not at home.
    Stray(sessions::Noticed),
    /// A request was not sent by a page of ours; the caller, if it came with a good cookie.
    Forged(Option<Box<Principal>>, Cause),
    /// This user of the host came to the admin socket, and is no operator.
    NoOperator(u32),
    /// A cookie was used, and not for a while before.
    Used(Box<Principal>),
}

/// The header that carries an API key.
pub const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// An operation that takes this is closed to strangers and to API keys.
#[derive(Debug, Clone)]
pub struct Bearer(pub Principal);

/// An operation that takes this is closed to strangers, and open to sessions and API keys. What a key may do there is
/// for the use case to ask, by a permission.
#[derive(Debug, Clone)]
pub struct Caller(pub caller::Caller);

/// The same for an operation with a budget of its own, that of `C`: by account, or by API key without a limit of its
/// own.
#[derive(Debug, Clone)]
pub struct CallerAs<C> {
    /// Who calls.
    pub caller: caller::Caller,
    class: PhantomData<C>,
}

impl<'a> ApiExtractor<'a> for Bearer {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            "Cookie",
            MetaSecurityScheme {
                ty: "apiKey",
                description: Some(
                    "The cookie of `POST /api/v1/auth/session`; what is not GET, HEAD or OPTIONS needs the session's \
                     `csrf_token` in `X-CSRF-Token` too",
                ),
                name: Some(NAME),
                key_in: Some("cookie"),
                scheme: None,
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
        registry.create_security_scheme(
            "Bearer",
            MetaSecurityScheme {
                ty: "http",
                description: Some("An access token of `POST /api/v1/auth/login`"),
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: Some("JWT"),
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["Bearer", "Cookie"]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        match identified(request, visit, None).await? {
            Known::Person(principal) => Ok(Self(principal)),
            Known::Program(caller) | Known::Operator(caller) => {
                Err(no_session(request, visit, caller).await.into())
            }
        }
    }
}

impl<'a> ApiExtractor<'a> for Caller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Bearer::register(registry);
        registry.create_security_scheme(
            "ApiKey",
            MetaSecurityScheme {
                ty: "apiKey",
                description: Some(
                    "An API key of `POST /api/v1/users/me/api-keys`; `Authorization: ApiKey` and `Authorization: \
                     Bearer` take it too",
                ),
                name: Some("X-API-Key"),
                key_in: Some("header"),
                scheme: None,
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["Bearer", "Cookie", "ApiKey"]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self(identified(request, Visit::of(request)?, None).await?.into()))
    }
}

impl<'a, C: Counted> ApiExtractor<'a> for CallerAs<C> {
    const TYPES: &'static [ApiExtractorType] = Caller::TYPES;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Caller::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        Caller::security_schemes()
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let known = identified(request, Visit::of(request)?, Some(C::CLASS)).await?;
        Ok(Self { caller: known.into(), class: PhantomData })
    }
}

/// Somebody whose credential is good.
pub(super) enum Known {
    /// In a session.
    Person(Principal),
    /// With an API key.
    Program(caller::Caller),
    /// At the admin socket.
    Operator(caller::Caller),
}

impl From<Known> for caller::Caller {
    fn from(known: Known) -> Self {
        match known {
            Known::Person(principal) => principal.into(),
            Known::Program(caller) | Known::Operator(caller) => caller,
        }
    }
}

/// Who calls, after a place was taken of the budget that the caller has: a key's own, an account's, or the address's.
/// `class` is that of the operation, where it has one.
pub(super) async fn identified(
    request: &Request,
    visit: &Visit,
    class: Option<Class>,
) -> Result<Known, ApiError> {
    if let Some(operator) = visit.operator() {
        return Ok(Known::Operator(operator.clone()));
    }
    match noted(visit, shown(request.headers(), visit.door().name)) {
        Ok(Shown::Token(token)) => by_token(visit, token, class).map(Known::Person),
        Ok(Shown::Key(key)) => by_key(request, visit, key, class).await.map(Known::Program),
        Ok(Shown::Cookie(text)) => by_cookie(request, visit, text, class).await.map(Known::Person),
        Err(refusal) => Err(stranger(visit, refusal)),
    }
}

/// The same, with a note of why a request has no credential.
pub(super) fn noted<'a>(visit: &Visit, shown: Result<Shown<'a>, ApiError>) -> Result<Shown<'a>, ApiError> {
    shown.inspect_err(|refusal| {
        let is_bare = refusal.code() == ErrorCode::Unauthorized;
        visit.trail().note(if is_bare { Kind::NoCredential } else { Kind::CredentialUnclear });
    })
}

pub(super) fn by_token(visit: &Visit, token: &str, class: Option<Class>) -> Result<Principal, ApiError> {
    let known = (visit.gate().authenticate)(token, visit.now());
    let principal = known.map_err(|fault| unfit(visit, &Shown::Token(token), fault.into()))?;
    visit.known_as(principal.user.id, "access token");
    visit.take_of(principal.user.id, class)?;
    Ok(principal)
}

pub(super) async fn by_key(
    request: &Request,
    visit: &Visit,
    key: &str,
    class: Option<Class>,
) -> Result<caller::Caller, ApiError> {
    let holder = key_holder(request, visit, key).await?;
    visit.known_as(holder.caller.user.id, "API key");
    visit.take_of_key(holder.key, holder.rate, class)?;
    Ok(holder.caller)
}

/// Who holds the key. A refusal is counted, and recorded where it is remarkable; no place of the key's was taken yet.
pub(super) async fn key_holder(request: &Request, visit: &Visit, key: &str) -> Result<KeyHolder, ApiError> {
    match (visit.gate().authenticate_key)(key, visit.client, visit.now()) {
        Ok(holder) => Ok(holder),
        Err(UseFault::Noticed(noticed)) => {
            // The budget first: nobody makes the server write without end.
            (visit.gate().why)(visit.trail(), &Shown::Key(key), (visit.client, visit.now()));
            visit.take(Class::Anonymous)?;
            let record = (visit.gate().record)(asked::context(request, visit), Remark::Noticed(noticed));
            record.await?;
            Err(UseFault::Invalid.into())
        }
        Err(fault) => Err(unfit(visit, &Shown::Key(key), fault.into())),
    }
}

/// The refusal of a request that no page of ours sent.
pub(super) fn forged(cause: &'static str) -> ApiError {
    ApiError::new(ErrorCode::Forbidden, "This request was not sent by a page of this server.")
        .details(json!({ "reason": "csrf", "cause": cause }))
}

/// The refusal of a credential that opens nothing, with a note of why.
fn unfit(visit: &Visit, shown: &Shown<'_>, refusal: ApiError) -> ApiError {
    if refusal.status().is_client_error() {
        (visit.gate().why)(visit.trail(), shown, (visit.client, visit.now()));
    }
    stranger(visit, refusal)
}

/// A stranger's call is counted by address; a failure of ours is nobody's call.
pub(super) fn stranger(visit: &Visit, refusal: ApiError) -> ApiError {
    let is_ours = !refusal.status().is_client_error();
    if is_ours { refusal } else { visit.take(Class::Anonymous).err().unwrap_or(refusal) }
}

pub(super) async fn no_session(request: &Request, visit: &Visit, caller: caller::Caller) -> ApiError {
    let remark = Remark::NoSession(Box::new(caller));
    match (visit.gate().record)(asked::context(request, visit), remark).await {
        Ok(()) => ApiError::new(ErrorCode::Forbidden, "This takes the access token of a session.")
            .details(json!({ "reason": "session_required" })),
        Err(error) => error.into(),
    }
}

/// A credential as it was sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// What may be an access token.
    Token(&'a str),
    /// What may be an API key.
    Key(&'a str),
    /// What may be the cookie of a session.
    Cookie(&'a str),
}

/// The one credential among the headers, and from nowhere else (SECURITY R24); `cookie` is the name of ours. RFC 6750
/// 2.1; the scheme's case does not count (RFC 9110 11.1). A key has an underscore and no dot, and a token has dots: so
/// `Bearer` takes both.
pub fn shown<'a>(headers: &'a HeaderMap, cookie: &str) -> Result<Shown<'a>, ApiError> {
    let (mut tokens, mut keys) =
        (headers.get_all(header::AUTHORIZATION).iter(), headers.get_all(X_API_KEY).iter());
    let cookie = cookie::shown(headers, cookie).map_err(|_| CookieFault::Invalid)?;
    let found = match (tokens.next(), keys.next(), cookie) {
        (None, None, None) => return Err(ApiError::new(ErrorCode::Unauthorized, "Authentication required")),
        (Some(value), None, None) => text(value).and_then(of_authorization).ok_or(AuthFault::Invalid)?,
        (None, Some(value), None) => Shown::Key(text(value).ok_or(UseFault::Invalid)?),
        (None, None, Some(text)) => Shown::Cookie(text),
        _ => return Err(AuthFault::Invalid.into()),
    };
    if tokens.next().is_some() || keys.next().is_some() { Err(AuthFault::Invalid.into()) } else { Ok(found) }
}

/// The value of a header. `HeaderValue::to_str` looks at each byte by itself; whoever reads a credential looks again.
fn text(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

fn of_authorization(value: &str) -> Option<Shown<'_>> {
    let (scheme, text) = value.split_once(' ')?;
    let text = text.trim_start_matches(' ');
    if text.is_empty() {
        None
    } else if scheme.eq_ignore_ascii_case("bearer") {
        // In this order the dot of a token, near its beginning, ends the search.
        let is_key = !text.contains('.') && text.contains('_');
        Some(if is_key { Shown::Key(text) } else { Shown::Token(text) })
    } else {
        scheme.eq_ignore_ascii_case("apikey").then_some(Shown::Key(text))
    }
}

#[cfg(test)]
mod tests;
