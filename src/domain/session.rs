//! A session: one login on one device, which lives by tokens or by a cookie; and the refresh family of the first kind.
//! Pure; tokens are known by id only.
//!
//! ## Decision: rotation with at most one successor
//! A refresh token has at most one successor, minted when it is first presented. Presenting it again
//! answers the same successor, for a lost response, until the successor has been used. So a family
//! holds two issues: the newest (`head`) and the one it replaced (`previous`). Whatever else is
//! presented was replaced twice over, and is reuse: the family dies (RFC 9700, 4.14).
//! `Strict` allows the retry for a short grace only; `Lazy` without limit, for clients that never
//! store the new token. Two slots instead of a list of all issues keep the row small for ever.

use std::net::IpAddr;
use std::time::Duration;

use super::cookie::Cookie;
use super::id::{SessionId, TokenId, UserId};
use super::time::Timestamp;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names the session (the claim `sid`).
    pub id: SessionId,
    /// Whose session it is.
    pub user: UserId,
    /// The account's `session_epoch` at login; the session is alive only while they are equal.
    pub epoch: u32,
    /// When the login was.
    pub created_at: Timestamp,
    /// When its person last proved a password or a second factor: at login or at a step-up. A refresh proves nothing.
    pub authenticated_at: Timestamp,
    /// When tokens were last given out, at login or refresh; or when the cookie was last seen, to the minute.
    pub last_used_at: Timestamp,
    /// Where the login came from.
    pub client: IpAddr,
    /// What the client called itself at login, cut to 256 bytes.
    pub user_agent: Option<String>,
    /// What it lives by.
    pub kind: Kind,
}

/// What a session lives by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Access tokens, and the refresh tokens that renew them.
    Tokens(Family),
    /// A cookie in a browser.
    Cookie(Cookie),
}

impl Kind {
    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Tokens(_) => "tokens",
            Self::Cookie(_) => "cookie",
        }
    }
}

impl Session {
    /// Whether the session still works at `now` for an account at `epoch`.
    pub fn is_alive(&self, epoch: u32, now: Timestamp) -> bool {
        self.epoch == epoch && now < self.expires_at()
    }

    /// When the session ends if it is not refreshed or, with a cookie, used again.
    pub fn expires_at(&self) -> Timestamp {
        match &self.kind {
            Kind::Tokens(family) => family.head.expires_at,
            Kind::Cookie(cookie) => cookie.expires_at(),
        }
    }

    /// When the session ends, whatever is done in it.
    pub const fn ends_at(&self) -> Timestamp {
        match &self.kind {
            Kind::Tokens(family) => family.expires_at,
            Kind::Cookie(cookie) => cookie.ends_at,
        }
    }

    /// The cookie it lives by, if it does.
    pub const fn cookie(&self) -> Option<&Cookie> {
        match &self.kind {
            Kind::Tokens(_) => None,
            Kind::Cookie(cookie) => Some(cookie),
        }
    }
}

/// The refresh tokens that descend from one login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// How a replaced token is treated; fixed at login.
    pub mode: Rotation,
    /// No token of the family lives longer than this.
    pub expires_at: Timestamp,
    /// The newest issue.
    pub head: Issue,
    /// The issue that `head` replaced, and when it did.
    pub previous: Option<(Issue, Timestamp)>,
}

/// One refresh token, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issue {
    /// The claim `jti`.
    pub id: TokenId,
    /// The claim `iat`, whole seconds.
    pub issued_at: Timestamp,
    /// The claim `exp`, whole seconds.
    pub expires_at: Timestamp,
}

/// How long a replaced refresh token may be presented again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rotation {
    /// For `retry_grace`, or until its successor is used.
    Strict,
    /// Until its successor is used.
    Lazy,
}

/// Lifetimes of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenPolicy {
    /// How long an access token lives.
    pub access_ttl: Duration,
    /// How long a refresh token lives.
    pub refresh_ttl: Duration,
    /// How long the family of one login lives at most.
    pub family_ttl: Duration,
    /// How replaced tokens of new families are treated.
    pub rotation: Rotation,
    /// How long a strict family answers a replaced token again.
    pub retry_grace: Duration,
}

/// What presenting a refresh token comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// First use: the family moved on, its head is the successor.
    Rotated,
    /// A retry: the head, which nobody has used, is answered again.
    Repeated,
    /// The token was replaced and its successor used, or its grace is over: somebody else has it.
    Reused,
    /// The token or the family is past its end.
    Expired,
}

impl Family {
    /// The family of a new login, and its first issue.
    pub fn begin(now: Timestamp, id: TokenId, policy: &TokenPolicy) -> Self {
        let expires_at = whole_seconds(now.plus(policy.family_ttl));
        let head = issue(now, id, policy, expires_at);
        Self { mode: policy.rotation, expires_at, head, previous: None }
    }

    /// Presents the token `id`; `successor` is the id for a new issue, should one be needed.
    pub fn present(
        &mut self,
        id: TokenId,
        now: Timestamp,
        successor: TokenId,
        policy: &TokenPolicy,
    ) -> Presented {
        if id == self.head.id {
            if now >= self.head.expires_at {
                return Presented::Expired;
            }
            self.previous = Some((self.head, now));
            self.head = issue(now, successor, policy, self.expires_at);
            return Presented::Rotated;
        }
        match self.previous {
            Some((previous, _)) if id == previous.id && now >= previous.expires_at => Presented::Expired,
            Some((previous, rotated_at)) if id == previous.id => {
                // Of two requests at one moment the earlier may be judged later; a clock set back by more than
                // that gives no second grace.
                let apart = now.since(rotated_at).max(rotated_at.since(now));
                let within = apart <= policy.retry_grace;
                match self.mode {
                    Rotation::Lazy => Presented::Repeated,
                    Rotation::Strict if within => Presented::Repeated,
                    Rotation::Strict => Presented::Reused,
                }
            }
            _ => Presented::Reused,
        }
    }
}

fn issue(now: Timestamp, id: TokenId, policy: &TokenPolicy, family_end: Timestamp) -> Issue {
    let issued_at = whole_seconds(now);
    Issue { id, issued_at, expires_at: whole_seconds(issued_at.plus(policy.refresh_ttl)).min(family_end) }
}

/// Tokens carry whole seconds, so the stored times do too: they are signed again as they stand.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.seconds())
}

#[cfg(test)]
mod tests;
