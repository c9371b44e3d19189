//! The outbox: mails are written in the transaction of their cause, and sent after it.
//!
//! At least once: a crash between sending and forgetting sends a mail twice, with one `Message-ID`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::mail_transport::{MailFault, MailTransport, OutgoingMail};
use super::role::{Refused, require};
use super::session::Principal;
use super::{Context, Services};
use crate::domain::email::EmailAddress;
use crate::domain::id::MailId;
use crate::domain::mail::{Letter, retry_delay};
use crate::domain::role::Permission;
use crate::domain::time::Timestamp;
use crate::store::outbox::{self, Queued};
use crate::store::{StoreError, Txn};

/// Most mails taken out of the outbox at once.
const BATCH: usize = 16;

/// A letter sealed for the outbox.
pub(super) struct Sealed(Queued);

/// What is sealed of a letter.
#[derive(Serialize, Deserialize)]
struct Body {
    subject: String,
    text: String,
    html: String,
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
        let id = MailId::new(ctx.now, &app.random());
        let body =
            Body { subject: letter.subject.clone(), text: letter.text.clone(), html: letter.html.clone() };
        let plain = postcard::to_stdvec(&body).unwrap_or_default();
        Self(Queued {
            id,
            to: to.clone(),
            kind: letter.kind.name().to_owned(),
            sealed: app.keys.mail.seal(id.as_bytes(), &plain, app.random()),
            created_at: ctx.now,
            useless_at: ctx.now.plus(worth),
            attempts: 0,
            due_at: Some(ctx.now),
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

/// Sends what is due, one mail after another.
pub async fn deliver_due(app: &Services, transport: &dyn MailTransport) -> Result<Round, StoreError> {
    let now = app.clock.now();
    let due = app.read(|read| outbox::due(read, now, BATCH))?;
    let mut round = Round { next_at: due.next_at, ..Round::default() };
    if due.mails.len() == BATCH {
        round.next_at = Some(now);
    }
    for mail in due.mails {
        let outcome = match open(app, &mail) {
            Some(_) if app.clock.now() >= mail.useless_at => {
                Err(MailFault::permanent("what the mail offers has expired"))
            }
            Some(outgoing) => transport.send(&outgoing).await,
            None => Err(MailFault::permanent("the stored mail cannot be opened with this master key")),
        };
        settle(app, mail, outcome, &mut round).await?;
    }
    Ok(round)
}

/// A page of the outbox.
#[derive(Debug)]
pub struct OutboxPage {
    /// Mails and dead letters, newest first.
    pub mails: Vec<Queued>,
    /// Where the next page starts, when there is one.
    pub next: Option<MailId>,
}

/// Waiting mails and dead letters, newest first, older than `after`. Needs `users:read`.
pub async fn outbox(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    after: Option<MailId>,
    limit: usize,
) -> Result<OutboxPage, Refused> {
    require(app, ctx, caller, Permission::UsersRead).await?;
    let (mails, more) = app.read(|read| outbox::list(read, after, limit))?;
    let next = if more { mails.last().map(|mail| mail.id) } else { None };
    Ok(OutboxPage { mails, next })
}

fn open(app: &Services, mail: &Queued) -> Option<OutgoingMail> {
    let plain = app.keys.mail.open(mail.id.as_bytes(), &mail.sealed).ok()?;
    let body: Body = postcard::from_bytes(plain.as_slice()).ok()?;
    Some(OutgoingMail {
        id: mail.id,
        to: mail.to.clone(),
        subject: body.subject,
        text: body.text,
        html: body.html,
        written_at: mail.created_at,
    })
}

async fn settle(
    app: &Services,
    mail: Queued,
    outcome: Result<(), MailFault>,
    round: &mut Round,
) -> Result<(), StoreError> {
    let ctx = app.own_context("outbox");
    let fault = match outcome {
        Ok(()) => {
            round.sent += 1;
            app.mail_counts.sent.fetch_add(1, Ordering::Relaxed);
            None
        }
        Err(fault) => {
            let attempts = mail.attempts.saturating_add(1);
            let delay = match &fault {
                MailFault::Temporary(_) => retry_delay(attempts, app.policy.mail_attempts_max),
                MailFault::Permanent(_) => None,
            };
            let due_at = delay.map(|delay| ctx.now.plus(delay));
            tracing::warn!(mail = %mail.id, attempts, retry = due_at.is_some(), reason = fault.reason(), "Email not sent");
            match due_at {
                Some(at) => {
                    round.postponed += 1;
                    app.mail_counts.postponed.fetch_add(1, Ordering::Relaxed);
                    round.next_at = Some(round.next_at.map_or(at, |next| next.min(at)));
                }
                None => {
                    round.dead += 1;
                    app.mail_counts.dead.fetch_add(1, Ordering::Relaxed);
                }
            }
            let sealed = if due_at.is_some() { mail.sealed.clone() } else { Vec::new() };
            let last_error = Some(fault.reason().to_owned());
            Some(Queued { attempts, due_at, last_error, sealed, ..mail.clone() })
        }
    };
    if fault.is_none() {
        tracing::info!(mail = %mail.id, kind = mail.kind, "Email sent");
    }
    app.write("outbox.settle", &ctx, move |txn| match &fault {
        None => outbox::remove(txn, &mail),
        Some(after) => outbox::replace(txn, &mail, after),
    })
    .await
}
