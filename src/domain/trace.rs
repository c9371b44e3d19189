//! How a request was judged, step by step: what was looked at, what was found, and what helps. Knows no request and no
//! clock.
//!
//! ## Decision: a step can hold no text of a request
//! A trace is kept for a day and read by operators, and the request that it tells of carried passwords, codes, tokens
//! and keys. So a [`Fact`] is a number, a time, an id, a permission or a word of this program, and there is no way to
//! make one from a text that was sent. The one sentence in it, [`Fact::Told`], is what the client was answered.
//!
//! ## Decision: what is kept are names and values, and the sentences are made when somebody reads
//! A trace is written for each denial and read for few. A kind's sentences stand here once, with gaps for its facts.

mod kinds;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use ipnet::IpNet;

use super::id::{ApiKeyId, SessionId, UserId};
use super::permission::{Permission, Permissions};
use super::time::Timestamp;

pub use kinds::Kind;

/// Most traces that may be kept: whoever looks for one reads what all are found by.
pub const ENTRIES_MAX: u32 = 200_000;

/// How long and how many traces are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TracePolicy {
    /// How long; zero: none are.
    pub keep_for: Duration,
    /// How many at most; up to [`ENTRIES_MAX`].
    pub max_entries: u32,
}

/// How one step came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stood against the request.
    Passed,
    /// It was refused.
    Denied,
    /// It was refused because there were too many.
    Limited,
}

impl Verdict {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Denied => "denied",
            Self::Limited => "limited",
        }
    }
}

/// One step of a judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was judged, and how it came out.
    pub kind: Kind,
    /// By what: names, each once, and values.
    pub facts: Vec<(&'static str, Fact)>,
}

impl From<Kind> for Step {
    fn from(kind: Kind) -> Self {
        Self { kind, facts: Vec::new() }
    }
}

impl Kind {
    /// This step, with a fact.
    pub fn with(self, name: &'static str, fact: impl Into<Fact>) -> Step {
        Step::from(self).with(name, fact)
    }

    /// The kind with this stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl Step {
    /// The same with one more fact.
    #[must_use]
    pub fn with(mut self, name: &'static str, fact: impl Into<Fact>) -> Self {
        self.facts.push((name, fact.into()));
        self
    }

    /// The same as it is read: names and values as text.
    pub fn told(&self) -> Told {
        let facts = self.facts.iter().map(|(name, fact)| ((*name).to_owned(), fact.to_string()));
        Told::new(self.kind.name(), facts.collect())
    }
}

/// A step as it is read: also one that was kept by another version of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The stable name of its kind.
    pub name: String,
    /// How it came out; a kind that is not known was no good.
    pub verdict: Verdict,
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// What was found.
    pub cause: String,
    /// What helps; empty where nothing is wrong.
    pub mend: String,
}

impl Told {
    /// The step `name` with its facts.
    pub fn new(name: &str, facts: Vec<(String, String)>) -> Self {
        let (verdict, cause, mend) = Kind::named(name)
            .map_or((Verdict::Denied, "Another version of the server kept this step.", ""), |kind| {
                (kind.verdict(), kind.cause(), kind.mend())
            });
        let (cause, mend) = (filled(cause, &facts), filled(mend, &facts));
        Self { name: name.to_owned(), verdict, facts, cause, mend }
    }
}

/// The step that decided: the last that was no good.
pub fn deciding(steps: &[Told]) -> Option<&Told> {
    steps.iter().rev().find(|step| step.verdict != Verdict::Passed)
}

/// `text` with each `{name}` replaced by the fact of that name. A value is not looked through again.
fn filled(text: &str, facts: &[(String, String)]) -> String {
    let mut parts = text.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        let found = facts.iter().find(|(known, _)| known == name);
        out.push_str(found.map_or("unknown", |(_, value)| value));
        out.push_str(rest);
    }
    out
}

/// What a step was judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A word of this program.
    Word(&'static str),
    /// A number.
    Number(u64),
    /// A moment.
    At(Timestamp),
    /// A length of time.
    For(Duration),
    /// An account.
    User(UserId),
    /// A session.
    Session(SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// A permission.
    Permission(Permission),
    /// Permissions that somebody holds or asks for.
    Permissions(Permissions),
    /// Networks that a rule names.
    Networks(Vec<IpNet>),
    /// What stands for a typed name of nobody.
    NameHash([u8; 16]),
    /// What the client was answered.
    Told(Cow<'static, str>),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Number(number) => number.fmt(f),
            Self::At(at) => at.fmt(f),
            Self::For(time) => spell(*time, f),
            Self::User(id) => id.fmt(f),
            Self::Session(id) => id.fmt(f),
            Self::ApiKey(id) => id.fmt(f),
            Self::Permission(permission) => permission.fmt(f),
            Self::Permissions(all) => list(all.iter(), f),
            Self::Networks(all) => list(all.iter(), f),
            Self::NameHash(tag) => tag.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::Told(text) => f.write_str(text),
        }
    }
}

fn list(all: impl Iterator<Item = impl fmt::Display>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut is_first = true;
    for one in all {
        write!(f, "{}{one}", if is_first { "" } else { ", " })?;
        is_first = false;
    }
    if is_first { f.write_str("nothing") } else { Ok(()) }
}

/// A time in its two largest units, rounded up to the second.
fn spell(time: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    let mut said = 0;
    for (length, unit) in UNITS {
        let count = left / length;
        if count > 0 && said < 2 {
            write!(f, "{}{count} {unit}", if said > 0 { " " } else { "" })?;
            left -= count * length;
        }
        said += u32::from(count > 0 || said > 0);
    }
    if said == 0 { f.write_str("0 s") } else { Ok(()) }
}

macro_rules! from {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl From<$type> for Fact {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}
from! {
    &'static str => Word,
    u64 => Number,
    u32 => Number,
    Timestamp => At,
    Duration => For,
    UserId => User,
    SessionId => Session,
    ApiKeyId => ApiKey,
    Permission => Permission,
    Permissions => Permissions,
    Vec<IpNet> => Networks,
    [u8; 16] => NameHash,
}

#[cfg(test)]
mod tests;
