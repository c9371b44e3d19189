//! Fresh proof of who one is, for sensitive acts (RFC 9470). Knows nothing of the acts.
//!
//! ## Decision: where a second factor is on, a code is the proof, and a password is none
//! Whoever sits at a session they should not have may know the password too: it leaks, and it is what the second factor
//! was switched on against. The session itself shows that the password was right once, so a code alone completes both.
//! Acts that take the password in their own body (the contract has a factor switched off so) take it still.
//!
//! ## Decision: a session that lives by a cookie goes on under another id
//! More may be done in it from now on, so whoever got hold of the cookie before shall not have it (T28). Its id and its
//! secret are new, and the old ones open nothing any more; its ends stay what they were.

use std::time::Duration;

use super::audit::{Draft, Witness};
use super::caller::Person;
use super::factor::{FactorFault, Holder, Proof, Stage, weigh};
use super::opening::NewCookie;
use super::password_proof::{ProofFault, prove};
use super::session::{AuthFault, Principal, live_owner};
use super::{Context, Services, flatten};
use crate::crypto::SessionCookie;
use crate::domain::audit::{Action, Outcome};
use crate::domain::cookie::{Cookie, CookiePolicy};
use crate::domain::id::SessionId;
use crate::domain::session::{Kind, Session};
use crate::domain::time::Timestamp;
use crate::domain::trace;
use crate::store::{self, Abort, StoreError, Txn};

/// The last proof is too old for this act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the act needs a fresh proof of the password or of a second factor")]
pub struct StepUpNeeded {
    /// How old the proof may be.
    pub max_age: Duration,
    /// Whether the proof is a code of the second factor, and not the password.
    pub by_code: bool,
}

/// Refuses a caller who proved neither the password nor a factor within `step_up.ttl`. What was known when the request
/// came in decides; nothing is read.
///
/// An act that takes the password in its own body need not ask: that is a proof.
pub fn require_fresh(app: &Services, ctx: &Context, caller: &Principal) -> Result<(), StepUpNeeded> {
    fresh_since(app, ctx, caller.authenticated_at, caller.user.has_factor)
}

/// The same of whoever is no program. Over the admin socket the kernel says at every request who calls: that is fresh.
pub fn require_fresh_person(app: &Services, ctx: &Context, person: &Person) -> Result<(), StepUpNeeded> {
    let proved_at = person.proved_at;
    proved_at.map_or(Ok(()), |proved_at| fresh_since(app, ctx, proved_at, person.caller.user.has_factor))
}

fn fresh_since(
    app: &Services,
    ctx: &Context,
    proved_at: Timestamp,
    has_factor: bool,
) -> Result<(), StepUpNeeded> {
    let max_age = app.policy.step_up_ttl;
    // A clock that was set back makes no old proof fresh.
    let age = ctx.now.since(proved_at).max(proved_at.since(ctx.now));
    if max_age.is_zero() || age <= max_age {
        return Ok(());
    }
    let proof = if has_factor { "second factor" } else { "password" };
    ctx.trail.note(trace::Kind::StepUpNeeded.with("age", age).with("allowed", max_age).with("proof", proof));
    Err(StepUpNeeded { max_age, by_code: has_factor })
}

