//! Refusals of forward-auth.

use serde_json::json;

use super::super::error::ApiError;
use crate::services::forward_auth::Refusal;
use crate::wire::error::ErrorCode as Code;

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (message, reason) = match refusal {
            Refusal::Refused(refused) => return refused.into(),
            Refusal::NoRule => ("No rule lets this request through.", "no_rule"),
            Refusal::Unclear => ("The path of this request is not clear.", "unclear_path"),
            Refusal::KeyForLogin => ("This needs a login, and an API key is none.", "session_required"),
        };
        Self::new(Code::Forbidden, message).details(json!({ "reason": reason }))
    }
}
