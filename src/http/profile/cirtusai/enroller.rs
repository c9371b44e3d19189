//! Who switches a second factor on: somebody who is logged in, or the browser or client that has just registered, by its
//! cookie. Knows nothing of what the cookie opens.
//!
//! ## Decision: a cookie for one call
//! The guide's client registers and confirms without a login in between (C8), and both of the package's clients keep
//! cookies. The cookie is no session: its token opens the confirmation alone, and only together with a right code. It is
//! `HttpOnly`, `Secure` and `SameSite=Strict`, so no script reads it, no plain connection carries it and no other site
//! sends it. Where an `Authorization` header comes along, that counts and the cookie does not.

use std::time::Duration;

use poem::http::{HeaderMap, HeaderValue, header};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use zeroize::Zeroizing;

use crate::domain::profile::Profile;
use crate::http::cookie;
use crate::http::principal::Bearer;
use crate::http::visit::Visit;
use crate::services::limits::Class;
use crate::services::session::Principal;

/// The cookie's name. `__Secure-` makes a browser refuse it from a plain connection.
pub const NAME: &str = "__Secure-latchkey-enrolment";

/// Who switches a second factor on.
pub enum Enroller {
    /// Somebody in a session.
    Session(Box<Principal>),
    /// Whoever holds this token, which may be none of ours.
    Cookie(Zeroizing<String>),
}

impl<'a> ApiExtractor<'a> for Enroller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Bearer::register(registry);
        registry.create_security_scheme(
            "EnrolmentCookie",
            MetaSecurityScheme {
                ty: "apiKey",
                description: Some("The cookie that `POST /auth/register` sets, for a quarter of an hour"),
                name: Some(NAME),
                key_in: Some("cookie"),
                scheme: None,
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["Bearer", "EnrolmentCookie"]
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let has_header = request.headers().contains_key(header::AUTHORIZATION);
        if let Some(token) = shown(request.headers()).filter(|_| !has_header) {
            Visit::of(request)?.take(Class::Anonymous)?;
            return Ok(Self::Cookie(Zeroizing::new(token.to_owned())));
        }
        let Bearer(principal) = <Bearer as ApiExtractor>::from_request(request, body, options).await?;
        Ok(Self::Session(Box::new(principal)))
    }
}

/// Where the operations of the profile lie for the client: at the mount, or at the root of the listener.
pub struct Base(&'static str);

impl<'a> FromRequest<'a> for Base {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let mount = Profile::Cirtusai.mount();
        let rest = request.original_uri().path().strip_prefix(mount);
        Ok(Self(if rest.is_some_and(|rest| rest.starts_with('/')) { mount } else { "/" }))
    }
}

/// Sets the cookie for the profile's operations at `base`.
pub fn set(token: &str, ttl: Duration, base: &Base) -> Option<HeaderValue> {
    line(token, ttl.as_secs(), base)
}

/// Takes the cookie away: it opens nothing any more.
pub fn cleared(base: &Base) -> Option<HeaderValue> {
    line("", 0, base)
}

fn line(token: &str, max_age: u64, Base(path): &Base) -> Option<HeaderValue> {
    let text = format!("{NAME}={token}; Max-Age={max_age}; Path={path}; Secure; HttpOnly; SameSite=Strict");
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The value of the one cookie of the name; two are none.
fn shown(headers: &HeaderMap) -> Option<&str> {
    cookie::shown(headers, NAME).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_by(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        shown(&headers).map(str::to_owned)
    }

    #[test]
    fn the_one_cookie_is_found_wherever_it_stands_and_two_are_none() {
        let ours = format!("{NAME}=x");
        for lines in [vec![&*ours], vec!["a=b", &*ours], vec![&*format!("a=b; {ours};c")]] {
            assert_eq!(shown_by(&lines).as_deref(), Some("x"), "{lines:?}");
        }
        for lines in [vec![], vec!["a=b"], vec![&*format!("x{ours}")], vec![&*ours, &*ours]] {
            assert_eq!(shown_by(&lines), None, "{lines:?}");
        }
    }
}
