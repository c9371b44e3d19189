//! What the server writes to people, and when a failed sending is tried again. Knows nothing of outbox or SMTP.
//!
//! ## Decision
//! A letter never carries a name that a stranger typed. Whoever registers chooses the address and the name; a
//! name in the letter would let them send words of their own, under our sender, to anybody.

mod news;
mod retry;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::email::EmailAddress;
use super::link::Link;
use super::template::{Html, HtmlTemplate, TemplateError, TextTemplate};

pub use news::{
    AdminNews, DeletedBy, EmailNotice, FactorNews, FactorNotice, KeyEvent, NewEmail, NewPassword,
    PasswordNotice,
};
pub use retry::{retry_delay, sms_retry_delay};

/// The kinds of mail. The names are stored and stay for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// Carries the link that verifies an address.
    VerifyEmail,
    /// Tells the owner of a registered address that somebody tried to register it again.
    RegistrationAttempted,
    /// Carries the link that sets a new password.
    ResetPassword,
    /// Tells the owner of an account that it has a new password.
    PasswordChanged,
    /// Tells the owner of an account what happened to its second factor.
    FactorChanged,
    /// Carries the link that gives an account another address.
    ChangeEmail,
    /// Tells the owner of an address that somebody wanted it for another account.
    EmailTaken,
    /// Tells the old address of an account that it gets, or has, another one.
    EmailChanged,
    /// Tells the owner of an account that it is gone.
    AccountDeleted,
    /// Tells the owner of an account of something about one of its API keys.
    ApiKey,
    /// Carries the link that sets the first password of an account.
    Invitation,
    /// Tells the owner of an account what an administrator did to it.
    Administrator,
}

/// The name is no kind of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of mail")]
pub struct NotAMailKind;

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::VerifyEmail,
        Self::RegistrationAttempted,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::FactorChanged,
        Self::ChangeEmail,
        Self::EmailTaken,
        Self::EmailChanged,
        Self::AccountDeleted,
        Self::ApiKey,
        Self::Invitation,
        Self::Administrator,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::RegistrationAttempted => "registration_attempted",
            Self::ResetPassword => "reset_password",
            Self::PasswordChanged => "password_changed",
            Self::FactorChanged => "factor_changed",
            Self::ChangeEmail => "change_email",
            Self::EmailTaken => "email_taken",
            Self::EmailChanged => "email_changed",
            Self::AccountDeleted => "account_deleted",
            Self::ApiKey => "api_key",
            Self::Invitation => "invitation",
            Self::Administrator => "administrator",
        }
    }
}

impl FromStr for MailKind {
    type Err = NotAMailKind;

    fn from_str(name: &str) -> Result<Self, NotAMailKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(NotAMailKind)
    }
}

/// A written mail without its addresses. The bodies may hold a one-time token: `Debug` shows only the kind.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it is.
    pub kind: MailKind,
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The letters this server can write, in the name of one service.
#[derive(Debug, Clone)]
pub struct Letters {
    service: String,
    verify_email: Form<4>,
    registration_attempted: Form<3>,
    reset_password: Form<4>,
    password_changed: Form<6>,
    api_key: Form<6>,
    factor_changed: Form<7>,
    change_email: Form<4>,
    email_taken: Form<2>,
    email_changed: Form<6>,
    account_deleted: Form<3>,
    invitation: Form<4>,
    administrator: Form<6>,
}

/// What every letter stands in: mail programs want each of them whole.
const FRAME: &str = include_str!("../../assets/mail/frame.html");

/// The letter in the two files of this name, with the values that it shows.
macro_rules! form {
    ($name:literal, $values:expr) => {
        Form::parse(
            include_str!(concat!("../../assets/mail/", $name, ".txt")),
            include_str!(concat!("../../assets/mail/", $name, ".html")),
            $values,
        )?
    };
}

