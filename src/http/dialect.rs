//! How a failure is told: in the envelope of the API, as OAuth tells it, or as a profile does. Knows no operation.

use poem::Response;
use poem::http::HeaderValue;

use super::answer;
use super::error::ApiError;
use super::profile::wording;
use crate::wire::error::ErrorCode as Code;
use crate::wire::oauth::OauthFailure;

/// What begins the path of every operation of OAuth.
pub const OAUTH: &str = "/oauth/";

/// A way to tell of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The envelope.
    Canonical,
    /// RFC 6749, 5.2.
    Oauth,
    /// `{"detail": ..}`, as the clients of four guides know it.
    Detail,
    /// The same in the words of the trading guide.
    Trading,
}

impl Dialect {
    /// The dialect that is spoken under `path`.
    pub fn of(path: &str) -> Self {
        if path.starts_with(OAUTH) { Self::Oauth } else { Self::Canonical }
    }

    /// The answer that tells of `error`, without its headers.
    pub fn tell(self, error: &ApiError, request_id: &str) -> Response {
        match (self, error.verbatim()) {
            (_, Some((status, body))) => answer::json(status, body),
            (Self::Canonical, None) => answer::json(error.status(), &error.to_wire(request_id)),
            (Self::Oauth, None) => answer::json(error.status(), &in_oauth(error)),
            (Self::Detail | Self::Trading, None) => {
                let worded = if self == Self::Trading { wording::trading } else { wording::detail };
                let (status, body) = worded(error);
                answer::json(status, &body)
            }
        }
    }

    /// The value of `WWW-Authenticate` that goes with `error`.
    pub fn challenge(self, error: &ApiError) -> Option<HeaderValue> {
        match self {
            Self::Canonical | Self::Detail | Self::Trading => bearer_challenge(error),
            Self::Oauth if error.status() == poem::http::StatusCode::UNAUTHORIZED => {
                Some(HeaderValue::from_static("Basic realm=\"latchkey\", charset=\"UTF-8\""))
            }
            Self::Oauth => None,
        }
    }
}

fn in_oauth(error: &ApiError) -> OauthFailure {
    let scope = error.detail("required_permission");
    let named = match error.code() {
        Code::AuthenticationFailed
        | Code::Unauthorized
        | Code::TokenInvalid
        | Code::TokenExpired
        | Code::MfaInvalid
        | Code::StepUpRequired => "invalid_client",
        Code::Forbidden if scope.is_some() => "insufficient_scope",
        Code::Forbidden => "access_denied",
        Code::ValidationError
        | Code::HttpsRequired
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::RequestTimeout
        | Code::AlreadyExists
        | Code::Conflict
        | Code::PayloadTooLarge
        | Code::UnsupportedMediaType => "invalid_request",
        Code::AccountLocked | Code::RateLimitExceeded | Code::ServiceBusy | Code::ServiceUnavailable => {
            "temporarily_unavailable"
        }
        Code::InternalError | Code::ProviderFailed => "server_error",
    };
    OauthFailure {
        error: error.oauth_name().unwrap_or(named).to_owned(),
        error_description: error.message().to_owned(),
        scope,
    }
}

/// RFC 6750 3: a challenge without an error when no token was sent. RFC 9470 3 when the proof behind the token is old.
fn bearer_challenge(error: &ApiError) -> Option<HeaderValue> {
    match error.code() {
        Code::StepUpRequired => {
            let max_age = error.max_age_seconds().unwrap_or_default();
            let challenge = format!(
                "Bearer error=\"insufficient_user_authentication\", \
                 error_description=\"A more recent authentication is required\", max_age=\"{max_age}\""
            );
            HeaderValue::try_from(challenge).ok()
        }
        Code::TokenInvalid => Some(HeaderValue::from_static("Bearer error=\"invalid_token\"")),
        Code::TokenExpired => Some(HeaderValue::from_static(
            "Bearer error=\"invalid_token\", error_description=\"Access token has expired\"",
        )),
        Code::Unauthorized | Code::AuthenticationFailed | Code::MfaInvalid => {
            Some(HeaderValue::from_static("Bearer"))
        }
        _ => None,
    }
}
