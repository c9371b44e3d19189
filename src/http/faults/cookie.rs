//! How the refusals of sessions that live by a cookie look from outside.

use crate::http::cookie::SUSPICIOUS;
use crate::http::error::ApiError;
use crate::services::cookie::{CookieFault, MoveFault};
use crate::wire::error::ErrorCode as Code;

impl From<CookieFault> for ApiError {
    fn from(fault: CookieFault) -> Self {
        match fault {
            CookieFault::Invalid => Self::new(Code::TokenInvalid, "Invalid session"),
            CookieFault::Noticed(_) => Self::new(Code::TokenInvalid, SUSPICIOUS),
            CookieFault::Store(error) => error.into(),
        }
    }
}

impl From<MoveFault> for ApiError {
    fn from(fault: MoveFault) -> Self {
        match fault {
            MoveFault::NoCookie => {
                Self::new(Code::Conflict, "This session has no cookie. Use its refresh token.")
            }
            MoveFault::Caller(fault) => fault.into(),
            MoveFault::Store(error) => error.into(),
        }
    }
}
