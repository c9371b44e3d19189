//! The outbox: mails and text messages are written in the transaction of their cause, and sent after it.
//!
//! ## Decision
//! A mail is claimed before it is sent: one commit counts the attempt and plans the next one. So a disk that
//! takes no writes sends nothing, instead of one mail again and again, and several workers share the outbox
//! without knowing of each other. At least once: a crash between claim and outcome leads to another attempt
//! when the claim ends, which may send the mail twice, with one `Message-ID`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::mail_transport::{MailFault, MailTransport, OutgoingMail};
use super::sms_sender::OutgoingSms;
use super::{Context, Services};
use crate::domain::email::EmailAddress;
use crate::domain::id::MailId;
use crate::domain::mail::{Letter, retry_delay, sms_retry_delay};
use crate::domain::phone::PhoneNumber;
use crate::domain::time::Timestamp;
use crate::store::outbox::{self, Queued};
use crate::store::{StoreError, Txn};

/// Most mails looked up in the outbox at once.
const BATCH: usize = 16;

/// How long a claim lives. Longer than the slowest relay takes with every step of the longest timeout, so that
/// nobody else sends the mail meanwhile; a crash delays it by no more.
const CLAIM: Duration = Duration::from_secs(600);

/// The kind of every text message.
const SMS: &str = "sms_code";

/// A letter or a text message, sealed for the outbox.
#[derive(Clone)]
pub(super) struct Sealed(Queued);

/// What is sealed.
#[derive(Serialize, Deserialize)]
enum Body {
    Mail { subject: String, text: String, html: String },
    Sms { to: String, text: String },
}

impl Sealed {
    /// Seals `letter`, which is worth sending for `worth`.
    pub(super) fn new(
        app: &Services,
        ctx: &Context,
        to: &EmailAddress,
        letter: &Letter,
        worth: Duration,
    ) -> Self {
        let Letter { kind, subject, text, html } = letter.clone();
        Self::of(app, ctx, (to.clone(), kind.name()), &Body::Mail { subject, text, html }, worth)
    }

    /// Seals the message `text` to a phone, which is worth sending for `worth`. Beside the seal stands only the end of
    /// the number.
    pub(super) fn sms(
        app: &Services,
        ctx: &Context,
        to: &PhoneNumber,
        text: String,
        worth: Duration,
    ) -> Self {
        let shown = EmailAddress::parse(&format!("{}@sms.invalid", to.masked_with_x()));
        let shown = shown.unwrap_or_else(|_| EmailAddress::of_nobody());
        let body = Body::Sms { to: to.as_str().to_owned(), text };
        Self::of(app, ctx, (shown, SMS), &body, worth)
    }

    fn of(
        app: &Services,
        ctx: &Context,
        (to, kind): (EmailAddress, &str),
        body: &Body,
        worth: Duration,
    ) -> Self {
        let id = MailId::new(ctx.now, &app.random());
        let plain = Zeroizing::new(postcard::to_stdvec(body).unwrap_or_default());
        Self(Queued {
            id,
            to,
            kind: kind.to_owned(),
            sealed: app.keys.mail.seal(id.as_bytes(), &plain, app.random()),
            created_at: ctx.now,
            useless_at: ctx.now.plus(worth),
            attempts: 0,
            due_at: Some(ctx.now),
            is_claimed: false,
            last_error: None,
        })
    }

    /// Puts the mail into the outbox.
    pub(super) fn insert(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        outbox::insert(txn, &self.0)
    }
}

/// What one round of sending came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Mails that left.
    pub sent: usize,
    /// Mails that will be tried again.
    pub postponed: usize,
    /// Mails that will not be tried again.
    pub dead: usize,
    /// When the next mail is due, as far as is known; `None` when none waits.
    pub next_at: Option<Timestamp>,
}

/// How mails fared since the start of the process.
#[derive(Debug, Default)]
pub struct MailCounts {
    sent: AtomicU64,
    postponed: AtomicU64,
    dead: AtomicU64,
}

impl MailCounts {
    /// Mails that left.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Attempts that failed and will be repeated.
    pub fn postponed(&self) -> u64 {
        self.postponed.load(Ordering::Relaxed)
    }

    /// Mails given up.
    pub fn dead(&self) -> u64 {
        self.dead.load(Ordering::Relaxed)
    }
}

/// Rung when something was put into the outbox: for whoever sends mails, and for whoever sends text messages.
#[derive(Debug, Default)]
pub struct Bell {
    /// Wakes one who sends mails.
    pub mails: Notify,
    /// Wakes one who sends text messages.
    pub texts: Notify,
}

