//! The profiles of the API: wire dialects of the same accounts, each with rules of its own. Knows no wire.

pub mod trading;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::password_policy::PolicyKind;
use super::role::Role;
use super::token::ExtraClaims;
use super::user::User;
use trading::{TradingPermission, TradingRole};

/// A profile: whose clients it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// The canonical wire with the values of the governance guide.
    Governance,
    /// Flat answers, `username`, and `detail` for errors.
    Pynomaly,
    /// The wire of the published `cirtusai-sdk`.
    Cirtusai,
    /// Bearer tokens, API keys and bound cookies of a trading system.
    Trading,
    /// Flat answers with numeric ids, and `detail` for errors.
    Scribes,
}

/// What the operator may change of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileRules {
    /// How long an access token lives.
    pub access_ttl: Duration,
    /// Whether an account without a proved address is refused at login.
    pub require_verified_email: bool,
    /// What is asked of a new password beside its length.
    pub password: PolicyKind,
}

/// Which claims an access token carries beside those that every one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClaimsShape {
    /// None.
    #[default]
    Canonical,
    /// `sub` is the username, roles and permissions are those of the guide.
    Trading,
    /// `sub` is the account and `role` is `admin` or `user`.
    Scribes,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 5] =
        [Self::Governance, Self::Pynomaly, Self::Cirtusai, Self::Trading, Self::Scribes];

    /// The stable name; its mount is `/` and the name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Governance => "governance",
            Self::Pynomaly => "pynomaly",
            Self::Cirtusai => "cirtusai",
            Self::Trading => "trading",
            Self::Scribes => "scribes",
        }
    }

    /// Where it is mounted.
    pub const fn mount(self) -> &'static str {
        match self {
            Self::Governance => "/governance",
            Self::Pynomaly => "/pynomaly",
            Self::Cirtusai => "/cirtusai",
            Self::Trading => "/trading",
            Self::Scribes => "/scribes",
        }
    }

    /// The rules of its guide (X5, X6, X21).
    pub const fn rules(self) -> ProfileRules {
        let (access_secs, require_verified_email, password) = match self {
            Self::Governance => (3_600, true, PolicyKind::Basic),
            Self::Pynomaly | Self::Cirtusai => (3_600, false, PolicyKind::Basic),
            Self::Trading => (1_800, false, PolicyKind::Strict),
            Self::Scribes => (1_800, true, PolicyKind::Classes),
        };
        ProfileRules { access_ttl: Duration::from_secs(access_secs), require_verified_email, password }
    }

    /// Which claims its access tokens carry (X11).
    pub const fn claims(self) -> ClaimsShape {
        match self {
            Self::Governance | Self::Pynomaly | Self::Cirtusai => ClaimsShape::Canonical,
            Self::Trading => ClaimsShape::Trading,
            Self::Scribes => ClaimsShape::Scribes,
        }
    }
}

impl ClaimsShape {
    /// What a token carries beside the claims that every one has.
    pub fn extra(self, user: &User) -> ExtraClaims {
        match self {
            Self::Canonical => ExtraClaims::default(),
            Self::Trading => {
                let held = TradingPermission::held_by(user).into_iter();
                let permissions = Some(held.map(|own| own.name().to_owned()).collect());
                ExtraClaims { sub: self.subject(user), role: None, permissions }
            }
            Self::Scribes => ExtraClaims {
                sub: self.subject(user),
                role: Some(scribes_role(user).to_owned()),
                permissions: None,
            },
        }
    }

    /// What both kinds of tokens name as `sub`.
    pub fn subject(self, user: &User) -> Option<String> {
        match self {
            Self::Canonical => None,
            Self::Trading => Some(user.username.as_str().to_owned()),
            Self::Scribes => Some(user.number.to_string()),
        }
    }

    /// What the roles of an account are called, where that is not by their slugs.
    pub fn roles(self, user: &User) -> Option<Vec<String>> {
        (self == Self::Trading).then(|| vec![TradingRole::of(user).name().to_owned()])
    }
}

/// What the scribes guide calls an account: `admin` from administrators up, else `user` (X13, S22).
pub fn scribes_role(user: &User) -> &'static str {
    if user.roles.iter().any(|role| *role >= Role::Admin) { "admin" } else { "user" }
}

/// What the pynomaly guide calls the roles of an account: `admin`, `user` and `viewer` (X13).
pub fn pynomaly_roles(user: &User) -> Vec<&'static str> {
    let name = |role: &Role| match role {
        Role::SuperAdmin | Role::Admin => "admin",
        Role::Manager | Role::Developer => "user",
        Role::Viewer => "viewer",
    };
    let mut names: Vec<_> = user.roles.iter().map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a profile; the profiles are governance, pynomaly, cirtusai, trading and scribes")]
pub struct NotAProfile;

impl FromStr for Profile {
    type Err = NotAProfile;

    fn from_str(text: &str) -> Result<Self, NotAProfile> {
        Self::ALL.into_iter().find(|profile| profile.name() == text).ok_or(NotAProfile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::user::ada;

    /// X13.
    #[test]
    fn roles_have_the_names_of_the_guides() {
        let with = |roles: &[Role]| User { roles: roles.to_vec(), ..ada() };
        assert_eq!(
            Role::ALL.map(|role| scribes_role(&with(&[role]))),
            ["user", "user", "user", "admin", "admin"]
        );
        assert_eq!(pynomaly_roles(&with(&Role::ALL)), ["admin", "user", "viewer"]);
        assert_eq!(pynomaly_roles(&with(&[Role::Manager])), ["user"]);
        assert_eq!(pynomaly_roles(&with(&[])), [""; 0]);
    }

    #[test]
    fn every_profile_is_read_back_from_its_name_and_mounted_under_it() {
        for profile in Profile::ALL {
            assert_eq!(profile.name().parse(), Ok(profile));
            assert_eq!(profile.mount(), format!("/{profile}"));
        }
        assert_eq!("Scribes".parse::<Profile>(), Err(NotAProfile));
    }
}
