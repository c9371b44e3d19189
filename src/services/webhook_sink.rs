//! The seam through which audit events leave for a webhook. Knows no HTTP, no URL and no secret.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::audit_log::AuditEntry;

/// One event on its way.
#[derive(Debug, Clone)]
pub struct OutgoingEvent {
    /// Names the event, the same at every attempt. Without a dot.
    pub id: String,
    /// What happened.
    pub entry: AuditEntry,
}

/// The answer of a receiver, some time later.
pub type Delivering<'a> = Pin<Box<dyn Future<Output = Result<(), SinkFault>> + Send + 'a>>;

/// Delivers events to one receiver. An `Ok` means that the receiver has the event. May be called again with the same
/// event.
pub trait WebhookSink: Send + Sync + 'static {
    /// Delivers one event. Ends within a bounded time, and reads a bounded number of bytes.
    fn deliver<'a>(&'a self, event: &'a OutgoingEvent) -> Delivering<'a>;
}

/// Why an event was not taken. The text is fit to be stored and shown: it holds nothing that was sent, and no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkFault {
    /// The receiver says that it is gone for good.
    #[error("the receiver is gone (410)")]
    Gone,
    /// The receiver asks to be left alone for a while (429 or 503 with `Retry-After`).
    #[error("the receiver answered {status}")]
    Busy {
        /// What it answered.
        status: u16,
        /// For how long.
        wait: Duration,
    },
    /// Anything else; worth another attempt.
    #[error("{0}")]
    Failed(String),
}
