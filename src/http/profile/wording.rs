//! How profiles word failures. Knows no operation.

use poem::http::StatusCode;
use serde_json::{Value, json};

use crate::domain::profile::trading::TradingPermission;
use crate::http::error::ApiError;
use crate::wire::error::ErrorCode;

/// `{"detail": text}`, and for a field that is not acceptable 422 with a list of faults: what the clients of four guides
/// know.
pub fn detail(error: &ApiError) -> (StatusCode, Value) {
    match error.code() {
        ErrorCode::ValidationError => (StatusCode::UNPROCESSABLE_ENTITY, json!({ "detail": faults(error) })),
        ErrorCode::AlreadyExists | ErrorCode::Conflict => {
            (StatusCode::BAD_REQUEST, json!({ "detail": error.message() }))
        }
        ErrorCode::TokenExpired => (error.status(), json!({ "detail": "Token has expired" })),
        _ => (error.status(), json!({ "detail": error.message() })),
    }
}

/// The same, but for what the trading guide says of tokens (T8) and of missing permissions (T10), which have its names.
pub fn trading(error: &ApiError) -> (StatusCode, Value) {
    let of_token = |why: &str| (error.status(), json!({ "detail": format!("Invalid token: {why}") }));
    let missing = error.detail("required_permission");
    match (error.code(), missing) {
        (ErrorCode::TokenExpired, _) => of_token("Token has expired"),
        (ErrorCode::TokenInvalid, _) if error.message() == "Invalid access token" => {
            of_token("Invalid token")
        }
        (ErrorCode::Forbidden, Some(missing)) => {
            let name = TradingPermission::kept_as(&missing).map_or(missing, |own| own.name().to_owned());
            (error.status(), json!({ "detail": format!("Permission '{name}' required") }))
        }
        _ => detail(error),
    }
}

/// Each fault with where it is, what it is and one word for programs.
fn faults(error: &ApiError) -> Vec<Value> {
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let one = |fault: &Value, message: &str| json!({ "loc": ["body", text(fault, "field")], "msg": message, "type": text(fault, "reason") });
    let details = error.facts();
    match (details.and_then(|all| all.get("fields")).and_then(Value::as_array), details) {
        (Some(all), _) => all.iter().map(|fault| one(fault, &text(fault, "message"))).collect(),
        (None, Some(details)) if details.get("field").is_some() => vec![one(details, error.message())],
        _ => vec![json!({ "loc": ["body"], "msg": error.message(), "type": "invalid" })],
    }
}
