//! Mail by SMTP (RFC 5321), with STARTTLS (RFC 3207) or TLS from the start (RFC 8314). Knows nothing of the outbox.
//!
//! ## Decision
//! One connection for one mail, and every step driven from here. lettre's own transport pools connections and
//! has no deadline after the connect; a mail cut off in the middle would go back to the pool, and the late
//! answer to it would be read as the answer to the next mail. An authentication server sends a mail now and
//! then: a fresh connection costs nothing that counts, and each step gets its deadline and its own verdict.
//!
//! Certificates are always verified. A relay with a private authority is served by `ca_file`, not by a switch
//! that turns verification off; without TLS only a loopback relay is spoken to.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::transport::smtp::Error as LettreError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use zeroize::Zeroizing;

use super::message::{Sender, message};
use crate::services::mail_transport::{MailFault, MailTransport, OutgoingMail, Sending};

/// Where and how to hand mail over.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Host name or address of the relay; also the name its certificate must have.
    pub host: String,
    /// 587 for STARTTLS, 465 for TLS from the start, 25 for a relay on this machine.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// A PEM file of further authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// User name and password, when the relay wants them.
    pub login: Option<SmtpLogin>,
    /// How long each step (connect, a command, its answer) may take.
    pub step_timeout: Duration,
    /// The sender of every mail.
    pub sender: Sender,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all: loopback only.
    None,
    /// STARTTLS, and nothing is sent when it is not offered.
    StartTls,
    /// TLS from the first byte.
    Implicit,
}

/// User name and password at the relay. `Debug` shows neither.
#[derive(Clone)]
pub struct SmtpLogin {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for SmtpLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpLogin(..)")
    }
}

/// The settings cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// No TLS to another machine: passwords and login links would be readable on the way.
    #[error(
        "mail to {0} needs TLS: set mail.tls to \"starttls\" or \"implicit\"; \"none\" is for loopback only"
    )]
    NeedsTls(String),
    /// The file of authorities cannot be read.
    #[error("mail.ca_file {0} cannot be read")]
    CaFile(PathBuf, #[source] std::io::Error),
    /// The file of authorities holds no usable certificate.
    #[error("mail.ca_file {0} holds no PEM certificate")]
    NoCertificate(PathBuf),
    /// TLS could not be prepared for this host.
    #[error("TLS to {0} could not be prepared")]
    Tls(String, #[source] LettreError),
}

/// Hands mail to one relay.
pub struct SmtpTransport {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
    hello: ClientId,
}

impl SmtpTransport {
    /// Checks the settings and reads `ca_file`; connects to nothing.
    pub fn new(settings: SmtpSettings) -> Result<Self, SmtpError> {
        let tls = match settings.tls {
            SmtpTls::None if !is_loopback(&settings.host) => {
                return Err(SmtpError::NeedsTls(settings.host));
            }
            SmtpTls::None => None,
            SmtpTls::StartTls | SmtpTls::Implicit => Some(tls_parameters(&settings)?),
        };
        let hello = ClientId::Domain(settings.sender.email().domain().to_owned());
        Ok(Self { settings, tls, hello })
    }

    /// The steps of RFC 5321. Until the relay has let us in, every failure concerns our link to it and not the
    /// mail, so it is temporary, whatever its code: a mistyped password must not kill the mails that wait.
    async fn deliver(&self, mail: &OutgoingMail) -> Result<(), MailFault> {
        let whole = message(&self.settings.sender, mail)?;
        let (from, to) = (whole.envelope().from().cloned(), whole.envelope().to().first().cloned());
        let to = to.ok_or_else(|| MailFault::permanent("the mail has no recipient"))?;
        let mut relay = self.connect().await?;
        self.log_in(&mut relay).await?;
        self.step("MAIL FROM", relay.command(Mail::new(from, Vec::new()))).await.map_err(Refusal::fault)?;
        self.step("RCPT TO", relay.command(Rcpt::new(to, Vec::new()))).await.map_err(Refusal::fault)?;
        let ready = self.step("DATA", relay.command(Data)).await.map_err(Refusal::fault)?;
        in_step(&ready, 354)?;
        let taken = self.step("the mail", relay.message(&whole.formatted())).await.map_err(Refusal::fault)?;
        in_step(&taken, 250)?;
        // The relay has the mail: a goodbye that fails or hangs changes nothing.
        let _ = tokio::time::timeout(GOODBYE, relay.quit()).await;
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailFault> {
        let SmtpSettings { host, port, tls, step_timeout, .. } = &self.settings;
        let from_the_start = self.tls.clone().filter(|_| *tls == SmtpTls::Implicit);
        let address = (host.as_str(), *port);
        // Half for each address, so that a dead IPv6 route leaves time for IPv4.
        let each = Some(*step_timeout / 2);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(address, each, &self.hello, from_the_start, None);
        let mut relay = self.step("connect", connecting).await.map_err(Refusal::ours)?;
        if let (SmtpTls::StartTls, Some(tls)) = (tls, &self.tls) {
            if !relay.can_starttls() {
                return Err(MailFault::temporary("the server does not offer STARTTLS; nothing was sent"));
            }
            self.step("STARTTLS", relay.starttls(tls.clone(), &self.hello)).await.map_err(Refusal::ours)?;
        }
        Ok(relay)
    }

    /// What the relay says about a login is not passed on beyond its code: it may quote what was sent.
    async fn log_in(&self, relay: &mut AsyncSmtpConnection) -> Result<(), MailFault> {
        let Some(login) = &self.settings.login else { return Ok(()) };
        let credentials = Credentials::new(login.username.clone(), login.password.to_string());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        match self.step("AUTH", relay.auth(&mechanisms, &credentials)).await {
            Ok(_) => Ok(()),
            Err(Refusal { code: Some(code), .. }) => Err(MailFault::temporary(&format!(
                "AUTH: {code}: the server refused mail.username and mail.password"
            ))),
            Err(Refusal { timed_out: true, .. }) => Err(MailFault::temporary("AUTH: no answer in time")),
            Err(_) => Err(MailFault::temporary("AUTH: no common way to log in (PLAIN, LOGIN)")),
        }
    }

    async fn step<T>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T, LettreError>>,
    ) -> Result<T, Refusal> {
        match tokio::time::timeout(self.settings.step_timeout, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Refusal::new(name, &error)),
            Err(_) => {
                Err(Refusal { code: None, timed_out: true, text: format!("{name}: no answer in time") })
            }
        }
    }
}

