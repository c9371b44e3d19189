//! `[sms]`: how text messages leave. Knows no HTTP.

use std::path::PathBuf;
use std::time::Duration;

use super::called_url;
use super::reader::Reader;
use super::secret::Secret;
use super::{MINUTE, SECOND};

/// The shortest secret that is accepted, in bytes.
const MIN_SECRET_BYTES: usize = 32;

/// Outgoing text messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sms {
    /// The gateway; `None` means that there are no text messages.
    pub webhook: Option<SmsWebhook>,
    /// For one attempt.
    pub timeout: Duration,
    /// Attempts after the first.
    pub retry_max: u32,
}

/// The gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsWebhook {
    /// `https`, or `http` on loopback.
    pub url: String,
    /// What signs each message.
    pub secret: Secret,
    /// PEM certificates of the authority that signed the gateway's, beside the public ones.
    pub ca_file: Option<PathBuf>,
}

impl Sms {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let url = reader.parsed("sms.webhook_url", "a URL", webhook_url);
        let secret = reader.secret("sms.secret");
        let ca_file = reader.text("sms.ca_file").map(PathBuf::from);
        if secret.as_ref().is_some_and(|secret| secret.expose().len() < MIN_SECRET_BYTES) {
            let reason = format!("the secret is shorter than {MIN_SECRET_BYTES} bytes");
            reader.problem_with("sms.secret", &reason, Some("make one with `openssl rand -hex 32`"));
        }
        let failed = |reader: &Reader| reader.problems.iter().any(|problem| problem.what.starts_with("sms."));
        if url.is_some() && secret.is_none() && !failed(reader) {
            reader.problem("sms.webhook_url", "needs sms.secret or sms.secret_file too");
        }
        if url.is_none() && secret.is_some() && !failed(reader) {
            reader.problem("sms.secret", "needs sms.webhook_url too");
        }
        Self {
            webhook: url.zip(secret).map(|(url, secret)| SmsWebhook { url, secret, ca_file }),
            timeout: reader.duration("sms.timeout", SECOND..=MINUTE),
            retry_max: reader.number("sms.retry_max", 0..=20),
        }
    }
}

fn webhook_url(text: &str) -> Result<String, String> {
    called_url::parse(text, "http:// is for a gateway on loopback only: codes could be read on the way")
}
