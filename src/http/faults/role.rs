//! How refusals about roles and permissions look from outside.

use serde_json::json;

use crate::domain::custom_role::{ROLES_MAX, ROLES_PER_USER_MAX};
use crate::http::error::ApiError;
use crate::http::user::no_such_user;
use crate::services::custom_role::HOLDERS_COUNTED;
use crate::services::role_act::RoleFault;
use crate::services::user_rights::ShowFault;
use crate::wire::error::ErrorCode as Code;

impl From<RoleFault> for ApiError {
    fn from(fault: RoleFault) -> Self {
        match fault {
            RoleFault::Field(fault) => {
                Self::field(fault.field(), fault.reason(), format!("{}: {fault}", fault.field()))
            }
            RoleFault::Taken => Self::new(Code::AlreadyExists, "A role with this name already exists")
                .details(json!({ "field": "name" })),
            RoleFault::NoRole => Self::new(Code::NotFound, "There is no such role."),
            RoleFault::NoUser => no_such_user(),
            RoleFault::NotHeld => Self::new(Code::NotFound, "The user does not have this."),
            RoleFault::TooMany => {
                Self::new(Code::Conflict, format!("There are {ROLES_MAX} custom roles already."))
            }
            RoleFault::TooManyHeld => Self::new(
                Code::Conflict,
                format!("The user has {ROLES_PER_USER_MAX} custom roles already. Take one away first."),
            ),
            RoleFault::BuiltIn => Self::new(Code::Conflict, "Built-in roles cannot be changed."),
            RoleFault::InUse { holders, heirs } => {
                let more = if holders >= HOLDERS_COUNTED { " or more" } else { "" };
                let message = format!(
                    "The role is in use: users who have it: {holders}{more}; roles that inherit from it: {heirs}."
                );
                Self::new(Code::Conflict, message).details(json!({ "users": holders, "roles": heirs }))
            }
            RoleFault::Outranked => Self::new(Code::Forbidden, "This user or role outranks you."),
            RoleFault::LastSuperAdmin => {
                Self::new(Code::Conflict, "The last active super administrator keeps this role.")
            }
            RoleFault::Caller(fault) => fault.into(),
            RoleFault::Stale(needed) => needed.into(),
            RoleFault::Refused(refused) => refused.into(),
            RoleFault::Store(error) => error.into(),
        }
    }
}

impl From<ShowFault> for ApiError {
    fn from(fault: ShowFault) -> Self {
        match fault {
            ShowFault::NotFound => no_such_user(),
            ShowFault::Refused(refused) => refused.into(),
            ShowFault::Store(error) => error.into(),
        }
    }
}
