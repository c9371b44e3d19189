//! What the outcome of an event looks like: a word and a colour. Knows no list.

use super::Cell;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::wire::audit::AuditLog;

/// The word for how `event` came out. Colour never stands alone.
pub fn outcome(event: &AuditLog) -> Cell {
    let (word, token) = match (event.action.as_str(), event.outcome.as_str()) {
        ("lockout.set", _) => ("LOCK", Token::Danger),
        (_, "success") => ("ok", Token::Ok),
        (_, "denied") => ("DENY", Token::Warn),
        (_, "failure") => ("FAIL", Token::Danger),
        (_, other) => return Cell::from(Safe::new(other)),
    };
    Cell(Safe::from(word), token)
}
