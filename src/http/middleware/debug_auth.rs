//! How a request's credential was judged, for a client that asks with `X-Debug: true` (rule P30), where the operator lets
//! it. Knows no secret, and of a login no more than its answer says.

use std::fmt::Write;

use poem::Response;
use poem::http::{HeaderMap, HeaderName, HeaderValue};

use crate::domain::id::UserId;
use crate::http::error::ApiError;
use crate::http::principal::{Shown, shown};
use crate::wire::error::ErrorCode;

const X_DEBUG: HeaderName = HeaderName::from_static("x-debug");

/// `method=..; subject=..; reason=..`, and of a missing permission `required=..`.
pub const X_DEBUG_AUTH: HeaderName = HeaderName::from_static("x-debug-auth");

/// How the request shows who calls, if its client asks for the header; `cookie` is the name of ours.
pub fn asked(headers: &HeaderMap, cookie: &str) -> Option<&'static str> {
    let is_asked = headers.get(X_DEBUG).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    is_asked.then(|| match shown(headers, cookie) {
        Ok(Shown::Token(_)) => "bearer",
        Ok(Shown::Key(_)) => "api_key",
        Ok(Shown::Cookie(_)) => "cookie",
        Err(error) if error.code() == ErrorCode::Unauthorized => "none",
        Err(_) => "malformed",
    })
}

/// Adds the header to an answer: the subject is `known` only after its credential was found good.
pub fn apply(answer: &mut Response, method: &'static str, known: Option<UserId>) {
    let mut text = format!("method={method}");
    if let Some(user) = known {
        let _ = write!(text, "; subject={user}");
    }
    match answer.data::<ApiError>() {
        None => text.push_str("; reason=ok"),
        Some(error) => {
            let code = serde_json::to_value(error.code()).unwrap_or_default();
            let _ = write!(text, "; reason={}", code.as_str().unwrap_or_default().to_ascii_lowercase());
            if let Some(required) = error.detail("required_permission") {
                let _ = write!(text, "; required={required}");
            }
        }
    }
    if let Ok(value) = HeaderValue::try_from(text) {
        answer.headers_mut().insert(X_DEBUG_AUTH, value);
    }
}
