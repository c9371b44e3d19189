//! The way to a server: where it is, whom to trust, one request, and the stream of events. Knows no view.

pub mod address;
pub mod backoff;
pub mod client;
pub mod events;
pub mod place;
pub mod problem;
pub mod sse;
pub mod transport;
pub mod trust;

pub use address::{Address, Credential, Target, Trust};
pub use client::{Answer, Client, Method, Request};
pub use problem::Problem;
