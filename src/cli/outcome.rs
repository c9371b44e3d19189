//! How a command ends. Knows no command.

use std::error::Error;
use std::io;

use crate::config::ConfigError;
use crate::runtime::failure::Failure;

/// Done, or why not.
pub type Outcome = Result<(), Failed>;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failed {
    /// For these reasons; never empty.
    For(Vec<Failure>),
    /// The command cannot run like this, and another one can: exit code 2.
    Usage(Failure),
    /// Whoever read the output has stopped reading, as `head` does. That is no failure.
    OutputClosed,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::For(vec![failure])
    }
}

impl From<ConfigError> for Failed {
    fn from(error: ConfigError) -> Self {
        let failures = error
            .problems
            .iter()
            .map(|problem| Failure { what: problem.to_string(), help: problem.help.clone() });
        Self::For(failures.collect())
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::OutputClosed } else { failed(&error) }
    }
}

/// A failure in the words of `error` and its sources.
pub fn failed(error: &dyn Error) -> Failed {
    Failure::from_error(error).into()
}
