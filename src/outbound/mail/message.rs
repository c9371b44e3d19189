//! The bytes of a mail: headers and both bodies (RFC 5322, MIME). Knows nothing of how they travel.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::address::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use crate::domain::email::EmailAddress;
use crate::services::mail_transport::{MailFault, OutgoingMail};

/// The sender of every mail: `NAME <EMAIL>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    name: String,
    email: EmailAddress,
}

/// The sender's name is empty, longer than 100 characters or holds a control character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sender's name has 1 to 100 characters and no control characters")]
pub struct BadSender;

impl Sender {
    /// A sender that fits a header.
    pub fn new(name: &str, email: EmailAddress) -> Result<Self, BadSender> {
        let name = name.trim();
        let fits = (1..=100).contains(&name.chars().count()) && !name.contains(char::is_control);
        if fits { Ok(Self { name: name.to_owned(), email }) } else { Err(BadSender) }
    }

    /// The address that stands in the envelope and in `From`.
    pub const fn email(&self) -> &EmailAddress {
        &self.email
    }

    /// `NAME <EMAIL>`, for people.
    pub fn shown(&self) -> String {
        format!("{} <{}>", self.name, self.email)
    }
}

/// The whole mail. The same mail gives the same bytes: its id names Message-ID and boundary, and its own time
/// is the date. A subject that is not one line is a permanent fault.
pub(super) fn message(sender: &Sender, mail: &OutgoingMail) -> Result<Message, MailFault> {
    if mail.subject.contains(char::is_control) {
        return Err(MailFault::permanent("the subject is not one line"));
    }
    let from = Mailbox::new(Some(sender.name.clone()), address(&sender.email)?);
    let seconds = mail.written_at.seconds().clamp(0, LAST_SECOND).unsigned_abs();
    let bodies = MultiPart::alternative()
        .boundary(format!("=_{}", mail.id.as_uuid().simple()))
        .singlepart(SinglePart::plain(mail.text.clone()))
        .singlepart(SinglePart::html(mail.html.clone()));
    Message::builder()
        .from(from)
        .to(Mailbox::new(None, address(&mail.to)?))
        .subject(mail.subject.clone())
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}@{}>", mail.id, sender.email.domain())))
        .header(AutoSubmitted)
        .multipart(bodies)
        .map_err(|_| MailFault::permanent("the mail could not be put into the form of RFC 5322"))
}

/// 9999-12-31T23:59:59Z, the last date a header can say.
const LAST_SECOND: i64 = 253_402_300_799;

/// Our grammar is the narrower one, so this does not fail for an address we made.
fn address(email: &EmailAddress) -> Result<Address, MailFault> {
    Address::new(email.local(), email.domain())
        .map_err(|_| MailFault::permanent("the address cannot be mailed"))
}

/// Asks vacation responders to keep quiet (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::id::MailId;
    use crate::domain::time::Timestamp;
    use proptest::prelude::*;

    pub(in crate::outbound::mail) fn sender() -> Sender {
        Sender::new("Acme Login", EmailAddress::parse("no-reply@acme.example").unwrap()).unwrap()
    }

    pub(in crate::outbound::mail) fn mail() -> OutgoingMail {
        let written_at = Timestamp::from_seconds(1_700_000_000);
        OutgoingMail {
            id: MailId::new(written_at, &[7; 10]),
            to: EmailAddress::parse("ada@example.com").unwrap(),
            subject: "Confirm your email address for Acm\u{e9}".into(),
            text: "Hello,\n\nopen https://auth.acme.example/verify-email?token=t0ken\n.\nBye\n".into(),
            html: "<p>Hello \u{2192} <a href=\"https://auth.acme.example/\">open</a></p>\n".into(),
            written_at,
        }
    }

    fn formatted(mail: &OutgoingMail) -> String {
        String::from_utf8(message(&sender(), mail).unwrap().formatted()).unwrap()
    }

    /// S30.
    #[test]
    fn the_headers_are_ours_and_the_same_at_every_attempt() {
        let text = formatted(&mail());
        let id = mail().id;
        for line in [
            "From: \"Acme Login\" <no-reply@acme.example>\r\n",
            "To: ada@example.com\r\n",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
            &format!("Message-ID: <{id}@acme.example>\r\n"),
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert!(text.is_ascii());
        assert!(text.lines().all(|line| line.len() <= 998));
        assert_eq!(text, formatted(&mail()));
        assert!(text.contains("=?utf-8?"), "the subject is an encoded word");
    }

    #[test]
    fn a_date_outside_the_calendar_is_clamped_not_a_panic() {
        for millis in [i64::MIN, -1, i64::MAX] {
            let written_at = Timestamp::from_millis(millis);
            assert!(formatted(&OutgoingMail { written_at, ..mail() }).contains("\r\nDate: "));
        }
    }

    #[test]
    fn a_subject_of_two_lines_is_refused_for_good() {
        let subject = "Hello\r\nBcc: eve@example.com".to_owned();
        let fault = message(&sender(), &OutgoingMail { subject, ..mail() }).unwrap_err();
        assert!(matches!(fault, MailFault::Permanent(_)));
    }

    #[test]
    fn a_sender_fits_a_header() {
        let email = || EmailAddress::parse("no-reply@acme.example").unwrap();
        for bad in ["", "  ", "a\r\nBcc: x", "\u{0}", &"x".repeat(101)] {
            assert_eq!(Sender::new(bad, email()), Err(BadSender), "{bad:?}");
        }
        assert_eq!(Sender::new(" Acme ", email()).unwrap().shown(), "Acme <no-reply@acme.example>");
    }

    proptest! {
        #[test]
        fn no_name_subject_or_body_adds_a_header_or_a_recipient(
            name in "[^\\p{Cc}]{1,60}", subject in "[^\\p{Cc}]{0,200}", text in any::<String>(), html in any::<String>(),
        ) {
            let email = EmailAddress::parse("no-reply@acme.example").unwrap();
            let Ok(sender) = Sender::new(&name, email) else { return Ok(()) };
            let mail = OutgoingMail { subject, text, html, ..mail() };
            let message = message(&sender, &mail).unwrap();
            let bytes = message.formatted();
            prop_assert!(bytes.is_ascii());
            let text = String::from_utf8(bytes).unwrap();
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            let names = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
            let names: Vec<_> = names.map(|line| line.split(':').next().unwrap_or("")).collect();
            prop_assert_eq!(
                names,
                ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
            );
            prop_assert_eq!(message.envelope().to().len(), 1);
            prop_assert_eq!(text.matches(&format!("--=_{}", mail.id.as_uuid().simple())).count(), 3);
        }

        #[test]
        fn every_address_of_our_grammar_can_be_mailed(
            local in "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-z0-9]{1,9}){0,3}",
            domain in "([a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\\.){1,4}[a-z]{2,12}|localhost",
        ) {
            let to = EmailAddress::parse(&format!("{local}@{domain}")).unwrap();
            let mail = OutgoingMail { to, ..mail() };
            prop_assert!(message(&sender(), &mail).is_ok());
        }
    }
}