impl Bell {
    /// Wakes one of each.
    pub fn notify_one(&self) {
        self.mails.notify_one();
        self.texts.notify_one();
    }
}

/// What a round sends. Each way has workers of its own: a mail server that hangs must not hold up the codes by which
/// people log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Mails and text messages.
    All,
    /// Mails.
    Mails,
    /// Text messages.
    Texts,
}

impl Wanted {
    /// A row that cannot be read is for whoever sends mails, who tells it.
    fn has(self, app: &Services, id: MailId) -> bool {
        let is_text =
            || app.read(|read| outbox::by_id(read, id)).is_ok_and(|it| it.is_some_and(|it| it.kind == SMS));
        match self {
            Self::All => true,
            Self::Mails => !is_text(),
            Self::Texts => is_text(),
        }
    }
}

/// Sends what is due, one after another, by both ways.
pub async fn deliver_due(app: &Services, transport: &dyn MailTransport) -> Result<Round, StoreError> {
    deliver_wanted(app, transport, Wanted::All).await
}

/// Sends what is due and wanted, one after another. Several callers at once share the work. What cannot be read is told
/// and passed over.
pub async fn deliver_wanted(
    app: &Services,
    transport: &dyn MailTransport,
    wanted: Wanted,
) -> Result<Round, StoreError> {
    let now = app.clock.now();
    let (mut round, mut after) = (Round::default(), None);
    loop {
        let due = app.read(|read| outbox::due(read, now, after, BATCH))?;
        after = due.mails.last().copied();
        for seen in due.mails.into_iter().filter(|(_, id)| wanted.has(app, *id)) {
            match deliver(app, transport, seen, &mut round).await {
                Err(StoreError::Damaged { table } | StoreError::UnknownVersion { table, .. }) => {
                    tracing::error!(table, "A mail cannot be read and is passed over");
                }
                delivered => delivered?,
            }
        }
        due.next_at.into_iter().for_each(|at| round.wake_at(at));
        if !due.more {
            return Ok(round);
        }
    }
}

impl Round {
    fn wake_at(&mut self, at: Timestamp) {
        self.next_at = Some(self.next_at.map_or(at, |next| next.min(at)));
    }
}

