//! The whole server without sockets: memory store, manual clock, seeded entropy, captured mail.
//!
//! A test says who does what: [`Anonymous`] and [`LoggedIn`] are the actors, and each request's exact audit
//! events can be asked for. Nothing here sleeps, and the same test always sees the same ids and tokens.

mod admin;
mod answer;
mod app;
mod auth;
mod stream;

pub use admin::text_at;
pub use answer::Answer;
pub use app::{Anonymous, LOCKOUT_ENTRIES, LoggedIn, PASSWORD, START, TestApp, shipped_limits};
pub use auth::{decoded, forged, is_waiting};
pub use stream::{Following, Heard};
