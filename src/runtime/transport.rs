//! Which way mail and text messages leave: the configured one, and in `--dev` through the captured mailbox.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::data_dir::DataDir;
use super::failure::Failure;
use crate::ambient::Clock;
use crate::config::{self, Config, ProviderKind};
use crate::crypto::WebhookSigner;
use crate::crypto::digest::{MacKey, to_hex};
use crate::domain::email::EmailAddress;
use crate::domain::webhook::parse_secret;
use crate::http::{audit, dev};
use crate::outbound::http_client::{ClientError, Endpoint, HttpClient, Reach};
use crate::outbound::identity::{self, Dialect, OAuthProvider, Urls};
use crate::outbound::mail::{
    Captured, CapturedMail, EmlFolder, Sender, SmtpLogin, SmtpSettings, SmtpTls, SmtpTransport,
};
use crate::outbound::sms::{SmsAsMail, WebhookSender};
use crate::outbound::webhook::Receiver;
use crate::services::identity_provider::{About, IdentityProvider};
use crate::services::mail_transport::MailTransport;
use crate::services::sms_sender::SmsSender;
use crate::services::webhook::{DEAD_MAX, Hook, Seen};
use crate::services::webhook_sink::OutgoingEvent;
use crate::wire::webhook::WebhookEvent;

/// The transports, and the mailbox that `--dev` shows.
pub struct Mail {
    /// Sends mail.
    pub transport: Arc<dyn MailTransport>,
    /// Sends text messages, where there is a gateway or `--dev`.
    pub sms: Option<Arc<dyn SmsSender>>,
    /// The captured mails, in `--dev`.
    pub captured: Option<Arc<Captured>>,
}

/// Builds the transport that `config` asks for.
pub fn mail(config: &Config, dir: &DataDir, clock: &Arc<dyn Clock>) -> Result<Mail, Failure> {
    let sender = sender(&config.mail)?;
    let smtp = smtp(&config.mail, sender.clone())?;
    let gateway = gateway(&config.sms, clock)?;
    if config.dev {
        let onward = smtp.map(|smtp| Arc::new(smtp) as Arc<dyn MailTransport>);
        let captured = Arc::new(Captured::new(&sender, clock.clone(), onward));
        let kept: [Arc<dyn MailTransport>; 2] =
            [Arc::new(captured.keeping_only()), Arc::new(folder(&dir.path().join("dev/sms"), sender)?)];
        let sms: Arc<dyn SmsSender> = Arc::new(SmsAsMail::new(kept.into(), gateway));
        return Ok(Mail { transport: captured.clone(), sms: Some(sms), captured: Some(captured) });
    }
    if let Some(smtp) = smtp {
        return Ok(Mail { transport: Arc::new(smtp), sms: gateway, captured: None });
    }
    let folder = folder(&dir.path().join("mail"), sender)?;
    Ok(Mail { transport: Arc::new(folder), sms: gateway, captured: None })
}

fn folder(path: &Path, sender: Sender) -> Result<EmlFolder, Failure> {
    EmlFolder::open(path, sender).map_err(|error| Failure::from_error(&error))
}

fn gateway(sms: &config::Sms, clock: &Arc<dyn Clock>) -> Result<Option<Arc<dyn SmsSender>>, Failure> {
    let Some(webhook) = &sms.webhook else { return Ok(None) };
    let at = |key: &str, error: &ClientError| Failure::new(format!("sms.{key}: {error}"));
    let endpoint = Endpoint::parse(&webhook.url).map_err(|error| at("webhook_url", &error))?;
    let client = HttpClient::new(webhook.ca_file.as_deref(), sms.timeout, Reach::Anywhere);
    let client = client.map_err(|error| at("ca_file", &error))?;
    let key = MacKey::new(webhook.secret.expose().as_bytes());
    let sign = Box::new(move |bytes: &[u8]| to_hex(&key.tag(&[bytes])));
    Ok(Some(Arc::new(WebhookSender::new(endpoint, client, sign, clock.clone()))))
}

