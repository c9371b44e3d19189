//! Changing one's own display name. Knows nothing of other people's.

use super::audit::Witness;
use super::session::{AuthFault, Principal, live_owner};
use super::{Context, Services, flatten};
use crate::domain::audit::{Action, Outcome};
use crate::domain::user::{DisplayName, NotAName, User};
use crate::store::{self, Abort, StoreError};

/// Why a name was not changed.
#[derive(Debug, thiserror::Error)]
pub enum NameFault {
    /// It is none.
    #[error(transparent)]
    Name(#[from] NotAName),
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives the caller the display name `name`. The one that there is already is written nowhere.
pub async fn change(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    name: &str,
) -> Result<User, NameFault> {
    let name = DisplayName::parse(name)?;
    let (id, session) = (caller.user.id, caller.session);
    let witness = Witness::of_caller(app, ctx, id)?;
    let event = witness.event(Action::UserUpdated, Outcome::Success).session(session).detail("field", "name");
    let event = event.done();
    let run = app.store.transact("user.rename", app.stamp(ctx), move |txn| {
        let owner = live_owner(txn, id, session, txn.now())?;
        let mut user = owner.ok_or(Abort::Rule(NameFault::Caller(AuthFault::Invalid)))?;
        if user.name != name {
            user.name = name.clone();
            store::user::put(txn, &user)?;
            txn.emit(event.clone())?;
        }
        Ok(user)
    });
    run.await.map_err(flatten)
}
