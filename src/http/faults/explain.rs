//! The refusals of explanations from outside.

use crate::http::error::ApiError;
use crate::http::user::no_such_user;
use crate::services::explain::ExplainFault;
use crate::wire::error::ErrorCode as Code;

impl From<ExplainFault> for ApiError {
    fn from(fault: ExplainFault) -> Self {
        match fault {
            ExplainFault::NotKept => Self::new(
                Code::NotFound,
                "Nothing is kept of this request: it was not denied, or it is too old, or was one of too many.",
            ),
            ExplainFault::NoUser => no_such_user(),
            ExplainFault::Caller(fault) => fault.into(),
            ExplainFault::Refused(refused) => refused.into(),
            ExplainFault::Store(error) => error.into(),
        }
    }
}
