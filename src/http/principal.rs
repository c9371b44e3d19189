//! Who calls: the one credential of a request, a session's access token or an API key. Knows nothing of how either is
//! checked.
//!
//! ## Decision: closed to keys unless an operation says otherwise
//! An operation takes [`Bearer`], and then it is for people: a key is answered 403. Only one that takes [`Caller`] is
//! for keys too. So nobody can forget to keep keys away from credentials, factors, sessions and other keys.
//!
//! ## Decision: one credential, or none counts
//! Two headers, even equal ones, are refused with 401: a proxy and a server that each believe another one of them is a
//! known way to act as somebody else.

use std::marker::PhantomData;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use poem::http::{HeaderMap, HeaderName, HeaderValue, header};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::json;
use zeroize::Zeroizing;

use super::asked;
use super::error::ApiError;
use super::limit::Counted;
use super::visit::Visit;
use crate::domain::time::Timestamp;
use crate::services::api_key::usage::{self, KeyHolder, Noticed, UseFault};
use crate::services::caller;
use crate::services::limits::Class;
use crate::services::session::{AuthFault, Principal};
use crate::services::{Context, Services, StoreError};
use crate::wire::error::ErrorCode;

/// Checks an access token at a time: the session must live, whatever the token claims.
pub type Authenticate = dyn Fn(&str, Timestamp) -> Result<Principal, AuthFault> + Send + Sync;

/// Checks an API key that a client at an address shows at a time.
pub type AuthenticateKey = dyn Fn(&str, IpAddr, Timestamp) -> Result<KeyHolder, UseFault> + Send + Sync;

/// Records what is remarkable about a key.
pub type Record = dyn Fn(Context, Remark) -> Recording + Send + Sync;

/// A record being written.
pub type Recording = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// What is remarkable about a key.
#[derive(Debug)]
pub enum Remark {
    /// It should not have been used so.
    Noticed(Noticed),
    /// It was shown where only a session will do.
    NoSession(Box<caller::Caller>),
}

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

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
        vec!["Bearer"]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        match identified(request, visit, None).await? {
            Known::Person(principal) => Ok(Self(principal)),
            Known::Program(caller) => Err(no_session(request, visit, caller).await.into()),
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
        vec!["Bearer", "ApiKey"]
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

/// The credential of a request, for an answer that goes on after it: whether it still opens the door is asked again and
/// again. Asking is counted nowhere, and is no use of a key.
pub struct Again {
    visit: Arc<Visit>,
    shown: Kept,
}

/// A credential that is kept.
enum Kept {
    Token(Zeroizing<String>),
    Key(Zeroizing<String>),
}

impl Again {
    /// Who the credential stands for now.
    pub fn caller(&self, app: &Services) -> Result<caller::Caller, ApiError> {
        let (client, now) = (self.visit.client, self.visit.now());
        Ok(match &self.shown {
            Kept::Token(token) => (self.visit.gate().authenticate)(token, now)?.into(),
            Kept::Key(key) => usage::holder(app, key, client, now)?.caller,
        })
    }

    /// Whether it is an API key.
    pub const fn is_key(&self) -> bool {
        matches!(self.shown, Kept::Key(_))
    }

    /// The request.
    pub fn visit(&self) -> &Visit {
        &self.visit
    }
}

impl<'a> FromRequest<'a> for Again {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let kept = |text: &str| Zeroizing::new(text.to_owned());
        let shown = match shown(request.headers())? {
            Shown::Token(token) => Kept::Token(kept(token)),
            Shown::Key(key) => Kept::Key(kept(key)),
        };
        Ok(Self { visit: Visit::of(request)?.clone(), shown })
    }
}

/// Somebody whose credential is good.
enum Known {
    /// In a session.
    Person(Principal),
    /// With an API key.
    Program(caller::Caller),
}

impl From<Known> for caller::Caller {
    fn from(known: Known) -> Self {
        match known {
            Known::Person(principal) => principal.into(),
            Known::Program(caller) => caller,
        }
    }
}

/// Who calls, after a place was taken of the budget that the caller has: a key's own, an account's, or the address's.
/// `class` is that of the operation, where it has one.
async fn identified(request: &Request, visit: &Visit, class: Option<Class>) -> Result<Known, ApiError> {
    match shown(request.headers()) {
        Ok(Shown::Token(token)) => by_token(visit, token, class).map(Known::Person),
        Ok(Shown::Key(key)) => by_key(request, visit, key, class).await.map(Known::Program),
        Err(refusal) => Err(stranger(visit, refusal)),
    }
}

fn by_token(visit: &Visit, token: &str, class: Option<Class>) -> Result<Principal, ApiError> {
    let known = (visit.gate().authenticate)(token, visit.now());
    let principal = known.map_err(|fault| stranger(visit, fault.into()))?;
    visit.known_as(principal.user.id);
    visit.take_of(principal.user.id, class)?;
    Ok(principal)
}

