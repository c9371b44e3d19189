//! What a login attempt comes to, once its password was compared. Knows nothing of how.

use super::user::{Status, User};

/// Rules of a login that an operator may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginPolicy {
    /// Whether an account without a proved address is refused (R34).
    pub require_verified_email: bool,
}

/// What a login attempt comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// No. From outside every denial looks alike; the reason is for the audit log alone.
    Deny(DenyReason),
    /// The password was right and a second factor is asked for.
    RequireFactor,
    /// Yes.
    Grant,
}

/// Why a login was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenyReason {
    /// Nobody has this name.
    UnknownUser,
    /// The account has no password: it was invited and did not come yet, or an administrator took the password away.
    NoPassword,
    /// The password does not match.
    WrongPassword,
    /// The address was never proved.
    EmailNotVerified,
    /// An administrator switched the account off.
    AccountInactive,
    /// An administrator suspended the account.
    AccountSuspended,
    /// The account changed while its password was compared.
    AccountChanged,
    /// Too many wrong passwords or codes: this one was not even compared.
    Locked,
    /// The password was right, and the second-factor code is wrong or was used.
    WrongCode,
    /// No login waits under this handle: it was finished, took too many wrong codes, is too old, or never was.
    NoPendingLogin,
}

impl DenyReason {
    /// The stable name in audit records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown_user",
            Self::NoPassword => "no_password",
            Self::WrongPassword => "wrong_password",
            Self::EmailNotVerified => "email_not_verified",
            Self::AccountInactive => "account_inactive",
            Self::AccountSuspended => "account_suspended",
            Self::AccountChanged => "account_changed",
            Self::Locked => "locked",
            Self::WrongCode => "wrong_code",
            Self::NoPendingLogin => "no_pending_login",
        }
    }
}

/// Decides. The password is judged before the state of the account: who does not know the password
/// learns nothing about the account, in the audit log as little as outside.
pub fn decide(user: Option<&User>, matches: bool, policy: LoginPolicy) -> Decision {
    let Some(user) = user else { return Decision::Deny(DenyReason::UnknownUser) };
    if !matches {
        return Decision::Deny(DenyReason::WrongPassword);
    }
    match user.status {
        Status::Inactive => Decision::Deny(DenyReason::AccountInactive),
        Status::Suspended => Decision::Deny(DenyReason::AccountSuspended),
        Status::Pending | Status::Active => {
            if policy.require_verified_email && user.email_verified_at.is_none() {
                Decision::Deny(DenyReason::EmailNotVerified)
            } else if user.has_factor {
                Decision::RequireFactor
            } else {
                Decision::Grant
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::domain::user::ada;

    const STRICT: LoginPolicy = LoginPolicy { require_verified_email: true };
    const LAX: LoginPolicy = LoginPolicy { require_verified_email: false };

    #[test]
    fn every_combination_has_its_answer() {
        use Decision::{Deny, Grant, RequireFactor};
        use DenyReason::{AccountInactive, AccountSuspended, EmailNotVerified, WrongPassword};
        let proved = Some(Timestamp::EPOCH);
        let table = [
            (Status::Active, proved, true, false, STRICT, Grant),
            (Status::Active, proved, true, true, STRICT, RequireFactor),
            (Status::Active, proved, false, true, STRICT, Deny(WrongPassword)),
            (Status::Active, None, true, false, STRICT, Deny(EmailNotVerified)),
            (Status::Pending, None, true, false, STRICT, Deny(EmailNotVerified)),
            (Status::Pending, None, true, false, LAX, Grant),
            (Status::Pending, None, true, true, LAX, RequireFactor),
            (Status::Inactive, proved, true, false, LAX, Deny(AccountInactive)),
            (Status::Inactive, proved, false, false, LAX, Deny(WrongPassword)),
            (Status::Suspended, proved, true, true, LAX, Deny(AccountSuspended)),
        ];
        for (status, email_verified_at, matches, has_factor, policy, expected) in table {
            let user = User { status, email_verified_at, has_factor, ..ada() };
            assert_eq!(decide(Some(&user), matches, policy), expected, "{status} {matches} {has_factor}");
        }
    }

    #[test]
    fn nobody_is_denied_whatever_else_is_true() {
        for matches in [true, false] {
            assert_eq!(decide(None, matches, LAX), Decision::Deny(DenyReason::UnknownUser));
        }
    }
}
