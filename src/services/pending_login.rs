//! The second step of a login: a code for a login whose password was right. Knows no password.
//!
//! ## Decision: in the store, under the hash of its handle
//! A waiting login has five tries and one success, of any number of callers at once and through a restart: what is
//! left of it is counted in the transaction that judges the code. Whatever ends the account's sessions (a new
//! password, a changed factor, switching it off) raises the account's epoch and so ends this too (R33, R38).
//!
//! ## Decision: a right password alone clears nothing
//! Wrong passwords counted against the account stay until the second step is done: or whoever has the password would
//! guess codes for ever behind a clean record.

use super::audit::{Witness, person_key};
use super::factor::{FactorFault, FactorUsed, Holder, Proof, Stage, weigh};
use super::lockout::Clearing;
use super::login::{LoginFault, logged, note_denied};
use super::opening::{Entry, Opened, Opening, prepare};
use super::{Context, Services, cookie};
use crate::crypto::{LoginHandle, SealKey};
use crate::domain::audit::{Action, Outcome};
use crate::domain::factor::{Factor, PENDING_LOGIN_TRIES, PENDING_LOGIN_TTL};
use crate::domain::lockout::{LockoutPolicy, Place, Subject};
use crate::domain::login::DenyReason;
use crate::domain::time::Timestamp;
use crate::domain::trace::Kind;
use crate::domain::user::User;
use crate::store::factor::PendingLogin;
use crate::store::lane::EventV1;
use crate::store::{self, Read, StoreError, Txn};

/// A new waiting login of `user`, and its handle.
pub(super) fn begin(
    app: &Services,
    ctx: &Context,
    user: &User,
    is_cookie: bool,
) -> (LoginHandle, PendingLogin) {
    let handle = LoginHandle::new(app.random());
    let login = PendingLogin {
        key: app.keys.logins.hash(&handle),
        user: user.id,
        epoch: user.session_epoch,
        is_cookie,
        tries_left: PENDING_LOGIN_TRIES,
        expires_at: ctx.now.plus(PENDING_LOGIN_TTL),
    };
    (handle, login)
}

/// What a browser sent along with a second step.
#[derive(Debug, Clone, Copy)]
pub struct Browser<'a> {
    /// The cookie that it has already.
    pub presented: Option<&'a str>,
    /// Why this is no request of a page of ours, if it is none. Matters to a login for a cookie alone.
    pub forged: Option<&'static str>,
}

impl Browser<'static> {
    /// A door that gives no cookies: a login that was begun for one is not finished there.
    pub const NONE: Self = Self { presented: None, forged: Some("another_door") };
}

/// Finishes the login that waits under `handle` with `code`, a time-based or a backup code. It opens what it was begun
/// for.
pub async fn verify(
    app: &Services,
    ctx: &Context,
    handle: &str,
    code: &str,
    browser: Browser<'_>,
) -> Result<Opened, LoginFault> {
    logged(ctx, finish(app, ctx, (handle, code), browser).await)
}

async fn finish(
    app: &Services,
    ctx: &Context,
    (handle, code): (&str, &str),
    browser: Browser<'_>,
) -> Result<Opened, LoginFault> {
    let Some(handle) = LoginHandle::parse(handle) else { return refuse(app, ctx).await };
    let key = app.keys.logins.hash(&handle);
    let found = app.read(|read| {
        let Some((login, user)) = live(read, key, ctx.now)? else { return Ok(None) };
        Ok(Some((person_key(app, read, user.id)?, user, login.is_cookie)))
    })?;
    let Some((person, user, is_cookie)) = found else { return refuse(app, ctx).await };
    if let Some(cause) = browser.forged.filter(|_| is_cookie) {
        cookie::record_forged(app, ctx, None, cause).await?;
        return Err(LoginFault::Forged(cause));
    }
    let opening = if is_cookie { Opening::Cookie { presented: browser.presented } } else { Opening::Tokens };
    let (promise, entry) = prepare(app, ctx, &user, opening)?;
    let stranger = Witness::of_stranger(app, ctx, user.id, &person);
    let denied = stranger.event(Action::LoginFailed, Outcome::Denied);
    let holder = Holder { user: &user, witness: &stranger, stage: Stage::On };
    let proof = match weigh(app, ctx, &holder, code).await {
        Ok(proof) => proof,
        Err(FactorFault::Locked { retry_after }) => {
            let event = denied.reason(DenyReason::Locked.name()).detail("rule", "factor").done();
            app.write("login.locked", ctx, move |txn| txn.emit(event.clone())).await?;
            return Err(LoginFault::Locked { retry_after });
        }
        Err(FactorFault::Store(error)) => return Err(error.into()),
        Err(FactorFault::NotSetUp | FactorFault::Wrong) => return refuse(app, ctx).await,
    };
    let held = proof.held();
    let (session, id) = (entry.id(), user.id);
    let step = Step::new(app, ctx, (&user, &person), key, (proof, entry));
    let done = app.write("login.verify", ctx, move |txn| step.run(txn)).await;
    match done.inspect_err(|_| held.give_back())? {
        Ended::Granted(user) => Ok(promise.kept(app, ctx.now, *user, session)?),
        Ended::TooMany => {
            note_denied(ctx, id, DenyReason::TooManySessions);
            Err(LoginFault::TooManySessions)
        }
        Ended::Wrong => {
            note_denied(ctx, id, DenyReason::WrongCode);
            Err(LoginFault::WrongCode)
        }
        Ended::Gone => refuse(app, ctx).await,
    }
}

