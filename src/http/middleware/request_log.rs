//! One line for each request. Knows nothing of how lines are written out.
//!
//! The line has target `latchkey::request`, level INFO (WARN for a 5xx), message `request`, or `401 Unauthorized` for
//! one of those (S31), and these fields:
//!
//! | field | meaning |
//! |---|---|
//! | `method` | `GET`, `POST`, ..; `OTHER` for an invented one |
//! | `route` | the pattern, such as `/api/v1/users/{id}`; `unmatched` where there is none |
//! | `status` | the HTTP status |
//! | `took_us` | microseconds from the request's head to its answer, of a stream to its beginning |
//! | `request_id` | as in `X-Request-ID` and the audit trail |
//! | `client` | the client's address |
//! | `user` | the account's id, once known |
//!
//! Never the path or the query: both can carry one-time tokens (SECURITY R85). No field can hold a control
//! character, because none repeats free text from outside (R86).

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::domain::id::UserId;

/// The facts of one answered request.
#[derive(Debug)]
pub struct Line<'a> {
    /// The method's name.
    pub method: &'static str,
    /// The route's pattern.
    pub route: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
    /// Names the request.
    pub request_id: &'a str,
    /// The client's address.
    pub client: IpAddr,
    /// The account, once known.
    pub user: Option<UserId>,
}

/// Writes the line.
pub fn write(line: &Line<'_>) {
    let took_us = u64::try_from(line.took.as_micros()).unwrap_or(u64::MAX);
    macro_rules! emit {
        ($level:expr, $message:literal) => {
            tracing::event!(
                target: "latchkey::request",
                $level,
                method = line.method,
                route = line.route,
                status = line.status,
                took_us,
                request_id = line.request_id,
                client = %Plain(line.client),
                user = line.user.map(tracing::field::display),
                $message
            )
        };
    }
    match line.status {
        401 => emit!(tracing::Level::INFO, "401 Unauthorized"),
        500.. => emit!(tracing::Level::WARN, "request"),
        _ => emit!(tracing::Level::INFO, "request"),
    }
}

/// An address as ever, an IPv4 one in one piece: formatting its four numbers was a fifth of what a line costs.
struct Plain(IpAddr);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IpAddr::V4(address) = self.0 else { return self.0.fmt(f) };
        let mut text = String::with_capacity("255.255.255.255".len());
        for octet in address.octets() {
            if !text.is_empty() {
                text.push('.');
            }
            for unit in [100, 10, 1] {
                if octet >= unit || unit == 1 {
                    text.push(char::from(b'0' + octet / unit % 10));
                }
            }
        }
        f.write_str(&text)
    }
}

/// Writes why the server failed a request, once, with the whole chain of causes.
pub fn failure(request_id: &str, cause: &(dyn Error + Send + Sync)) {
    let mut text = cause.to_string();
    let mut next = cause.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    tracing::error!(target: "latchkey::request", request_id, cause = text.escape_debug().to_string(), "failed");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_as_ever() {
        for text in
            ["0.0.0.0", "9.10.99.100", "127.0.0.1", "255.255.255.255", "2001:db8::1", "::ffff:1.2.3.4"]
        {
            assert_eq!(Plain(text.parse().unwrap()).to_string(), text);
        }
    }
}