impl fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpTransport").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl MailTransport for SmtpTransport {
    fn send<'a>(&'a self, mail: &'a OutgoingMail) -> Sending<'a> {
        Box::pin(self.deliver(mail))
    }
}

const GOODBYE: Duration = Duration::from_secs(1);

/// What went wrong in one step.
struct Refusal {
    code: Option<u16>,
    timed_out: bool,
    text: String,
}

impl Refusal {
    fn new(step: &str, error: &LettreError) -> Self {
        let code = error.status().map(u16::from);
        let timed_out = error.is_timeout();
        let source = std::error::Error::source(error).map(ToString::to_string);
        let text = match (code, source) {
            (Some(code), said) => format!("{step}: {code} {}", said.unwrap_or_default()),
            (None, Some(cause)) => format!("{step}: {cause}"),
            (None, None) => format!("{step}: {error}"),
        };
        Self { code, timed_out, text }
    }

    /// A fault of our link to the relay.
    fn ours(self) -> MailFault {
        MailFault::temporary(&self.text)
    }

    /// A verdict on the mail: 5xx is for good, but for "log in first" and "TLS first", which are ours to mend.
    fn fault(self) -> MailFault {
        match self.code {
            Some(530 | 534 | 535 | 538) => self.ours(),
            Some(500..=599) => MailFault::permanent(&self.text),
            _ => self.ours(),
        }
    }
}

/// An answer with another code than the step asks for belongs to another step: bytes slipped in before TLS
/// shift every answer by one, and the mail would count as taken before it was.
fn in_step(answer: &Response, expected: u16) -> Result<(), MailFault> {
    if answer.has_code(expected) {
        return Ok(());
    }
    Err(MailFault::temporary(&format!("the server's answers are out of step: {expected} was due")))
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        builder = builder.add_root_certificate(certificate(path)?);
    }
    builder.build().map_err(|error| SmtpError::Tls(settings.host.clone(), error))
}

fn certificate(path: &Path) -> Result<Certificate, SmtpError> {
    let pem = std::fs::read(path).map_err(|error| SmtpError::CaFile(path.to_owned(), error))?;
    let empty = || SmtpError::NoCertificate(path.to_owned());
    if !pem.windows(CERTIFICATE.len()).any(|window| window == CERTIFICATE) {
        return Err(empty());
    }
    Certificate::from_pem(&pem).map_err(|_| empty())
}

const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

#[cfg(test)]
mod tests;
