//! What an operator sees of everybody, and ends: sessions, locks, mails, budgets, the server itself.
//!
//! ## Decision: whoever looks needs `audit:read`, whoever ends something `users:update`
//! These lists say where people come from, which the audit log says too and no list of accounts does. So a reader of
//! the audit log learns nothing new, whoever may only see who there is does not see it, and an auditor ends nothing.
//! The outbox names addresses of people to write to, and stays with those who may change accounts.

pub mod budgets;
pub mod census;
pub mod guessing;
mod lock;
pub mod locks;
pub mod many_sessions;
pub mod outbox;
pub mod server;
pub mod sessions;
pub mod webhooks;

use std::ops::ControlFlow;

use super::audit::{Draft, Witness};
use super::caller::Caller;
use super::role::{Refused, outranks};
use super::session::AuthFault;
use super::suspicion::Suspicion;
use super::{Context, Services};
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::UserId;
use crate::domain::role::Permission;
use crate::domain::suspicion::Suspicious;
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
    /// There are not as many as the caller expects.
    #[error("there are {found}, not as many as expected")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// The mail is being sent right now.
    #[error("the mail is being sent")]
    BeingSent,
    /// The audit log does not keep the event any more.
    #[error("the event is not kept any more")]
    NotKept,
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
    /// A configured webhook.
    Webhook,
    /// An event that a webhook gave up.
    DeadLetter,
}

impl Thing {
    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Lock => "lockout",
            Self::Mail => "mail",
            Self::Suspicion => "suspicious event",
            Self::Webhook => "webhook",
            Self::DeadLetter => "dead letter",
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

    /// Runs `act`, which needs `users:update`, and records it, unless the caller lost that meanwhile or the owner
    /// outranks the caller, which is recorded too: the inner fault goes through.
    fn run<T>(
        &self,
        txn: &mut Txn<'_>,
        act: impl FnOnce(&mut Txn<'_>) -> Result<T, Abort<OversightFault>>,
    ) -> Result<Result<T, OversightFault>, Abort<OversightFault>> {
        let (actor, _) = self.caller.still_may::<OversightFault>(txn, Permission::UsersUpdate)?;
        let owner = self.owner.map(|id| store::user::by_id(txn, id)).transpose()?.flatten();
        let is_above = owner.map(|owner| outranks(txn, &owner, &actor)).transpose()?;
        if is_above == Some(true) {
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
    let (mut found, mut looked_at) = (Vec::new(), 0);
    // Where most rows are wanted, few are read in vain.
    let mut batch = BATCH.min(limit.saturating_add(1));
    while looked_at < LOOKED_AT {
        let page = rows(after, batch)?;
        let mut left = page.rows.len();
        (looked_at, batch) = (looked_at + left, BATCH.min(LOOKED_AT.saturating_sub(looked_at + left)));
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Ten thousand rows, highest number first: what is kept of them, where to go on, and how many were read.
    fn kept_below(
        after: Option<u32>,
        limit: usize,
        keep: impl Fn(u32) -> bool,
    ) -> (Vec<u32>, Option<u32>, usize) {
        let read = Cell::new(0);
        let rows = |after: Option<u32>, limit| {
            let from = after.unwrap_or(10_000);
            let rows: Vec<_> = (0..from).rev().take(limit).map(|id| (id, ())).collect();
            read.set(read.get() + rows.len());
            let more = rows.last().is_some_and(|(id, ())| *id > 0);
            Ok(Page { rows, more })
        };
        let wanted = |id, ()| Ok(ControlFlow::Continue(keep(id).then_some(id)));
        let (found, next) = walk(after, limit, rows, wanted).unwrap();
        (found, next, read.get())
    }

    #[test]
    fn a_walk_looks_at_a_bounded_number_of_rows_and_goes_on_where_it_was() {
        for limit in [1, 7, 100] {
            let (mut seen, mut after, mut most) = (Vec::new(), None, 0);
            loop {
                let (found, next, read) = kept_below(after, limit, |id| id % 1_999 == 1);
                assert!(found.len() <= limit);
                (seen, most, after) = ([seen, found].concat(), most.max(read), next);
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, [9_996, 7_997, 5_998, 3_999, 2_000, 1]);
            assert!(most <= LOOKED_AT, "{most}");
        }
    }

    #[test]
    fn a_walk_says_that_nothing_follows_when_nothing_does() {
        assert_eq!(kept_below(Some(3), 3, |_| true), (vec![2, 1, 0], None, 3));
        assert_eq!(kept_below(Some(4), 3, |_| true).1, Some(1));
        assert_eq!(kept_below(Some(0), 3, |_| true).1, None);
    }
}
