//! How the guide words its refusals: `detail`, `error`, or `success` with `error`, as it shows each.

use poem::http::StatusCode;
use serde_json::{Value, json};

use super::refused;
use crate::http::cookie::SUSPICIOUS;
use crate::http::error::ApiError;
use crate::services::Taken;
use crate::services::enrolment::MfaFault;
use crate::services::factor::FactorFault;
use crate::services::login::LoginFault;
use crate::services::password_reset::ResetFault;
use crate::services::registration::RegisterFault;
use crate::services::token::RefreshFault;

/// Why a login came to nothing.
pub enum Login {
    /// The password was right, and a code is needed beside it.
    CodeNeeded,
    /// The login was refused.
    Refused(LoginFault),
    /// It could not be answered.
    Other(ApiError),
}

impl From<LoginFault> for Login {
    fn from(fault: LoginFault) -> Self {
        Self::Refused(fault)
    }
}

impl From<ApiError> for Login {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

/// T2, T54: a login for tokens at `/token`.
pub fn token_login(why: Login) -> ApiError {
    match why {
        Login::CodeNeeded => code_needed(),
        Login::Refused(fault @ LoginFault::WrongCode) => {
            ApiError::from(fault).shown_as(StatusCode::UNAUTHORIZED, json!({ "detail": "Invalid MFA token" }))
        }
        Login::Refused(fault) => fault.into(),
        Login::Other(error) => error,
    }
}

/// T24, T31, T54: a login at `/authenticate` or for a cookie.
pub fn login(why: Login) -> ApiError {
    match why {
        Login::CodeNeeded => code_needed(),
        Login::Refused(fault @ LoginFault::WrongCode) => unsuccessful(fault.into(), "Invalid MFA token"),
        Login::Refused(fault @ (LoginFault::Denied | LoginFault::Barred(_))) => {
            unsuccessful(fault.into(), "Invalid credentials")
        }
        Login::Refused(fault @ LoginFault::TooManySessions) => {
            unsuccessful(fault.into(), "Maximum concurrent sessions exceeded")
        }
        Login::Refused(fault) => fault.into(),
        Login::Other(error) => error,
    }
}

/// T54.
fn code_needed() -> ApiError {
    const MESSAGE: &str = "MFA verification required";
    let body = json!({ "success": false, "requires_mfa": true, "message": MESSAGE });
    ApiError::from(LoginFault::WrongCode).shown_as(StatusCode::UNAUTHORIZED, body)
}

/// T6, T7, T8.
pub fn refresh(fault: RefreshFault) -> ApiError {
    let why = match &fault {
        RefreshFault::Invalid => "Invalid refresh token",
        RefreshFault::Expired => "Token has expired",
        RefreshFault::Store(_) => return fault.into(),
    };
    let detail = format!("Token refresh failed: {why}");
    ApiError::from(fault).shown_as(StatusCode::UNAUTHORIZED, json!({ "detail": detail }))
}

/// X33.
pub fn registration(fault: RegisterFault) -> ApiError {
    match fault {
        RegisterFault::Exists(Taken::Email) => refused(StatusCode::BAD_REQUEST, "Email already registered"),
        RegisterFault::Exists(Taken::Username) => {
            refused(StatusCode::BAD_REQUEST, "Username already registered")
        }
        fault => fault.into(),
    }
}

/// T51.
pub fn reset(fault: ResetFault) -> ApiError {
    match fault {
        ResetFault::Invalid => refused(StatusCode::BAD_REQUEST, "Invalid or expired reset token"),
        fault => fault.into(),
    }
}

/// T53, X23: `wrong` is what a code is called that proves nothing.
pub fn factor(wrong: &'static str) -> impl Fn(MfaFault) -> ApiError {
    move |fault| match fault {
        MfaFault::Factor(FactorFault::Wrong | FactorFault::NotSetUp) => {
            let body = json!({ "success": false, "error": wrong });
            ApiError::from(fault).shown_as(StatusCode::BAD_REQUEST, body)
        }
        fault => fault.into(),
    }
}

/// T25, T26, T33, T34: a cookie that opens nothing.
pub fn cookie(error: ApiError) -> ApiError {
    if error.status() != StatusCode::UNAUTHORIZED {
        return error;
    }
    let text = if error.message() == SUSPICIOUS { SUSPICIOUS } else { "Invalid session" };
    let body = json!({ "error": text });
    error.shown_as(StatusCode::UNAUTHORIZED, body)
}

/// T25.
pub fn no_cookie() -> ApiError {
    let body = json!({ "error": "No session found" });
    ApiError::from_status(StatusCode::UNAUTHORIZED).shown_as(StatusCode::UNAUTHORIZED, body)
}

fn unsuccessful(error: ApiError, text: &str) -> ApiError {
    let (status, body): (_, Value) = (error.status(), json!({ "success": false, "error": text }));
    error.shown_as(status, body)
}
