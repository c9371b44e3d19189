//! The mailbox of `--dev`: keeps the last mails in memory for a page to show. Knows nothing of the page.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::message::Sender;
use crate::ambient::Clock;
use crate::domain::id::MailId;
use crate::domain::time::Timestamp;
use crate::services::mail_transport::{MailTransport, OutgoingMail, Sending};

/// Keeps mails, and passes them on when there is somewhere to pass them to. Clones share the mailbox.
#[derive(Clone)]
pub struct Captured {
    mails: Arc<Mutex<VecDeque<CapturedMail>>>,
    from: String,
    clock: Arc<dyn Clock>,
    onward: Option<Arc<dyn MailTransport>>,
}

/// A captured mail, bodies and links included: only `--dev` shows it. `Debug` shows only the id.
#[derive(Clone, PartialEq, Eq)]
pub struct CapturedMail {
    /// The mail's id.
    pub id: MailId,
    /// The recipient.
    pub to: String,
    /// `NAME <EMAIL>`.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// When it was (last) sent, by the clock of the server.
    pub sent_at: Timestamp,
}

impl fmt::Debug for CapturedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturedMail").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Captured {
    /// How many mails are kept; the oldest go first.
    pub const KEPT: usize = 200;

    /// An empty mailbox. Mails go on to `onward` too, when given, and its fault is the answer.
    pub fn new(sender: &Sender, clock: Arc<dyn Clock>, onward: Option<Arc<dyn MailTransport>>) -> Self {
        Self { mails: Arc::default(), from: sender.shown(), clock, onward }
    }

    /// The same mailbox, passing nothing on.
    #[must_use]
    pub fn keeping_only(&self) -> Self {
        Self { onward: None, ..self.clone() }
    }

    /// All mails, newest first.
    pub fn list(&self) -> Vec<CapturedMail> {
        self.lock().iter().rev().cloned().collect()
    }

    /// One mail.
    pub fn find(&self, id: MailId) -> Option<CapturedMail> {
        self.lock().iter().find(|mail| mail.id == id).cloned()
    }

    /// A mail that is tried again takes its own place, so a flaky relay does not fill the mailbox.
    fn keep(&self, mail: &OutgoingMail) {
        let mut mails = self.lock();
        mails.retain(|kept| kept.id != mail.id);
        if mails.len() >= Self::KEPT {
            mails.pop_front();
        }
        mails.push_back(CapturedMail {
            id: mail.id,
            to: mail.to.to_string(),
            from: self.from.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
            sent_at: self.clock.now(),
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<CapturedMail>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured").field("onward", &self.onward.is_some()).finish_non_exhaustive()
    }
}

impl MailTransport for Captured {
    fn send<'a>(&'a self, mail: &'a OutgoingMail) -> Sending<'a> {
        Box::pin(async move {
            self.keep(mail);
            match &self.onward {
                Some(onward) => onward.send(mail).await,
                None => Ok(()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::{mail, sender};
    use super::*;
    use crate::ambient::ManualClock;
    use crate::services::mail_transport::MailFault;

    struct Refusing;

    impl MailTransport for Refusing {
        fn send<'a>(&'a self, _: &'a OutgoingMail) -> Sending<'a> {
            Box::pin(async { Err(MailFault::temporary("busy")) })
        }
    }

    fn clock() -> Arc<dyn Clock> {
        Arc::new(ManualClock::at(Timestamp::from_seconds(5)))
    }

    #[tokio::test]
    async fn a_mail_is_kept_with_its_links_and_found_by_id() {
        let mailbox = Captured::new(&sender(), clock(), None);
        mailbox.send(&mail()).await.unwrap();
        let kept = mailbox.find(mail().id).unwrap();
        assert_eq!((kept.to.as_str(), kept.sent_at), ("ada@example.com", Timestamp::from_seconds(5)));
        assert_eq!(kept.from, "Acme Login <no-reply@acme.example>");
        assert_eq!((kept.text, kept.html), (mail().text, mail().html));
        assert!(!format!("{mailbox:?}{:?}", mailbox.list()).contains("t0ken"));
    }

    #[tokio::test]
    async fn only_the_last_two_hundred_stay_newest_first() {
        let mailbox = Captured::new(&sender(), clock(), None);
        let id = |n: u16| MailId::new(Timestamp::from_millis(n.into()), &[0; 10]);
        for n in 0..250 {
            mailbox.send(&OutgoingMail { id: id(n), ..mail() }).await.unwrap();
        }
        let kept: Vec<_> = mailbox.list().iter().map(|mail| mail.id).collect();
        assert_eq!(kept, (50..250).rev().map(id).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn the_fault_of_the_next_transport_is_the_answer_and_a_retry_is_kept_once() {
        let mailbox = Captured::new(&sender(), clock(), Some(Arc::new(Refusing)));
        for _ in 0..2 {
            assert_eq!(mailbox.send(&mail()).await, Err(MailFault::temporary("busy")));
        }
        assert_eq!(mailbox.list().len(), 1);
    }
}
