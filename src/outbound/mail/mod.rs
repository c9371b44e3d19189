//! Mail leaves here: by SMTP, into a folder, or into the mailbox of `--dev`. Knows nothing of outbox or templates.

mod captured;
mod eml;
mod message;
mod smtp;

pub use captured::{Captured, CapturedMail};
pub use eml::{EmlFolder, FolderError};
pub use message::{BadSender, Sender};
pub use smtp::{SmtpError, SmtpLogin, SmtpSettings, SmtpTls, SmtpTransport};
