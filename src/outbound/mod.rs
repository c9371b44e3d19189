//! Everything that calls out. Knows the traits that services define for it, not who calls them or why.

pub mod http_client;
pub mod identity;
pub mod mail;
pub mod sms;
#[cfg(test)]
mod tests;
pub mod webhook;
