//! The one line that says what just happened. Knows no view.

use super::super::moment::Moment;
use super::super::safe::Safe;
use super::super::theme::Token;

/// What is said, until something else is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: Safe,
    /// How bad it is.
    pub token: Token,
    /// Since when.
    pub at: Moment,
}

impl Notice {
    /// Something went as it should.
    pub fn good(text: &str, at: Moment) -> Self {
        Self { text: Safe::new(text), token: Token::Ok, at }
    }

    /// Something to know.
    pub fn info(text: &str, at: Moment) -> Self {
        Self { text: Safe::new(text), token: Token::Info, at }
    }

    /// Something was not done.
    pub fn refusal(text: &str, at: Moment) -> Self {
        Self { text: Safe::new(text), token: Token::Warn, at }
    }

    /// Something broke.
    pub fn failure(text: &str, at: Moment) -> Self {
        Self { text: Safe::new(text), token: Token::Danger, at }
    }
}
