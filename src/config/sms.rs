//! `[sms]`: how text messages leave. Knows no HTTP.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::listen::is_loopback;
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
    let expected = || "expected https://host[:port][/path], without user name and fragment".to_owned();
    let uri: http::Uri = text.parse().map_err(|_| expected())?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(expected()) };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_local = bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(is_loopback);
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    match scheme {
        _ if has_user || text.contains('#') => Err(expected()),
        "https" => Ok(text.to_owned()),
        "http" if is_local => Ok(text.to_owned()),
        "http" => Err("http:// is for a gateway on loopback only: codes could be read on the way".to_owned()),
        _ => Err(expected()),
    }
}
