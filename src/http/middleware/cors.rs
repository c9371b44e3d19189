//! Calls from web pages of other origins. Knows nothing of what they ask for.
//!
//! ## Decision
//! Off until the configuration lists origins, and then exact: an origin is compared whole, the listed text is what is
//! answered, and nothing is ever said to one that is not listed. Credentials are never
//! allowed: a page of another origin sends its token itself, and a cookie counts for our own pages alone. The routes answer a preflight by themselves: a method that they do not
//! know is a 405 that names those they do, which is what a browser asks for.

use std::time::Duration;

use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Body, Response};

const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, X-Request-ID, X-API-Key, Last-Event-ID");
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "X-Request-ID, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit, RateLimit-Policy, \
     Retry-After",
);
const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// The origins whose pages may call.
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Vec<HeaderValue>,
    max_age: HeaderValue,
}

/// A request that names an origin, while some are listed.
#[derive(Debug)]
pub struct Cross {
    /// The origin, when it is listed.
    allowed: Option<HeaderValue>,
    is_preflight: bool,
}

impl Cors {
    /// `origins` as browsers send them; one that no header can hold is left out, since no browser can send it. A
    /// browser may keep the answer to a preflight for `max_age`.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>, max_age: Duration) -> Self {
        let origins = origins.into_iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        Self { origins: origins.collect(), max_age: max_age.as_secs().into() }
    }

    /// What a request asks for. `None`: nothing, or nothing is allowed at all.
    pub fn asked(&self, method: &Method, headers: &HeaderMap) -> Option<Cross> {
        if self.origins.is_empty() {
            return None;
        }
        let mut sent = headers.get_all(header::ORIGIN).iter();
        let origin = sent.next()?;
        let listed = self.origins.iter().find(|listed| *listed == origin);
        Some(Cross {
            allowed: listed.filter(|_| sent.next().is_none()).cloned(),
            is_preflight: *method == Method::OPTIONS
                && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
        })
    }
}

impl Cross {
    /// Puts into `answer` what the browser asks for. An unlisted origin gets the answer as it is.
    pub fn apply(self, answer: &mut Response, cors: &Cors) {
        let is_method_unknown = answer.status() == StatusCode::METHOD_NOT_ALLOWED;
        let headers = answer.headers_mut();
        headers.append(header::VARY, ORIGIN);
        let Some(origin) = self.allowed else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if !self.is_preflight || !is_method_unknown {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
            return;
        }
        headers.remove(header::CONTENT_TYPE);
        if let Some(methods) = headers.remove(header::ALLOW) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, cors.max_age.clone());
        answer.set_status(StatusCode::NO_CONTENT);
        answer.set_body(Body::empty());
    }
}
