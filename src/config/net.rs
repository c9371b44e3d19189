//! `[net]`: how long and how much a connection may take. Knows no sockets.

use std::time::Duration;

use super::reader::Reader;
use super::{HOUR, MINUTE, SECOND};

/// The limits of one connection, and of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Net {
    /// To finish the TLS handshake.
    pub handshake_timeout: Duration,
    /// To say anything at all, and to send a whole request head.
    pub header_timeout: Duration,
    /// The time a request body may take before its rate counts.
    pub body_grace: Duration,
    /// The slowest rate of a request body after that, in bytes a second.
    pub body_min_rate: u32,
    /// From the end of the head to the end of the answer.
    pub request_timeout: Duration,
    /// Between two requests on one connection.
    pub idle_timeout: Duration,
    /// Open connections in all.
    pub max_connections: u32,
    /// Open connections of one client address (IPv6: one /64). No address is exempt, loopback neither.
    pub max_connections_per_address: u32,
    /// The request head, in bytes.
    pub max_header_bytes: u32,
    /// The fields of a request head.
    pub max_header_fields: u32,
    /// The request body, in bytes.
    pub max_body_bytes: u32,
    /// The streams of one HTTP/2 connection.
    pub http2_max_streams: u32,
    /// HTTP/2 streams reset before they were served.
    pub http2_max_resets: u32,
    /// HTTP/2 frames without content in a second.
    pub http2_max_control_frames: u32,
    /// Between two HTTP/2 pings of the server's own.
    pub http2_ping_interval: Duration,
    /// How long one of them may stay unanswered.
    pub http2_ping_timeout: Duration,
    /// How long a stop waits for requests under way.
    pub drain_timeout: Duration,
}

impl Net {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let found = reader.problems.len();
        let net = Self {
            handshake_timeout: reader.duration("net.handshake_timeout", SECOND..=MINUTE),
            header_timeout: reader.duration("net.header_timeout", SECOND..=MINUTE),
            body_grace: reader.duration("net.body_grace", SECOND..=MINUTE),
            body_min_rate: reader.number("net.body_min_rate", 0..=1_048_576),
            request_timeout: reader.duration("net.request_timeout", SECOND..=10 * MINUTE),
            idle_timeout: reader.duration("net.idle_timeout", SECOND..=HOUR),
            max_connections: reader.number("net.max_connections", 10..=1_000_000),
            max_connections_per_address: reader.number("net.max_connections_per_address", 1..=1_000_000),
            max_header_bytes: reader.number("net.max_header_bytes", 8_192..=1_048_576),
            max_header_fields: reader.number("net.max_header_fields", 20..=1_000),
            max_body_bytes: reader.number("net.max_body_bytes", 16_384..=1_048_576),
            http2_max_streams: reader.number("net.http2_max_streams", 1..=1_000),
            http2_max_resets: reader.number("net.http2_max_resets", 1..=1_000),
            http2_max_control_frames: reader.number("net.http2_max_control_frames", 50..=100_000),
            http2_ping_interval: reader.duration("net.http2_ping_interval", SECOND..=5 * MINUTE),
            http2_ping_timeout: reader.duration("net.http2_ping_timeout", SECOND..=MINUTE),
            drain_timeout: reader.duration("net.drain_timeout", SECOND..=5 * MINUTE),
        };
        if reader.problems.len() == found && net.max_connections_per_address > net.max_connections {
            let reason = format!("is more than net.max_connections = {}", net.max_connections);
            reader.problem("net.max_connections_per_address", &reason);
        }
        net
    }
}
