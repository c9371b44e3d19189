//! A phone as second factor: set up, switched on and off, and a code sent to it. Knows no gateway.
//!
//! ## Decision: how often is counted in memory
//! One message a minute and five an hour, for the account and for the number: so neither a session nor a stolen password
//! fills somebody's phone or the operator's bill. It is worth an hour, so a restart may forget it. The tries of a sent
//! code, which no restart forgets, are in the store.

use std::time::Duration;

use zeroize::Zeroizing;

use super::audit::{Draft, Witness, person_key};
use super::code_guard;
use super::enrolment::change;
use super::factor::{FactorFault, notice};
use super::login::LoginFault;
use super::mail::Sealed;
use super::password_proof::{ProofFault, prove};
use super::pending_login;
use super::session::{AuthFault, Principal, live_owner};
use super::step_up::{StepUpNeeded, require_fresh};
use super::{Context, Services, flatten};
use crate::crypto::SmsCode;
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::UserId;
use crate::domain::mail::FactorNews;
use crate::domain::phone::{NotAPhoneNumber, PhoneNumber};
use crate::domain::recent::Recent;
use crate::domain::sms_factor::{CODE_TTL, Sends, SentCode, SmsFactor};
use crate::domain::user::User;
use crate::store::{self, Abort, StoreError, Txn};

/// Messages of late, by a tag of the account or of the number, in bounded memory.
pub type SmsSends = Recent<[u8; 16], Sends>;

/// Why nothing was done with a phone.
#[derive(Debug, thiserror::Error)]
pub enum SmsFault {
    /// This server sends no text messages.
    #[error("there is no SMS gateway")]
    NoGateway,
    /// It is no number.
    #[error(transparent)]
    Number(#[from] NotAPhoneNumber),
    /// A message was sent a moment ago, or too many.
    #[error("too many messages")]
    TooMany {
        /// When to come back.
        retry_after: Duration,
    },
    /// No login waits under this handle.
    #[error("no login waits for a code")]
    NoPendingLogin,
    /// A phone is on already.
    #[error("a phone is on already")]
    AlreadyOn,
    /// The rules demand a second factor of the caller's role, and this is the last one.
    #[error("the second factor is demanded for this role")]
    Demanded,
    /// The last proof of who calls is too old.
    #[error(transparent)]
    StepUp(#[from] StepUpNeeded),
    /// The code proved nothing, or there is no phone to prove.
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

/// How the caller's phone stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneStatus {
    /// Whether a login takes codes sent to it.
    pub is_on: bool,
    /// The number, but for its end.
    pub masked_number: Option<String>,
}

/// How the caller's phone stands.
pub fn status(app: &Services, caller: &Principal) -> Result<PhoneStatus, StoreError> {
    let phone = app.read(|read| store::sms_factor::of_user(read, caller.user.id))?;
    let number = phone.as_ref().and_then(|phone| number_of(app, caller.user.id, phone));
    Ok(PhoneStatus {
        is_on: phone.is_some_and(|phone| phone.is_on()),
        masked_number: number.map(|number| number.masked()),
    })
}

/// Sends a code to `number`, in place of a phone that waits for one. Nothing is on until the code comes back.
pub async fn set_up(app: &Services, ctx: &Context, caller: &Principal, number: &str) -> Result<(), SmsFault> {
    require_fresh(app, ctx, caller)?;
    let number = PhoneNumber::parse(number)?;
    let (id, session) = (caller.user.id, caller.session);
    let message = Message::new(app, ctx, id, &number)?;
    let sealed_number =
        app.keys.factors.seal(&store::sms_factor::place(id), number.as_str().as_bytes(), app.random());
    let phone = SmsFactor { sealed_number, confirmed_at: None, code: Some(message.code) };
    let event = by_sms(
        Witness::of_caller(app, ctx, caller.user.id)?
            .event(Action::MfaSetup, Outcome::Success)
            .session(session),
    );
    let event = event.done();
    let (place, mail) = (message.place, message.mail);
    let run = move |txn: &mut Txn<'_>| {
        live_owner(txn, id, session, txn.now())?.ok_or(Abort::Rule(AuthFault::Invalid.into()))?;
        if store::sms_factor::is_on(txn, id)? {
            return Err(Abort::Rule(SmsFault::AlreadyOn));
        }
        store::sms_factor::put(txn, id, &phone)?;
        mail.insert(txn)?;
        Ok(txn.emit(event.clone())?)
    };
    let done = app.store.transact("mfa.sms.set_up", app.stamp(ctx), run).await.map_err(flatten);
    place.settle(app, done)
}

/// Switches the phone on with the code that was sent to it. The caller's session goes on, every other one ends, and the
/// owner gets a mail.
pub async fn enable(app: &Services, ctx: &Context, caller: &Principal, typed: &str) -> Result<(), SmsFault> {
    let (id, session) = (caller.user.id, caller.clone());
    let witness = Witness::of_caller(app, ctx, caller.user.id)?;
    let event = |outcome| by_sms(witness.event(Action::MfaEnabled, outcome).session(caller.session));
    let (enabled, denied) = (event(Outcome::Success), event(Outcome::Denied));
    match app.read(|read| store::sms_factor::of_user(read, id))? {
        None => return Err(FactorFault::NotSetUp.into()),
        Some(phone) if phone.is_on() => return Err(SmsFault::AlreadyOn),
        Some(_) => {}
    }
    let guess = match code_guard::begin(app, ctx, id, &witness) {
        Ok(guess) => guess,
        Err(too_many) => {
            let denied = denied.reason("locked").detail("rule", "factor").done();
            app.write("mfa.locked", ctx, move |txn| {
                too_many.lock.as_ref().map_or(Ok(()), |lock| lock.write(txn))?;
                txn.emit(denied.clone())
            })
            .await?;
            return Err(FactorFault::Locked { retry_after: too_many.retry_after }.into());
        }
    };
    let hash = SmsCode::parse(typed).map(|code| app.keys.sms_codes.hash(id, &code));
    let mail = notice(app, ctx, &caller.user, FactorNews::Enabled);
    let denied = denied.reason("wrong_code").done();
    let run = move |txn: &mut Txn<'_>| {
        let user = live_owner(txn, id, session.session, txn.now())?;
        let mut user = user.ok_or(Abort::Rule(SmsFault::Caller(AuthFault::Invalid)))?;
        let waiting = store::sms_factor::of_user(txn, id)?.filter(|phone| !phone.is_on());
        let mut phone = waiting.ok_or(Abort::Rule(SmsFault::Factor(FactorFault::NotSetUp)))?;
        if !hash.is_some_and(|hash| phone.take(&hash, txn.now())) {
            store::sms_factor::spoil(txn, id)?;
            txn.emit(denied.clone())?;
            return Ok(false);
        }
        phone.confirmed_at = Some(txn.now());
        store::sms_factor::put(txn, id, &phone)?;
        change(txn, &mut user, true, (Some(session.session), &enabled))?;
        mail.insert(txn)?;
        Ok(true)
    };
    let done = app.store.transact("mfa.sms.enable", app.stamp(ctx), run).await.map_err(flatten);
    if !done.inspect_err(|_| guess.give_back())? {
        // Dropped, the guess counts. A lock that begins with it is told by the next code, which it refuses.
        return Err(FactorFault::Wrong.into());
    }
    guess.give_back();
    app.mail_queued.notify_one();
    Ok(())
}

