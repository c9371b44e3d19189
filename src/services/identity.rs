//! The accounts elsewhere that open one's own account: which they are, and taking one away. Knows no provider.

use super::audit::Witness;
use super::factor::notice;
use super::session::{AuthFault, Principal, live_owner};
use super::step_up::{StepUpNeeded, require_fresh};
use super::{Context, Services, flatten};
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::IdentityId;
use crate::domain::identity::Identity;
use crate::domain::mail::FactorNews;
use crate::store::{self, Abort, StoreError};

/// Why a link was not taken away.
#[derive(Debug, thiserror::Error)]
pub enum UnlinkFault {
    /// The account has no such link.
    #[error("there is no such link")]
    NotFound,
    /// Without it nobody could log in to the account any more.
    #[error("the account has no password and no other link")]
    LastWay,
    /// The caller proved nothing of late.
    #[error(transparent)]
    Stale(#[from] StepUpNeeded),
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The accounts elsewhere that open the caller's, oldest link first.
pub fn list(app: &Services, caller: &Principal) -> Result<Vec<Identity>, StoreError> {
    let all = app.read(|read| store::identity::of_user(read, caller.user.id))?;
    Ok(all.into_iter().map(|(_, identity)| identity).collect())
}

/// Takes a link away. Sessions that it opened live on. Needs a fresh proof.
pub async fn unlink(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    id: IdentityId,
) -> Result<(), UnlinkFault> {
    require_fresh(app, ctx, caller)?;
    let (user, session) = (caller.user.id, caller.session);
    let witness = Witness::of_caller(app, ctx, user)?;
    let event = witness.event(Action::IdentityUnlinked, Outcome::Success).session(session);
    let mail = notice(app, ctx, &caller.user, FactorNews::Unlinked);
    let run = app.store.transact("identity.unlink", app.stamp(ctx), move |txn| {
        let owner = live_owner(txn, user, session, txn.now())?;
        owner.ok_or(Abort::Rule(UnlinkFault::Caller(AuthFault::Invalid)))?;
        let all = store::identity::of_user(txn, user)?;
        let found = all.iter().find(|(_, identity)| identity.id == id);
        let (place, identity) = found.ok_or(Abort::Rule(UnlinkFault::NotFound))?;
        if all.len() == 1 && store::user::phc(txn, user)?.is_none() {
            return Err(Abort::Rule(UnlinkFault::LastWay));
        }
        store::identity::remove(txn, *place, identity)?;
        txn.emit(event.clone().detail("provider", identity.provider.as_str()).done())?;
        Ok(mail.insert(txn)?)
    });
    run.await.map_err(flatten)?;
    app.mail_queued.notify_one();
    Ok(())
}
