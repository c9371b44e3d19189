//! `[webhooks]` and `[[webhook]]`: where audit events are sent. Knows no HTTP.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::SECOND;
use super::called_url;
use super::reader::Reader;
use super::secret::Secret;
use crate::domain::actions::Actions;
use crate::domain::address::is_public;
use crate::domain::identity::ProviderName;
use crate::domain::webhook::parse_secret;

/// Most webhooks: each is a task, and reads the whole audit log for itself.
const WEBHOOKS_MAX: usize = 16;

/// Webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhooks {
    /// For one attempt.
    pub timeout: Duration,
    /// How often an event is tried.
    pub max_attempts: u32,
    /// Who is told.
    pub webhooks: Vec<Webhook>,
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name in paths and records.
    pub name: String,
    /// Where events are posted.
    pub url: String,
    /// Scheme, host and port of it.
    pub origin: String,
    /// What signs.
    pub secret: Secret,
    /// What signs beside it.
    pub old_secret: Option<Secret>,
    /// Which acts are told; `None`: all.
    pub events: Option<Actions>,
    /// Whether it may lead to addresses that are not of the internet.
    pub allow_private: bool,
    /// PEM certificates of the authority that signed its certificate, beside the public ones.
    pub ca_file: Option<PathBuf>,
}

impl Webhooks {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let count = reader.sections("webhook");
        if count > WEBHOOKS_MAX {
            reader.problem("webhook", &format!("expected at most {WEBHOOKS_MAX} webhooks, found {count}"));
        }
        let found = (0..count.min(WEBHOOKS_MAX)).filter_map(|index| Webhook::read(reader, index));
        let webhooks: Vec<Webhook> = found.collect();
        for (index, webhook) in webhooks.iter().enumerate() {
            if webhooks.iter().take(index).any(|other| other.name == webhook.name) {
                let why = format!("two webhooks are called {:?}", webhook.name);
                reader.problem(&format!("webhook[{index}].name"), &why);
            }
        }
        Self {
            timeout: reader.duration("webhooks.timeout", SECOND..=SECOND * 20),
            max_attempts: reader.number("webhooks.max_attempts", 1..=100),
            webhooks,
        }
    }
}

impl Webhook {
    fn read(reader: &mut Reader, index: usize) -> Option<Self> {
        let key = |name: &str| format!("webhook[{index}].{name}");
        let name = reader.parsed(&key("name"), "a name", |text| {
            text.parse::<ProviderName>().map(|name| name.to_string()).map_err(|error| error.to_string())
        });
        let url = reader.parsed(&key("url"), "a URL", |text| {
            called_url::parse(
                text,
                "http:// is for loopback only: events could be read and changed on the way",
            )
        });
        let origin = url.as_deref().and_then(origin);
        // The rest of a URL may be a secret.
        reader.set_shown(&key("url"), origin.as_ref().map(|origin| format!("{:?}", format!("{origin}/.."))));
        let [secret, old_secret] = ["secret", "old_secret"].map(|name| signing_secret(reader, &key(name)));
        let events = reader.list(&key("events"), "a list of actions", |text| Ok(text.to_owned()));
        let allow_private = reader.switch(&key("allow_private"));
        let ca_file = reader.text(&key("ca_file")).map(PathBuf::from);
        let events = if events.is_empty() { None } else { Some(Actions::try_from(events)) };
        if matches!(events, Some(Err(_))) {
            let why = r#"expected 1 to 20 actions such as "login.failed", or "login.*" for all of a kind"#;
            reader.problem(&key("events"), why);
        }
        if !allow_private && url.as_deref().is_some_and(leads_inside) {
            reader.problem(&key("url"), "an address that is not of the internet needs allow_private = true");
        }
        for (name, is_missing) in
            [("name", name.is_none()), ("url", url.is_none()), ("secret", secret.is_none())]
        {
            let said = key(name);
            if is_missing && reader.problems.iter().all(|problem| !problem.what.starts_with(&said)) {
                reader.problem(&said, "is missing");
            }
        }
        Some(Self {
            name: name?,
            url: url?,
            origin: origin?,
            secret: secret?,
            old_secret,
            events: events.transpose().ok()?,
            allow_private,
            ca_file,
        })
    }
}

fn signing_secret(reader: &mut Reader, key: &str) -> Option<Secret> {
    let secret = reader.secret(key)?;
    if let Err(error) = parse_secret(secret.expose()) {
        let help = r#"make one with `echo "whsec_$(openssl rand -base64 32)"`"#;
        reader.problem_with(key, &format!("the secret {error}"), Some(help));
    }
    Some(secret)
}

/// Scheme, host and port.
fn origin(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// Whether the URL says by itself that it leads inside. What a name leads to is judged when it is called.
fn leads_inside(url: &str) -> bool {
    let uri = url.parse::<http::Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| !is_public(address))
}
