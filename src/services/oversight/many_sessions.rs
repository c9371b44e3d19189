//! The end of many sessions in one go: those with given ids, or those that a filter holds. Knows nothing of who asks over
//! what.
//!
//! ## Decision: many small commits, and every session has an outcome
//! One commit holds a bounded number of records, and a rule that says no to one session must not save the others. So each
//! batch is a transaction that judges everything again, and the answer says of each session what became of it. Where the
//! server fails half-way, what was done is in the audit log under the id of the request.
//!
//! ## Decision: whoever ends what a filter holds says how many that is
//! Between the look and the deed the world moves on. The count is compared with what this very call would end, and where
//! they differ nothing is ended. A filter passes the caller's own session over; by its id it can be ended.

use std::collections::HashMap;

use super::OversightFault;
use super::sessions::{SessionFilter, matching};
use crate::domain::audit::{Action, Outcome};
use crate::domain::feed::Cursor;
use crate::domain::id::{SessionId, UserId};
use crate::domain::role::Permission;
use crate::services::audit::{Draft, Witness};
use crate::services::caller::{Caller, Credential};
use crate::services::events::as_of;
use crate::services::role::{outranks, require};
use crate::services::session::with_owner;
use crate::services::{Context, Services, flatten};
use crate::store::{self, Abort, Read, StoreError, Txn};

/// Most sessions that one call ends.
pub const SESSIONS_MAX: usize = 500;

/// Sessions that one commit ends: each costs four writes.
const BATCH: usize = 20;

/// Which sessions.
#[derive(Debug, Clone)]
pub enum Which {
    /// Those with these ids.
    Ids(Vec<SessionId>),
    /// Those that this holds, as far as one call goes.
    All(SessionFilter),
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Which sessions.
    pub which: Which,
    /// How many the caller expects to end.
    pub expected: Option<usize>,
    /// Whether only to say what would become of them.
    pub is_dry_run: bool,
}

/// What became of a session, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It ends.
    Ended,
    /// There is none, or not any more.
    Gone,
    /// It is of an account above the caller (R56).
    Outranked,
    /// It is the caller's own, and was not named.
    Own,
}

impl Fate {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Gone => "gone",
            Self::Outranked => "outranked",
            Self::Own => "own",
        }
    }
}

/// What became of the sessions.
#[derive(Debug)]
pub struct Ended {
    /// Each session, its account and its fate.
    pub sessions: Vec<(SessionId, Option<UserId>, Fate)>,
    /// Behind which session a filter goes on, when there may be more.
    pub next: Option<SessionId>,
    /// The state in which they were found.
    pub as_of: Cursor,
}

/// Ends many sessions, or says which it would end. Needs `users:update`.
pub async fn end(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    ending: &Ending,
) -> Result<Ended, OversightFault> {
    require(app, ctx, caller, Permission::UsersUpdate).await?;
    let mut found = app.read(|read| find(read, ctx, caller, &ending.which))?;
    let doomed: Vec<_> =
        found.sessions.iter().filter(|(.., fate)| *fate == Fate::Ended).map(|(id, ..)| *id).collect();
    if ending.expected.is_some_and(|expected| expected != doomed.len()) {
        return Err(OversightFault::Count { found: doomed.len() });
    }
    if ending.is_dry_run {
        return Ok(found);
    }
    let witness = Witness::of_operator(app, ctx, caller.user.id, None)?;
    let record = |action, outcome| caller.signed(witness.event(action, outcome));
    let mut fates = HashMap::new();
    for ids in doomed.chunks(BATCH) {
        let batch = Batch {
            caller: caller.clone(),
            ids: ids.to_vec(),
            done: record(Action::SessionEnded, Outcome::Success).reason("ended_by_operator"),
            denied: record(Action::AccessDenied, Outcome::Denied).reason("outranked"),
        };
        let run = app.store.transact("session.end_many", app.stamp(ctx), move |txn| batch.run(txn));
        fates.extend(run.await.map_err(flatten)?);
    }
    for (id, _, fate) in &mut found.sessions {
        *fate = fates.get(id).copied().unwrap_or(*fate);
    }
    Ok(found)
}

/// What would become of the sessions now.
fn find(read: &impl Read, ctx: &Context, caller: &Caller, which: &Which) -> Result<Ended, StoreError> {
    let (mut sessions, mut next) = (Vec::new(), None);
    let mut above = HashMap::new();
    match which {
        Which::Ids(ids) => {
            for id in ids {
                let session = store::session::by_id(read, *id)?;
                let live = session.map(|session| with_owner(read, session, ctx.now)).transpose()?.flatten();
                let fate = match &live {
                    None => Fate::Gone,
                    Some((owner, _)) if outranks(read, owner, &caller.user)? => Fate::Outranked,
                    Some(_) => Fate::Ended,
                };
                sessions.push((*id, live.map(|(owner, _)| owner.id), fate));
            }
        }
        Which::All(filter) => {
            let found = matching(read, filter, ctx.now)?;
            next = found.next;
            for (session, owner) in found.sessions {
                let is_above = match above.get(&owner.id) {
                    Some(is_above) => *is_above,
                    None => *above.entry(owner.id).or_insert(outranks(read, &owner, &caller.user)?),
                };
                let fate = if caller.credential == Credential::Session(session.id) {
                    Fate::Own
                } else if is_above {
                    Fate::Outranked
                } else {
                    Fate::Ended
                };
                sessions.push((session.id, Some(owner.id), fate));
            }
        }
    }
    Ok(Ended { sessions, next, as_of: as_of(read)? })
}

/// Sessions that end in one commit.
struct Batch {
    caller: Caller,
    ids: Vec<SessionId>,
    done: Draft,
    denied: Draft,
}

impl Batch {
    /// Judges each session again: it may be gone, and its owner may have risen.
    fn run(&self, txn: &mut Txn<'_>) -> Result<Vec<(SessionId, Fate)>, Abort<OversightFault>> {
        let (actor, _) = self.caller.still_may::<OversightFault>(txn, Permission::UsersUpdate)?;
        let mut fates = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            let session = store::session::by_id(txn, *id)?;
            let now = txn.now();
            let live = session.map(|session| with_owner(txn, session, now)).transpose()?.flatten();
            let fate = match live {
                None => Fate::Gone,
                Some((owner, _)) if outranks(txn, &owner, &actor)? => {
                    txn.emit(self.denied.clone().about(owner.id).session(*id).done())?;
                    Fate::Outranked
                }
                Some((owner, session)) => {
                    store::session::remove(txn, &session)?;
                    txn.emit(self.done.clone().about(owner.id).session(*id).done())?;
                    Fate::Ended
                }
            };
            fates.push((*id, fate));
        }
        Ok(fates)
    }
}
