//! What owners are told of their accounts: the facts that a letter puts into words. Knows no letter.

use std::net::IpAddr;

use crate::domain::time::Timestamp;

/// What happened to an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEvent {
    /// It was made.
    Created,
    /// It got a new secret.
    Rotated,
    /// Its secret is so old that it should be changed.
    Old,
}

/// How an account came to a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewPassword {
    /// Its owner, logged in, gave the old one.
    Changed,
    /// A mailed link was followed.
    Reset,
}

/// What the owner of an account is told of its new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordNotice {
    /// How it came about.
    pub how: NewPassword,
    /// When.
    pub at: Timestamp,
    /// From which address.
    pub client: IpAddr,
}

/// What happened to the second factor of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorNews {
    /// It was switched on.
    Enabled,
    /// It was switched off.
    Disabled,
    /// New backup codes were made.
    BackupCodesRenewed,
    /// A backup code was used.
    BackupCodeUsed,
    /// An account elsewhere opens the account from now on.
    Linked,
    /// One does no more.
    Unlinked,
}

impl FactorNews {
    /// The subject of the letter, and what it tells.
    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Enabled => (
                "Two-step login is on",
                "Two-step login was switched on: from now on a login asks for a code as well. Every other session was ended.",
            ),
            Self::Disabled => (
                "Two-step login is off",
                "Two-step login was switched off: from now on the password alone is enough. Every other session was ended.",
            ),
            Self::BackupCodesRenewed => {
                ("New backup codes", "New backup codes were made. The old ones do not work any more.")
            }
            Self::BackupCodeUsed => (
                "A backup code was used",
                "A backup code was used in place of a code of the authenticator app.",
            ),
            Self::Linked => (
                "Another way to log in",
                "An account with another provider was linked with yours: whoever can log in there can log in here.",
            ),
            Self::Unlinked => (
                "One way less to log in",
                "An account with another provider was unlinked from yours, and no longer opens it.",
            ),
        }
    }
}

/// What the owner of an account is told of its second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorNotice {
    /// What happened.
    pub news: FactorNews,
    /// When.
    pub at: Timestamp,
    /// From which address.
    pub client: IpAddr,
}

/// Who deleted an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletedBy {
    /// Its owner.
    Owner,
    /// An administrator.
    Administrator,
}

impl DeletedBy {
    /// The same, in a sentence.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Owner => "by somebody who was logged in to it",
            Self::Administrator => "by an administrator",
        }
    }
}

/// What an administrator did to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminNews {
    /// The password was taken away; the link sets a new one.
    PasswordReset,
    /// Second factors were taken away; the link leads to the server.
    FactorsRemoved,
}

impl AdminNews {
    /// The subject of the letter, what it tells, and what to do with its link.
    pub(super) const fn words(self) -> [&'static str; 3] {
        match self {
            Self::PasswordReset => [
                "Set a new password",
                "An administrator took your password away: it does not work any more, and every device that was logged in is logged out.",
                "To choose a new password, open this link. It works once and for a short time; the page behind it can ask for another. Give it to nobody: whoever has it can set your password.",
            ],
            Self::FactorsRemoved => [
                "Two-step login was reset",
                "An administrator took a second step of your login away: its codes are not asked for any more, and every device that was logged in is logged out.",
                "Log in and set it up again:",
            ],
        }
    }
}

/// How far an account is on its way to another address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewEmail {
    /// It was asked for.
    Asked,
    /// It is done.
    Done,
}

/// What the old address of an account is told of the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmailNotice {
    /// How far it is.
    pub what: NewEmail,
    /// When.
    pub at: Timestamp,
    /// From which network address.
    pub client: IpAddr,
}
