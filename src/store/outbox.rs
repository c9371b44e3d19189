//! Mails to be sent, at rest. The content is sealed before it gets here, and removed once sent.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::check::IndexCheck;
use super::codec::Value;
use super::engine::KeyRange;
use super::{Read, Scan, Snapshot, StoreError, Txn, expiry, tables};
use crate::domain::email::EmailAddress;
use crate::domain::id::MailId;
use crate::domain::time::Timestamp;

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Names the mail, and becomes its `Message-ID`.
    pub id: MailId,
    /// Where it goes.
    pub to: EmailAddress,
    /// The stable name of its template.
    pub kind: String,
    /// The sealed content; empty for a dead letter.
    pub sealed: Vec<u8>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When there is no point in sending it any more.
    pub useless_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next; `None` for a dead letter.
    pub due_at: Option<Timestamp>,
    /// Whether somebody is sending it; then `due_at` is when the claim ends.
    pub is_claimed: bool,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// A mail as stored under its id.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailV1 {
    to: String,
    kind: String,
    sealed: Vec<u8>,
    created_at: i64,
    useless_at: i64,
    attempts: u32,
    due_at: Option<i64>,
    is_claimed: bool,
    last_error: Option<String>,
}

impl Value for MailV1 {
    const VERSION: u8 = 1;
}

/// Each planned sending leads to a mail that is due then.
pub const DUE_INDEX: IndexCheck = IndexCheck {
    table: tables::OUTBOX_DUE.id(),
    holds: |snapshot, row_key| {
        let (at, id) = tables::OUTBOX_DUE.key_of(row_key)?;
        Ok(by_id(snapshot, id)?.is_some_and(|mail| mail.due_at == Some(at)))
    },
};

/// The mail `id`.
pub fn by_id(read: &impl Read, id: MailId) -> Result<Option<Queued>, StoreError> {
    read.get(&tables::OUTBOX, &id)?.map(|record| to_mail(id, record)).transpose()
}

/// Stores a new mail, due now.
pub fn insert(txn: &mut Txn<'_>, mail: &Queued) -> Result<(), StoreError> {
    put(txn, mail)
}

/// Stores a mail again, with its new time. `before` is what it was.
pub fn replace(txn: &mut Txn<'_>, before: &Queued, after: &Queued) -> Result<(), StoreError> {
    unschedule(txn, before)?;
    put(txn, after)
}

/// Removes a mail: it was sent.
pub fn remove(txn: &mut Txn<'_>, mail: &Queued) -> Result<(), StoreError> {
    unschedule(txn, mail)?;
    txn.remove(&tables::OUTBOX, &mail.id)
}

/// Makes a mail a dead letter, without its content, that is kept until `until`.
pub fn bury(txn: &mut Txn<'_>, mail: &Queued, reason: &str, until: Timestamp) -> Result<(), StoreError> {
    let (sealed, last_error) = (Vec::new(), Some(reason.to_owned()));
    expiry::schedule(txn, until, &tables::OUTBOX, &mail.id)?;
    replace(txn, mail, &Queued { due_at: None, is_claimed: false, sealed, last_error, ..mail.clone() })
}

/// Handles the end that was planned for the mail `id` at `planned`: removes it if it is a dead letter. One that
/// cannot be read stays, for it must not hold up what else has expired.
pub fn expire(txn: &mut Txn<'_>, id: MailId, planned: Timestamp) -> Result<(), StoreError> {
    expiry::unschedule(txn, planned, &tables::OUTBOX, &id)?;
    match by_id(txn, id) {
        Ok(Some(mail)) if mail.due_at.is_none() => remove(txn, &mail),
        Ok(_) | Err(StoreError::Damaged { .. } | StoreError::UnknownVersion { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Up to `limit` mails that are due at `now`, the longest waiting first, behind the mail `after` in that order;
/// and when the next one is.
///
/// The index is only a hint here, for whoever takes a mail reads it again. So its rows are read without the guards
/// of a scan, which would let one damaged mail next to the index stop all the others.
pub fn due(
    snapshot: &Snapshot<'_>,
    now: Timestamp,
    after: Option<(Timestamp, MailId)>,
    limit: usize,
) -> Result<Due, StoreError> {
    let index = &tables::OUTBOX_DUE;
    // Behind a key comes that key and a zero byte.
    let start = after.map_or_else(|| vec![index.id()], |after| [&*index.row_key(&after), &[0]].concat());
    let range = KeyRange { start, end: Some(vec![index.id() + 1]) };
    let mut due = Due { mails: Vec::new(), next_at: None, more: false };
    snapshot.rows().unverified().scan(&range, false, &mut |row_key, _| {
        match index.key_of(row_key) {
            Err(_) => return ControlFlow::Continue(()),
            Ok((at, _)) if at > now => due.next_at = Some(at),
            Ok(_) if due.mails.len() == limit => due.more = true,
            Ok(mail) => {
                due.mails.push(mail);
                return ControlFlow::Continue(());
            }
        }
        ControlFlow::Break(())
    })?;
    Ok(due)
}

/// What [`due`] found.
#[derive(Debug, PartialEq, Eq)]
pub struct Due {
    /// The mails to send now, each with the time it was due.
    pub mails: Vec<(Timestamp, MailId)>,
    /// When the first mail that is not due yet will be.
    pub next_at: Option<Timestamp>,
    /// Whether to look again behind the last of them.
    pub more: bool,
}

/// Mails and dead letters, newest first, older than `after`; and whether there are more.
pub fn list(
    read: &impl Read,
    after: Option<MailId>,
    limit: usize,
) -> Result<(Vec<Queued>, bool), StoreError> {
    let mut scan = Scan::all(limit).reverse();
    if let Some(after) = after {
        scan = scan.before(&after);
    }
    let page = read.scan(&tables::OUTBOX, scan)?;
    let mails = page.rows.into_iter().map(|(id, record)| to_mail(id, record)).collect::<Result<_, _>>()?;
    Ok((mails, page.more))
}

fn put(txn: &mut Txn<'_>, mail: &Queued) -> Result<(), StoreError> {
    if let Some(at) = mail.due_at {
        txn.put(&tables::OUTBOX_DUE, &(at, mail.id), &())?;
    }
    let record = MailV1 {
        to: mail.to.as_str().to_owned(),
        kind: mail.kind.clone(),
        sealed: mail.sealed.clone(),
        created_at: mail.created_at.millis(),
        useless_at: mail.useless_at.millis(),
        attempts: mail.attempts,
        due_at: mail.due_at.map(Timestamp::millis),
        is_claimed: mail.is_claimed,
        last_error: mail.last_error.clone(),
    };
    txn.put(&tables::OUTBOX, &mail.id, &record)
}

fn unschedule(txn: &mut Txn<'_>, mail: &Queued) -> Result<(), StoreError> {
    match mail.due_at {
        Some(at) => txn.remove(&tables::OUTBOX_DUE, &(at, mail.id)),
        None => Ok(()),
    }
}

fn to_mail(id: MailId, record: MailV1) -> Result<Queued, StoreError> {
    let to = EmailAddress::parse(&record.to);
    Ok(Queued {
        id,
        to: to.map_err(|_| StoreError::Damaged { table: tables::OUTBOX.name() })?,
        kind: record.kind,
        sealed: record.sealed,
        created_at: Timestamp::from_millis(record.created_at),
        useless_at: Timestamp::from_millis(record.useless_at),
        attempts: record.attempts,
        due_at: record.due_at.map(Timestamp::from_millis),
        is_claimed: record.is_claimed,
        last_error: record.last_error,
    })
}
