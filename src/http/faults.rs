//! How the refusals of the use cases look from outside: one place, so that two doors never differ.

mod cookie;
mod diagnosis;
mod explain;
mod factor;
mod federation;
mod forward_auth;
mod oversight;
mod resource;
mod role;
mod service;
mod user;

use std::time::Duration;

use serde_json::json;

use super::error::ApiError;
use super::limit::seconds;
use super::principal::forged;
use crate::domain::permission::Permission;
use crate::services::api_key::ManageFault;
use crate::services::api_key::usage::UseFault;
use crate::services::email_change::EmailChangeFault;
use crate::services::events::FollowFault;
use crate::services::limits::Exceeded;
use crate::services::login::LoginFault;
use crate::services::new_password::NewPasswordFault;
use crate::services::password::Unfit;
use crate::services::password_change::ChangeFault;
use crate::services::password_proof::ProofFault;
use crate::services::password_reset::ResetFault;
use crate::services::personal_data::ExportFault;
use crate::services::registration::{HashFault, RegisterFault};
use crate::services::revocation::RevokeFault;
use crate::services::role::Refused;
use crate::services::session::{AuthFault, EndFault};
use crate::services::setup::SetupFault;
use crate::services::stats::StatsFault;
use crate::services::streams::NoRoom;
use crate::services::token::RefreshFault;
use crate::services::user_deletion::DeletionFault;
use crate::services::verification::VerifyFault;
use crate::services::{StoreError, Taken};
use crate::wire::error::ErrorCode as Code;
use factor::{mfa_required, wrong_code};

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
            ManageFault::Field(fault) => {
                Self::field(fault.field(), "invalid", format!("{}: {fault}", fault.field()))
            }
            ManageFault::TooMany(max) => {
                Self::new(Code::Conflict, format!("You have {max} API keys already. Revoke one first."))
            }
            ManageFault::NotFound => Self::new(Code::NotFound, "There is no such API key."),
            ManageFault::Outranked => Self::new(Code::Forbidden, "The owner of this key outranks you."),
            ManageFault::Caller(fault) => fault.into(),
            ManageFault::Stale(needed) => needed.into(),
            ManageFault::Refused(refused) => refused.into(),
            ManageFault::Store(error) => error.into(),
        }
    }
}

impl From<LoginFault> for ApiError {
    fn from(fault: LoginFault) -> Self {
        match fault {
            LoginFault::Denied | LoginFault::Barred(_) => {
                Self::new(Code::AuthenticationFailed, "Invalid credentials")
            }
            LoginFault::Locked { retry_after } => locked(retry_after),
            LoginFault::WrongCode => wrong_code(),
            LoginFault::NoPendingLogin => {
                Self::new(Code::AuthenticationFailed, "This login is not open any more. Log in again.")
            }
            LoginFault::TooManySessions => Self::new(Code::Conflict, "Maximum concurrent sessions exceeded"),
            LoginFault::Forged(cause) => forged(cause),
            LoginFault::Hash(fault) => fault.into(),
            LoginFault::Store(error) => error.into(),
        }
    }
}

/// Too many wrong passwords, at whichever door.
fn locked(retry_after: Duration) -> ApiError {
    let seconds = retry_after.as_secs();
    ApiError::new(Code::AccountLocked, "Too many failed attempts. Try again later.")
        .details(json!({ "retry_after": seconds }))
        .retry_after(seconds)
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
            RegisterFault::Fields(faults) => {
                fields(faults.iter().map(|fault| (fault.field(), fault.reason(), fault.to_string())))
            }
            RegisterFault::Exists(name) => taken(name),
            RegisterFault::Hash(fault) => fault.into(),
            RegisterFault::Store(error) => error.into(),
        }
    }
}

/// Another account has the name.
fn taken(name: Taken) -> ApiError {
    let field = name.field();
    let message = format!("A user with this {field} already exists");
    ApiError::new(Code::AlreadyExists, message).details(json!({ "field": field }))
}

