//! Another address for one's account: asked for with a fresh proof, done by whoever reads the new mailbox.
//!
//! ## Decision: the old address stays until the new one is proved
//! The account keeps its address, and with it the way back in, until the link that was mailed to the new one is
//! followed. The old address is told at once and again when it is done, so its owner can act in between: whatever ends
//! the sessions of an account ends the link too.

use std::time::Duration;

use super::audit::{Witness, person_key};
use super::limits::{MailPlace, TOO_MANY_MAILS};
use super::mail::Sealed;
use super::mailed_link::{MailedLink, Terms};
use super::one_time::Presented;
use super::session::{AuthFault, Principal, live_owner};
use super::step_up::{StepUpNeeded, require_fresh};
use super::verification::VerifyFault;
use super::{Context, Services, flatten};
use crate::crypto::OneTimeKind;
use crate::domain::audit::{Action, Outcome};
use crate::domain::email::{EmailAddress, EmailError};
use crate::domain::id::UserId;
use crate::domain::link::{Link, LinkTarget};
use crate::domain::mail::{EmailNotice, NewEmail};
use crate::domain::user::{Status, User};
use crate::store::lane::EventV1;
use crate::store::one_time::{self, OneTime, Purpose};
use crate::store::{self, Abort, Read, StoreError, Txn};

/// How long the link lives.
const LINK_TTL: Duration = Duration::from_secs(86_400);

/// How long a notice to the old address is worth sending.
const NOTICE_WORTH: Duration = Duration::from_secs(7 * 86_400);

