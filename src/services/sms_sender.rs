//! The seam through which text messages leave. Knows nothing of gateways, files or the outbox.

use std::fmt;

use super::mail_transport::Sending;
use crate::domain::id::MailId;
use crate::domain::phone::PhoneNumber;
use crate::domain::time::Timestamp;

/// One text message to one number. The text may hold a code: `Debug` shows only the id.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingSms {
    /// Names the message, the same at every attempt.
    pub id: MailId,
    /// The one recipient.
    pub to: PhoneNumber,
    /// What it says.
    pub text: String,
    /// The stable name of what it is.
    pub kind: String,
    /// When it was written.
    pub written_at: Timestamp,
}

impl fmt::Debug for OutgoingSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingSms").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Sends text messages, under the same contract as [`MailTransport`](super::mail_transport::MailTransport).
pub trait SmsSender: Send + Sync + 'static {
    /// Sends one message. Ends within a bounded time.
    fn send<'a>(&'a self, sms: &'a OutgoingSms) -> Sending<'a>;
}
