//! Where a value came from. Knows no values but the printed form of those that are no secret.

use std::fmt;

/// The layer a value came from, weakest first: the order is the precedence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Built in, as `auth.toml.example` says, or made from other settings.
    Default,
    /// The configuration file.
    File {
        /// Its path as it was given.
        path: String,
        /// Counted from 1; 0 when the line is not known.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A command line flag, with its dashes.
    Flag(String),
}

impl Source {
    /// The height of the layer: 0 default, 1 file, 2 environment, 3 flag.
    pub fn layer(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File { .. } => 1,
            Self::Environment(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: 0 } => f.write_str(path),
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One effective setting, ready to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its dotted key, such as `tokens.access_ttl` or `listen[0].addr`.
    pub key: String,
    /// As TOML writes it, secrets redacted; `None` when it is not set.
    pub shown: Option<String>,
    /// Where it came from.
    pub source: Source,
}
