//! One error for the whole floor. Knows nothing of how a use case failed, only what the caller may learn.
//!
//! ## Decision
//! An error travels as data: an [`ApiError`] rides in the extensions of a bodiless answer and is rendered once,
//! at the [edge](super::edge), where the request id is known. So an error that a handler returns, one that an
//! extractor raises and one that poem makes by itself all take the same shape. A second renderer (a profile's
//! dialect) is then a second match at the same place.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::marker::PhantomData;
use std::sync::Arc;

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::error::{ParseParamError, ParsePathError};
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;
use serde_json::{Value, json};

use crate::wire::error::{ErrorBody, ErrorCode, Failure};

/// What the caller learns of a failure, and for the log its cause.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: ErrorCode,
    message: Cow<'static, str>,
    details: Option<Box<Value>>,
    retry_after_seconds: Option<u64>,
    max_age_seconds: Option<u64>,
    oauth_name: Option<&'static str>,
    verbatim: Option<Box<(StatusCode, Value)>>,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

impl ApiError {
    /// A failure of kind `code`. The message is for people and must carry no secret and no internal.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
            retry_after_seconds: None,
            max_age_seconds: None,
            oauth_name: None,
            verbatim: None,
            cause: None,
        }
    }

    /// A 400 that names the field to blame. `reason` is one stable word, for programs.
    pub fn field(field: &str, reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::ValidationError, message).details(json!({ "field": field, "reason": reason }))
    }

    /// A 500. The caller learns nothing of `cause`; the log gets it once, at the edge.
    pub fn internal(cause: impl StdError + Send + Sync + 'static) -> Self {
        Self::new(ErrorCode::InternalError, "Something went wrong on our side.").cause(cause)
    }

    /// Adds facts a client can act on.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// Says what the caller sees: a status and a body that a profile's guide shows.
    #[must_use]
    pub fn shown_as(mut self, status: StatusCode, body: Value) -> Self {
        self.verbatim = Some(Box::new((status, body)));
        self
    }

    /// Adds when to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Adds how old the proof of who one is may be.
    #[must_use]
    pub fn max_age(mut self, seconds: u64) -> Self {
        self.max_age_seconds = Some(seconds);
        self
    }

    /// Adds the name of the failure in OAuth, where its kind alone does not tell.
    #[must_use]
    pub fn named_in_oauth(mut self, name: &'static str) -> Self {
        self.oauth_name = Some(name);
        self
    }

    /// Adds what really happened, for the log only.
    #[must_use]
    pub fn cause(mut self, cause: impl StdError + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// What kind of failure it is.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The HTTP status of its kind.
    pub fn status(&self) -> StatusCode {
        status_of(self.code)
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Seconds for `Retry-After`.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_seconds
    }

    /// Seconds for `max_age` of a challenge.
    pub fn max_age_seconds(&self) -> Option<u64> {
        self.max_age_seconds
    }

    /// The name of the failure in OAuth, where its kind alone does not tell.
    pub fn oauth_name(&self) -> Option<&'static str> {
        self.oauth_name
    }

    /// The text among the details under `name`.
    pub fn detail(&self, name: &str) -> Option<String> {
        self.details.as_ref()?.get(name)?.as_str().map(str::to_owned)
    }

    /// What really happened, for the log.
    pub fn log_cause(&self) -> Option<&(dyn StdError + Send + Sync)> {
        self.cause.as_deref()
    }

    /// Facts a client can act on.
    pub fn facts(&self) -> Option<&Value> {
        self.details.as_deref()
    }

    /// What a profile's guide shows for this failure, word for word: it goes before every other shape.
    pub fn verbatim(&self) -> Option<(StatusCode, &Value)> {
        self.verbatim.as_deref().map(|(status, body)| (*status, body))
    }

    /// The body of the answer.
    pub fn to_wire(&self, request_id: &str) -> Failure {
        let error = ErrorBody {
            code: self.code,
            message: self.message.clone().into_owned(),
            details: self.details.as_deref().cloned(),
            request_id: request_id.to_owned(),
        };
        Failure { success: false, error }
    }

    /// What an answer of poem's own with this status means. Its text is dropped: it may carry input or internals.
    pub fn from_status(status: StatusCode) -> Self {
        use ErrorCode as Code;
        match status {
            StatusCode::UNAUTHORIZED => Self::new(Code::Unauthorized, "Authentication required"),
            StatusCode::FORBIDDEN => Self::new(Code::Forbidden, "Not allowed"),
            StatusCode::NOT_FOUND => Self::new(Code::NotFound, "There is nothing here."),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(Code::MethodNotAllowed, "This path does not know this method.")
            }
            StatusCode::REQUEST_TIMEOUT => Self::new(Code::RequestTimeout, "The request took too long."),
            StatusCode::CONFLICT => Self::new(Code::Conflict, "The present state does not allow this."),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(Code::PayloadTooLarge, "The body is too large."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(Code::UnsupportedMediaType, "Send the body as application/json.")
            }
            StatusCode::TOO_MANY_REQUESTS => Self::new(Code::RateLimitExceeded, "Too many requests"),
            StatusCode::SERVICE_UNAVAILABLE => {
                Self::new(Code::ServiceUnavailable, "The server cannot do this now.")
            }
            other if other.is_client_error() => Self::new(Code::ValidationError, "The request is not valid."),
            _ => Self::new(Code::InternalError, "Something went wrong on our side."),
        }
    }
}

