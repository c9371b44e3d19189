//! Why a login does not work, and how safe an account is: what is told of the facts. Knows nothing of how they are found.
//!
//! The texts are the trading guide's, word for word: its clients show them, and compare them. Two findings it does not
//! know are told besides: an address that a login demands proved, and an account without a password.

use super::credential::PasswordFault;
use super::id::UserId;

/// What was found of a login that does not work. The password that was typed is judged by its form alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The account, and what keeps it from logging in; `None`: nobody has the name.
    pub account: Option<(UserId, Vec<StatusIssue>)>,
    /// What no password of that form has.
    pub password: Vec<&'static str>,
    /// Whether requests for the account are refused because there were too many.
    pub is_limited: bool,
}

/// What keeps an account from logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusIssue {
    /// An administrator switched it off.
    Deactivated,
    /// Too many wrong passwords or codes locked it, everywhere or for some network.
    Locked,
    /// The address was never proved, and a login demands that.
    Unverified,
    /// It was invited and did not come yet, or an administrator took the password away.
    NoPassword,
}

impl StatusIssue {
    /// What is told of it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Deactivated => "Account is deactivated",
            Self::Locked => "Account is locked",
            Self::Unverified => "Email address is not verified",
            Self::NoPassword => "Account has no password",
        }
    }

    /// What helps.
    const fn help(self) -> &'static str {
        match self {
            Self::Deactivated => "Contact support to reactivate account",
            Self::Locked => "Wait for lockout period or contact support",
            Self::Unverified => "Verify the email address with the mailed link",
            Self::NoPassword => "Set a password with the mailed link",
        }
    }
}

/// One of the four tests: whether it was passed, and what is told of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Test {
    /// Whether nothing is wrong there.
    pub passed: bool,
    /// What is told.
    pub message: &'static str,
}

impl Test {
    const fn of(passed: bool, good: &'static str, bad: &'static str) -> Self {
        Self { passed, message: if passed { good } else { bad } }
    }
}

const NOT_FOUND: &str = "User not found";

impl Diagnosis {
    /// Whether somebody has the name.
    pub const fn user_exists(&self) -> Test {
        Test::of(self.account.is_some(), "User found", NOT_FOUND)
    }

    /// Whether the password can be one.
    pub const fn password_format(&self) -> Test {
        Test::of(self.password.is_empty(), "Password format is valid", "Password format issues found")
    }

    /// Whether the account may log in.
    pub fn account_status(&self) -> Test {
        let bad = if self.account.is_some() { "Account status issues found" } else { NOT_FOUND };
        let is_good = self.account.as_ref().is_some_and(|(_, issues)| issues.is_empty());
        Test::of(is_good, "Account status is good", bad)
    }

    /// Whether requests for the account are heard.
    pub const fn rate_limiting(&self) -> Test {
        Test::of(!self.is_limited, "Not rate limited", "User is rate limited")
    }

    /// All that is wrong, in the order of the tests.
    pub fn issues(&self) -> Vec<&'static str> {
        let nobody = self.account.is_none().then_some(NOT_FOUND);
        let limited = self.is_limited.then_some(self.rate_limiting().message);
        let status = self.status_issues().map(StatusIssue::text);
        nobody.into_iter().chain(self.password.iter().copied()).chain(status).chain(limited).collect()
    }

    /// What helps, in the order of the tests.
    pub fn recommendations(&self) -> Vec<&'static str> {
        const NAME: [&str; 2] = ["Check if username is correct", "Consider registering a new account"];
        const FORM: [&str; 2] = [
            "Update password to meet security requirements",
            "Use a mix of uppercase, lowercase, numbers, and special characters",
        ];
        const PACE: [&str; 2] = ["Wait for rate limit to reset", "Consider reducing request frequency"];
        let mut all = Vec::new();
        all.extend(NAME.iter().filter(|_| self.account.is_none()));
        all.extend(FORM.iter().filter(|_| !self.password.is_empty()));
        all.extend(self.status_issues().map(StatusIssue::help));
        all.extend(PACE.iter().filter(|_| self.is_limited));
        all
    }

    fn status_issues(&self) -> impl Iterator<Item = StatusIssue> {
        self.account.iter().flat_map(|(_, issues)| issues.iter().copied())
    }
}

/// What is told of a password whose form breaks a rule; `None`: the rule is not one of form.
pub const fn form_issue(fault: PasswordFault) -> Option<&'static str> {
    match fault {
        PasswordFault::TooShort => Some("Password must be at least 8 characters long"),
        PasswordFault::TooLong => Some("Password must be at most 128 characters long"),
        PasswordFault::NoUppercase => Some("Password must contain at least one uppercase letter"),
        PasswordFault::NoLowercase => Some("Password must contain at least one lowercase letter"),
        PasswordFault::NoDigit => Some("Password must contain at least one digit"),
        PasswordFault::NoSpecial => Some("Password must contain at least one special character"),
        PasswordFault::CommonPattern | PasswordFault::Breached | PasswordFault::Context => None,
    }
}

/// What is wrong with a token, and what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenIssue {
    /// It was good once.
    Expired,
    /// None of ours, or damaged.
    Invalid,
    /// It is ours and its time is not over, but its session or account is, or another token replaced it.
    Revoked,
}

impl TokenIssue {
    /// The stable name in audit records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Invalid => "invalid",
            Self::Revoked => "revoked",
        }
    }

    /// What is told of it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Expired => "Token has expired",
            Self::Invalid => "Invalid token format",
            Self::Revoked => "Token has been revoked",
        }
    }

    /// What helps.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Expired => "Refresh the token",
            Self::Invalid => "Check token format and secret key",
            Self::Revoked => "Log in again",
        }
    }
}

/// What is told of whether a second factor is on.
pub const fn factor_advice(is_on: bool) -> &'static str {
    if is_on { "MFA is properly configured" } else { "Enable MFA for enhanced security" }
}

/// What the risk of an account is reckoned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// Whether a second factor is on.
    pub has_factor: bool,
    /// Live sessions, by tokens and by cookie.
    pub sessions: usize,
    /// Live API keys.
    pub api_keys: usize,
}

/// Sessions and keys that are not too many yet.
const SESSIONS_FEW: usize = 5;
const API_KEYS_FEW: usize = 3;

impl Exposure {
    /// How risky the account is: 0 to 60.
    pub fn score(&self) -> u32 {
        self.risks().iter().map(|(worth, _)| worth).sum()
    }

    /// The risk in a word.
    pub fn level(&self) -> RiskLevel {
        match self.score() {
            50.. => RiskLevel::High,
            30..50 => RiskLevel::Medium,
            0..30 => RiskLevel::Low,
        }
    }

    /// What lowers the risk.
    pub fn recommendations(&self) -> Vec<&'static str> {
        self.risks().into_iter().map(|(_, advice)| advice).collect()
    }

    /// What each risk adds to the score, and what ends it.
    fn risks(&self) -> Vec<(u32, &'static str)> {
        let all = [
            (!self.has_factor, 30, "Enable multi-factor authentication for enhanced security"),
            (self.sessions > SESSIONS_FEW, 20, "Review and remove unused sessions"),
            (self.api_keys > API_KEYS_FEW, 10, "Review and revoke unused API keys"),
        ];
        all.into_iter().filter(|(is_there, ..)| *is_there).map(|(_, worth, advice)| (worth, advice)).collect()
    }
}

/// How risky an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskLevel {
    /// Below 30.
    Low,
    /// 30 and more.
    Medium,
    /// 50 and more.
    High,
}

impl RiskLevel {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        }
    }
}

#[cfg(test)]
mod tests;
