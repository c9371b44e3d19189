//! The second factor of one's own account: set up, switched on and off, its backup codes, and what its owner may see
//! of it. Knows no picture and no door that asks for a code.
//!
//! ## Decision: a waiting enrolment is nothing
//! Until its first code comes, an enrolment has no effect (R50), whoever made it: a login asks for nothing, and a new
//! enrolment takes its place. After an hour it cannot be switched on any more.

mod disabling;
mod enabling;
pub mod first;

pub use disabling::{disable, disable_by_code, disable_with_code};
pub use enabling::{enable, enable_first, enable_with_codes};

use zeroize::Zeroizing;

use super::audit::{Draft, Witness};
use super::factor::{FactorFault, notice, secret_of};
use super::limits::{Class, Exceeded, Key};
use super::password_proof::{ProofFault, prove};
use super::session::{AuthFault, Principal, end_others_of, live_owner};
use super::step_up::{StepUpNeeded, require_fresh};
use super::{Context, Services, flatten};
use crate::crypto::{BackupCode, TotpSecret};
use crate::domain::audit::{Action, Outcome};
use crate::domain::factor::{BackupHash, Factor, ISSUER_CHARS, STEP, is_issuer, steps_at};
use crate::domain::id::{SessionId, UserId};
use crate::domain::mail::FactorNews;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::{self, Abort, StoreError, Txn};

