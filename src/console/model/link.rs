//! How the connection stands. Knows no socket.

use std::time::Duration;

use super::super::conn::Problem;
use super::super::conn::events::News;
use super::super::conn::problem::Kind;
use super::super::moment::{Moment, brief};
use super::super::theme::Token;

/// The connection as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    /// The first attempt is under way.
    #[default]
    Connecting,
    /// Events come.
    Live,
    /// The server is slow: no heartbeat since then.
    Lagging(Moment),
    /// It broke.
    Stale {
        /// Since when.
        since: Moment,
        /// When the next attempt begins.
        retry_at: Moment,
        /// Its number.
        attempt: u32,
        /// Why it broke.
        problem: Problem,
    },
    /// The credential is no longer good.
    Expired(Problem),
    /// The server refuses to tell events.
    Refused(Problem),
}

impl Link {
    /// What follows from `news`; `None`: nothing.
    pub fn after(&self, news: &News, now: Moment) -> Option<Self> {
        match news {
            News::Ready | News::Heard => Some(Self::Live),
            News::Late => Some(Self::Lagging(now)),
            News::Lost { problem, attempt, wait } => {
                let since = if let Self::Stale { since, .. } = self { *since } else { now };
                let retry_at = now.plus(*wait);
                Some(Self::Stale { since, retry_at, attempt: *attempt, problem: problem.clone() })
            }
            News::Refused(problem) if problem.kind == Kind::Expired => Some(Self::Expired(problem.clone())),
            News::Refused(problem) => Some(Self::Refused(problem.clone())),
            News::Events { .. } | News::Gap(_) => None,
        }
    }

    /// Whether what is shown can be believed, so that it may be acted on.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }

    /// Whether what is shown may be old.
    pub const fn is_stale(&self) -> bool {
        !matches!(self, Self::Live | Self::Lagging(_) | Self::Connecting)
    }

    /// Whether the words of it change with time.
    pub const fn moves(&self) -> bool {
        matches!(self, Self::Lagging(_) | Self::Stale { .. })
    }

    /// The word in the header, and its colour. `dot` is drawn before it when all is well.
    pub fn word(&self, now: Moment, dot: &str) -> (String, Token) {
        match self {
            Self::Connecting => ("CONNECTING".to_owned(), Token::Info),
            Self::Live => (format!("{dot} LIVE"), Token::Ok),
            Self::Lagging(since) => (format!("! LAGGING {}", brief(now.since(*since))), Token::Warn),
            Self::Stale { since, retry_at, attempt, .. } => {
                // Rounded up: "0s" would be over before it is read.
                let left = brief(retry_at.since(now) + Duration::from_millis(999));
                (format!("x STALE {}, retry in {left} ({attempt})", brief(now.since(*since))), Token::Danger)
            }
            Self::Expired(_) => ("x EXPIRED".to_owned(), Token::Danger),
            Self::Refused(_) => ("x REFUSED".to_owned(), Token::Danger),
        }
    }

    /// A sentence for the status line, when there is something to say.
    pub fn sentence(&self) -> Option<String> {
        match self {
            Self::Connecting | Self::Live => None,
            Self::Lagging(_) => Some("the server is slow; what you see may be old".to_owned()),
            Self::Stale { problem, .. } if problem.kind == Kind::Untrusted => Some(format!(
                "the certificate is not the expected one, nothing was sent: {}",
                problem.message
            )),
            Self::Stale { problem, .. } => Some(format!("{}; r tries again now", problem.line())),
            Self::Expired(problem) => {
                Some(format!("log in again, put the token into the key file, then r: {}", problem.line()))
            }
            Self::Refused(problem) => Some(format!("{}; r tries again", problem.line())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(attempt: u32) -> News {
        let problem = Problem::local(Kind::Unreachable, "GET /api/v1/events", "no connection");
        News::Lost { problem, attempt, wait: Duration::from_secs(3) }
    }

    #[test]
    fn a_loss_is_dated_from_its_beginning_and_ends_with_the_next_event() {
        let at = |seconds: i64| Moment::from_millis(seconds * 1_000);
        let link = Link::Live.after(&lost(1), at(10)).unwrap().after(&lost(2), at(20)).unwrap();
        assert_eq!(link.word(at(21), "*").0, "x STALE 11s, retry in 2s (2)");
        assert!(link.is_stale() && !link.is_live() && link.moves());
        assert_eq!(link.sentence().unwrap(), "GET /api/v1/events: no connection; r tries again now");
        assert_eq!(link.after(&News::Ready, at(22)), Some(Link::Live));
        assert_eq!(link.after(&News::Gap("expired".to_owned()), at(22)), None);
    }

    #[test]
    fn every_state_has_a_word() {
        let now = Moment::from_millis(0);
        let problem = |kind| Problem::local(kind, "GET /x", "why");
        let refused = |kind| Link::Live.after(&News::Refused(problem(kind)), now).unwrap();
        assert_eq!(Link::Live.word(now, "*"), ("* LIVE".to_owned(), Token::Ok));
        assert_eq!(
            Link::Live.after(&News::Late, now).unwrap().word(now.plus(Duration::from_secs(6)), "*").0,
            "! LAGGING 6s"
        );
        assert_eq!(refused(Kind::Expired).word(now, "*").0, "x EXPIRED");
        assert_eq!(refused(Kind::Forbidden).word(now, "*").0, "x REFUSED");
    }
}
