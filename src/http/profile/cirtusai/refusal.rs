//! How the failures of the cirtusai profile are worded. Knows no operation.

use poem::http::StatusCode;
use serde_json::json;

use crate::http::error::ApiError;
use crate::services::Taken;
use crate::services::enrolment::MfaFault;
use crate::services::factor::FactorFault;
use crate::services::login::LoginFault;
use crate::services::registration::RegisterFault;
use crate::services::sms_factor::SmsFault;
use crate::wire::error::ErrorCode;

const WRONG_CODE: &str = "Invalid 2FA code";

/// C4.
pub fn registration(fault: RegisterFault) -> ApiError {
    match fault {
        RegisterFault::Exists(Taken::Email) => refused("Email already registered"),
        RegisterFault::Exists(Taken::Username) => refused("Username already registered"),
        fault => fault.into(),
    }
}

/// C11: whatever is wrong with the second step is 401, and none of it says which codes would have been right.
pub fn second_step(fault: LoginFault) -> ApiError {
    match fault {
        LoginFault::WrongCode => denied(WRONG_CODE),
        LoginFault::Denied | LoginFault::Barred(_) | LoginFault::NoPendingLogin => {
            denied("Invalid or expired temporary token")
        }
        LoginFault::Locked { retry_after } => {
            denied("Too many failed attempts. Try again later.").retry_after(retry_after.as_secs())
        }
        fault => fault.into(),
    }
}

/// C11: a second step that cannot be read is a wrong one. What is not the client's fault stays what it is.
pub fn unreadable(error: ApiError) -> ApiError {
    if error.status().is_client_error() { denied(WRONG_CODE) } else { error }
}

/// Of the operations on one's own second factor.
pub fn factor(fault: MfaFault) -> ApiError {
    match fault {
        MfaFault::Factor(FactorFault::Wrong) => refused(WRONG_CODE),
        MfaFault::Factor(FactorFault::NotSetUp) => refused("TOTP not set up for this user"),
        fault => fault.into(),
    }
}

/// C21: without a number, or where the server sends no messages, nothing is sent.
pub fn message(fault: SmsFault) -> ApiError {
    match fault {
        SmsFault::NoGateway => refused("This server sends no text messages"),
        SmsFault::Factor(FactorFault::NotSetUp) => refused("No phone number is set up for this user"),
        fault => fault.into(),
    }
}

fn refused(text: &'static str) -> ApiError {
    shown(ErrorCode::ValidationError, StatusCode::BAD_REQUEST, text)
}

fn denied(text: &'static str) -> ApiError {
    shown(ErrorCode::AuthenticationFailed, StatusCode::UNAUTHORIZED, text)
}

fn shown(code: ErrorCode, status: StatusCode, text: &'static str) -> ApiError {
    ApiError::new(code, text).shown_as(status, json!({ "detail": text }))
}