/// Why another address was not taken note of.
#[derive(Debug, thiserror::Error)]
pub enum EmailChangeFault {
    /// The caller proved nothing of late.
    #[error(transparent)]
    Stale(#[from] StepUpNeeded),
    /// The address is none.
    #[error(transparent)]
    Address(#[from] EmailError),
    /// The account has this address.
    #[error("the account has this address already")]
    Unchanged,
    /// Another account has the address, and that is no secret here.
    #[error("another account has this address")]
    Taken,
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Mails a link to `new`; following it makes it the address of the caller's account. Only the newest link counts.
/// Where taken addresses are hidden, the owner of a taken one gets a letter instead, and the answer is the same.
pub async fn request(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    new: &str,
) -> Result<(), EmailChangeFault> {
    require_fresh(app, ctx, caller)?;
    let new = EmailAddress::parse(new)?;
    let user = &caller.user;
    if new == user.email {
        return Err(EmailChangeFault::Unchanged);
    }
    let witness = Witness::of_caller(app, ctx, user.id)?;
    let event = |outcome| witness.event(Action::EmailChangeRequested, outcome).session(caller.session);
    let place = MailPlace::take(app, ctx, new.as_str());
    let asked = Asked {
        caller: caller.clone(),
        hides_taken: app.policy.registration.hides_existing,
        may_send: place.is_some(),
        link: link_mail(app, ctx, user.id, &new),
        hint: Sealed::new(app, ctx, &new, &app.letters.email_taken(&new), NOTICE_WORTH),
        notice: notice(app, ctx, &user.email, NewEmail::Asked),
        new,
        sent: event(Outcome::Success).done(),
        denied: event(Outcome::Denied).done(),
    };
    let run = app.store.transact("email.change", app.stamp(ctx), move |txn| asked.run(txn));
    let done = run.await.map_err(flatten);
    match place {
        Some(place) if done.is_err() => place.give_back(app, ctx),
        _ => app.mail_queued.notify_one(),
    }
    done
}

fn notice(app: &Services, ctx: &Context, to: &EmailAddress, what: NewEmail) -> Sealed {
    let notice = EmailNotice { what, at: ctx.now, client: ctx.client };
    let letter = app.letters.email_changed(to, &notice, &app.policy.public_url.forgot_password());
    Sealed::new(app, ctx, to, &letter, NOTICE_WORTH)
}

/// A request that was decided on, to be held against the accounts as they are when it is written.
struct Asked {
    caller: Principal,
    new: EmailAddress,
    hides_taken: bool,
    may_send: bool,
    link: MailedLink,
    hint: Sealed,
    notice: Sealed,
    sent: EventV1,
    denied: EventV1,
}

impl Asked {
    fn run(&self, txn: &mut Txn<'_>) -> Result<(), Abort<EmailChangeFault>> {
        let owner = live_owner(txn, self.caller.user.id, self.caller.session, txn.now())?;
        owner.ok_or(Abort::Rule(EmailChangeFault::Caller(AuthFault::Invalid)))?;
        let is_taken = store::user::taken(txn, &self.new, None)?.is_some();
        if is_taken && !self.hides_taken {
            return Err(Abort::Rule(EmailChangeFault::Taken));
        }
        if !self.may_send {
            let reason = Some(TOO_MANY_MAILS.to_owned());
            return Ok(txn.emit(EventV1 { reason, ..self.denied.clone() })?);
        }
        self.notice.insert(txn)?;
        if is_taken {
            self.hint.insert(txn)?;
            return Ok(txn.emit(EventV1 { reason: Some("taken".to_owned()), ..self.denied.clone() })?);
        }
        self.link.insert(txn)?;
        Ok(txn.emit(self.sent.clone())?)
    }
}

fn link_mail(app: &Services, ctx: &Context, owner: UserId, to: &EmailAddress) -> MailedLink {
    let (kind, target, ttl) = (OneTimeKind::ChangeEmail, LinkTarget::VerifyEmail, LINK_TTL);
    let letter = |link: &Link| app.letters.change_email(to, link, ttl);
    MailedLink::new(app, ctx, Terms { kind, target, ttl }, (owner, to), letter).of_address(to.clone())
}

/// Gives the account that asked for it the address that `token` was mailed to. The token works once. Links that were
/// mailed to the old address die; sessions live on.
pub(super) async fn confirm(app: &Services, ctx: &Context, token: Presented) -> Result<User, VerifyFault> {
    let found = app.read(|read| {
        let Some((user, _)) = asked_for(read, &token)? else { return Ok(None) };
        Ok(Some((person_key(app, read, user.id)?, user)))
    })?;
    let (person, before) = found.ok_or(VerifyFault::Invalid)?;
    let event = Witness::of_self(app, ctx, before.id, &person).event(Action::EmailChanged, Outcome::Success);
    let (event, notice) = (event.done(), notice(app, ctx, &before.email, NewEmail::Done));
    let confirmed = app.store.transact("email.confirm", app.stamp(ctx), move |txn| {
        let (mut user, new) = asked_for(txn, &token)?.ok_or(Abort::Rule(VerifyFault::Invalid))?;
        if store::user::move_to(txn, &mut user, new)?.is_err() {
            return Err(Abort::Rule(VerifyFault::Invalid));
        }
        user.email_verified_at = Some(txn.now());
        if user.status == Status::Pending {
            user.status = Status::Active;
        }
        store::user::put(txn, &user)?;
        for purpose in [Purpose::ChangeEmail, Purpose::VerifyEmail, Purpose::ResetPassword] {
            one_time::remove_of(txn, purpose, user.id)?;
        }
        notice.insert(txn)?;
        txn.emit(event.clone())?;
        Ok(user)
    });
    let user = confirmed.await.map_err(flatten)?;
    app.mail_queued.notify_one();
    Ok(user)
}

/// The account that may be used, and the address it asked for, behind a token that would be taken now.
fn asked_for(read: &impl Read, token: &Presented) -> Result<Option<(User, EmailAddress)>, StoreError> {
    let Some(OneTime { owner, address: Some(new), .. }) = token.live(read)? else { return Ok(None) };
    let user = store::user::by_id(read, owner)?.filter(|user| user.status.is_usable());
    Ok(user.map(|user| (user, new)))
}
