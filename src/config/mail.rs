//! `[mail]`: how mail leaves. Knows no SMTP.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::listen::is_loopback;
use super::reader::{Choice, Reader};
use super::secret::Secret;
use super::{MINUTE, SECOND};

/// Outgoing mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Never [`Transport::Auto`]: it is settled while reading.
    pub transport: Transport,
    /// The SMTP server; set when the transport is SMTP.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// Never [`SmtpTls::Auto`]: it is settled while reading.
    pub tls: SmtpTls,
    /// Name and password, both or neither.
    pub login: Option<MailLogin>,
    /// PEM certificates of the authority that signed the server's, beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// The address in `From`.
    pub from_email: String,
    /// The name in `From`.
    pub from_name: String,
    /// For one attempt, from connecting to the server's last answer.
    pub timeout: Duration,
    /// Attempts after the first, before a mail is set aside as dead.
    pub retry_max: u32,
}

/// Name and password at the SMTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailLogin {
    /// The name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// How mail leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// SMTP when a host is set, files otherwise.
    #[default]
    Auto,
    /// To an SMTP server.
    Smtp,
    /// As `.eml` files in `<data-dir>/mail`.
    Eml,
}

/// How the connection to the SMTP server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SmtpTls {
    /// Implicit on port 465, none on loopback, STARTTLS otherwise.
    #[default]
    Auto,
    /// STARTTLS, and no mail without it.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None; on loopback only.
    None,
}

impl Choice for Transport {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("smtp", Self::Smtp), ("eml", Self::Eml)];
}

impl Choice for SmtpTls {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("starttls", Self::StartTls),
        ("implicit", Self::Implicit),
        ("none", Self::None),
    ];
}

impl Mail {
    /// `domain` makes the sender when none is configured.
    pub(super) fn read(reader: &mut Reader, domain: &str) -> Self {
        let transport = reader.choice("mail.transport");
        let host = reader.parsed("mail.host", "a host name", host_name);
        let port = reader.number("mail.port", 1..=u16::MAX);
        let tls = reader.choice("mail.tls");
        let login = login(reader);
        let ca_file = reader.text("mail.ca_file").map(PathBuf::from);
        let from_email = reader.parsed("mail.from_email", "an email address", address);
        let from_email = from_email.unwrap_or_else(|| format!("no-reply@{domain}"));
        reader.set_shown("mail.from_email", Some(format!("{from_email:?}")));
        let from_name = reader.parsed("mail.from_name", "a name", name).unwrap_or_default();
        let local = host.as_deref().is_some_and(is_this_machine);
        if tls == SmtpTls::None && host.is_some() && !local {
            let help = Some(r#"use "starttls" or "implicit""#);
            reader.problem_with("mail.tls", r#""none" is for a server on loopback only"#, help);
        }
        if transport == Transport::Smtp && host.is_none() {
            reader.problem("mail.transport", r#""smtp" needs mail.host"#);
        }
        Self {
            transport: match transport {
                Transport::Auto if host.is_some() => Transport::Smtp,
                Transport::Auto => Transport::Eml,
                chosen => chosen,
            },
            tls: match tls {
                SmtpTls::Auto if port == 465 => SmtpTls::Implicit,
                SmtpTls::Auto if local => SmtpTls::None,
                SmtpTls::Auto => SmtpTls::StartTls,
                chosen => chosen,
            },
            host,
            port,
            login,
            ca_file,
            from_email,
            from_name,
            timeout: reader.duration("mail.timeout", SECOND..=5 * MINUTE),
            retry_max: reader.number("mail.retry_max", 0..=50),
        }
    }
}

fn login(reader: &mut Reader) -> Option<MailLogin> {
    let username = reader.text("mail.username");
    let password = reader.secret("mail.password");
    match (username, password) {
        (Some(username), Some(password)) => Some(MailLogin { username, password }),
        (Some(_), None) => {
            let failed = reader.problems.iter().any(|problem| problem.what.starts_with("mail.password"));
            if !failed {
                reader.problem("mail.username", "needs mail.password or mail.password_file too");
            }
            None
        }
        (None, Some(_)) => {
            reader.problem("mail.password", "needs mail.username too");
            None
        }
        (None, None) => None,
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(is_loopback)
}

fn host_name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-' || byte == b'_';
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() || (text.len() <= 253 && text.bytes().all(plain)) {
        return Ok(bare.to_owned());
    }
    Err(r#"expected a host name or an address, without scheme and port, such as "smtp.example.com""#.into())
}

fn address(text: &str) -> Result<String, String> {
    let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>,;\"".contains(c));
    let halves = text
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    let valid = plain && halves && text.len() <= 254;
    valid
        .then(|| text.to_owned())
        .ok_or_else(|| "expected an email address such as \"auth@example.com\"".into())
}

pub(super) fn name(text: &str) -> Result<String, String> {
    let valid = text.len() <= 100 && !text.chars().any(char::is_control);
    valid.then(|| text.to_owned()).ok_or_else(|| "expected at most 100 characters on one line".into())
}
