//! Pure rules and state machines. Knows no I/O, no clock and no randomness: time, ids and secrets come in as values.

pub mod address;
pub mod api_key;
pub mod audit;
pub mod common_passwords;
pub mod credential;
pub mod email;
pub mod factor;
pub mod feed;
pub mod id;
pub mod limit;
pub mod link;
pub mod lockout;
pub mod login;
pub mod mail;
pub mod password_policy;
pub mod permission;
pub mod phone;
pub mod role;
pub mod session;
pub mod sms_factor;
pub mod stats;
pub mod suspicion;
pub mod template;
pub mod time;
pub mod token;
pub mod user;
