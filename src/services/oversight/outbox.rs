//! The outbox as an operator sees and changes it: what waits, what was given up, and never what is written.

use std::ops::ControlFlow;

use super::{Deed, OversightFault, Thing, walk};
use crate::domain::audit::Action;
use crate::domain::feed::Cursor;
use crate::domain::id::MailId;
use crate::domain::role::Permission;
use crate::domain::user::Identifier;
use crate::services::caller::Caller;
use crate::services::events::as_of;
use crate::services::role::{Refused, require};
use crate::services::{Context, Services, flatten};
use crate::store::outbox::{self, Queued};
use crate::store::{self, Abort, Page, StoreError, Txn};

pub use crate::store::outbox::Queued as QueuedMail;

/// Which mails to list.
#[derive(Debug, Clone, Default)]
pub struct MailFilter {
    /// Only those that wait, or only those that were given up.
    pub state: Option<MailState>,
    /// Only those before this one in the list's order.
    pub after: Option<MailId>,
    /// Most mails to answer.
    pub limit: usize,
}

/// How a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// It will be tried, or is being tried.
    Waiting,
    /// It was given up, and its content is gone.
    Dead,
}

impl MailState {
    /// How `mail` stands.
    pub const fn of(mail: &Queued) -> Self {
        if mail.due_at.is_some() { Self::Waiting } else { Self::Dead }
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
        }
    }
}

/// The text names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a state; they are waiting and dead")]
pub struct NotAState;

impl std::str::FromStr for MailState {
    type Err = NotAState;

    fn from_str(text: &str) -> Result<Self, NotAState> {
        [Self::Waiting, Self::Dead].into_iter().find(|state| state.name() == text).ok_or(NotAState)
    }
}

/// A page of the outbox.
#[derive(Debug)]
pub struct OutboxPage {
    /// Mails and dead letters, newest first.
    pub mails: Vec<Queued>,
    /// Where the next page starts, when there may be one.
    pub next: Option<MailId>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Waiting mails and dead letters, newest first. Needs `users:update`.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &MailFilter,
) -> Result<OutboxPage, Refused> {
    require(app, ctx, caller, Permission::UsersUpdate).await?;
    Ok(app.read(|read| {
        let rows = |after, limit| {
            let (mails, more) = outbox::list(read, after, limit)?;
            Ok(Page { rows: mails.into_iter().map(|mail| (mail.id, mail)).collect(), more })
        };
        let (mails, next) = walk(filter.after, filter.limit, rows, |_, mail: Queued| {
            let is_wanted = filter.state.is_none_or(|state| state == MailState::of(&mail));
            Ok(ControlFlow::Continue(is_wanted.then_some(mail)))
        })?;
        Ok(OutboxPage { mails, next, as_of: as_of(read)? })
    })?)
}

/// Plans the next attempt of a waiting mail for now, unless the account that it goes to outranks the caller. Needs
/// `users:update`.
pub async fn retry(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: MailId,
) -> Result<Queued, OversightFault> {
    let retried = act(app, ctx, (caller, id), Action::MailRetried, |txn, mail| {
        let due = Queued { due_at: Some(txn.now()), ..mail.clone() };
        if mail.due_at.is_none() {
            return Err(Abort::Rule(OversightFault::NoContent));
        }
        outbox::replace(txn, mail, &due)?;
        Ok(due)
    });
    let retried = retried.await?;
    app.mail_queued.notify_one();
    Ok(retried)
}

/// Removes a mail or a dead letter, unless the account that it goes to outranks the caller. Needs `users:update`.
pub async fn delete(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: MailId,
) -> Result<(), OversightFault> {
    act(app, ctx, (caller, id), Action::MailDeleted, |txn, mail| Ok(outbox::remove(txn, mail)?)).await
}

async fn act<T: Send + 'static>(
    app: &Services,
    ctx: &Context,
    (caller, id): (&Caller, MailId),
    action: Action,
    change: impl Fn(&mut Txn<'_>, &Queued) -> Result<T, Abort<OversightFault>> + Send + 'static,
) -> Result<T, OversightFault> {
    const NONE: OversightFault = OversightFault::NotFound(Thing::Mail);
    require(app, ctx, caller, Permission::UsersUpdate).await?;
    let found = app.read(|read| {
        let Some(mail) = outbox::by_id(read, id)? else { return Ok(None) };
        let to = Identifier::typed(mail.to.as_str());
        let owner = to.key().map(|key| store::user::by_identifier(read, key)).transpose()?.flatten();
        Ok::<_, StoreError>(Some((mail.kind, owner.map(|owner| owner.id))))
    });
    let (kind, owner) = found?.ok_or(NONE)?;
    let deed = Deed::new(app, ctx, (caller, owner), action, |record| {
        record.detail("mail", id.to_string()).detail("kind", &kind)
    })?;
    let run = app.store.transact("outbox.change", app.stamp(ctx), move |txn| {
        deed.run(txn, |txn| {
            let mail = outbox::by_id(txn, id)?.ok_or(Abort::Rule(NONE))?;
            if mail.is_claimed {
                return Err(Abort::Rule(OversightFault::BeingSent));
            }
            change(txn, &mail)
        })
    });
    run.await.map_err(flatten)?
}
