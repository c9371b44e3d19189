//! Proving a second factor: a time-based code or a backup code. Knows nothing of the door it is shown at.
//!
//! ## Decision: weighed outside, spent inside
//! A transaction may run again, so no key is used in it. `weigh` takes a place in the budget and finds out which
//! step or backup code was typed; `Proof::spend` uses it up in the transaction of the act that stands on it, if it
//! is still there to be used. Of any number of callers with one code, one spends it (R45, R48). What was weighed is
//! told to nobody before.

use std::sync::Arc;
use std::time::Duration;

use super::audit::{Draft, Witness};
use super::code_guard::{self, CodeGuess, Lock};
use super::mail::{Bell, Sealed};
use super::{Context, Services};
use crate::crypto::{BackupCode, SmsCode, TotpSecret};
use crate::domain::audit::{Action, Outcome};
use crate::domain::factor::{BackupHash, Factor, STEP, skewed_steps_at, step_at, steps_at};
use crate::domain::id::UserId;
use crate::domain::mail::{FactorNews, FactorNotice};
use crate::domain::time::Timestamp;
use crate::domain::trace::{Kind, Step};
use crate::domain::user::User;
use crate::store::{self, StoreError, Txn};

/// How long the notice of an act on a factor is worth sending.
pub(super) const NOTICE_WORTH: Duration = Duration::from_secs(7 * 86_400);

/// Why a code proved nothing.
#[derive(Debug, thiserror::Error)]
pub enum FactorFault {
    /// There is no factor to prove.
    #[error("no second factor is set up")]
    NotSetUp,
    /// It is none of the account's codes, or it was used.
    #[error("the code is wrong or was used")]
    Wrong,
    /// Too many wrong codes; this one was not compared.
    #[error("too many wrong codes")]
    Locked {
        /// When to come back; whole seconds, at least one.
        retry_after: Duration,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorUsed {
    /// A time-based code.
    Totp,
    /// A backup code.
    BackupCode,
    /// A code that was sent to a phone.
    Sms,
}

impl FactorUsed {
    /// The stable name, in audit records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::BackupCode => "backup_code",
            Self::Sms => "sms",
        }
    }
}

/// Proves the factor of `user` with `code`, a time-based or a backup code, and uses the code up. The use of a backup
/// code is recorded and mailed; everything else is for the caller to record.
pub async fn check(
    app: &Services,
    ctx: &Context,
    user: &User,
    code: &str,
) -> Result<FactorUsed, FactorFault> {
    let witness = Witness::of_caller(app, ctx, user.id)?;
    let proof = weigh(app, ctx, &Holder { user, witness: &witness, stage: Stage::On }, code).await?;
    let held = proof.held();
    let spent = app.write("factor.check", ctx, move |txn| proof.spend(txn)).await;
    spent.inspect_err(|_| held.give_back())?.ok_or(FactorFault::Wrong)
}

/// Which codes are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The first code of an enrolment. It switches the factor on.
    Enrolling,
    /// A code of a factor that is on.
    On,
}

/// Whose factor is to be proved.
pub(super) struct Holder<'a> {
    pub(super) user: &'a User,
    /// What is written of them.
    pub(super) witness: &'a Witness,
    pub(super) stage: Stage,
}

/// A code, weighed. Dropped without being spent, it counts as a wrong one.
#[must_use]
pub(super) struct Proof {
    user: UserId,
    stage: Stage,
    /// The enrolment it was weighed against.
    sealed_secret: Vec<u8>,
    claim: Option<Claim>,
    guess: Arc<CodeGuess>,
    lock: Option<Lock>,
    burns_step: bool,
}

/// What the code would prove.
enum Claim {
    Step(u64),
    Backup(BackupHash, Box<BackupUse>),
    Sms([u8; 32]),
}

/// What the use of a backup code brings about.
struct BackupUse {
    used: Draft,
    mail: Sealed,
    bell: Arc<Bell>,
}

/// Weighs `code`. Time-based codes are tried first (T55), codes of text messages last.
pub(super) async fn weigh(
    app: &Services,
    ctx: &Context,
    holder: &Holder<'_>,
    code: &str,
) -> Result<Proof, FactorFault> {
    let (user, stage) = (holder.user, holder.stage);
    let (factor, phone) = app.read(|read| {
        Ok((store::factor::of_user(read, user.id)?, store::sms_factor::of_user(read, user.id)?))
    })?;
    let factor = factor.filter(|factor| stage.fits(factor, ctx.now));
    let phone = phone.filter(|phone| stage == Stage::On && phone.is_on());
    if factor.is_none() && phone.is_none() {
        return Err(FactorFault::NotSetUp);
    }
    let guess = match code_guard::begin(app, ctx, user.id, holder.witness) {
        Ok(guess) => guess,
        Err(too_many) => {
            if let Some(lock) = too_many.lock {
                app.write("factor.locked", ctx, move |txn| lock.write(txn)).await?;
            }
            return Err(FactorFault::Locked { retry_after: too_many.retry_after });
        }
    };
    let claim = factor.as_ref().and_then(|factor| claim(app, ctx, holder, factor, code)).or_else(|| {
        let hash = app.keys.sms_codes.hash(user.id, &SmsCode::parse(code)?);
        phone?.take(&hash, ctx.now).then_some(Claim::Sms(hash))
    });
    if claim.is_none() {
        ctx.trail.about(user.id);
        ctx.trail.note(why_not(app, ctx, holder, factor.as_ref(), code));
    }
    let locks = claim.is_none() && guess.wrong();
    Ok(Proof {
        user: user.id,
        stage,
        sealed_secret: factor.map_or_else(Vec::new, |factor| factor.sealed_secret),
        claim,
        guess: Arc::new(guess),
        lock: locks.then(|| Lock::new(app, ctx, holder.witness)),
        burns_step: stage == Stage::On || app.policy.factor.enrolment_burns_step,
    })
}

