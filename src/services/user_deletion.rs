//! Deleting an account: one's own, or as an administrator somebody else's.
//!
//! ## Decision: forgotten, not hidden
//! What names the person goes with the act: address, username, number, verifier, tokens, and the key under which the
//! audit log keeps where they came from. The records stay, under an id that leads to nobody, so the chain still verifies.
//! The address is free at once. A letter that was under way still leaves, and a dead one goes after its thirty days.
//! Nothing can be taken back, and there is no time to think it over: an account that waits for its end would be another state
//! that every door has to know, and would keep what its owner asked to be rid of. The fresh proof stands against haste.
//! What it owned stays, without an owner: see [`resource`](crate::domain::resource).

use std::time::Duration;

use super::audit::Witness;
use super::caller::Person;
use super::mail::Sealed;
use super::session::{AuthFault, Principal, live_owner};
use super::step_up::{StepUpNeeded, require_fresh};
use super::user::act::Act;
use super::user::{ActFault, OwnAct, is_last_super_admin};
use super::{Context, Services, flatten};
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::UserId;
use crate::domain::lockout::Subject;
use crate::domain::mail::DeletedBy;
use crate::domain::order::Order;
use crate::domain::role::Permission;
use crate::domain::user::User;
use crate::store::one_time::{self, Purpose};
use crate::store::{self, Abort, StoreError, Txn};

/// How long the last letter is worth sending.
const NOTICE_WORTH: Duration = Duration::from_secs(7 * 86_400);

/// Most sessions whose rows one transaction removes.
const BATCH: usize = 20;

/// Most API keys that one transaction removes: each takes seven writes of the hundred.
const KEYS_BATCH: usize = 12;

/// Most grants that one transaction takes back: each takes three writes of the hundred.
const GRANTS_BATCH: usize = 30;

