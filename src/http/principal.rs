//! Who calls: the bearer token of a request. Knows nothing of how a token is checked.

use std::sync::Arc;

use poem::http::{HeaderMap, header};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use zeroize::Zeroizing;

use super::error::ApiError;
use super::visit::Visit;
use crate::domain::time::Timestamp;
use crate::services::limits::Class;
use crate::services::session::{AuthFault, Principal};
use crate::wire::error::ErrorCode;

/// Checks an access token at a time: the session must live, whatever the token claims.
pub type Authenticate = dyn Fn(&str, Timestamp) -> Result<Principal, AuthFault> + Send + Sync;

/// An operation that takes this is closed to strangers. The token is read from one `Authorization` header and
/// from nowhere else (SECURITY R24).
#[derive(Debug, Clone)]
pub struct Bearer(pub Principal);

impl<'a> ApiExtractor<'a> for Bearer {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some("An access token of `POST /api/v1/auth/login`"),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: Some("JWT"),
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme("Bearer", scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["Bearer"]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(authenticated(request)?)
    }
}

/// The credential of a request, for an answer that goes on after it: whether it still opens the door is asked again and
/// again. Asking is counted nowhere.
pub struct Again {
    visit: Arc<Visit>,
    token: Zeroizing<String>,
}

impl Again {
    /// Who the credential stands for now.
    pub fn caller(&self) -> Result<Principal, ApiError> {
        Ok((self.visit.gate().authenticate)(&self.token, self.visit.now())?)
    }

    /// The request.
    pub fn visit(&self) -> &Visit {
        &self.visit
    }
}

impl<'a> FromRequest<'a> for Again {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let token = Zeroizing::new(bearer_token(request.headers())?.to_owned());
        Ok(Self { visit: Visit::of(request)?.clone(), token })
    }
}

fn authenticated(request: &Request) -> Result<Bearer, ApiError> {
    let visit = Visit::of(request)?;
    let token = bearer_token(request.headers());
    let known = token.and_then(|token| Ok((visit.gate().authenticate)(token, visit.now())?));
    let principal = match known {
        Ok(principal) => principal,
        // A stranger's call is counted by address; a failure of ours is nobody's call.
        Err(refusal) if refusal.status().is_client_error() => {
            visit.take(Class::Anonymous)?;
            return Err(refusal);
        }
        Err(failure) => return Err(failure),
    };
    visit.known_as(principal.user.id);
    visit.take_of(principal.user.id)?;
    Ok(Bearer(principal))
}

/// The token of the one `Authorization` header. RFC 6750 2.1; the scheme's case does not count (RFC 9110 11.1).
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(ApiError::new(ErrorCode::Unauthorized, "Authentication required"));
    };
    let token = value.to_str().ok().and_then(|text| text.split_once(' ')).and_then(|(scheme, token)| {
        let token = token.trim_start_matches(' ');
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    });
    match (token, values.next()) {
        (Some(token), None) => Ok(token),
        _ => Err(AuthFault::Invalid.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(values: &[&str]) -> Result<String, ErrorCode> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        bearer_token(&headers).map(str::to_owned).map_err(|error| error.code())
    }

    #[test]
    fn the_scheme_may_be_spelt_in_any_case() {
        assert_eq!(token_of(&["bEaReR abc"]), Ok("abc".to_owned()));
        assert_eq!(token_of(&["Bearer abc"]), Ok("abc".to_owned()));
    }

    #[test]
    fn no_header_is_told_apart_from_a_bad_one() {
        assert_eq!(token_of(&[]), Err(ErrorCode::Unauthorized));
        for bad in ["", "Bearer", "Bearer ", "abc", "Basic abc", "Token abc"] {
            assert_eq!(token_of(&[bad]), Err(ErrorCode::TokenInvalid), "{bad:?}");
        }
    }

    #[test]
    fn two_headers_are_refused_even_when_equal() {
        assert_eq!(token_of(&["Bearer abc", "Bearer abc"]), Err(ErrorCode::TokenInvalid));
    }
}