/// Sends a code to the phone of the account whose login waits under `handle`.
pub async fn send_for_login(app: &Services, ctx: &Context, handle: &str) -> Result<(), SmsFault> {
    let Some(user) = pending_login::waiting(app, ctx, handle)? else {
        return match pending_login::refuse::<()>(app, ctx).await {
            Err(LoginFault::Store(error)) => Err(error.into()),
            _ => Err(SmsFault::NoPendingLogin),
        };
    };
    let person = app.read(|read| person_key(app, read, user.id))?;
    send(app, ctx, &user, Witness::of_stranger(app, ctx, user.id, &person)).await
}

/// Sends a code to the caller's phone, for a step-up.
pub async fn send_for_step_up(app: &Services, ctx: &Context, caller: &Principal) -> Result<(), SmsFault> {
    send(app, ctx, &caller.user, Witness::of_caller(app, ctx, caller.user.id)?).await
}

/// Sends a code in place of the one before, which works no more.
async fn send(app: &Services, ctx: &Context, user: &User, witness: Witness) -> Result<(), SmsFault> {
    let id = user.id;
    let phone = app.read(|read| store::sms_factor::of_user(read, id))?.filter(SmsFactor::is_on);
    let phone = phone.ok_or(FactorFault::NotSetUp)?;
    let number = number_of(app, id, &phone).ok_or(FactorFault::NotSetUp)?;
    let Message { code, mail, place } = Message::new(app, ctx, id, &number)?;
    let sent = by_sms(witness.event(Action::MfaCodeSent, Outcome::Success)).done();
    let run = move |txn: &mut Txn<'_>| {
        let now = store::sms_factor::of_user(txn, id)?;
        let Some(now) = now.filter(|now| now.is_on() && now.sealed_number == phone.sealed_number) else {
            return Err(Abort::Rule(SmsFault::Factor(FactorFault::NotSetUp)));
        };
        store::sms_factor::put(txn, id, &SmsFactor { code: Some(code), ..now })?;
        mail.insert(txn)?;
        Ok(txn.emit(sent.clone())?)
    };
    let done = app.store.transact("mfa.sms.send", app.stamp(ctx), run).await.map_err(flatten);
    place.settle(app, done)
}

