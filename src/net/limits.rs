//! The deadlines and caps of a connection. Knows nothing of where they come from.

use std::time::Duration;

use ipnet::IpNet;

/// What one connection, and all together, may take. Every wait a client can cause ends within 30 s by default.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From accept to the first byte. A client that connects speaks at once; scanners often never do. 10 s.
    pub first_byte_timeout: Duration,
    /// From the first byte to the end of the TLS handshake: two or three round trips. 10 s.
    pub handshake_timeout: Duration,
    /// From the first to the last byte of a request head, and from a new connection's readiness to its first
    /// request. A drip does not extend it. It may be late by as much again. 10 s.
    pub header_read_timeout: Duration,
    /// The time a body may take before its rate counts; lost packets and slow starts fit in. 10 s.
    pub body_grace: Duration,
    /// Slowest rate of a body after the grace, bytes a second. With the cap of 64 KiB a body ends within 26 s
    /// even at this rate. 4,096; 0 = a body has the grace and no more.
    pub body_bytes_per_second: u64,
    /// From the request head to the response head; the handler is dropped then. A stream that follows the head
    /// may live on. Above the 10 s that a login may queue for a hash. 30 s.
    pub request_timeout: Duration,
    /// How long a connection may rest without a request, or a client leave its answer unread. 30 s.
    pub idle_timeout: Duration,
    /// How long a shutdown waits for requests in flight. Below 15 s, at which the process must be gone. 10 s.
    pub drain_timeout: Duration,
    /// Connections open at a time; more are closed at once. A resting plain connection takes some 18 KiB and one with
    /// TLS some 29 KiB, measured. 8,192.
    pub max_connections: usize,
    /// Connections open at a time from one IPv4 address or IPv6 /64. An office behind one address fits. 512.
    pub max_connections_per_address: usize,
    /// Networks whose connections are not counted per address: the trusted proxies, which speak for many.
    pub uncounted: Vec<IpNet>,
    /// Bytes of a request head, and the HTTP/2 header list: a token and a dozen cookies fit. 16 KiB,
    /// and never less than 8 KiB on HTTP/1. It bounds the CONTINUATION frames of a head (five of them at 16 KiB), and the
    /// requests that a client sends ahead on HTTP/1: they wait in this buffer and are answered one after another.
    pub max_header_bytes: u32,
    /// Fields of a request head. 100.
    pub max_header_fields: usize,
    /// Bytes of a request body, counted while it streams; more is a `LengthLimitError`. 64 KiB.
    pub max_body_bytes: usize,
    /// HTTP/2 requests open at a time on one connection. 100, the least that RFC 9113 recommends.
    pub http2_max_streams: u32,
    /// HTTP/2 streams reset before they were served; more closes the connection (rapid reset). 20.
    pub http2_max_pending_resets: usize,
    /// Interval of HTTP/2 pings, which find peers that vanished. 20 s.
    pub http2_ping_interval: Duration,
    /// How long an HTTP/2 ping may stay unanswered. 10 s.
    pub http2_ping_timeout: Duration,
    /// HTTP/2 frames without content (pings, settings, resets, window updates) that a client may send in a second; more
    /// closes the connection. A browser sends some tens. 1,000.
    pub http2_max_control_frames: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            header_read_timeout: Duration::from_secs(10),
            body_grace: Duration::from_secs(10),
            body_bytes_per_second: 4_096,
            request_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
            max_connections: 8_192,
            max_connections_per_address: 512,
            uncounted: Vec::new(),
            max_header_bytes: 16 * 1024,
            max_header_fields: 100,
            max_body_bytes: 64 * 1024,
            http2_max_streams: 100,
            http2_max_pending_resets: 20,
            http2_ping_interval: Duration::from_secs(20),
            http2_ping_timeout: Duration::from_secs(10),
            http2_max_control_frames: 1_000,
        }
    }
}
