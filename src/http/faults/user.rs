//! How the refusals of acts on accounts look from outside.

use super::taken;
use crate::http::error::ApiError;
use crate::http::user::no_such_user;
use crate::http::user_care::no_such_factor;
use crate::services::user::creation::CreateFault;
use crate::services::user::{ActFault, OwnAct, UpdateFault};
use crate::wire::error::ErrorCode as Code;

impl From<ActFault> for ApiError {
    fn from(fault: ActFault) -> Self {
        match fault {
            ActFault::NotFound => no_such_user(),
            ActFault::NoFactor => no_such_factor(),
            ActFault::Outranked => Self::new(Code::Forbidden, "This user outranks you."),
            ActFault::Own(act) => Self::new(Code::Conflict, instead(act)),
            ActFault::LastSuperAdmin => {
                Self::new(Code::Conflict, "The last active super administrator stays.")
            }
            ActFault::Changed => {
                Self::new(Code::Conflict, "The account changed meanwhile. Look at it, and try again.")
            }
            ActFault::NotInvited => Self::new(Code::Conflict, "This user was not invited, or came already."),
            ActFault::TooManyMails(exceeded) => exceeded.into(),
            ActFault::Caller(fault) => fault.into(),
            ActFault::Stale(needed) => needed.into(),
            ActFault::Refused(refused) => refused.into(),
            ActFault::Store(error) => error.into(),
        }
    }
}

/// What one does instead, to one's own account.
const fn instead(act: OwnAct) -> &'static str {
    match act {
        OwnAct::Delete => "This is your own account. Delete it with DELETE /api/v1/users/me.",
        OwnAct::ResetPassword => {
            "This is your own account. Change its password with POST /api/v1/auth/password/change."
        }
        OwnAct::RemoveFactor => {
            "This is your own account. Switch its factor off with POST /api/v1/auth/mfa/disable or /auth/mfa/sms/disable."
        }
        OwnAct::Unlock => "This is your own account. Another administrator can unlock it.",
    }
}

impl From<UpdateFault> for ApiError {
    fn from(fault: UpdateFault) -> Self {
        match fault {
            UpdateFault::NotSettable => Self::field("status", "not_settable", "`pending` cannot be set."),
            UpdateFault::Taken(name) => taken(name),
            UpdateFault::Act(fault) => fault.into(),
        }
    }
}

impl From<CreateFault> for ApiError {
    fn from(fault: CreateFault) -> Self {
        match fault {
            CreateFault::ProvedByInvitation => Self::field(
                "email_verified",
                "not_allowed",
                "`email_verified` goes with `password`: without one an invitation proves the address.",
            ),
            CreateFault::Beyond => Self::new(Code::Forbidden, "You cannot give a role above your own."),
            CreateFault::TooManyMails(exceeded) => exceeded.into(),
            CreateFault::Register(fault) => fault.into(),
            CreateFault::Caller(fault) => fault.into(),
            CreateFault::Refused(refused) => refused.into(),
        }
    }
}
