//! What an operator sees of everybody, and ends, over the API.

pub mod guessing;
pub mod lockouts;
pub mod many_sessions;
pub mod outbox;
pub mod server;
pub mod sessions;
pub mod webhooks;

use super::error::{ApiError, Statuses};
use crate::domain::id::NotAnId;
use crate::services::oversight::{OversightFault, Thing};

/// What these operations can answer beside success.
pub struct Overseen;

impl Statuses for Overseen {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503];
}

/// The id in a path. What is no id names nothing.
pub(super) fn id_of<T: std::str::FromStr<Err = NotAnId>>(text: &str, thing: Thing) -> Result<T, ApiError> {
    text.parse().map_err(|_| OversightFault::NotFound(thing).into())
}

fn fifty() -> u32 {
    50
}
