//! Proving that an address is one's own.

use std::time::Duration;

use super::audit::{Witness, person_key};
use super::limits::{MailPlace, TOO_MANY_MAILS};
use super::mail::Sealed;
use super::one_time::{Presented, issue};
use super::{Context, Services, email_change, flatten};
use crate::crypto::OneTimeKind;
use crate::domain::audit::{Action, Outcome};
use crate::domain::email::EmailAddress;
use crate::domain::id::UserId;
use crate::domain::link::LinkTarget;
use crate::domain::user::{Identifier, Status, User};
use crate::store::lane::EventV1;
use crate::store::one_time::{self, NOBODY, OneTime, Purpose};
use crate::store::{self, Abort, StoreError, Txn};

/// The least time between two verification mails to one address.
const RESEND_PAUSE: Duration = Duration::from_secs(60);

/// Why an address was not proved.
#[derive(Debug, thiserror::Error)]
pub enum VerifyFault {
    /// The token is none of ours, was used, was replaced by a newer one, or is too old.
    #[error("the verification link is not valid any more")]
    Invalid,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Proves an address with the token that was mailed to it, be it the account's or the one it is to have. The token
/// works once.
pub async fn verify_email(app: &Services, ctx: &Context, token: &str) -> Result<User, VerifyFault> {
    if let Some(token) = Presented::read(app, ctx, OneTimeKind::ChangeEmail, token) {
        return email_change::confirm(app, ctx, token).await;
    }
    let token = Presented::read(app, ctx, OneTimeKind::VerifyEmail, token).ok_or(VerifyFault::Invalid)?;
    let found = app.read(|read| {
        let Some(found) = token.live(read)? else { return Ok(None) };
        Ok(Some((found.owner, person_key(app, read, found.owner)?)))
    })?;
    let (owner, person) = found.ok_or(VerifyFault::Invalid)?;
    let witness = Witness::of_self(app, ctx, owner, &person);
    let event = witness.event(Action::EmailVerified, Outcome::Success).done();
    app.store
        .transact("verify_email", app.stamp(ctx), move |txn| {
            let found = token.live(txn)?.ok_or(Abort::Rule(VerifyFault::Invalid))?;
            let user = store::user::by_id(txn, found.owner)?.filter(|user| user.status.is_usable());
            let mut user = user.ok_or(Abort::Rule(VerifyFault::Invalid))?;
            one_time::remove(txn, Purpose::VerifyEmail, &found)?;
            user.email_verified_at = Some(txn.now());
            if user.status == Status::Pending {
                user.status = Status::Active;
            }
            store::user::put(txn, &user)?;
            txn.emit(event.clone())?;
            Ok(user)
        })
        .await
        .map_err(flatten)
}

/// Mails a new link to an address that waits for one. Answers nothing, whoever asks: an unknown, a proved and a
/// waiting address look alike from outside, in work and commits too (R10).
pub async fn resend(app: &Services, ctx: &Context, email: &str) -> Result<(), StoreError> {
    let identifier = Identifier::typed(email);
    let found = app.read(|read| {
        // A username would be a second name, and a second budget, for one mailbox.
        let address = identifier.key().filter(|key| key.contains('@'));
        let user = address.map(|key| store::user::by_identifier(read, key)).transpose()?.flatten();
        user.map(|user| Ok((person_key(app, read, user.id)?, user))).transpose()
    })?;
    let (witness, owner, to) = match &found {
        Some((person, user)) => {
            (Witness::of_stranger(app, ctx, user.id, person), user.id, user.email.clone())
        }
        None => (Witness::of_nobody(app, ctx), NOBODY, EmailAddress::of_nobody()),
    };
    // For nobody it is written too, and thrown away: writing it is most of the work.
    let mail = VerificationMail::new(app, ctx, owner, &to);
    let sent = witness.event(Action::VerificationResent, Outcome::Success).done();
    let denied = witness.event(Action::VerificationResent, Outcome::Denied);
    let denied = if found.is_none() {
        denied.detail("name_hash", app.keys.name_hash(identifier.budget()))
    } else {
        denied
    };
    let denied = denied.done();
    let place = MailPlace::take(app, ctx, identifier.budget());
    let may_send = place.is_some();
    let is_sent = app
        .write("resend_verification", ctx, move |txn| {
            let refusal = if may_send { refusal(txn, owner)? } else { Some(TOO_MANY_MAILS) };
            if let Some(reason) = refusal {
                txn.emit(EventV1 { reason: Some(reason.to_owned()), ..denied.clone() })?;
                return Ok(false);
            }
            mail.insert(txn)?;
            txn.emit(sent.clone())?;
            Ok(true)
        })
        .await?;
    if is_sent {
        app.mail_queued.notify_one();
    } else if let Some(place) = place {
        place.give_back(app, ctx);
    }
    Ok(())
}

/// Why `owner` gets no new link now, as a stable name.
fn refusal(txn: &Txn<'_>, owner: UserId) -> Result<Option<&'static str>, StoreError> {
    let Some(user) = store::user::by_id(txn, owner)? else { return Ok(Some("unknown_user")) };
    if user.email_verified_at.is_some() {
        return Ok(Some("already_verified"));
    }
    if !user.status.is_usable() {
        return Ok(Some("account_switched_off"));
    }
    let last = one_time::of_owner(txn, Purpose::VerifyEmail, owner)?;
    let rests = last.is_some_and(|last| txn.now() < last.issued_at.plus(RESEND_PAUSE));
    Ok(rests.then_some("too_soon"))
}

/// The mail with the link, and the token that the link carries.
pub(super) struct VerificationMail {
    token: OneTime,
    mail: Sealed,
}

impl VerificationMail {
    pub(super) fn new(app: &Services, ctx: &Context, owner: UserId, to: &EmailAddress) -> Self {
        let ttl = app.policy.registration.verify_ttl;
        let (plain, token) = issue(app, ctx, OneTimeKind::VerifyEmail, owner, ttl);
        let link = app.policy.public_url.link(LinkTarget::VerifyEmail, &plain.reveal());
        let letter = app.letters.verify_email(to, &link, ttl);
        Self { token, mail: Sealed::new(app, ctx, to, &letter, ttl) }
    }

    /// Stores the token in place of an older one, and queues the mail.
    pub(super) fn insert(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        one_time::replace(txn, Purpose::VerifyEmail, &self.token)?;
        self.mail.insert(txn)
    }
}
