//! Text messages leave here: to a webhook, or as mail into the places where `--dev` keeps mail. Knows nothing of the
//! outbox.

mod as_mail;
mod webhook;

pub use as_mail::SmsAsMail;
pub use webhook::{Sign, WebhookSender};