/// Why an account was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeletionFault {
    /// The caller proved nothing of late.
    #[error(transparent)]
    Stale(#[from] StepUpNeeded),
    /// People do not delete their own accounts here.
    #[error("one's own account is deleted by administrators alone")]
    SwitchedOff,
    /// It is the last active super administrator (R58).
    #[error("the last active super administrator cannot be deleted")]
    LastSuperAdmin,
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Deletes the caller's account, with all that opens it, for good.
pub async fn delete(app: &Services, ctx: &Context, caller: &Principal) -> Result<(), DeletionFault> {
    let (id, session) = (caller.user.id, caller.session);
    let witness = Witness::of_caller(app, ctx, id)?;
    if !app.policy.self_deletion {
        let denied = witness.event(Action::AccessDenied, Outcome::Denied).session(session);
        let denied = denied.reason("self_deletion_off").done();
        app.write("user.delete", ctx, move |txn| txn.emit(denied.clone())).await?;
        return Err(DeletionFault::SwitchedOff);
    }
    require_fresh(app, ctx, caller)?;
    let deleted = witness.event(Action::UserDeleted, Outcome::Success).session(session).done();
    let denied = witness.event(Action::AccessDenied, Outcome::Denied).session(session);
    let denied = denied.reason("last_super_admin").done();
    let end = End::new(app, ctx, &caller.user, DeletedBy::Owner);
    let run = app.store.transact("user.delete", app.stamp(ctx), move |txn| {
        let user = live_owner(txn, id, session, txn.now())?;
        let user = user.ok_or(Abort::Rule(DeletionFault::Caller(AuthFault::Invalid)))?;
        if is_last_super_admin(txn, &user)? {
            txn.emit(denied.clone())?;
            return Ok(Err(DeletionFault::LastSuperAdmin));
        }
        end.write(txn, &user)?;
        txn.emit(deleted.clone())?;
        Ok(Ok(()))
    });
    run.await.map_err(flatten)??;
    Ok(forget(app, ctx, id).await?)
}

/// Deletes somebody else's account in the same way. Needs `users:delete` and a fresh proof.
pub async fn delete_other(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    id: UserId,
) -> Result<(), ActFault> {
    let needed = (Permission::UsersDelete, OwnAct::Delete);
    let act = Act::begin_sensitive(app, ctx, caller, id, needed).await?;
    let end = End::new(app, ctx, &act.seen, DeletedBy::Administrator);
    act.run(app, ctx, "user.delete_other", move |act, txn, user| {
        if is_last_super_admin(txn, &user)? {
            txn.emit(act.denied("last_super_admin"))?;
            return Ok(Err(ActFault::LastSuperAdmin));
        }
        end.write(txn, &user)?;
        txn.emit(act.success(Action::UserDeleted).done())?;
        Ok::<_, Abort<ActFault>>(Ok(()))
    })
    .await?;
    Ok(forget(app, ctx, id).await?)
}

/// The end of an account: all that goes in one commit.
struct End {
    goodbye: Sealed,
    account: Subject,
    names: Vec<Subject>,
}

impl End {
    fn new(app: &Services, ctx: &Context, user: &User, by: DeletedBy) -> Self {
        let letter = app.letters.account_deleted(&user.email, by);
        Self {
            goodbye: Sealed::new(app, ctx, &user.email, &letter, NOTICE_WORTH),
            account: app.keys.account(user.id),
            names: app.keys.names_of(user),
        }
    }

    fn write(&self, txn: &mut Txn<'_>, user: &User) -> Result<(), StoreError> {
        for purpose in Purpose::OF_PEOPLE {
            one_time::remove_of(txn, purpose, user.id)?;
        }
        store::lockout::clear(txn, self.account)?;
        store::lockout::forget_places(txn, self.account)?;
        store::factor::remove(txn, user.id)?;
        store::sms_factor::remove(txn, user.id)?;
        store::identity::remove_all(txn, user.id)?;
        self.names.iter().try_for_each(|name| store::lockout::clear(txn, *name).map(drop))?;
        store::user::remove(txn, user)?;
        self.goodbye.insert(txn)
    }
}

/// Sends the last letter, and removes what opened nothing any more since the account was gone.
async fn forget(app: &Services, ctx: &Context, id: UserId) -> Result<(), StoreError> {
    app.mail_queued.notify_one();
    forget_sessions(app, ctx, id).await?;
    forget_keys(app, ctx, id).await?;
    forget_grants(app, ctx, id).await
}

/// Removes the rows of sessions that opened nothing any more since their owner was gone; they say where the person
/// came from. Those that a crash leaves go when they expire.
async fn forget_sessions(app: &Services, ctx: &Context, id: UserId) -> Result<(), StoreError> {
    let batch = move |txn: &mut Txn<'_>| {
        let (sessions, more) = store::session::of_user(txn, id, (Order::Newest, None), BATCH)?;
        sessions.iter().try_for_each(|session| store::session::remove(txn, session))?;
        Ok(more)
    };
    while app.write("user.forget", ctx, batch).await? {}
    Ok(())
}

/// The same for API keys, whose names may name the person.
async fn forget_keys(app: &Services, ctx: &Context, id: UserId) -> Result<(), StoreError> {
    let batch = move |txn: &mut Txn<'_>| {
        let (keys, more) = store::api_key::list(txn, Some(id), None, KEYS_BATCH)?;
        keys.iter().try_for_each(|key| store::api_key::remove(txn, key))?;
        Ok(more)
    };
    while app.write("user.forget", ctx, batch).await? {}
    Ok(())
}

/// The same for what was granted to the account. A grant that a crash leaves is to nobody, and can be taken back like
/// any other.
async fn forget_grants(app: &Services, ctx: &Context, id: UserId) -> Result<(), StoreError> {
    let batch = move |txn: &mut Txn<'_>| {
        let keys = store::resource::granted_to(txn, id, GRANTS_BATCH)?;
        keys.iter().try_for_each(|key| store::resource::forget_grant(txn, key))?;
        Ok(!keys.is_empty())
    };
    while app.write("user.forget", ctx, batch).await? {}
    Ok(())
}
