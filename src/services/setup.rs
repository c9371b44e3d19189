//! The first administrator, made with a code that only whoever started the server has seen.

use super::audit::Witness;
use super::explain::why;
use super::one_time::{Presented, issue};
use super::registration::{Draft, Maker, RegisterFault, Registration, Standing};
use super::{Context, Services, flatten};
use crate::crypto::{OneTimeKind, PlainToken};
use crate::domain::audit::{Action, Outcome};
use crate::domain::role::Role;
use crate::domain::user::User;
use crate::store::one_time::{self, NOBODY, Purpose};
use crate::store::{self, Abort, Read, StoreError};
use std::time::Duration;

/// How long a setup code lives. A restart prints a new one.
pub const SETUP_TTL: Duration = Duration::from_secs(24 * 3600);

/// Why there is no first administrator.
#[derive(Debug, thiserror::Error)]
pub enum SetupFault {
    /// The code is none of ours, is too old, or was used.
    #[error("the setup code is not valid")]
    Invalid,
    /// There is a super administrator already.
    #[error("the server is set up")]
    Done,
    /// The account cannot be made.
    #[error(transparent)]
    Register(#[from] RegisterFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether there is a super administrator.
pub fn is_done(app: &Services) -> Result<bool, StoreError> {
    app.read(|read| has_super_admin(read))
}

/// A new setup code in place of an older one; `None` when there is a super administrator already.
pub async fn issue_code(app: &Services, ctx: &Context) -> Result<Option<PlainToken>, StoreError> {
    let (plain, token) = issue(app, ctx, OneTimeKind::Setup, NOBODY, SETUP_TTL);
    let issued = app
        .write("setup.issue", ctx, move |txn| {
            if has_super_admin(txn)? {
                return Ok(false);
            }
            one_time::replace(txn, Purpose::Setup, &token)?;
            Ok(true)
        })
        .await?;
    Ok(issued.then_some(plain))
}

/// Makes the first super administrator. The code works once; a refused form does not use it up.
pub async fn set_up(
    app: &Services,
    ctx: &Context,
    text: &str,
    form: &Registration<'_>,
) -> Result<User, SetupFault> {
    let denied = Witness::of_nobody(app, ctx).event(Action::SetupDenied, Outcome::Denied);
    let denied = denied.reason("wrong_code").done();
    let code = Presented::read(app, ctx, OneTimeKind::Setup, text.trim());
    // One snapshot: a code that somebody has just used is not a wrong one.
    let (is_done, code) = app.read(|read| {
        let is_live = code.as_ref().map(|code| code.live(read)).transpose()?.flatten().is_some();
        Ok::<_, StoreError>((has_super_admin(read)?, code.filter(|_| is_live)))
    })?;
    if is_done {
        return Err(SetupFault::Done);
    }
    let Some(code) = code else {
        why::link(app, ctx, OneTimeKind::Setup, text.trim());
        app.write("setup.denied", ctx, move |txn| txn.emit(denied.clone())).await?;
        return Err(SetupFault::Invalid);
    };
    let standing = Standing::active(Role::SuperAdmin, Maker::Owner);
    let account = Draft::check(app, form, true)?.prepare(app, ctx, form.password, standing).await;
    let account = account.map_err(RegisterFault::from)?;
    let made = app.store.transact("setup", app.stamp(ctx), move |txn| {
        if has_super_admin(txn)? {
            return Err(Abort::Rule(SetupFault::Done));
        }
        let Some(code) = code.live(txn)? else {
            txn.emit(denied.clone())?;
            return Ok(Err(SetupFault::Invalid));
        };
        one_time::remove(txn, Purpose::Setup, &code)?;
        account.insert(txn)?.map(Ok).map_err(|taken| Abort::Rule(RegisterFault::Exists(taken).into()))
    });
    made.await.map_err(flatten)?
}

fn has_super_admin(read: &impl Read) -> Result<bool, StoreError> {
    Ok(!store::user::with_role(read, Role::SuperAdmin, 1)?.is_empty())
}
