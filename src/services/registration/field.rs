//! What may be wrong with one field of a registration. Knows not how a field is checked.

use crate::domain::credential::PasswordFault;
use crate::domain::email::EmailError;
use crate::domain::user::{NotAName, NotAUsername};

/// One field of a registration is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// The address.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// The password.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// The display name.
    #[error(transparent)]
    Name(#[from] NotAName),
    /// The username.
    #[error(transparent)]
    Username(#[from] NotAUsername),
    /// The username, where nobody may choose one.
    #[error("cannot be chosen on this server")]
    UsernameChosen,
}

impl FieldFault {
    /// The field's name in requests.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Password(_) => "password",
            Self::Name(_) => "name",
            Self::Username(_) | Self::UsernameChosen => "username",
        }
    }

    /// One stable word for what is wrong: of a password the rule that it breaks.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Password(fault) => fault.rule().name(),
            _ => "invalid",
        }
    }
}
