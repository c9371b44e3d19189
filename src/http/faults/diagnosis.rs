//! The refusals of diagnosis from outside.

use crate::http::error::ApiError;
use crate::http::user::no_such_user;
use crate::services::diagnosis::DiagnosisFault;

impl From<DiagnosisFault> for ApiError {
    fn from(fault: DiagnosisFault) -> Self {
        match fault {
            DiagnosisFault::NotFound => no_such_user(),
            DiagnosisFault::Caller(fault) => fault.into(),
            DiagnosisFault::Refused(refused) => refused.into(),
            DiagnosisFault::Store(error) => error.into(),
        }
    }
}
