//! The seam through which mail leaves. Knows nothing of SMTP, files or the outbox.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::domain::email::EmailAddress;
use crate::domain::id::MailId;
use crate::domain::time::Timestamp;

/// One mail to one person, ready to leave. The bodies may hold a one-time token: `Debug` shows only the id.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Names the mail; also the left side of its Message-ID, so a mail sent twice is recognisable as one.
    pub id: MailId,
    /// The one recipient.
    pub to: EmailAddress,
    /// One line; a control character makes the mail a permanent fault.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// When it was written: the Date header, the same at every attempt.
    pub written_at: Timestamp,
}

impl fmt::Debug for OutgoingMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingMail").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The answer of a transport, some time later.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), MailFault>> + Send + 'a>>;

/// Sends mail. An `Ok` means that somebody else now holds the mail durably. May be called again with the same
/// mail: a transport delivers at least once, and the id tells the copies apart from two mails.
pub trait MailTransport: Send + Sync + 'static {
    /// Sends one mail. Ends within a bounded time.
    fn send<'a>(&'a self, mail: &'a OutgoingMail) -> Sending<'a>;
}

/// Why a mail did not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailFault {
    /// Worth another attempt: the network, TLS, a busy or misconfigured server.
    #[error("mail not sent yet: {0}")]
    Temporary(FaultReason),
    /// Another attempt would end the same way: the server refused this recipient or this mail.
    #[error("mail refused: {0}")]
    Permanent(FaultReason),
}

impl MailFault {
    /// A fault worth another attempt.
    pub fn temporary(reason: &str) -> Self {
        Self::Temporary(FaultReason::new(reason))
    }

    /// A fault for good.
    pub fn permanent(reason: &str) -> Self {
        Self::Permanent(FaultReason::new(reason))
    }

    /// The reason, fit to be stored and shown.
    pub fn reason(&self) -> &str {
        match self {
            Self::Temporary(reason) | Self::Permanent(reason) => &reason.0,
        }
    }
}

/// A reason fit to be stored and shown: one line of printable text, at most 200 characters, without anything
/// that could be a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultReason(String);

impl FaultReason {
    const MAX_CHARS: usize = 200;
    /// 128 bits in base64 take 22 characters.
    const TOKEN_CHARS: usize = 20;

    /// Servers quote what they refuse, links included, so every run of twenty or more characters of a token's
    /// alphabet is left out.
    fn new(text: &str) -> Self {
        let is_token_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let mut out = String::new();
        for run in text.split_inclusive(|c| !is_token_char(c)) {
            let word = run.trim_end_matches(|c| !is_token_char(c));
            let rest = run.strip_prefix(word).unwrap_or_default();
            out.push_str(if word.len() < Self::TOKEN_CHARS { word } else { "[..]" });
            out.extend(rest.chars().map(|c| if c.is_control() { ' ' } else { c }));
        }
        let one_line: Vec<&str> = out.split_whitespace().collect();
        Self(one_line.join(" ").chars().take(Self::MAX_CHARS).collect())
    }
}

impl fmt::Display for FaultReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_short_line_without_tokens() {
        let fault = MailFault::permanent(
            "550 blocked\r\n\u{1b}[31m https://a.example/verify-email?token=AbCdEfGhIjKlMnOpQrStUv_- is spam",
        );
        assert_eq!(fault.reason(), "550 blocked [31m https://a.example/verify-email?token=[..] is spam");
        assert_eq!(MailFault::temporary(&"\u{e4} ".repeat(500)).reason().chars().count(), 200);
        assert_eq!(MailFault::temporary("x").to_string(), "mail not sent yet: x");
    }

    #[test]
    fn a_transport_can_be_a_trait_object() {
        fn takes(_: Option<&dyn MailTransport>) {}
        takes(None);
    }
}
