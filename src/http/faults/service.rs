//! Faults of registered services, and of the keys that sign tokens, as errors of the API.

use super::super::error::ApiError;
use crate::services::service::ServiceFault;
use crate::services::signing_key::RotateFault;
use crate::wire::error::ErrorCode as Code;

impl From<ServiceFault> for ApiError {
    fn from(fault: ServiceFault) -> Self {
        match fault {
            ServiceFault::Field(fault) => {
                Self::field(fault.field(), "invalid", format!("{}: {fault}", fault.field()))
            }
            ServiceFault::NotFound => Self::new(Code::NotFound, "There is no such service."),
            ServiceFault::Caller(fault) => fault.into(),
            ServiceFault::Stale(needed) => needed.into(),
            ServiceFault::Refused(refused) => refused.into(),
            ServiceFault::Store(error) => error.into(),
        }
    }
}

impl From<RotateFault> for ApiError {
    fn from(fault: RotateFault) -> Self {
        match fault {
            RotateFault::Configured => Self::new(
                Code::Conflict,
                "The key is a secret of the configuration: tokens.jwt_secret (JWT_SECRET_KEY). Change it there.",
            ),
            RotateFault::Caller(fault) => fault.into(),
            RotateFault::Stale(needed) => needed.into(),
            RotateFault::Refused(refused) => refused.into(),
            RotateFault::Store(error) => error.into(),
        }
    }
}