async fn by_key(
    request: &Request,
    visit: &Visit,
    key: &str,
    class: Option<Class>,
) -> Result<caller::Caller, ApiError> {
    match (visit.gate().authenticate_key)(key, visit.client, visit.now()) {
        Ok(holder) => {
            visit.known_as(holder.caller.user.id);
            visit.take_of_key(holder.key, holder.rate, class)?;
            Ok(holder.caller)
        }
        Err(UseFault::Noticed(noticed)) => {
            // The budget first: nobody makes the server write without end.
            visit.take(Class::Anonymous)?;
            let record = (visit.gate().record)(asked::context(request, visit), Remark::Noticed(noticed));
            record.await?;
            Err(UseFault::Invalid.into())
        }
        Err(fault) => Err(stranger(visit, fault.into())),
    }
}

/// A stranger's call is counted by address; a failure of ours is nobody's call.
fn stranger(visit: &Visit, refusal: ApiError) -> ApiError {
    let is_ours = !refusal.status().is_client_error();
    if is_ours { refusal } else { visit.take(Class::Anonymous).err().unwrap_or(refusal) }
}

async fn no_session(request: &Request, visit: &Visit, caller: caller::Caller) -> ApiError {
    let remark = Remark::NoSession(Box::new(caller));
    match (visit.gate().record)(asked::context(request, visit), remark).await {
        Ok(()) => {
            ApiError::new(ErrorCode::Forbidden, "This takes the access token of a session, not an API key.")
                .details(json!({ "reason": "session_required" }))
        }
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
}

/// The one credential among the headers, and from nowhere else (SECURITY R24). RFC 6750 2.1; the scheme's case does
/// not count (RFC 9110 11.1). A key has an underscore and no dot, and a token has dots: so `Bearer` takes both.
pub fn shown(headers: &HeaderMap) -> Result<Shown<'_>, ApiError> {
    let (mut tokens, mut keys) =
        (headers.get_all(header::AUTHORIZATION).iter(), headers.get_all(X_API_KEY).iter());
    let found = match (tokens.next(), keys.next()) {
        (None, None) => return Err(ApiError::new(ErrorCode::Unauthorized, "Authentication required")),
        (Some(value), None) => text(value).and_then(of_authorization).ok_or(AuthFault::Invalid)?,
        (None, Some(value)) => Shown::Key(text(value).ok_or(UseFault::Invalid)?),
        (Some(_), Some(_)) => return Err(AuthFault::Invalid.into()),
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
        let is_key = text.contains('_') && !text.contains('.');
        Some(if is_key { Shown::Key(text) } else { Shown::Token(text) })
    } else {
        scheme.eq_ignore_ascii_case("apikey").then_some(Shown::Key(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_by(values: &[(&str, &str)]) -> Result<String, ErrorCode> {
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        shown(&headers).map(|shown| format!("{shown:?}")).map_err(|error| error.code())
    }

    fn authorization(value: &str) -> Result<String, ErrorCode> {
        shown_by(&[("authorization", value)])
    }

    #[test]
    fn the_scheme_may_be_spelt_in_any_case() {
        assert_eq!(authorization("bEaReR a.b.c").unwrap(), r#"Token("a.b.c")"#);
        assert_eq!(authorization("Bearer abc").unwrap(), r#"Token("abc")"#);
        assert_eq!(authorization("aPiKeY lk_abc").unwrap(), r#"Key("lk_abc")"#);
    }

    /// X29.
    #[test]
    fn a_key_may_come_in_three_ways() {
        for (name, value) in
            [("x-api-key", "lk_abc"), ("authorization", "ApiKey lk_abc"), ("authorization", "Bearer lk_abc")]
        {
            assert_eq!(shown_by(&[(name, value)]).unwrap(), r#"Key("lk_abc")"#, "{name}: {value}");
        }
        assert_eq!(authorization("Bearer a_b.c.d").unwrap(), r#"Token("a_b.c.d")"#);
    }

    #[test]
    fn no_header_is_told_apart_from_a_bad_one() {
        assert_eq!(shown_by(&[]), Err(ErrorCode::Unauthorized));
        for bad in ["", "Bearer", "Bearer ", "abc", "Basic abc", "Token abc", "ApiKey", "ApiKey "] {
            assert_eq!(authorization(bad), Err(ErrorCode::TokenInvalid), "{bad:?}");
        }
    }

    #[test]
    fn two_credentials_are_refused_even_when_equal() {
        let (token, key) = (("authorization", "Bearer lk_abc"), ("x-api-key", "lk_abc"));
        for two in [[token, token], [key, key], [token, key]] {
            assert_eq!(shown_by(&two), Err(ErrorCode::TokenInvalid), "{two:?}");
        }
    }
}