/// What an extractor refused. A parameter is named; its value is not repeated.
impl From<poem::Error> for ApiError {
    fn from(error: poem::Error) -> Self {
        if let Some(ours) = error.data::<Self>() {
            return ours.clone();
        }
        let parameter = error.downcast_ref::<ParseParamError>().map(|e| e.name);
        match parameter.or_else(|| error.downcast_ref::<ParsePathError>().map(|e| e.name)) {
            // Path parameters are numbered inside poem-openapi, so their name would mean nothing to a caller.
            Some(name) if name.starts_with("param") => {
                Self::new(ErrorCode::ValidationError, "A part of the path is not valid.")
            }
            Some(name) => Self::field(name, "invalid", format!("The parameter `{name}` is not valid.")),
            None => Self::from_status(error.status()),
        }
    }
}

impl From<ApiError> for poem::Error {
    fn from(error: ApiError) -> Self {
        let mut carrier = Self::from_status(error.status());
        carrier.set_data(error);
        carrier
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        Response::builder().status(self.status()).extension(self).finish()
    }
}

/// The failures one group of operations can answer, for its OpenAPI description.
pub trait Statuses: Send + Sync + 'static {
    /// HTTP statuses, ascending, each once.
    const LIST: &'static [u16];

    /// The schema of the body of each.
    fn schema_ref() -> MetaSchemaRef {
        Failure::schema_ref()
    }

    /// Makes the schema known.
    fn register(registry: &mut Registry) {
        Failure::register(registry);
    }
}

/// An [`ApiError`] of an operation that documents the statuses of `S`. Made by `?` from an `ApiError`, or from
/// anything that becomes one.
#[derive(Debug)]
pub struct Fault<S>(ApiError, PhantomData<S>);

impl<S, E: Into<ApiError>> From<E> for Fault<S> {
    fn from(error: E) -> Self {
        Self(error.into(), PhantomData)
    }
}

impl<S> From<Fault<S>> for poem::Error {
    fn from(fault: Fault<S>) -> Self {
        fault.0.into()
    }
}

impl<S: Statuses> ApiResponse for Fault<S> {
    fn meta() -> MetaResponses {
        MetaResponses { responses: S::LIST.iter().copied().map(documented::<S>).collect() }
    }

    fn register(registry: &mut Registry) {
        S::register(registry);
    }
}

fn documented<S: Statuses>(status: u16) -> MetaResponse {
    let headers = match status {
        423 | 503 => vec![number("Retry-After", AGAIN)],
        429 => vec![
            number("Retry-After", AGAIN),
            number("X-RateLimit-Limit", "How many there are at once"),
            number("X-RateLimit-Remaining", "How many are left; here 0"),
            number("X-RateLimit-Reset", "When the budget is full again, in seconds since 1970 UTC"),
        ],
        _ => Vec::new(),
    };
    MetaResponse {
        description: meaning(status),
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType { content_type: "application/json", schema: S::schema_ref() }],
        headers,
    }
}

const AGAIN: &str = "Seconds until it is worth trying again";

fn number(name: &str, meaning: &str) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: Some(meaning.to_owned()),
        required: false,
        deprecated: false,
        schema: u64::schema_ref(),
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is malformed; `details.field` names the field where one is to blame",
        401 => "No valid credential; the code says which is missing or wrong",
        403 => "The caller is known and not allowed",
        404 => "Nothing here, or nothing the caller may know of",
        405 => "This path does not know this method",
        408 => "The body did not arrive in time",
        409 => "Taken already, or not possible in the present state",
        413 => "The body is larger than 64 KiB",
        415 => "The body is of a type or an encoding that the operation does not read",
        423 => "Too many failures",
        429 => "Too many requests",
        502 => "The provider of the account elsewhere gave no answer that can be used",
        503 => "The server is at its limit, or cannot write just now",
        _ => "The server failed; the log has the cause under the request id",
    }
}

fn status_of(code: ErrorCode) -> StatusCode {
    use ErrorCode as Code;
    match code {
        Code::ValidationError => StatusCode::BAD_REQUEST,
        Code::AuthenticationFailed
        | Code::Unauthorized
        | Code::TokenInvalid
        | Code::TokenExpired
        | Code::MfaInvalid
        | Code::StepUpRequired => StatusCode::UNAUTHORIZED,
        Code::Forbidden | Code::HttpsRequired => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::AlreadyExists | Code::Conflict => StatusCode::CONFLICT,
        Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::AccountLocked => StatusCode::LOCKED,
        Code::RateLimitExceeded => StatusCode::TOO_MANY_REQUESTS,
        Code::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        Code::ProviderFailed => StatusCode::BAD_GATEWAY,
        Code::ServiceBusy | Code::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}
