//! Places in the feed of what happens, and the rules of following it. Knows no store and no clock.
//!
//! ## Decision: a cursor names its record by its hash
//! A lane and a sequence alone would let a reader of a store that was put back from a backup go on silently in another
//! history. So a cursor carries eight bytes of the chain hash of the record it stands behind: it fits one chain only,
//! and whoever does not fit is told of a gap. To clients it is opaque text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The rules of event streams that an operator may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamPolicy {
    /// Streams open at a time.
    pub max_streams: usize,
    /// Streams of one account open at a time.
    pub max_streams_per_user: usize,
    /// The longest silence on a stream.
    pub heartbeat: Duration,
}

/// A place in the feed, behind a commit record or behind some of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The writer lane.
    pub lane: u16,
    /// The sequence of the record; 0: before the first.
    pub seq: u64,
    /// The first bytes of the record's chain hash; zeros before the first.
    pub tag: [u8; 8],
    /// How many of the record's events lie before this place; `None`: all of them.
    pub seen: Option<u16>,
}

impl Cursor {
    /// The place behind the whole record at `seq`, whose chain hash is `hash`.
    pub fn behind(lane: u16, seq: u64, hash: &[u8; 32]) -> Self {
        Self { lane, seq, tag: hash.first_chunk().copied().unwrap_or_default(), seen: None }
    }

    /// The place behind the first `count` events of the same record.
    #[must_use]
    pub const fn within(self, count: u16) -> Self {
        Self { seen: Some(count), ..self }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:016x}", self.lane, self.seq, u64::from_be_bytes(self.tag))?;
        self.seen.map_or(Ok(()), |seen| write!(f, "-{seen}"))
    }
}

/// The text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct NotACursor;

impl FromStr for Cursor {
    type Err = NotACursor;

    /// Only the text that [`fmt::Display`] gives: two texts are never one place.
    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let mut parts = text.splitn(4, '-');
        let mut part = || parts.next().ok_or(NotACursor);
        let lane = part()?.parse().map_err(|_| NotACursor)?;
        let seq = part()?.parse().map_err(|_| NotACursor)?;
        let tag = u64::from_str_radix(part()?, 16).map_err(|_| NotACursor)?.to_be_bytes();
        let seen = parts.next().map(str::parse).transpose().map_err(|_| NotACursor)?;
        let cursor = Self { lane, seq, tag, seen };
        if cursor.to_string() == text { Ok(cursor) } else { Err(NotACursor) }
    }
}

/// What a reader wants to hear of, by the first word of the action's name.
pub const TOPICS: &[&str] = &[
    "access",
    "api_key",
    "audit",
    "config",
    "diagnosis",
    "email",
    "grant",
    "identity",
    "key",
    "lockout",
    "login",
    "mail",
    "mfa",
    "password",
    "permission",
    "refresh",
    "resource",
    "role",
    "service",
    "session",
    "setup",
    "store",
    "suspicion",
    "totp",
    "user",
    "webhook",
];

/// A choice of [`TOPICS`]; empty: all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics(Vec<&'static str>);

/// The text names no topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a topic")]
pub struct NotATopic;

impl Topics {
    /// The topics of these names.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, NotATopic> {
        let known = |name| TOPICS.iter().copied().find(|topic| *topic == name).ok_or(NotATopic);
        names.into_iter().map(known).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an act of this name is among them.
    pub fn hold(&self, action: &str) -> bool {
        self.0.is_empty() || self.0.contains(&topic(action))
    }
}

/// The topic of an act: the first word of its name.
pub fn topic(action: &str) -> &str {
    action.split_once('.').map_or(action, |(topic, _)| topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_from_its_text_and_from_no_other() {
        let whole = Cursor::behind(0, 42, &[0x0f; 32]);
        assert_eq!(whole.to_string(), "0-42-0f0f0f0f0f0f0f0f");
        assert_eq!(whole.within(3).to_string(), "0-42-0f0f0f0f0f0f0f0f-3");
        for cursor in [whole, whole.within(3), Cursor::behind(7, u64::MAX, &[0; 32]).within(u16::MAX)] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in [
            "",
            "42",
            "0-42",
            "0-42-",
            "0-42-0f0f",
            "0-42-0F0F0F0F0F0F0F0F",
            "00-42-0f0f0f0f0f0f0f0f",
            "0-+42-0f0f0f0f0f0f0f0f",
            "0-42-0f0f0f0f0f0f0f0f-",
            "0-42-0f0f0f0f0f0f0f0f-3-4",
            "0-18446744073709551616-0f0f0f0f0f0f0f0f",
            " 0-42-0f0f0f0f0f0f0f0f",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text:?}");
        }
    }

    #[test]
    fn no_topic_is_every_topic() {
        let (all, few) = (Topics::default(), Topics::of(["login", "mfa"]).unwrap());
        assert!(all.hold("login.failed") && all.hold("whatever"));
        assert!(few.hold("login.failed") && few.hold("mfa.enabled"));
        assert!(!few.hold("lockout.set") && !few.hold("login_other.failed"));
        assert_eq!(Topics::of(["login", "logins"]), Err(NotATopic));
        assert_eq!(Topics::of([""]), Err(NotATopic));
    }

    /// An act whose topic is missing here could be asked for by nobody.
    #[test]
    fn every_act_has_a_topic_that_can_be_asked_for() {
        let names =
            include_str!("audit.rs").lines().filter_map(|line| line.split_once("=> \"")?.1.split_once('.'));
        let topics: Vec<_> = names.map(|(topic, _)| topic).collect();
        assert!(topics.len() >= 20, "{topics:?}");
        for topic in topics {
            assert!(TOPICS.contains(&topic), "{topic} is missing in TOPICS");
        }
    }
}
