//! The refusals of resources and grants from outside.

use serde_json::json;

use crate::domain::resource::{GRANTS_MAX, RESOURCES_MAX};
use crate::http::error::ApiError;
use crate::services::grant::GrantFault;
use crate::services::resource::ResourceFault;
use crate::wire::error::ErrorCode as Code;

/// A resource that the caller may not know of looks like one that is not there (R59).
impl From<ResourceFault> for ApiError {
    fn from(fault: ResourceFault) -> Self {
        match fault {
            ResourceFault::NotFound => Self::new(Code::NotFound, "There is no such resource."),
            ResourceFault::Reserved => Self::field(
                "resource",
                "reserved",
                "`users` and `audit` belong to the server: nobody owns one of them.",
            ),
            ResourceFault::Exists => Self::new(Code::AlreadyExists, "This resource is registered already.")
                .details(json!({ "field": "resource" })),
            ResourceFault::TooMany => {
                Self::new(Code::Conflict, format!("The account owns {RESOURCES_MAX} resources already."))
            }
            ResourceFault::NoSuchUser => Self::field("user_id", "unknown", "There is no such user."),
            ResourceFault::Outranked => {
                Self::new(Code::Forbidden, "The owner of this resource outranks you.")
            }
            ResourceFault::Caller(fault) => fault.into(),
            ResourceFault::Refused(refused) => refused.into(),
            ResourceFault::Store(error) => error.into(),
        }
    }
}

impl From<GrantFault> for ApiError {
    fn from(fault: GrantFault) -> Self {
        match fault {
            GrantFault::Resource(fault) => fault.into(),
            GrantFault::OtherKind => {
                Self::field("permission", "other_kind", "`permission` is not about this kind of resource.")
            }
            GrantFault::Past => Self::field("expires_at", "past", "`expires_at` is not in the future."),
            GrantFault::TooMany => {
                Self::new(Code::Conflict, format!("The resource has {GRANTS_MAX} grants already."))
            }
            GrantFault::NotFound => Self::new(Code::NotFound, "There is no such grant."),
        }
    }
}