/// Which codes the login that waits under `handle` takes, most usual first; none for a handle that opens nothing.
pub fn methods(app: &Services, ctx: &Context, handle: &str) -> Result<Vec<FactorUsed>, StoreError> {
    let Some(user) = waiting(app, ctx, handle)? else { return Ok(Vec::new()) };
    let (factor, has_phone) = app.read(|read| {
        let factor = store::factor::of_user(read, user.id)?.filter(Factor::is_on);
        Ok((factor, store::sms_factor::is_on(read, user.id)?))
    })?;
    let has_codes = factor.as_ref().is_some_and(|factor| !factor.backup_codes.is_empty());
    let all = [
        (FactorUsed::Totp, factor.is_some()),
        (FactorUsed::Sms, has_phone),
        (FactorUsed::BackupCode, has_codes),
    ];
    Ok(all.into_iter().filter(|(_, is_on)| *is_on).map(|(method, _)| method).collect())
}

/// Records that somebody came with a handle that opens nothing.
pub(super) async fn refuse<T>(app: &Services, ctx: &Context) -> Result<T, LoginFault> {
    ctx.trail.note(Kind::NoPendingLogin);
    let denied = Witness::of_nobody(app, ctx).event(Action::LoginFailed, Outcome::Denied);
    let denied = denied.reason(DenyReason::NoPendingLogin.name()).done();
    app.write("login.denied", ctx, move |txn| txn.emit(denied.clone())).await?;
    Err(LoginFault::NoPendingLogin)
}

/// The account whose login waits under `handle`.
pub(super) fn waiting(app: &Services, ctx: &Context, handle: &str) -> Result<Option<User>, StoreError> {
    let Some(handle) = LoginHandle::parse(handle) else { return Ok(None) };
    let key = app.keys.logins.hash(&handle);
    Ok(app.read(|read| live(read, key, ctx.now))?.map(|(_, user)| user))
}

/// The login under `key` that still waits at `now`, and its account.
fn live(read: &impl Read, key: [u8; 16], now: Timestamp) -> Result<Option<(PendingLogin, User)>, StoreError> {
    let login = store::factor::pending_login(read, key)?.filter(|login| now < login.expires_at);
    let Some(login) = login else { return Ok(None) };
    let user = store::user::by_id(read, login.user)?;
    let user = user.filter(|user| user.status.is_usable() && user.session_epoch == login.epoch);
    Ok(user.map(|user| (login, user)))
}

/// The record of a second step that was refused.
fn refused(app: &Services, ctx: &Context, (user, person): (&User, &SealKey), reason: DenyReason) -> EventV1 {
    let stranger = Witness::of_stranger(app, ctx, user.id, person);
    stranger.event(Action::LoginFailed, Outcome::Denied).reason(reason.name()).done()
}

/// What a second step came to. A wrong code is refused *and* counted, so it is no error of the transaction.
enum Ended {
    Granted(Box<User>),
    TooMany,
    Wrong,
    Gone,
}

/// A second step, to be held against the login as it is when it is written.
struct Step {
    key: [u8; 16],
    proof: Proof,
    entry: Entry,
    clearing: Clearing,
    place: Option<(Subject, Place, LockoutPolicy)>,
    witness: Witness,
    denied: EventV1,
    too_many: EventV1,
}

impl Step {
    fn new(
        app: &Services,
        ctx: &Context,
        (user, person): (&User, &SealKey),
        key: [u8; 16],
        (proof, entry): (Proof, Entry),
    ) -> Self {
        let subject = app.keys.account(user.id);
        let is_counted = app.limits.applies_to(ctx.client);
        Self {
            key,
            proof,
            entry,
            clearing: Clearing::new(app, ctx, subject, app.keys.names_of(user)),
            place: is_counted.then(|| (subject, Place::of(ctx.client), app.policy.lockout)),
            witness: Witness::of_self(app, ctx, user.id, person),
            too_many: refused(app, ctx, (user, person), DenyReason::TooManySessions),
            denied: refused(app, ctx, (user, person), DenyReason::WrongCode),
        }
    }

    fn run(&self, txn: &mut Txn<'_>) -> Result<Ended, StoreError> {
        let Some((login, user)) = live(txn, self.key, txn.now())? else { return Ok(Ended::Gone) };
        let Some(proved) = self.proof.spend(txn)? else {
            store::factor::spoil_pending(txn, &login)?;
            txn.emit(self.denied.clone())?;
            return Ok(Ended::Wrong);
        };
        store::factor::remove_pending(txn, self.key)?;
        if self.entry.write(txn, &self.witness)?.is_err() {
            txn.emit(self.too_many.clone())?;
            return Ok(Ended::TooMany);
        }
        let event = self.witness.event(Action::LoginSucceeded, Outcome::Success).session(self.entry.id());
        txn.emit(event.detail("factor", proved.name()).done())?;
        self.clearing.write(txn, &self.witness, "login")?;
        if let Some((subject, place, policy)) = &self.place {
            store::lockout::note_place(txn, *subject, *place, policy)?;
        }
        Ok(Ended::Granted(Box::new(user)))
    }
}