/// Why nothing was done with a second factor.
#[derive(Debug, thiserror::Error)]
pub enum MfaFault {
    /// It is on already.
    #[error("the second factor is on already")]
    AlreadyOn,
    /// The rules demand it of the caller's role.
    #[error("the second factor is demanded for this role")]
    Demanded,
    /// No authenticator app can show this issuer.
    #[error("must be 1 to {ISSUER_CHARS} characters without a colon and control characters")]
    Issuer,
    /// The operator has switched this help off.
    #[error("this help is switched off")]
    SwitchedOff,
    /// The owner asked too often.
    #[error("too many requests")]
    Limited(Exceeded),
    /// The last proof of who calls is too old.
    #[error(transparent)]
    StepUp(#[from] StepUpNeeded),
    /// The code proved nothing.
    #[error(transparent)]
    Factor(#[from] FactorFault),
    /// The password proved nothing.
    #[error(transparent)]
    Password(#[from] ProofFault),
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A text that must not be kept.
pub type Shown = Zeroizing<String>;

/// A new enrolment, as it is shown, once.
pub struct Enrolment {
    /// The secret in base32.
    pub secret: Shown,
    /// The URI that an authenticator app reads.
    pub uri: Shown,
    /// The backup codes.
    pub backup_codes: Vec<Shown>,
}

/// How the caller's second factor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorStatus {
    /// When it was switched on, if it is.
    pub enrolled_at: Option<Timestamp>,
    /// How many backup codes are left.
    pub backup_codes_left: usize,
    /// Whether an enrolment waits for its first code.
    pub is_pending: bool,
}

/// Begins an enrolment in place of one that waits.
pub async fn set_up(app: &Services, ctx: &Context, caller: &Principal) -> Result<Enrolment, MfaFault> {
    begin(app, ctx, caller, &app.policy.factor.issuer).await
}

/// The same; the authenticator app shows `issuer`, which the caller chose.
pub async fn set_up_as(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    issuer: &str,
) -> Result<Enrolment, MfaFault> {
    if !is_issuer(issuer) {
        return Err(MfaFault::Issuer);
    }
    begin(app, ctx, caller, issuer).await
}

async fn begin(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    issuer: &str,
) -> Result<Enrolment, MfaFault> {
    require_fresh(app, ctx, caller)?;
    let id = caller.user.id;
    let (factor, enrolment) = new_factor(app, ctx, &caller.user, issuer);
    let witness = Witness::of_caller(app, ctx, id)?;
    let event = draft(&witness, caller, Action::MfaSetup, Outcome::Success).done();
    let session = caller.session;
    let run = move |txn: &mut Txn<'_>| {
        live_owner(txn, id, session, txn.now())?.ok_or(Abort::Rule(AuthFault::Invalid.into()))?;
        if store::factor::of_user(txn, id)?.is_some_and(|factor| factor.is_on()) {
            return Err(Abort::Rule(MfaFault::AlreadyOn));
        }
        store::factor::put(txn, id, &factor)?;
        Ok(txn.emit(event.clone())?)
    };
    app.store.transact("mfa.set_up", app.stamp(ctx), run).await.map_err(flatten)?;
    Ok(enrolment)
}

/// A new factor of `owner`, whose authenticator app shows `issuer`: as it is stored, and as it is shown.
fn new_factor(app: &Services, ctx: &Context, owner: &User, issuer: &str) -> (Factor, Enrolment) {
    let secret = TotpSecret::new(app.random());
    let (backup_codes, hashes) = draw(app, owner.id);
    let place = store::factor::place(owner.id);
    let factor = Factor {
        sealed_secret: app.keys.factors.seal(&place, secret.expose(), app.random()),
        started_at: ctx.now,
        confirmed_at: None,
        last_step: None,
        backup_codes: hashes,
    };
    let uri = secret.uri(issuer, owner.email.as_str());
    (factor, Enrolment { secret: secret.base32(), uri, backup_codes })
}

/// An enrolment that waits for its first code, as its owner sees it again.
pub struct Pending {
    /// The secret in base32.
    pub secret: Shown,
    /// The URI that an authenticator app reads.
    pub uri: Shown,
}

/// The caller's enrolment that waits.
pub fn pending(app: &Services, ctx: &Context, caller: &Principal) -> Result<Pending, MfaFault> {
    require_fresh(app, ctx, caller)?;
    let factor = app.read(|read| store::factor::of_user(read, caller.user.id))?;
    let secret = factor
        .filter(|factor| factor.is_pending(ctx.now))
        .and_then(|factor| secret_of(app, caller.user.id, &factor));
    let secret = secret.ok_or(FactorFault::NotSetUp)?;
    let uri = secret.uri(&app.policy.factor.issuer, caller.user.email.as_str());
    Ok(Pending { secret: secret.base32(), uri })
}

/// Whether the rules demand a second factor of an account that has none.
pub fn is_owed(app: &Services, user: &User) -> Result<bool, StoreError> {
    let held = app.read(|read| store::role::held(read, user))?;
    Ok(!user.has_factor && app.policy.factor.requires(held.roles))
}

/// Makes new backup codes with the account's password. The old ones work no more, and the owner gets a mail.
pub async fn renew_backup_codes(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    password: &str,
) -> Result<Vec<Shown>, MfaFault> {
    refuse_unless_on(app, caller)?;
    let proved = prove(app, ctx, caller, password, Action::MfaBackupCodesRenewed).await?;
    let renewed = proved.success().done();
    let (shown, hashes) = draw(app, caller.user.id);
    let mail = notice(app, ctx, &caller.user, FactorNews::BackupCodesRenewed);
    let act = move |txn: &mut Txn<'_>, user: User| {
        let Some(factor) = store::factor::of_user(txn, user.id)?.filter(Factor::is_on) else {
            return Ok(false);
        };
        store::factor::put(txn, user.id, &Factor { backup_codes: hashes.clone(), ..factor })?;
        txn.emit(renewed.clone())?;
        mail.insert(txn)?;
        Ok(true)
    };
    if !proved.then(app, ctx, "mfa.backup_codes", act).await? {
        return Err(FactorFault::NotSetUp.into());
    }
    app.mail_queued.notify_one();
    Ok(shown)
}

/// How the caller's second factor stands.
pub fn status(app: &Services, ctx: &Context, caller: &Principal) -> Result<FactorStatus, StoreError> {
    let factor = app.read(|read| store::factor::of_user(read, caller.user.id))?;
    let on = factor.as_ref().filter(|factor| factor.is_on());
    Ok(FactorStatus {
        enrolled_at: on.and_then(|factor| factor.confirmed_at),
        backup_codes_left: on.map_or(0, |factor| factor.backup_codes.len()),
        is_pending: factor.is_some_and(|factor| factor.is_pending(ctx.now)),
    })
}

/// The codes of the caller that would fit now, earliest first, whether they were used or not: for owners whose app
/// shows others. Recorded, limited, and only if the operator lets it be.
pub async fn debug_codes(app: &Services, ctx: &Context, caller: &Principal) -> Result<Vec<Shown>, MfaFault> {
    if !app.policy.factor.debug_codes {
        return Err(MfaFault::SwitchedOff);
    }
    require_fresh(app, ctx, caller)?;
    let id = caller.user.id;
    if app.limits.applies_to(ctx.client) {
        app.limits.take(Class::MfaDebug, Key::user(id), ctx.now).map_err(MfaFault::Limited)?;
    }
    let factor = app.read(|read| store::factor::of_user(read, id))?;
    let factor = factor.filter(|factor| factor.is_on() || factor.is_pending(ctx.now));
    let secret = factor.and_then(|factor| secret_of(app, id, &factor)).ok_or(FactorFault::NotSetUp)?;
    let witness = Witness::of_caller(app, ctx, id)?;
    let viewed = draft(&witness, caller, Action::TotpDebugViewed, Outcome::Success).done();
    app.write("mfa.debug", ctx, move |txn| txn.emit(viewed.clone())).await?;
    Ok(steps_at(ctx.now).map(|step| secret.code(step)).collect())
}

/// Whole seconds that a code is shown.
pub const fn step_seconds() -> u64 {
    STEP.as_secs()
}

/// New backup codes: as they are shown, and as they are stored.
fn draw(app: &Services, owner: UserId) -> (Vec<Shown>, Vec<BackupHash>) {
    let format = app.policy.factor.backup_codes;
    let code = |_| BackupCode::draw(format, || u64::from_be_bytes(app.random()));
    let codes: Vec<BackupCode> = (0..format.count()).map(code).collect();
    let hashes = codes.iter().map(|code| app.keys.backup_codes.hash(owner, code)).collect();
    (codes.iter().map(|code| code.reveal(format)).collect(), hashes)
}

/// A login asks for the factor from now on, or does not any more: ends every session but the one that is `kept` (R36).
pub(super) fn change(
    txn: &mut Txn<'_>,
    user: &mut User,
    has_factor: bool,
    (kept, event): (Option<SessionId>, &Draft),
) -> Result<(), StoreError> {
    let ended = end_others_of(txn, user, kept)?;
    user.has_factor = has_factor;
    store::user::put(txn, user)?;
    txn.emit(event.clone().detail("sessions_ended", ended.to_string()).done())
}

fn refuse_unless_on(app: &Services, caller: &Principal) -> Result<(), MfaFault> {
    let factor = app.read(|read| store::factor::of_user(read, caller.user.id))?;
    if factor.is_some_and(|factor| factor.is_on()) { Ok(()) } else { Err(FactorFault::NotSetUp.into()) }
}

fn draft(witness: &Witness, caller: &Principal, action: Action, outcome: Outcome) -> Draft {
    witness.event(action, outcome).session(caller.session)
}
