//! Which way mail leaves: the configured one, and in `--dev` through the captured mailbox.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::data_dir::DataDir;
use super::failure::Failure;
use crate::ambient::Clock;
use crate::config::{self, Config};
use crate::domain::email::EmailAddress;
use crate::http::dev;
use crate::outbound::mail::{
    Captured, CapturedMail, EmlFolder, Sender, SmtpLogin, SmtpSettings, SmtpTls, SmtpTransport,
};
use crate::services::mail_transport::MailTransport;

/// The transport, and the mailbox that `--dev` shows.
pub struct Mail {
    /// Sends mail.
    pub transport: Arc<dyn MailTransport>,
    /// The captured mails, in `--dev`.
    pub captured: Option<Arc<Captured>>,
}

/// Builds the transport that `config` asks for.
pub fn mail(config: &Config, dir: &DataDir, clock: &Arc<dyn Clock>) -> Result<Mail, Failure> {
    let sender = sender(&config.mail)?;
    let smtp = smtp(&config.mail, sender.clone())?;
    if config.dev {
        let onward = smtp.map(|smtp| Arc::new(smtp) as Arc<dyn MailTransport>);
        let captured = Arc::new(Captured::new(&sender, clock.clone(), onward));
        return Ok(Mail { transport: captured.clone(), captured: Some(captured) });
    }
    if let Some(smtp) = smtp {
        return Ok(Mail { transport: Arc::new(smtp), captured: None });
    }
    let folder = EmlFolder::open(&dir.path().join("mail"), sender);
    let folder = folder.map_err(|error| Failure::from_error(&error))?;
    Ok(Mail { transport: Arc::new(folder), captured: None })
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