fn claim(app: &Services, ctx: &Context, holder: &Holder<'_>, factor: &Factor, code: &str) -> Option<Claim> {
    let step = secret_of(app, holder.user.id, factor).and_then(|secret| {
        let is_unused = |step: &u64| factor.last_step.is_none_or(|last| *step > last);
        let fitting: Vec<u64> = steps_at(ctx.now).filter(|step| secret.is_code(code, *step)).collect();
        fitting.into_iter().find(is_unused)
    });
    if let Some(step) = step {
        return Some(Claim::Step(step));
    }
    let code = BackupCode::parse(code).filter(|_| holder.stage == Stage::On)?;
    let hash = app.keys.backup_codes.hash(holder.user.id, &code);
    factor.backup_codes.contains(&hash).then(|| {
        let used = holder.witness.event(Action::MfaBackupCodeUsed, Outcome::Success);
        let mail = notice(app, ctx, holder.user, FactorNews::BackupCodeUsed);
        Claim::Backup(hash, Box::new(BackupUse { used, mail, bell: Arc::clone(&app.mail_queued) }))
    })
}

/// What is wrong with a code that proves nothing.
fn why_not(app: &Services, ctx: &Context, holder: &Holder<'_>, factor: Option<&Factor>, code: &str) -> Step {
    let secret = factor.and_then(|factor| secret_of(app, holder.user.id, factor));
    let Some(secret) = secret.filter(|_| ctx.trail.is_on()) else { return Kind::CodeWrong.into() };
    if steps_at(ctx.now).any(|step| secret.is_code(code, step)) {
        return Kind::CodeUsed.into();
    }
    let Some(step) = skewed_steps_at(ctx.now).find(|step| secret.is_code(code, *step)) else {
        return Kind::CodeWrong.into();
    };
    let now = step_at(ctx.now);
    let direction = if step < now { "earlier" } else { "later" };
    let steps = u32::try_from(step.abs_diff(now)).unwrap_or(u32::MAX);
    Kind::CodeSkewed.with("apart", STEP.saturating_mul(steps)).with("direction", direction)
}

/// The secret of a factor. One that cannot be opened fits no code.
pub(super) fn secret_of(app: &Services, id: UserId, factor: &Factor) -> Option<TotpSecret> {
    let plain = app.keys.factors.open(&store::factor::place(id), &factor.sealed_secret);
    let plain =
        plain.inspect_err(|fault| tracing::error!(%fault, user = %id, "a second factor cannot be used"));
    TotpSecret::from_bytes(&plain.ok()?)
}

/// The mail that tells the owner what happened to their second factor.
pub(super) fn notice(app: &Services, ctx: &Context, user: &User, news: FactorNews) -> Sealed {
    let notice = FactorNotice { news, at: ctx.now, client: ctx.client };
    let letter = app.letters.factor_changed(&user.email, &notice, &app.policy.public_url.forgot_password());
    Sealed::new(app, ctx, &user.email, &letter, NOTICE_WORTH)
}

impl Stage {
    fn fits(self, factor: &Factor, now: Timestamp) -> bool {
        match self {
            Self::Enrolling => factor.is_pending(now),
            Self::On => factor.is_on(),
        }
    }
}

impl Proof {
    /// Uses the code up, if it is right and nobody did before. `None`: it is wrong.
    pub(super) fn spend(&self, txn: &mut Txn<'_>) -> Result<Option<FactorUsed>, StoreError> {
        let used = match &self.claim {
            Some(Claim::Sms(hash)) => {
                store::sms_factor::spend(txn, self.user, hash)?.then_some(FactorUsed::Sms)
            }
            Some(claim) => self.spend_factor(txn, claim)?,
            None => None,
        };
        if used.is_none() {
            if self.stage == Stage::On {
                store::sms_factor::spoil(txn, self.user)?;
            }
            self.lock.as_ref().map_or(Ok(()), |lock| lock.write(txn))?;
            return Ok(None);
        }
        let guess = self.held();
        txn.on_commit(move || guess.give_back());
        Ok(used)
    }

    fn spend_factor(&self, txn: &mut Txn<'_>, claim: &Claim) -> Result<Option<FactorUsed>, StoreError> {
        let found = store::factor::of_user(txn, self.user)?.filter(|factor| {
            factor.sealed_secret == self.sealed_secret && self.stage.fits(factor, txn.now())
        });
        let Some(mut factor) = found else { return Ok(None) };
        let used = match claim {
            Claim::Step(step) => (!self.burns_step || factor.accept_step(*step)).then_some(FactorUsed::Totp),
            Claim::Backup(hash, usage) => match factor.take_backup_code(hash) {
                Some(left) => {
                    usage.write(txn, left)?;
                    Some(FactorUsed::BackupCode)
                }
                None => None,
            },
            Claim::Sms(_) => None,
        };
        if used.is_some() {
            factor.confirmed_at.get_or_insert(txn.now());
            store::factor::put(txn, self.user, &factor)?;
        }
        Ok(used)
    }

    /// The place in the budget, to be given back when a right code could not be spent.
    pub(super) fn held(&self) -> Arc<CodeGuess> {
        Arc::clone(&self.guess)
    }
}

impl BackupUse {
    fn write(&self, txn: &mut Txn<'_>, left: usize) -> Result<(), StoreError> {
        txn.emit(self.used.clone().detail("codes_left", left.to_string()).done())?;
        self.mail.insert(txn)?;
        let bell = Arc::clone(&self.bell);
        txn.on_commit(move || bell.notify_one());
        Ok(())
    }
}
