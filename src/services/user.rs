//! Accounts as an administrator sees and changes them.

use super::audit::{Witness, person_key};
use super::caller::Caller;
use super::events::as_of;
use super::role::{Refused, outranks, require};
use super::session::{AuthFault, end_all_of};
use super::suspicion::Suspicion;
use super::{Context, Services, flatten};
use crate::domain::audit::{Action, Outcome};
use crate::domain::feed::Cursor;
use crate::domain::id::UserId;
use crate::domain::role::{Permission, Role};
use crate::domain::suspicion::Suspicious;
use crate::domain::user::{DisplayName, Status, User};
use crate::store::{self, Abort, Read, StoreError, Txn};

/// The farthest an `offset` reaches, and the highest exact total.
pub const OFFSET_MAX: usize = 10_000;

/// Most accounts one scan reads.
const SCAN: usize = 500;

/// Most super administrators that are looked at to find another active one.
const SUPER_ADMINS_MAX: usize = 1_000;

/// Which accounts to list.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Only accounts with this status.
    pub status: Option<Status>,
    /// Only accounts whose address, username or name contains this, without regard to ASCII case.
    pub search: Option<String>,
    /// How many accounts to skip, at most [`OFFSET_MAX`].
    pub offset: usize,
    /// Most accounts to answer.
    pub limit: usize,
}

/// A page of accounts.
#[derive(Debug)]
pub struct UserPage {
    /// The accounts, newest first.
    pub users: Vec<User>,
    /// How many accounts match, as far as [`OFFSET_MAX`] accounts were looked at.
    pub total: usize,
    /// Whether there are more accounts than were looked at, so that `total` is a lower bound.
    pub is_capped: bool,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Lists accounts, newest first. Needs `users:read`.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &UserFilter,
) -> Result<UserPage, Refused> {
    require(app, ctx, caller, Permission::UsersRead).await?;
    Ok(app.read(|read| page(read, filter))?)
}

/// What an administrator changes of an account.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// The new display name.
    pub name: Option<DisplayName>,
    /// The new status: active, inactive or suspended.
    pub status: Option<Status>,
}

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateFault {
    /// There is no such account.
    #[error("no such user")]
    NotFound,
    /// The account has a higher rank than the caller's (R56).
    #[error("the account outranks yours")]
    Outranked,
    /// An account cannot be set back to pending.
    #[error("an account cannot be made pending again")]
    NotSettable,
    /// It is the last active super administrator (R58).
    #[error("the last active super administrator cannot be switched off")]
    LastSuperAdmin,
    /// The caller's sessions ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes the name or the status of an account. A status that switches it off ends its sessions and its API keys at
/// once, for good. Needs `users:update`.
pub async fn update(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: UserId,
    change: UserChange,
) -> Result<User, UpdateFault> {
    require(app, ctx, caller, Permission::UsersUpdate).await?;
    if change.status == Some(Status::Pending) {
        return Err(UpdateFault::NotSettable);
    }
    let caller = caller.clone();
    let person = app.read(|read| person_key(app, read, caller.user.id))?;
    let witness = Witness::of_other(app, ctx, (caller.user.id, id), &person);
    let watch = (witness, Suspicion::new(app, ctx, Suspicious::PrivilegeEscalation));
    let run = move |txn: &mut Txn<'_>| apply(txn, &caller, id, &change, &watch);
    app.store.transact("user.update", app.stamp(ctx), run).await.map_err(flatten)?
}

/// The inner fault is a refusal that is recorded, so the transaction goes through.
fn apply(
    txn: &mut Txn<'_>,
    caller: &Caller,
    id: UserId,
    change: &UserChange,
    (witness, escalation): &(Witness, Suspicion),
) -> Result<Result<User, UpdateFault>, Abort<UpdateFault>> {
    // The caller was let in at the head of the request; the body may have taken half a minute since. Whoever was
    // suspended meanwhile must not be able to undo it.
    let actor = caller.still_there::<UpdateFault>(txn)?;
    let mut user = store::user::by_id(txn, id)?.ok_or(Abort::Rule(UpdateFault::NotFound))?;
    let denied =
        |reason| caller.signed(witness.event(Action::AccessDenied, Outcome::Denied)).reason(reason).done();
    if outranks(txn, &user, &actor)? {
        let event = denied("outranked");
        escalation.write(txn, &event)?;
        txn.emit(event)?;
        return Ok(Err(UpdateFault::Outranked));
    }
    let status = change.status.filter(|status| *status != user.status);
    if status.is_some_and(|status| !status.is_usable()) && is_last_super_admin(txn, &user)? {
        txn.emit(denied("last_super_admin"))?;
        return Ok(Err(UpdateFault::LastSuperAdmin));
    }
    if let Some(name) = change.name.clone().filter(|name| *name != user.name) {
        user.name = name;
        let event = caller.signed(witness.event(Action::UserUpdated, Outcome::Success));
        txn.emit(event.detail("field", "name").done())?;
    }
    if let Some(status) = status {
        let event = caller.signed(witness.event(Action::UserStatusChanged, Outcome::Success));
        txn.emit(event.detail("from", user.status.name()).detail("to", status.name()).done())?;
        if !status.is_usable() {
            end_all_of(txn, &mut user)?;
            user.key_epoch = user.key_epoch.wrapping_add(1);
        }
        user.status = status;
    }
    store::user::put(txn, &user)?;
    Ok(Ok(user))
}

/// Whether `user` is the only super administrator that is active.
pub(super) fn is_last_super_admin(read: &impl Read, user: &User) -> Result<bool, StoreError> {
    if !user.roles.contains(&Role::SuperAdmin) {
        return Ok(false);
    }
    let holders = store::user::with_role(read, Role::SuperAdmin, SUPER_ADMINS_MAX)?;
    Ok(!holders.iter().any(|other| other.id != user.id && other.status == Status::Active))
}

fn page(read: &impl Read, filter: &UserFilter) -> Result<UserPage, StoreError> {
    let needle = filter.search.as_deref().map(str::to_lowercase);
    let matches = |user: &User| {
        filter.status.is_none_or(|status| status == user.status)
            && needle.as_deref().is_none_or(|needle| is_found(user, needle))
    };
    let mut page = UserPage { users: Vec::new(), total: 0, is_capped: false, as_of: as_of(read)? };
    let (mut after, mut seen) = (None, 0);
    loop {
        let (users, more) = store::user::list(read, after, SCAN)?;
        after = users.last().map(|user| user.id);
        seen += users.len();
        for user in users.into_iter().filter(matches) {
            if page.total >= filter.offset && page.users.len() < filter.limit {
                page.users.push(user);
            }
            page.total += 1;
        }
        if !more {
            return Ok(page);
        }
        if seen >= OFFSET_MAX {
            return Ok(UserPage { is_capped: true, ..page });
        }
    }
}

fn is_found(user: &User, needle: &str) -> bool {
    let fields = [user.email.as_str(), user.username.as_str(), user.name.as_str()];
    fields.iter().any(|field| field.to_lowercase().contains(needle))
}
