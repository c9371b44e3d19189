//! Request and response bodies: the language of the API, shared by the server and its clients. Knows nothing
//! of routes, rules or storage.
//!
//! ## Decision
//! A body is read and written by serde in one pass; the poem-openapi derives beside it give the schema. Going
//! through `serde_json::Value`, as poem-openapi does by itself, costs about 10 us a request and leaves copies
//! of passwords behind. So each request type carries `deny_unknown_fields` twice, no type renames a field, and
//! an optional field is absent, never `null`, in an answer.

pub mod api_key;
pub mod audit;
pub mod auth;
pub mod authz;
pub mod cookie_session;
pub mod dev;
pub mod diagnosis;
pub mod email_change;
pub mod envelope;
pub mod error;
pub mod event;
pub mod explain;
pub mod factor;
pub mod federation;
pub mod guessing;
pub mod health;
pub mod live_session;
pub mod lockout;
pub mod oauth;
pub mod outbox;
pub mod password_change;
pub mod password_check;
pub mod password_reset;
pub mod personal_data;
pub mod profile;
pub mod resource;
pub mod role;
pub mod sample;
pub mod secret;
pub mod security_report;
pub mod server;
pub mod service;
pub mod session;
pub mod setup;
pub mod signing_key;
pub mod sms_factor;
pub mod stats;
pub mod step_up;
pub mod user;
pub mod user_care;
pub mod webhook;
pub mod word;

#[cfg(test)]
mod tests;
