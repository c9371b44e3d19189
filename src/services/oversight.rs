//! What an operator sees of everybody, and ends: sessions, locks, mails, budgets, the server itself.
//!
//! ## Decision: whoever looks needs `audit:read`, whoever ends something `users:update`
//! These lists say where people come from, which the audit log says too and no list of accounts does. So a reader of
//! the audit log learns nothing new, whoever may only see who there is does not see it, and an auditor ends nothing.
//! The outbox names addresses of people to write to, and stays with those who may change accounts.

pub mod budgets;
mod lock;
pub mod locks;
pub mod outbox;
pub mod server;
pub mod sessions;

use std::ops::ControlFlow;

use super::audit::{Draft, Witness};
use super::caller::Caller;
use super::role::{Refused, outranks};
use super::session::AuthFault;
use super::suspicion::Suspicion;
use super::{Context, Services};
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::UserId;
use crate::domain::suspicion::Suspicious;
use crate::domain::user::User;
use crate::store::lane::EventV1;
use crate::store::{self, Abort, Page, StoreError, Txn};

/// Most rows that one request looks at; a rarer match is found by going on from the cursor.
const LOOKED_AT: usize = 2_000;

/// Rows read from the store at once.
const BATCH: usize = 200;

/// Why nothing was ended.
#[derive(Debug, thiserror::Error)]
pub enum OversightFault {
    /// There is no such thing, or not any more.
    #[error("no such {}", .0.name())]
    NotFound(Thing),
    /// It belongs to an account of a higher rank than the caller's (R56).
    #[error("the account outranks yours")]
    Outranked,
    /// The mail is being sent right now.
    #[error("the mail is being sent")]
    BeingSent,
    /// The mail was given up, and its content is gone.
    #[error("the mail has no content any more")]
    NoContent,
    /// The caller's credential ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an operator acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A live session.
    Session,
    /// A lock that lasts.
    Lock,
    /// A mail in the outbox.
    Mail,
    /// A suspicious act.
    Suspicion,
}

impl Thing {
    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Lock => "lockout",
            Self::Mail => "mail",
            Self::Suspicion => "suspicious event",
        }
    }
}

/// What an operator does to something of `owner`: the records of it, made before the transaction.
struct Deed {
    caller: Caller,
    owner: Option<UserId>,
    done: EventV1,
    denied: EventV1,
    escalation: Suspicion,
}

impl Deed {
    /// Of `action`; `told` adds what it is about to both records.
    fn new(
        app: &Services,
        ctx: &Context,
        (caller, owner): (&Caller, Option<UserId>),
        action: Action,
        told: impl Fn(Draft) -> Draft,
    ) -> Result<Self, StoreError> {
        let witness = Witness::of_operator(app, ctx, caller.user.id, owner)?;
        let record = |action, outcome| told(caller.signed(witness.event(action, outcome)));
        Ok(Self {
            caller: caller.clone(),
            owner,
            done: record(action, Outcome::Success).done(),
            denied: record(Action::AccessDenied, Outcome::Denied).reason("outranked").done(),
            escalation: Suspicion::new(app, ctx, Suspicious::PrivilegeEscalation),
        })
    }

    /// Runs `act` and records it, unless the caller is nobody any more or the owner outranks the caller, which is
    /// recorded too: the inner fault goes through.
    fn run<T>(
        &self,
        txn: &mut Txn<'_>,
        act: impl FnOnce(&mut Txn<'_>) -> Result<T, Abort<OversightFault>>,
    ) -> Result<Result<T, OversightFault>, Abort<OversightFault>> {
        let actor = self.caller.still_there::<OversightFault>(txn)?;
        let owner = self.owner.map(|id| store::user::by_id(txn, id)).transpose()?.flatten();
        if owner.as_ref().map_or(Ok(false), |owner: &User| outranks(txn, owner, &actor))? {
            self.escalation.write(txn, &self.denied)?;
            txn.emit(self.denied.clone())?;
            return Ok(Err(OversightFault::Outranked));
        }
        let done = act(txn)?;
        txn.emit(self.done.clone())?;
        Ok(Ok(done))
    }
}

/// Looks at rows, in the order of `rows`, until `limit` of them are wanted, none follows, or [`LOOKED_AT`] were looked
/// at. Answers what was wanted, and behind which row to go on, if there may be more. `wanted` breaks where no later row
/// can be wanted.
pub(super) fn walk<I: Copy, R, T>(
    mut after: Option<I>,
    limit: usize,
    rows: impl Fn(Option<I>, usize) -> Result<Page<I, R>, StoreError>,
    mut wanted: impl FnMut(I, R) -> Result<ControlFlow<(), Option<T>>, StoreError>,
) -> Result<(Vec<T>, Option<I>), StoreError> {
    let mut found = Vec::new();
    for _ in 0..LOOKED_AT / BATCH {
        let page = rows(after, BATCH.min(limit.saturating_mul(2)))?;
        let mut left = page.rows.len();
        for (id, row) in page.rows {
            left = left.saturating_sub(1);
            match wanted(id, row)? {
                ControlFlow::Break(()) => return Ok((found, None)),
                ControlFlow::Continue(row) => found.extend(row),
            }
            after = Some(id);
            if found.len() == limit {
                return Ok((found, after.filter(|_| left > 0 || page.more)));
            }
        }
        if !page.more {
            return Ok((found, None));
        }
    }
    Ok((found, after))
}