/// Whether nothing is being sent or due to be: every mail of an act that was answered has left or been postponed.
pub fn is_settled(app: &Services) -> Result<bool, StoreError> {
    let now = app.clock.now();
    app.read(|read| {
        let near = outbox::due(read, now.plus(CLAIM), None, BATCH)?;
        for (at, id) in near.mails {
            if at <= now || outbox::by_id(read, id)?.is_some_and(|mail| mail.is_claimed) {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

/// Gives up the claims of a process that is gone, so that a crash delays no mail. To be called at the start,
/// before anybody sends: no process but this one has the store.
pub async fn release_claims(app: &Services) -> Result<(), StoreError> {
    let ctx = app.own_context("outbox");
    let mut after = None;
    loop {
        let found = app.read(|read| outbox::due(read, ctx.now.plus(CLAIM), after, BATCH))?;
        after = found.mails.last().copied();
        for (_, id) in found.mails {
            // A row that cannot be read is told by whoever tries to send it.
            let mail = app.read(|read| outbox::by_id(read, id)).ok().flatten();
            let Some(mail) = mail.filter(|mail| mail.is_claimed) else { continue };
            let free = Queued { due_at: Some(ctx.now), is_claimed: false, ..mail.clone() };
            app.write("outbox.release", &ctx, move |txn| outbox::replace(txn, &mail, &free)).await?;
        }
        if !found.more {
            return Ok(());
        }
    }
}

async fn deliver(
    app: &Services,
    transport: &dyn MailTransport,
    seen: (Timestamp, MailId),
    round: &mut Round,
) -> Result<(), StoreError> {
    let Some(mail) = claim(app, seen).await? else { return Ok(()) };
    let outcome = match open(app, &mail) {
        Some(_) if app.clock.now() >= mail.useless_at => {
            Err(MailFault::permanent("what the mail offers has expired"))
        }
        Some(Outgoing::Mail(mail)) => transport.send(&mail).await,
        Some(Outgoing::Sms(sms)) => match &app.sms {
            Some(sender) => sender.send(&sms).await,
            None => Err(MailFault::permanent("there is no SMS gateway")),
        },
        None => Err(MailFault::permanent("the stored mail cannot be opened with this master key")),
    };
    settle(app, mail, outcome, round).await
}

/// Counts an attempt and plans the next, if the mail is still due as it was seen. `None`: another worker has it,
/// or had it.
async fn claim(app: &Services, (due_at, id): (Timestamp, MailId)) -> Result<Option<Queued>, StoreError> {
    let claim = move |txn: &mut Txn<'_>| {
        let Some(seen) = outbox::by_id(txn, id)?.filter(|mail| mail.due_at == Some(due_at)) else {
            return Ok(None);
        };
        let attempts = seen.attempts.saturating_add(1);
        let until = txn.now().plus(CLAIM);
        let claimed = Queued { attempts, due_at: Some(until), is_claimed: true, ..seen.clone() };
        outbox::replace(txn, &seen, &claimed)?;
        Ok(Some(claimed))
    };
    app.write("outbox.claim", &app.own_context("outbox"), claim).await
}

/// What leaves, by which way.
enum Outgoing {
    Mail(OutgoingMail),
    Sms(OutgoingSms),
}

fn open(app: &Services, mail: &Queued) -> Option<Outgoing> {
    let plain = app.keys.mail.open(mail.id.as_bytes(), &mail.sealed).ok()?;
    let (id, written_at) = (mail.id, mail.created_at);
    Some(match postcard::from_bytes(plain.as_slice()).ok()? {
        Body::Mail { subject, text, html } => {
            Outgoing::Mail(OutgoingMail { id, to: mail.to.clone(), subject, text, html, written_at })
        }
        Body::Sms { to, text } => {
            let to = PhoneNumber::parse(&to).ok()?;
            Outgoing::Sms(OutgoingSms { id, to, text, kind: mail.kind.clone(), written_at })
        }
    })
}

async fn settle(
    app: &Services,
    claimed: Queued,
    outcome: Result<(), MailFault>,
    round: &mut Round,
) -> Result<(), StoreError> {
    let fate = fate(app, &claimed, outcome);
    count(app, &claimed, &fate, round);
    let dead_for = app.policy.retention.dead_mails;
    let settle = move |txn: &mut Txn<'_>| {
        let Some(mail) = outbox::by_id(txn, claimed.id)? else { return Ok(()) };
        match &fate {
            Fate::Sent => outbox::remove(txn, &mail),
            // The claim ran out and somebody else has the mail.
            _ if mail != claimed => Ok(()),
            Fate::Postponed(fault, at) => {
                let (due_at, last_error) = (Some(*at), Some(fault.reason().to_owned()));
                let after = Queued { due_at, is_claimed: false, last_error, ..mail.clone() };
                outbox::replace(txn, &mail, &after)
            }
            Fate::Dead(fault) => outbox::bury(txn, &mail, fault.reason(), txn.now().plus(dead_for)),
        }
    };
    app.write("outbox.settle", &app.own_context("outbox"), settle).await
}

/// What becomes of a mail after an attempt.
enum Fate {
    Sent,
    /// Until the time.
    Postponed(MailFault, Timestamp),
    Dead(MailFault),
}

fn fate(app: &Services, claimed: &Queued, outcome: Result<(), MailFault>) -> Fate {
    match outcome {
        Ok(()) => Fate::Sent,
        Err(fault @ MailFault::Temporary(_)) => {
            let delay = match claimed.kind.as_str() {
                SMS => sms_retry_delay(claimed.attempts, app.policy.sms_attempts_max),
                _ => retry_delay(claimed.attempts, app.policy.mail_attempts_max),
            };
            match delay {
                Some(delay) => Fate::Postponed(fault, app.clock.now().plus(delay)),
                None => Fate::Dead(fault),
            }
        }
        Err(fault) => Fate::Dead(fault),
    }
}

fn count(app: &Services, mail: &Queued, fate: &Fate, round: &mut Round) {
    let counts = &app.mail_counts;
    let (of_round, of_process) = match fate {
        Fate::Sent => (&mut round.sent, &counts.sent),
        Fate::Postponed(..) => (&mut round.postponed, &counts.postponed),
        Fate::Dead(_) => (&mut round.dead, &counts.dead),
    };
    *of_round += 1;
    of_process.fetch_add(1, Ordering::Relaxed);
    match fate {
        Fate::Sent => tracing::info!(mail = %mail.id, kind = mail.kind, "Email sent"),
        Fate::Postponed(fault, _) | Fate::Dead(fault) => {
            let (attempts, retry) = (mail.attempts, matches!(fate, Fate::Postponed(..)));
            tracing::warn!(mail = %mail.id, attempts, retry, reason = fault.reason(), "Email not sent");
        }
    }
    if let Fate::Postponed(_, at) = fate {
        round.wake_at(*at);
    }
}
