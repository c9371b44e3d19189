//! The first administrator, made with a code that only whoever started the server has seen.

use super::audit::Witness;
use super::registration::{Draft, Maker, RegisterFault, Registration, Standing};
use super::{Context, Services, flatten};
use crate::crypto::{HashedToken, OneTimeKind, PlainToken};
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::TokenId;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::one_time::{self, NOBODY, OneTime, Purpose};
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
    let plain = PlainToken::new(OneTimeKind::Setup, TokenId::new(ctx.now, &app.random()), app.random());
    let token = OneTime {
        id: plain.id(),
        owner: NOBODY,
        hash: *app.keys.one_time.hash(&plain).as_bytes(),
        issued_at: ctx.now,
        expires_at: ctx.now.plus(SETUP_TTL),
    };
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
    code: &str,
    form: &Registration<'_>,
) -> Result<User, SetupFault> {
    if is_done(app)? {
        return Err(SetupFault::Done);
    }
    let now = ctx.now;
    let denied = Witness::of_nobody(app, ctx).event(Action::SetupDenied, Outcome::Denied);
    let denied = denied.reason("wrong_code").done();
    let code = PlainToken::parse(OneTimeKind::Setup, code.trim()).ok();
    let code = code.map(|code| (code.id(), app.keys.one_time.hash(&code)));
    let code = match code {
        Some((id, hash)) => app.read(|read| live_code(read, id, &hash, now))?.map(|_| (id, hash)),
        None => None,
    };
    let Some((id, hash)) = code else {
        app.write("setup.denied", ctx, move |txn| txn.emit(denied.clone())).await?;
        return Err(SetupFault::Invalid);
    };
    let standing = Standing { role: Role::SuperAdmin, is_proved: true, maker: Maker::Owner };
    let account = Draft::check(app, form, true)?.prepare(app, ctx, form.password, standing).await;
    let account = account.map_err(RegisterFault::from)?;
    let made = app.store.transact("setup", app.stamp(ctx), move |txn| {
        if has_super_admin(txn)? {
            return Err(Abort::Rule(SetupFault::Done));
        }
        let Some(code) = live_code(txn, id, &hash, now)? else {
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

fn live_code(
    read: &impl Read,
    id: TokenId,
    hash: &HashedToken,
    now: Timestamp,
) -> Result<Option<OneTime>, StoreError> {
    let found = one_time::by_id(read, Purpose::Setup, id)?;
    Ok(found.filter(|found| HashedToken::from_bytes(found.hash).matches(hash) && now < found.expires_at))
}