/// Takes the phone away with the account's password. The caller's session goes on, every other one ends, and the owner
/// gets a mail.
pub async fn disable(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    password: &str,
) -> Result<(), SmsFault> {
    let id = caller.user.id;
    let (is_on, has_other) = app.read(|read| {
        let other = store::factor::of_user(read, id)?;
        Ok((store::sms_factor::is_on(read, id)?, other.is_some_and(|factor| factor.is_on())))
    })?;
    if !is_on {
        return Err(FactorFault::NotSetUp.into());
    }
    if !has_other && app.policy.factor.requires(caller.held.roles) {
        return Err(SmsFault::Demanded);
    }
    let proved = prove(app, ctx, caller, password, Action::MfaDisabled).await?;
    let (disabled, session) = (by_sms(proved.success()), caller.clone());
    let mail = notice(app, ctx, &caller.user, FactorNews::Disabled);
    let act = move |txn: &mut Txn<'_>, mut user: User| {
        store::sms_factor::remove(txn, user.id)?;
        let has_other = store::factor::of_user(txn, user.id)?.is_some_and(|factor| factor.is_on());
        change(txn, &mut user, has_other, (Some(session.session), &disabled))?;
        mail.insert(txn)
    };
    proved.then(app, ctx, "mfa.sms.disable", act).await?;
    app.mail_queued.notify_one();
    Ok(())
}

/// A new code, and the message that carries it.
struct Message {
    code: SentCode,
    mail: Sealed,
    place: Place,
}

impl Message {
    fn new(app: &Services, ctx: &Context, owner: UserId, to: &PhoneNumber) -> Result<Self, SmsFault> {
        if app.sms.is_none() {
            return Err(SmsFault::NoGateway);
        }
        let place = Place::take(app, ctx, owner, to)?;
        let code = SmsCode::new(u64::from_be_bytes(app.random()));
        let text = app.letters.sms_code(code.reveal(), CODE_TTL);
        Ok(Self {
            code: SentCode::new(app.keys.sms_codes.hash(owner, &code), ctx.now),
            mail: Sealed::sms(app, ctx, to, text, CODE_TTL),
            place,
        })
    }
}

/// A place for one message to an account and to a number; none for clients whom nothing limits.
struct Place(Option<[[u8; 16]; 2]>);

impl Place {
    fn take(app: &Services, ctx: &Context, owner: UserId, to: &PhoneNumber) -> Result<Self, SmsFault> {
        if !app.limits.applies_to(ctx.client) {
            return Ok(Self(None));
        }
        let (account, number) = (*owner.as_bytes(), app.keys.name_tag(to.as_str()));
        let take = |key| app.sms_sends.with(key, |sends| sends.take(ctx.now));
        take(account).map_err(|retry_after| SmsFault::TooMany { retry_after })?;
        take(number).map_err(|retry_after| {
            app.sms_sends.with(account, Sends::give_back);
            SmsFault::TooMany { retry_after }
        })?;
        Ok(Self(Some([account, number])))
    }

    /// Gives the place back if nothing was sent, and rings the bell otherwise.
    fn settle(self, app: &Services, done: Result<(), SmsFault>) -> Result<(), SmsFault> {
        match &done {
            Ok(()) => app.mail_queued.notify_one(),
            Err(_) => {
                self.0.into_iter().flatten().for_each(|key| app.sms_sends.with(key, Sends::give_back));
            }
        }
        done
    }
}

/// The number of a phone. One that cannot be opened is no phone.
pub(super) fn number_of(app: &Services, id: UserId, phone: &SmsFactor) -> Option<PhoneNumber> {
    let plain: Result<Zeroizing<Vec<u8>>, _> =
        app.keys.factors.open(&store::sms_factor::place(id), &phone.sealed_number);
    let plain = plain.inspect_err(|fault| tracing::error!(%fault, user = %id, "a phone cannot be used"));
    PhoneNumber::parse(std::str::from_utf8(&plain.ok()?).ok()?).ok()
}

fn by_sms(draft: Draft) -> Draft {
    draft.detail("method", "sms")
}