impl Letters {
    /// Reads the templates. `service` is the name people know; control characters in it become spaces.
    /// Fails only when a template of this build is wrong, which a test excludes.
    pub fn load(service: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            service: service.replace(char::is_control, " "),
            verify_email: form!("verify_email", ["service", "email", "link", "lifetime"]),
            registration_attempted: form!("registration_attempted", ["service", "email", "link"]),
            reset_password: form!("reset_password", ["service", "email", "link", "lifetime"]),
            password_changed: form!("password_changed", ["service", "email", "how", "at", "client", "link"]),
            api_key: form!("api_key", ["service", "email", "title", "what", "hint", "link"]),
            factor_changed: form!(
                "factor_changed",
                ["service", "email", "title", "what", "at", "client", "link"]
            ),
            change_email: form!("change_email", ["service", "email", "link", "lifetime"]),
            email_taken: form!("email_taken", ["service", "email"]),
            email_changed: form!("email_changed", ["service", "email", "what", "at", "client", "link"]),
            account_deleted: form!("account_deleted", ["service", "email", "by"]),
            invitation: form!("invitation", ["service", "email", "link", "lifetime"]),
            administrator: form!("administrator", ["service", "email", "title", "what", "next", "link"]),
        })
    }

    /// The letter with the link that verifies `to`; the link lives for `lifetime`.
    pub fn verify_email(&self, to: &EmailAddress, link: &Link, lifetime: Duration) -> Letter {
        let lifetime = in_words(lifetime);
        let values = [self.service.as_str(), to.as_str(), link.as_str(), &lifetime];
        self.verify_email.write(MailKind::VerifyEmail, values)
    }

    /// The letter to the owner of `to`, whose address somebody tried to register; `home` is where one logs in.
    pub fn registration_attempted(&self, to: &EmailAddress, home: &Link) -> Letter {
        let values = [self.service.as_str(), to.as_str(), home.as_str()];
        self.registration_attempted.write(MailKind::RegistrationAttempted, values)
    }

    /// The letter to `to` about the API key whose text begins with `hint`; `home` is where one logs in. It does not say
    /// what the key is called: a thief of the account would choose that.
    pub fn api_key(&self, what: KeyEvent, to: &EmailAddress, hint: &str, home: &Link) -> Letter {
        let (title, what) = match what {
            KeyEvent::Created => ("A new API key", "An API key was made for your account."),
            KeyEvent::Rotated => {
                ("An API key has a new secret", "One of your API keys was given a new secret.")
            }
            KeyEvent::Old => (
                "An API key is old",
                "One of your API keys has had its secret for a long time. Please rotate it.",
            ),
        };
        let values = [self.service.as_str(), to.as_str(), title, what, hint, home.as_str()];
        self.api_key.write(MailKind::ApiKey, values)
    }

    /// The letter with the link that sets a new password for the account of `to`; the link lives for `lifetime`.
    pub fn reset_password(&self, to: &EmailAddress, link: &Link, lifetime: Duration) -> Letter {
        let lifetime = in_words(lifetime);
        let values = [self.service.as_str(), to.as_str(), link.as_str(), &lifetime];
        self.reset_password.write(MailKind::ResetPassword, values)
    }

    /// The letter that tells the owner of the account of `to` that it has a new password; `link` is where another
    /// one can be asked for.
    pub fn password_changed(&self, to: &EmailAddress, notice: &PasswordNotice, link: &Link) -> Letter {
        let how = match notice.how {
            NewPassword::Changed => "by somebody who was logged in and knew the old password",
            NewPassword::Reset => "with a link that was mailed to this address",
        };
        let (at, client) = (notice.at.in_words(), notice.client.to_string());
        let values = [self.service.as_str(), to.as_str(), how, &at, &client, link.as_str()];
        self.password_changed.write(MailKind::PasswordChanged, values)
    }

    /// The letter that tells the owner of the account of `to` what happened to its second factor; `link` is where a new
    /// password can be asked for.
    pub fn factor_changed(&self, to: &EmailAddress, notice: &FactorNotice, link: &Link) -> Letter {
        let (title, what) = notice.news.words();
        let (at, client) = (notice.at.in_words(), notice.client.to_string());
        let values = [self.service.as_str(), to.as_str(), title, what, &at, &client, link.as_str()];
        self.factor_changed.write(MailKind::FactorChanged, values)
    }

    /// The letter with the link that makes `to` the address of an account; the link lives for `lifetime`.
    pub fn change_email(&self, to: &EmailAddress, link: &Link, lifetime: Duration) -> Letter {
        let lifetime = in_words(lifetime);
        let values = [self.service.as_str(), to.as_str(), link.as_str(), &lifetime];
        self.change_email.write(MailKind::ChangeEmail, values)
    }

    /// The letter to the owner of `to`, which somebody wanted for another account.
    pub fn email_taken(&self, to: &EmailAddress) -> Letter {
        self.email_taken.write(MailKind::EmailTaken, [self.service.as_str(), to.as_str()])
    }

    /// The letter that tells `to` that its account gets, or has, another address; `link` is where a new password can
    /// be asked for.
    pub fn email_changed(&self, to: &EmailAddress, notice: &EmailNotice, link: &Link) -> Letter {
        let what = match notice.what {
            NewEmail::Asked => {
                "was asked for. It takes effect once the link that was mailed there is followed"
            }
            NewEmail::Done => "took effect. This address is no longer the account's",
        };
        let (at, client) = (notice.at.in_words(), notice.client.to_string());
        let values = [self.service.as_str(), to.as_str(), what, &at, &client, link.as_str()];
        self.email_changed.write(MailKind::EmailChanged, values)
    }

    /// The text message with a code; the code lives for `lifetime`.
    pub fn sms_code(&self, code: &str, lifetime: Duration) -> String {
        let lifetime = in_words(lifetime);
        format!("{code} is your code for {}. It works once, for {lifetime}. Give it to nobody.", self.service)
    }

    /// The letter that tells `to` that its account is gone.
    pub fn account_deleted(&self, to: &EmailAddress, by: DeletedBy) -> Letter {
        let values = [self.service.as_str(), to.as_str(), by.words()];
        self.account_deleted.write(MailKind::AccountDeleted, values)
    }

    /// The letter with the link that sets the first password of the account of `to`; the link lives for `lifetime`.
    pub fn invitation(&self, to: &EmailAddress, link: &Link, lifetime: Duration) -> Letter {
        let lifetime = in_words(lifetime);
        let values = [self.service.as_str(), to.as_str(), link.as_str(), &lifetime];
        self.invitation.write(MailKind::Invitation, values)
    }

    /// The letter that tells the owner of the account of `to` what an administrator did to it. It does not say from
    /// where: that is the administrator's.
    pub fn administrator(&self, to: &EmailAddress, news: AdminNews, link: &Link) -> Letter {
        let [title, what, next] = news.words();
        let values = [self.service.as_str(), to.as_str(), title, what, next, link.as_str()];
        self.administrator.write(MailKind::Administrator, values)
    }
}

