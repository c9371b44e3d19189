//! What is wrong with a configuration, as lines an operator can act on. Knows no values: a message can hold no secret.

use std::fmt;

use super::source::Source;

/// Everything found wrong. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct ConfigError {
    /// In the order of the file where they have a line, then of the settings.
    pub problems: Vec<Problem>,
}

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where the value came from; `None` when no single place is to blame.
    pub source: Option<Source>,
    /// What is wrong, beginning with the key.
    pub what: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with no place and no help.
    pub fn new(what: impl Into<String>) -> Self {
        Self { source: None, what: what.into(), help: None }
    }

    /// Names the place.
    #[must_use]
    pub fn at(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// `place: what`, without the help.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            None | Some(Source::Default) => f.write_str(&self.what),
            Some(source) => write!(f, "{source}: {}", self.what),
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}
