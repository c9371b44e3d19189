//! A session that lives by a cookie: when it ends, how many there may be, and where it is at home. Pure; the cookie is
//! known by the hash of its secret.
//!
//! ## Decision: a use is written once a minute, and a session may end that much early
//! A write for every request is too many. So a use moves the idle end when the last one that moved it is a minute old
//! ([`GRAIN`]), and it is written before the request goes on. What is stored is never older than the last use by more
//! than that, and it alone is judged: a session may end up to a minute before its idle time is over, and never after.
//!
//! ## Decision: bound to nothing unless a policy says so
//! A phone changes its network on the way to work and a browser changes its name with each update: a session that ends
//! then teaches people to type their password often. So binding to network and browser is off, and past
//! [`max`](CookiePolicy::max) the oldest session makes room. Whoever wants it otherwise has a policy for it: bound to
//! both, and the sixth login refused. What does not fit is refused and reported, and the session goes on: a thief
//! cannot end it for its owner.

use std::net::IpAddr;
use std::time::Duration;

use super::address::network;
use super::session::Session;
use super::suspicion::Suspicious;
use super::time::Timestamp;

/// How much time passes between two uses that are written.
pub const GRAIN: Duration = Duration::from_secs(60);

/// The usual name of the cookie. `__Host-` makes a browser refuse it from a plain connection, for another host or for
/// some paths alone.
pub const NAME: &str = "__Host-latchkey";

/// The name that the trading guide gives it.
pub const TRADING_NAME: &str = "session_id";

/// The highest [`CookiePolicy::max`]: as many sessions make room in one transaction.
pub const MAX_LIMIT: usize = 20;

/// The cookie that a session lives by, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookie {
    /// The hash of its secret.
    pub hash: [u8; 32],
    /// When the session ends if it is not used again.
    pub idle_ends_at: Timestamp,
    /// When the session ends, however much it is used.
    pub ends_at: Timestamp,
}

/// The rules of sessions that live by a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookiePolicy {
    /// What browsers know the cookie by. A cookie that was given out under one name opens nothing under another: or a
    /// session that is bound to its network would be free of it at another door.
    pub name: &'static str,
    /// How long a session lives unused.
    pub idle_ttl: Duration,
    /// How long a session lives at most.
    pub absolute_ttl: Duration,
    /// The most live ones of one account: 1 to [`MAX_LIMIT`].
    pub max: usize,
    /// What a login above `max` comes to.
    pub over_max: OverMax,
    /// Whether a session works only in the network of its login: the IPv4 /24 or the IPv6 /64.
    pub bind_network: bool,
    /// Whether a session works only for the user agent of its login.
    pub bind_agent: bool,
    /// On which of the requests that other sites cause a browser sends the cookie.
    pub same_site: SameSite,
}

/// What a login above the most sessions comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverMax {
    /// The oldest session ends.
    Evict,
    /// The login is refused.
    Refuse,
}

/// On which of the requests that other sites cause a browser sends a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// When a person follows a link: whoever comes from a mail is logged in. Such a request changes nothing here.
    Lax,
    /// On none.
    Strict,
}

/// Where a cookie is shown does not fit its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// Another network.
    Address,
    /// Another user agent.
    Agent,
}

impl Mismatch {
    /// The kind of suspicious act.
    pub const fn kind(self) -> Suspicious {
        match self {
            Self::Address => Suspicious::IpAddressMismatch,
            Self::Agent => Suspicious::UserAgentMismatch,
        }
    }

    /// The words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Address => "IP address mismatch",
            Self::Agent => "User agent mismatch",
        }
    }
}

impl Cookie {
    /// A cookie that is given out at `now`.
    pub fn begin(hash: [u8; 32], now: Timestamp, policy: &CookiePolicy) -> Self {
        Self { hash, idle_ends_at: now.plus(policy.idle_ttl), ends_at: now.plus(policy.absolute_ttl) }
    }

    /// When its session ends if it is not used again.
    pub fn expires_at(&self) -> Timestamp {
        self.idle_ends_at.min(self.ends_at)
    }