/// Names the first fault in the shape of every field error, and all of them in `fields`: field, reason, message.
fn fields(faults: impl Iterator<Item = (&'static str, &'static str, String)> + Clone) -> ApiError {
    let (field, reason, fault) = faults.clone().next().unwrap_or(("body", "invalid", String::new()));
    let all = faults
        .map(|(field, reason, message)| json!({ "field": field, "reason": reason, "message": message }));
    let details = json!({ "field": field, "reason": reason, "fields": all.collect::<Vec<_>>() });
    ApiError::new(Code::ValidationError, format!("{field}: {fault}")).details(details)
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

impl From<NewPasswordFault> for ApiError {
    fn from(fault: NewPasswordFault) -> Self {
        const FIELD: &str = "new_password";
        match fault {
            NewPasswordFault::Unfit(Unfit(faults)) => {
                fields(faults.iter().map(|fault| (FIELD, fault.rule().name(), fault.to_string())))
            }
            NewPasswordFault::Reused => {
                let message = "must not be one of your last passwords".to_owned();
                fields(std::iter::once((FIELD, "reused", message)))
            }
            NewPasswordFault::Hash(fault) => fault.into(),
            NewPasswordFault::Store(error) => error.into(),
        }
    }
}

impl From<ChangeFault> for ApiError {
    fn from(fault: ChangeFault) -> Self {
        match fault {
            ChangeFault::Current(ProofFault::WrongPassword) => {
                Self::new(Code::AuthenticationFailed, "The current password is wrong.")
            }
            ChangeFault::Current(fault) => fault.into(),
            ChangeFault::New(fault) => fault.into(),
        }
    }
}

impl From<ProofFault> for ApiError {
    fn from(fault: ProofFault) -> Self {
        match fault {
            ProofFault::WrongPassword => Self::new(Code::AuthenticationFailed, "The password is wrong."),
            ProofFault::Locked { retry_after } => locked(retry_after),
            ProofFault::Caller(fault) => fault.into(),
            ProofFault::Hash(fault) => fault.into(),
            ProofFault::Store(error) => error.into(),
        }
    }
}

impl From<ResetFault> for ApiError {
    fn from(fault: ResetFault) -> Self {
        match fault {
            ResetFault::Invalid => Self::field("token", "invalid", "This reset link is not valid any more."),
            ResetFault::New(fault) => fault.into(),
            ResetFault::Store(error) => error.into(),
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
                let held: Vec<_> = held.iter().map(Permission::name).collect();
                let details = json!({ "required_permission": required.name(), "user_permissions": held });
                Self::new(Code::Forbidden, "Insufficient permissions").details(details)
            }
            Refused::NoFactor => mfa_required("Your role needs a second factor for this. Set one up first."),
            Refused::Store(error) => error.into(),
        }
    }
}

impl From<RevokeFault> for ApiError {
    fn from(fault: RevokeFault) -> Self {
        match fault {
            RevokeFault::Unsupported => {
                Self::new(Code::ValidationError, "A service does not revoke API keys.")
                    .named_in_oauth("unsupported_token_type")
            }
            RevokeFault::Key(fault) => fault.into(),
            RevokeFault::Caller(fault) => fault.into(),
            RevokeFault::Refused(refused) => refused.into(),
            RevokeFault::Store(error) => error.into(),
        }
    }
}

impl From<FollowFault> for ApiError {
    fn from(fault: FollowFault) -> Self {
        match fault {
            FollowFault::Refused(refused) => refused.into(),
            FollowFault::NoRoom(NoRoom::OfUser) => {
                Self::new(Code::RateLimitExceeded, "You follow too many streams already.").retry_after(5)
            }
            FollowFault::NoRoom(NoRoom::OfServer) => {
                Self::new(Code::ServiceBusy, "The server carries as many streams as it may.").retry_after(5)
            }
            FollowFault::Store(error) => error.into(),
        }
    }
}

impl From<StatsFault> for ApiError {
    fn from(fault: StatsFault) -> Self {
        match fault {
            StatsFault::Backwards => Self::field("from", "invalid", "`from` is after `to`."),
            StatsFault::Refused(refused) => refused.into(),
            StatsFault::Store(error) => error.into(),
        }
    }
}

impl From<EmailChangeFault> for ApiError {
    fn from(fault: EmailChangeFault) -> Self {
        const FIELD: &str = "new_email";
        match fault {
            EmailChangeFault::Stale(needed) => needed.into(),
            EmailChangeFault::Address(fault) => Self::field(FIELD, "invalid", format!("{FIELD}: {fault}")),
            EmailChangeFault::Unchanged => {
                Self::field(FIELD, "unchanged", "This is the address of your account already.")
            }
            EmailChangeFault::Taken => {
                Self::new(Code::AlreadyExists, "A user with this email already exists")
                    .details(json!({ "field": FIELD }))
            }
            EmailChangeFault::Caller(fault) => fault.into(),
            EmailChangeFault::Store(error) => error.into(),
        }
    }
}

impl From<DeletionFault> for ApiError {
    fn from(fault: DeletionFault) -> Self {
        match fault {
            DeletionFault::Stale(needed) => needed.into(),
            DeletionFault::SwitchedOff => {
                Self::new(Code::Forbidden, "Ask an administrator to delete your account.")
            }
            DeletionFault::LastSuperAdmin => {
                Self::new(Code::Conflict, "The last active super administrator cannot be deleted.")
            }
            DeletionFault::Caller(fault) => fault.into(),
            DeletionFault::Store(error) => error.into(),
        }
    }
}

impl From<ExportFault> for ApiError {
    fn from(fault: ExportFault) -> Self {
        match fault {
            ExportFault::Stale(needed) => needed.into(),
            ExportFault::Limited(exceeded) => exceeded.into(),
            ExportFault::Act(fault) => fault.into(),
            ExportFault::Caller(fault) => fault.into(),
            ExportFault::Store(error) => error.into(),
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
