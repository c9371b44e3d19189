//! How the refusals of the use cases look from outside: one place, so that two doors never differ.

use serde_json::json;

use super::error::ApiError;
use super::limit::seconds;
use crate::services::api_key::ManageFault;
use crate::services::api_key::usage::UseFault;
use crate::services::limits::Exceeded;
use crate::services::login::LoginFault;
use crate::services::registration::{FieldFault, HashFault, RegisterFault};
use crate::services::role::Refused;
use crate::services::session::{AuthFault, EndFault};
use crate::services::setup::SetupFault;
use crate::services::token::RefreshFault;
use crate::services::user::UpdateFault;
use crate::services::verification::VerifyFault;
use crate::services::{StoreError, Taken};
use crate::wire::error::ErrorCode as Code;

impl From<AuthFault> for ApiError {
    fn from(fault: AuthFault) -> Self {
        match fault {
            AuthFault::Invalid => Self::new(Code::TokenInvalid, "Invalid access token"),
            AuthFault::Expired => Self::new(Code::TokenExpired, "Access token has expired"),
            AuthFault::Store(error) => error.into(),
        }
    }
}

impl From<Exceeded> for ApiError {
    fn from(Exceeded(standing): Exceeded) -> Self {
        Self::new(Code::RateLimitExceeded, "Too many requests").retry_after(seconds(standing.until_next))
    }
}

/// A key that is known and must not be used so looks like one that is not.
impl From<UseFault> for ApiError {
    fn from(fault: UseFault) -> Self {
        match fault {
            UseFault::Invalid | UseFault::Noticed(_) => Self::new(Code::TokenInvalid, "Invalid API key"),
            UseFault::Store(error) => error.into(),
        }
    }
}

impl From<ManageFault> for ApiError {
    fn from(fault: ManageFault) -> Self {
        match fault {
            ManageFault::Field(fault) => Self::field(fault.field(), "invalid", format!("{}: {fault}", fault.field())),
            ManageFault::TooMany(max) => {
                Self::new(Code::Conflict, format!("You have {max} API keys already. Revoke one first."))
            }
            ManageFault::NotFound => Self::new(Code::NotFound, "There is no such API key."),
            ManageFault::Outranked => Self::new(Code::Forbidden, "The owner of this key outranks you."),
            ManageFault::Caller(fault) => fault.into(),
            ManageFault::Refused(refused) => refused.into(),
            ManageFault::Store(error) => error.into(),
        }
    }
}

impl From<LoginFault> for ApiError {
    fn from(fault: LoginFault) -> Self {
        match fault {
            LoginFault::Denied => Self::new(Code::AuthenticationFailed, "Invalid credentials"),
            LoginFault::Hash(fault) => fault.into(),
            LoginFault::Store(error) => error.into(),
        }
    }
}

impl From<RefreshFault> for ApiError {
    fn from(fault: RefreshFault) -> Self {
        match fault {
            RefreshFault::Invalid => Self::new(Code::TokenInvalid, "Invalid refresh token"),
            RefreshFault::Expired => Self::new(Code::TokenExpired, "Refresh token has expired"),
            RefreshFault::Store(error) => error.into(),
        }
    }
}

impl From<RegisterFault> for ApiError {
    fn from(fault: RegisterFault) -> Self {
        match fault {
            RegisterFault::Closed => Self::new(Code::Forbidden, "Registration is closed."),
            RegisterFault::Fields(faults) => fields(&faults),
            RegisterFault::Exists(taken) => {
                let field = match taken {
                    Taken::Email => "email",
                    Taken::Username => "username",
                };
                let message = format!("A user with this {field} already exists");
                Self::new(Code::AlreadyExists, message).details(json!({ "field": field }))
            }
            RegisterFault::Hash(fault) => fault.into(),
            RegisterFault::Store(error) => error.into(),
        }
    }
}

/// Names the first field in the shape of every field error, and all of them in `fields`.
fn fields(faults: &[FieldFault]) -> ApiError {
    let all: Vec<_> =
        faults.iter().map(|fault| json!({ "field": fault.field(), "message": fault.to_string() })).collect();
    let first = faults.first().map_or("body", FieldFault::field);
    let message = faults.first().map_or_else(String::new, |fault| format!("{first}: {fault}"));
    ApiError::new(Code::ValidationError, message)
        .details(json!({ "field": first, "reason": "invalid", "fields": all }))
}

impl From<SetupFault> for ApiError {
    fn from(fault: SetupFault) -> Self {
        match fault {
            SetupFault::Invalid => Self::new(Code::Forbidden, "The setup code is not valid."),
            SetupFault::Done => Self::new(Code::Conflict, "This server is set up already."),
            SetupFault::Register(fault) => fault.into(),
            SetupFault::Store(error) => error.into(),
        }
    }
}

impl From<VerifyFault> for ApiError {
    fn from(fault: VerifyFault) -> Self {
        match fault {
            VerifyFault::Invalid => {
                Self::new(Code::ValidationError, "This verification link is not valid any more.")
            }
            VerifyFault::Store(error) => error.into(),
        }
    }
}

impl From<EndFault> for ApiError {
    fn from(fault: EndFault) -> Self {
        match fault {
            EndFault::NotFound => Self::new(Code::NotFound, "There is no such session."),
            EndFault::Store(error) => error.into(),
        }
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Missing { required, held } => {
                let held: Vec<_> = held.iter().map(|permission| permission.name()).collect();
                let details = json!({ "required_permission": required.name(), "user_permissions": held });
                Self::new(Code::Forbidden, "Insufficient permissions").details(details)
            }
            Refused::Store(error) => error.into(),
        }
    }
}

impl From<UpdateFault> for ApiError {
    fn from(fault: UpdateFault) -> Self {
        match fault {
            UpdateFault::NotFound => Self::new(Code::NotFound, "There is no such user."),
            UpdateFault::Outranked => Self::new(Code::Forbidden, "This user outranks you."),
            UpdateFault::NotSettable => Self::field("status", "not_settable", "`pending` cannot be set."),
            UpdateFault::LastSuperAdmin => {
                Self::new(Code::Conflict, "The last active super administrator cannot be switched off.")
            }
            UpdateFault::Caller(fault) => fault.into(),
            UpdateFault::Refused(refused) => refused.into(),
            UpdateFault::Store(error) => error.into(),
        }
    }
}

impl From<HashFault> for ApiError {
    fn from(fault: HashFault) -> Self {
        match fault {
            HashFault::Busy { retry_after } => {
                let seconds = retry_after.as_secs().max(1);
                Self::new(Code::ServiceBusy, "The server is busy, please try again.").retry_after(seconds)
            }
            other => Self::internal(other),
        }
    }
}

/// A store that cannot take the write now says so with a time to come back; a damaged one is a failure.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { .. } | StoreError::Conflict { .. } => {
                Self::new(Code::ServiceBusy, "The server is busy, please try again.").retry_after(1)
            }
            StoreError::NoSpace(_) | StoreError::Io(_) | StoreError::Closed => {
                Self::new(Code::ServiceUnavailable, "The server cannot do this now.")
                    .retry_after(5)
                    .cause(error)
            }
            other => Self::internal(other),
        }
    }
}