    /// The cookie after a use at `now`. A clock that was set back takes no time away.
    #[must_use]
    pub fn used(self, now: Timestamp, policy: &CookiePolicy) -> Self {
        Self { idle_ends_at: now.plus(policy.idle_ttl).max(self.idle_ends_at), ..self }
    }
}

impl CookiePolicy {
    /// What does not fit when the cookie of `session` is shown by `agent` at `client`.
    pub fn mismatch(&self, session: &Session, client: IpAddr, agent: Option<&str>) -> Option<Mismatch> {
        if self.bind_network && network(session.client) != network(client) {
            return Some(Mismatch::Address);
        }
        (self.bind_agent && session.user_agent.as_deref() != agent).then_some(Mismatch::Agent)
    }
}

/// Whether a use of `session` at `now` is to be written.
pub fn is_due(session: &Session, now: Timestamp) -> bool {
    now.since(session.last_used_at) >= GRAIN
}

#[cfg(test)]
mod tests {
    use super::super::id::{SessionId, UserId};
    use super::super::session::Kind;
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    const START: Timestamp = Timestamp::from_seconds(1_700_000_000);
    const POLICY: CookiePolicy = CookiePolicy {
        name: NAME,
        idle_ttl: Duration::from_secs(24 * 3_600),
        absolute_ttl: Duration::from_secs(7 * 24 * 3_600),
        max: 5,
        over_max: OverMax::Evict,
        bind_network: true,
        bind_agent: true,
        same_site: SameSite::Lax,
    };

    fn session(client: &str) -> Session {
        Session {
            id: SessionId::from_bytes([1; 16]),
            user: UserId::from_bytes([2; 16]),
            epoch: 0,
            created_at: START,
            authenticated_at: START,
            last_used_at: START,
            client: client.parse().unwrap(),
            user_agent: Some("Browser/1".to_owned()),
            kind: Kind::Cookie(Cookie::begin([3; 32], START, &POLICY)),
        }
    }

    /// T30.
    #[test]
    fn use_moves_the_idle_end_and_never_the_absolute_one() {
        let mut cookie = Cookie::begin([3; 32], START, &POLICY);
        assert_eq!(cookie.expires_at(), START.plus(24 * HOUR));
        let mut now = START;
        for _ in 0..20 {
            now = now.plus(23 * HOUR);
            cookie = cookie.used(now, &POLICY);
            assert_eq!(cookie.ends_at, START.plus(7 * 24 * HOUR));
        }
        assert_eq!(cookie.expires_at(), START.plus(7 * 24 * HOUR));
        let early = cookie.used(START, &POLICY);
        assert_eq!(early, cookie, "a clock set back");
    }

    #[test]
    fn a_use_is_due_once_a_minute() {
        let session = session("203.0.113.7");
        let at = |seconds| is_due(&session, START.plus(Duration::from_secs(seconds)));
        assert_eq!([at(0), at(59), at(60), at(4_000)], [false, false, true, true]);
        assert!(!is_due(&session, START.minus(HOUR)));
    }

    /// T32, T33, T34.
    #[test]
    fn the_same_network_and_agent_fit_and_no_other() {
        let table = [
            ("203.0.113.7", "203.0.113.250", None),
            ("203.0.113.7", "203.0.112.7", Some(Mismatch::Address)),
            ("203.0.113.7", "::ffff:203.0.113.9", None),
            ("2001:db8::1", "2001:db8::ffff:1", None),
            ("2001:db8::1", "2001:db8:0:1::1", Some(Mismatch::Address)),
            ("203.0.113.7", "2001:db8::1", Some(Mismatch::Address)),
        ];
        for (login, now, expected) in table {
            let found = POLICY.mismatch(&session(login), now.parse().unwrap(), Some("Browser/1"));
            assert_eq!(found, expected, "{login} {now}");
        }
        let here = "203.0.113.7".parse().unwrap();
        for agent in [None, Some("browser/1"), Some("Browser/2")] {
            assert_eq!(POLICY.mismatch(&session("203.0.113.7"), here, agent), Some(Mismatch::Agent));
        }
        let free = CookiePolicy { bind_network: false, bind_agent: false, ..POLICY };
        assert_eq!(free.mismatch(&session("203.0.113.7"), "192.0.2.1".parse().unwrap(), None), None);
    }
}
