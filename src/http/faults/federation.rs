//! How refusals of logins with accounts elsewhere look from outside.

use super::super::error::ApiError;
use crate::domain::identity::{IDENTITIES_MAX, Unreached};
use crate::services::federation::FederationFault;
use crate::services::identity::UnlinkFault;
use crate::wire::error::ErrorCode as Code;

impl From<FederationFault> for ApiError {
    fn from(fault: FederationFault) -> Self {
        match fault {
            FederationFault::UnknownProvider => Self::new(Code::NotFound, "There is no such provider."),
            FederationFault::State => Self::field(
                "state",
                "invalid",
                "This is no login that this browser began, or it is too old, or it came back before. Begin again.",
            ),
            FederationFault::Refused => {
                Self::new(Code::AuthenticationFailed, "The provider did not confirm the login.")
            }
            FederationFault::Provider(fault) => {
                Self::new(Code::ProviderFailed, "The provider gave no answer that can be used.").cause(fault)
            }
            FederationFault::Unreached(Unreached::NoEmail) => Self::new(
                Code::Forbidden,
                "The provider vouches for no email address of yours, and the account there is not linked here.",
            ),
            FederationFault::Unreached(Unreached::Exists) => Self::new(
                Code::AlreadyExists,
                "An account with this email exists. Log in to it, and link the other account there.",
            ),
            FederationFault::Unreached(Unreached::Closed) => {
                Self::new(Code::Forbidden, "You have no account here, and none is made for you.")
            }
            FederationFault::Taken => {
                Self::new(Code::Conflict, "The account elsewhere opens another account here.")
            }
            FederationFault::TooMany => {
                Self::new(Code::Conflict, format!("An account has at most {IDENTITIES_MAX} links."))
            }
            FederationFault::Login(fault) => fault.into(),
            FederationFault::Stale(needed) => needed.into(),
            FederationFault::Caller(fault) => fault.into(),
            FederationFault::Store(error) => error.into(),
        }
    }
}

impl From<UnlinkFault> for ApiError {
    fn from(fault: UnlinkFault) -> Self {
        match fault {
            UnlinkFault::NotFound => Self::new(Code::NotFound, "There is no such link."),
            UnlinkFault::LastWay => Self::new(
                Code::Conflict,
                "Without this link nobody could log in to your account. Set a password first.",
            ),
            UnlinkFault::Stale(needed) => needed.into(),
            UnlinkFault::Caller(fault) => fault.into(),
            UnlinkFault::Store(error) => error.into(),
        }
    }
}
