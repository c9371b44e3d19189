//! What happens to every request around its handler, one concern per file. Knows no operation. The
//! [edge](super::edge) calls these functions in order: one wrapper, no layer of boxes.

pub mod client_address;
pub mod cors;
pub mod debug_auth;
pub mod metrics;
pub mod request_id;
pub mod request_log;
pub mod security_headers;
pub mod transport;