/// Both halves of a letter; the text begins with `Subject: ..` and an empty line. Every half shows every value
/// but the subject, which may show none.
#[derive(Debug, Clone)]
struct Form<const N: usize> {
    text: TextTemplate<N>,
    html: HtmlTemplate<N>,
}

impl<const N: usize> Form<N> {
    fn parse(
        text: &'static str,
        html: &'static str,
        names: [&'static str; N],
    ) -> Result<Self, TemplateError> {
        let (subject, _) = text.split_once("\n\n").ok_or(TemplateError::NoSubject)?;
        if !subject.starts_with(SUBJECT) || subject.contains('\n') {
            return Err(TemplateError::NoSubject);
        }
        Ok(Self { text: TextTemplate::parse(text, names)?, html: HtmlTemplate::within(FRAME, html, names)? })
    }

    /// No value holds a line break, so the first empty line is the template's own.
    fn write(&self, kind: MailKind, values: [&str; N]) -> Letter {
        let whole = self.text.render(values);
        let (subject, text) = whole.split_once("\n\n").unwrap_or_default();
        let escaped = values.map(Html::text);
        let html = self.html.render(escaped.each_ref()).into_string();
        let subject = subject.strip_prefix(SUBJECT).unwrap_or_default().to_owned();
        Letter { kind, subject, text: text.to_owned(), html }
    }
}

const SUBJECT: &str = "Subject: ";

/// Whole days, hours or minutes, whichever says it exactly; minutes are rounded down, to one at least.
fn in_words(duration: Duration) -> String {
    let minutes = (duration.as_secs() / 60).max(1);
    let (count, unit) = match minutes {
        m if m % 1440 == 0 && m > 1440 => (m / 1440, "day"),
        m if m % 60 == 0 => (m / 60, "hour"),
        m => (m, "minute"),
    };
    if count == 1 { format!("{count} {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests;