/// Those who vouch for people elsewhere.
pub fn identity_providers(
    federation: &config::Federation,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn IdentityProvider>>, Failure> {
    let each = federation.providers.iter().map(|provider| {
        let at = |error: &ClientError| Failure::new(format!("identity_provider {}: {error}", provider.name));
        // What a provider says of itself leads this server on.
        let reach = Reach::with_private(provider.allow_private);
        let client = HttpClient::new(provider.ca_file.as_deref(), identity::TIMEOUT, reach);
        let about = About {
            name: provider.name.clone(),
            title: provider.title.clone(),
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            is_openid: matches!(provider.kind, ProviderKind::Oidc | ProviderKind::Google),
        };
        let urls = Urls {
            authorization: provider.authorization_url.clone(),
            token: provider.token_url.clone(),
            userinfo: provider.userinfo_url.clone(),
            jwks: provider.jwks_url.clone(),
        };
        let dialect = if provider.kind == ProviderKind::Github { Dialect::Github } else { Dialect::Claims };
        let secret = provider.client_secret.as_ref().map(|secret| Zeroizing::new(secret.expose().to_owned()));
        let asked = (provider.scope.clone(), secret);
        let client = client.map_err(|error| at(&error))?;
        let provider = OAuthProvider::new(about, (urls, dialect), asked, client, clock.clone());
        Ok(Arc::new(provider) as Arc<dyn IdentityProvider>)
    });
    each.collect()
}

/// Where audit events are sent. What is given up is remembered for `dead_for`.
pub fn webhooks(
    webhooks: &config::Webhooks,
    dead_for: Duration,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Hook>, Failure> {
    let each = webhooks.webhooks.iter().map(|webhook| {
        let at = |error: &dyn Error| Failure::new(format!("webhook {}: {error}", webhook.name));
        let endpoint = Endpoint::parse(&webhook.url).map_err(|error| at(&error))?;
        let reach = Reach::with_private(webhook.allow_private);
        let client = HttpClient::new(webhook.ca_file.as_deref(), webhooks.timeout, reach);
        let secrets = [Some(&webhook.secret), webhook.old_secret.as_ref()].into_iter().flatten();
        let secrets = secrets.map(|secret| parse_secret(secret.expose())).collect::<Result<Vec<_>, _>>();
        let secrets = secrets.map_err(|error| at(&error))?;
        let signer = WebhookSigner::new(secrets.iter().map(|secret| secret.as_slice()));
        let sign = Box::new(move |id: &str, at: &str, body: &[u8]| signer.sign(id, at, body));
        let client = client.map_err(|error| at(&error))?;
        let receiver = Receiver::new(endpoint, client, sign, Box::new(webhook_body), clock.clone());
        Ok(Hook {
            name: webhook.name.clone(),
            origin: webhook.origin.clone(),
            actions: webhook.events.clone(),
            attempts_max: webhooks.max_attempts,
            dead_for,
            dead_max: DEAD_MAX,
            sink: Arc::new(receiver),
            seen: Seen::default(),
        })
    });
    each.collect()
}

/// What a receiver gets of an event: the record as the API shows it.
fn webhook_body(event: &OutgoingEvent) -> Vec<u8> {
    let data = audit::to_wire(event.entry.clone());
    let event = WebhookEvent { kind: data.action.clone(), timestamp: data.created_at.clone(), data };
    serde_json::to_vec(&event).unwrap_or_default()
}

/// The captured mails as the dev pages show them.
pub fn shown(captured: &Captured) -> Vec<dev::Captured> {
    let show = |mail: CapturedMail| dev::Captured {
        id: mail.id,
        to: mail.to,
        from: mail.from,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        sent_at: mail.sent_at,
    };
    captured.list().into_iter().map(show).collect()
}

fn sender(mail: &config::Mail) -> Result<Sender, Failure> {
    let address = EmailAddress::parse(&mail.from_email)
        .map_err(|error| Failure::new(format!("mail.from_email: {error}")))?;
    Sender::new(&mail.from_name, address).map_err(|error| Failure::new(format!("mail.from_name: {error}")))
}

fn smtp(mail: &config::Mail, sender: Sender) -> Result<Option<SmtpTransport>, Failure> {
    let (config::Transport::Smtp, Some(host)) = (mail.transport, mail.host.clone()) else { return Ok(None) };
    let tls = match mail.tls {
        // The configuration has settled what "auto" means.
        config::SmtpTls::Auto | config::SmtpTls::StartTls => SmtpTls::StartTls,
        config::SmtpTls::Implicit => SmtpTls::Implicit,
        config::SmtpTls::None => SmtpTls::None,
    };
    let login = mail.login.as_ref().map(|login| SmtpLogin {
        username: login.username.clone(),
        password: Zeroizing::new(login.password.expose().to_owned()),
    });
    let ca_file = mail.ca_file.clone();
    let settings =
        SmtpSettings { host, port: mail.port, tls, ca_file, login, step_timeout: mail.timeout, sender };
    SmtpTransport::new(settings).map(Some).map_err(|error| Failure::from_error(&error))
}
