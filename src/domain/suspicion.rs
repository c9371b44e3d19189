//! What looks like an attack. Knows nothing of how it is noticed or kept.

/// A kind of suspicious act. The names are stable: operators alert on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suspicious {
    /// So many wrong passwords that an account was locked.
    FailedLogins,
    /// A refresh token was used after its successor: one of the two users is a thief.
    TokenReuse,
    /// A caller reached for an account of a higher rank.
    PrivilegeEscalation,
    /// A planted API key was used, which nobody has a reason to use.
    CanaryUsed,
    /// The cookie of a session was shown in another network than that of its login.
    IpAddressMismatch,
    /// The cookie of a session was shown by another user agent than that of its login.
    UserAgentMismatch,
}

impl Suspicious {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FailedLogins => "failed_logins",
            Self::TokenReuse => "token_reuse",
            Self::PrivilegeEscalation => "privilege_escalation",
            Self::CanaryUsed => "canary_used",
            Self::IpAddressMismatch => "ip_address_mismatch",
            Self::UserAgentMismatch => "user_agent_mismatch",
        }
    }
}
