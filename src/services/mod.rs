//! To be written.

pub mod mail_transport;