/// Why a session did not become fresh.
#[derive(Debug, thiserror::Error)]
pub enum StepUpFault {
    /// A second factor is on, so a password is not enough.
    #[error("the proof must be a code of the second factor")]
    CodeNeeded,
    /// The password proved nothing.
    #[error(transparent)]
    Password(#[from] ProofFault),
    /// The code proved nothing.
    #[error(transparent)]
    Factor(#[from] FactorFault),
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A session that became fresh.
pub struct Fresh {
    /// For how long.
    pub ttl: Duration,
    /// What it lives by from now on, where that is a cookie.
    pub cookie: Option<NewCookie>,
}

/// Makes the caller's session fresh with the account's password. A wrong one counts like a failed login.
pub async fn with_password(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    password: &str,
) -> Result<Fresh, StepUpFault> {
    if caller.user.has_factor {
        return Err(StepUpFault::CodeNeeded);
    }
    let proved = prove(app, ctx, caller, password, Action::SessionSteppedUp).await?;
    let event = proved.success().reason("password");
    let (value, renewal) = Renewal::of(app, ctx, caller);
    let renew = move |txn: &mut Txn<'_>, _| renewal.run(txn, event.clone());
    let life = proved.then(app, ctx, "step_up", renew).await?;
    Ok(fresh(app, value, life))
}

/// The same with a code of the second factor, which is used up.
pub async fn with_code(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    code: &str,
) -> Result<Fresh, StepUpFault> {
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let event = |outcome| witness.event(Action::SessionSteppedUp, outcome).session(caller.session);
    let holder = Holder { user: &caller.user, witness: &witness, stage: Stage::On };
    let proof = match weigh(app, ctx, &holder, code).await {
        Err(fault @ FactorFault::Locked { .. }) => {
            let denied = event(Outcome::Denied).reason("locked").detail("rule", "factor").done();
            app.write("step_up.locked", ctx, move |txn| txn.emit(denied.clone())).await?;
            return Err(fault.into());
        }
        weighed => weighed?,
    };
    let held = proof.held();
    let (value, renewal) = Renewal::of(app, ctx, caller);
    let step = ByCode {
        caller: caller.clone(),
        renewal,
        proof,
        success: event(Outcome::Success),
        denied: event(Outcome::Denied).reason("wrong_code"),
    };
    let run = app.store.transact("step_up", app.stamp(ctx), move |txn| step.run(txn));
    let life = run.await.map_err(flatten).inspect_err(|_| held.give_back())??;
    Ok(fresh(app, value, life))
}

fn fresh(app: &Services, value: Option<SessionCookie>, life: Option<Cookie>) -> Fresh {
    let cookie = value.zip(life).map(|(value, life)| NewCookie::new(app, &value, &life));
    Fresh { ttl: app.policy.step_up_ttl, cookie }
}

struct ByCode {
    caller: Principal,
    renewal: Renewal,
    proof: Proof,
    success: Draft,
    denied: Draft,
}

impl ByCode {
    /// The inner fault is a denial that is recorded, so the transaction goes through.
    fn run(&self, txn: &mut Txn<'_>) -> Result<Result<Option<Cookie>, StepUpFault>, Abort<StepUpFault>> {
        let Principal { user, session, .. } = &self.caller;
        let owner = live_owner(txn, user.id, *session, txn.now())?;
        owner.ok_or(Abort::Rule(StepUpFault::Caller(AuthFault::Invalid)))?;
        let Some(used) = self.proof.spend(txn)? else {
            txn.emit(self.denied.clone().done())?;
            return Ok(Err(FactorFault::Wrong.into()));
        };
        Ok(Ok(self.renewal.run(txn, self.success.clone().reason(used.name()))?))
    }
}

/// How a session goes on after a proof.
struct Renewal {
    session: SessionId,
    /// Its new id, and the hash of its new secret, where it lives by a cookie.
    cookie: Option<(SessionId, [u8; 32])>,
    policy: CookiePolicy,
}

impl Renewal {
    /// Of the caller's session, and its new cookie where it lives by one.
    fn of(app: &Services, ctx: &Context, caller: &Principal) -> (Option<SessionCookie>, Self) {
        let new = || SessionCookie::new(SessionId::new(ctx.now, &app.random()), app.random());
        let value = caller.csrf.as_ref().map(|_| new());
        let hash = |value| *app.keys.cookies.hash(app.policy.cookies.name, value).as_bytes();
        let cookie = value.as_ref().map(|value| (value.id(), hash(value)));
        (value, Self { session: caller.session, cookie, policy: app.policy.cookies })
    }

    /// Answers the life of the new cookie, if there is one.
    fn run(&self, txn: &mut Txn<'_>, event: Draft) -> Result<Option<Cookie>, StoreError> {
        let Some(session) = store::session::by_id(txn, self.session)? else { return Ok(None) };
        let now = txn.now();
        let (Some(cookie), Some((id, hash))) = (session.cookie().copied(), self.cookie) else {
            store::session::put(txn, &Session { authenticated_at: now, ..session })?;
            txn.emit(event.done())?;
            return Ok(None);
        };
        let life = Cookie { hash, ..cookie.used(now, &self.policy) };
        store::session::remove(txn, &session)?;
        let kind = Kind::Cookie(life);
        let renewed = Session { id, authenticated_at: now, last_used_at: now, kind, ..session };
        store::session::insert(txn, &renewed)?;
        txn.emit(event.detail("renewed_as", id.to_string()).done())?;
        Ok(Some(life))
    }
}
