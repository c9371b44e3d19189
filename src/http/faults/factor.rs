//! How the refusals around second factors and fresh proofs look from outside.

use poem::http::StatusCode;
use serde_json::json;

use super::locked;
use crate::http::error::ApiError;
use crate::http::limit::seconds;
use crate::services::enrolment::MfaFault;
use crate::services::factor::FactorFault;
use crate::services::login::LoginFault;
use crate::services::sms_factor::SmsFault;
use crate::services::step_up::{StepUpFault, StepUpNeeded};
use crate::wire::error::ErrorCode as Code;

/// G32: a second-factor code that is wrong or was used.
pub(super) fn wrong_code() -> ApiError {
    ApiError::new(Code::MfaInvalid, "Invalid MFA code")
}

impl From<FactorFault> for ApiError {
    fn from(fault: FactorFault) -> Self {
        match fault {
            FactorFault::NotSetUp => Self::new(Code::ValidationError, "No second factor is set up."),
            FactorFault::Wrong => wrong_code(),
            FactorFault::Locked { retry_after } => locked(retry_after),
            FactorFault::Store(error) => error.into(),
        }
    }
}

impl From<MfaFault> for ApiError {
    fn from(fault: MfaFault) -> Self {
        match fault {
            MfaFault::AlreadyOn => Self::new(Code::Conflict, "The second factor is on already."),
            MfaFault::Demanded => mfa_required("Your role needs a second factor: it cannot be switched off."),
            MfaFault::Issuer => Self::field("issuer", "invalid", format!("issuer: {}", MfaFault::Issuer)),
            MfaFault::SwitchedOff => Self::from_status(StatusCode::NOT_FOUND),
            MfaFault::Limited(exceeded) => exceeded.into(),
            MfaFault::StepUp(needed) => needed.into(),
            MfaFault::Factor(fault) => fault.into(),
            MfaFault::Password(fault) => fault.into(),
            MfaFault::Caller(fault) => fault.into(),
            MfaFault::Store(error) => error.into(),
        }
    }
}

/// G41.
pub(super) fn mfa_required(message: &'static str) -> ApiError {
    ApiError::new(Code::Forbidden, message).details(json!({ "mfa_required": true }))
}

impl From<StepUpNeeded> for ApiError {
    fn from(StepUpNeeded { max_age, by_code }: StepUpNeeded) -> Self {
        let seconds = max_age.as_secs();
        let (proof, message) = if by_code {
            ("code", "Prove your second factor again.")
        } else {
            ("password", "Prove your password again.")
        };
        Self::new(Code::StepUpRequired, message)
            .details(json!({ "max_age": seconds, "proof": proof }))
            .max_age(seconds)
    }
}

impl From<StepUpFault> for ApiError {
    fn from(fault: StepUpFault) -> Self {
        match fault {
            StepUpFault::CodeNeeded => {
                Self::field("code", "required", "Your account has a second factor: send one of its codes.")
            }
            StepUpFault::Password(fault) => fault.into(),
            StepUpFault::Factor(fault) => fault.into(),
            StepUpFault::Caller(fault) => fault.into(),
            StepUpFault::Store(error) => error.into(),
        }
    }
}

impl From<SmsFault> for ApiError {
    fn from(fault: SmsFault) -> Self {
        match fault {
            SmsFault::NoGateway => Self::new(Code::NotFound, "This server sends no text messages."),
            SmsFault::Number(fault) => {
                Self::field("phone_number", "invalid", format!("phone_number: {fault}"))
            }
            SmsFault::TooMany { retry_after } => {
                Self::new(Code::RateLimitExceeded, "Too many messages").retry_after(seconds(retry_after))
            }
            SmsFault::NoPendingLogin => LoginFault::NoPendingLogin.into(),
            SmsFault::AlreadyOn => Self::new(Code::Conflict, "A phone is on already."),
            SmsFault::Demanded => MfaFault::Demanded.into(),
            SmsFault::StepUp(needed) => needed.into(),
            SmsFault::Factor(fault) => fault.into(),
            SmsFault::Password(fault) => fault.into(),
            SmsFault::Caller(fault) => fault.into(),
            SmsFault::Store(error) => error.into(),
        }
    }
}
