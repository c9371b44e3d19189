//! The whole server without sockets: memory store, manual clock, seeded entropy, captured mail.
//!
//! A test says who does what: [`Anonymous`] and [`LoggedIn`] are the actors, and each request's exact audit
//! events can be asked for. Nothing here sleeps, and the same test always sees the same ids and tokens.

mod admin;
mod answer;
mod app;
mod auth;
mod browser;
mod described;
mod factor;
mod gate;
mod keys;
mod parts;
mod provider;
mod resource;
mod role;
mod service;
mod stream;
mod surfer;
mod webhook;

pub use admin::{filled, text_at};
pub use answer::Answer;
pub use app::{Anonymous, LoggedIn, PASSWORD, START, TestApp};
pub use auth::{decoded, forged, is_waiting};
pub use browser::{InBrowser, SESSION};
pub use factor::{Authenticator, STEP};
pub use gate::{ASK, Rules, guard};
pub use keys::{KEYS, KeyHolder};
pub use parts::{LOCKOUT_ENTRIES, STORE_KEY, hash_pool, shared_over, shipped_limits, shipped_policy};
pub use provider::{Away, Federated};
pub use resource::{RESOURCES, place};
pub use service::{INTROSPECT, REVOKE, SERVICES, ServiceClient};
pub use stream::{Following, Heard};
pub use surfer::{SESSION_COOKIE, Surfer, WAITING_COOKIE, between};
pub use webhook::{Receiver, hook};
