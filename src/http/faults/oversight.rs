//! What an operator is told of an act that did not come about.

use serde_json::json;

use crate::http::error::ApiError;
use crate::services::oversight::OversightFault;
use crate::wire::error::ErrorCode;

impl From<OversightFault> for ApiError {
    fn from(fault: OversightFault) -> Self {
        match fault {
            OversightFault::NotFound(thing) => {
                Self::new(ErrorCode::NotFound, format!("There is no such {}.", thing.name()))
            }
            OversightFault::Outranked => {
                Self::new(ErrorCode::Forbidden, "The account it belongs to outranks you.")
            }
            OversightFault::Count { found } => {
                Self::new(ErrorCode::Conflict, "There are not as many as you expect; nothing was ended.")
                    .details(json!({ "found": found }))
            }
            OversightFault::BeingSent => Self::new(ErrorCode::Conflict, "This mail is being sent right now."),
            OversightFault::NoContent => {
                Self::new(ErrorCode::Conflict, "This mail was given up, and its content is gone.")
            }
            OversightFault::NotKept => {
                Self::new(ErrorCode::Conflict, "The audit log does not keep this event any more.")
            }
            OversightFault::Caller(fault) => fault.into(),
            OversightFault::Refused(refused) => refused.into(),
            OversightFault::Store(error) => error.into(),
        }
    }
}
