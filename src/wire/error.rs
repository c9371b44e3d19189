//! The frame around every failure (rule G3) and the fixed list of its codes (rule G4). Knows nothing of what
//! went wrong.

use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde_json::Value;

/// What kind of failure it is. A client decides by this code; the message is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// 400: the request is malformed; `details` names the field where one is to blame.
    ValidationError,
    /// 401: email, username, password or account state do not allow a login.
    AuthenticationFailed,
    /// 401: the operation needs a token and none was sent.
    Unauthorized,
    /// 401: the token is malformed, forged, revoked or of the wrong kind.
    TokenInvalid,
    /// 401: the token was good and its time is over.
    TokenExpired,
    /// 401: the second-factor code is wrong.
    MfaInvalid,
    /// 401: the token is good, and the password or factor behind it was proved too long ago for this act;
    /// `POST /api/v1/auth/step-up` proves it again.
    StepUpRequired,
    /// 403: the caller is known and not allowed.
    Forbidden,
    /// 403: this was sent over plain HTTP.
    HttpsRequired,
    /// 404: there is nothing here, or nothing the caller may know of.
    NotFound,
    /// 405: the path exists, the method does not; `Allow` lists those that do.
    MethodNotAllowed,
    /// 408: the body did not arrive in time.
    RequestTimeout,
    /// 409: the email, username or name is taken.
    AlreadyExists,
    /// 409: the present state does not allow this.
    Conflict,
    /// 413: the body is larger than the server reads.
    PayloadTooLarge,
    /// 415: the body is of a type or encoding the operation does not read.
    UnsupportedMediaType,
    /// 423: too many failures; `Retry-After` says when to come back.
    AccountLocked,
    /// 429: too many requests; `Retry-After` says when to come back.
    RateLimitExceeded,
    /// 500: the server failed. The log has the cause under the request id.
    InternalError,
    /// 502: the provider of an account elsewhere gave no answer that can be used.
    ProviderFailed,
    /// 503: the server is at its limit just now; `Retry-After` says when to come back.
    ServiceBusy,
    /// 503: the server cannot write, or is starting or stopping.
    ServiceUnavailable,
}

/// What went wrong.
#[derive(Debug, Clone, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct ErrorBody {
    /// What kind of failure it is.
    pub code: ErrorCode,
    /// One sentence for people. It never carries a secret or an internal.
    pub message: String,
    /// Facts a client can act on, for example `field`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// Names this request in the log and the audit trail; also in the header `X-Request-ID`.
    pub request_id: String,
}

/// A failure.
#[derive(Debug, Clone, Object, Serialize)]
#[oai(example)]
pub struct Failure {
    /// Always false.
    pub success: bool,
    /// What went wrong.
    pub error: ErrorBody,
}

impl poem_openapi::types::Example for Failure {
    fn example() -> Self {
        Self {
            success: false,
            error: ErrorBody {
                code: ErrorCode::ValidationError,
                message: "The field `email` is required.".to_owned(),
                details: Some(serde_json::json!({ "field": "email", "reason": "missing" })),
                request_id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned(),
            },
        }
    }
}
