//! Proving that an address is one's own.

use std::time::Duration;

use super::audit::{Witness, person_key};
use super::explain::why;
use super::mailed_link::{self, MailedLink, Offer, Terms};
use super::one_time::Presented;
use super::{Context, Services, email_change, flatten};
use crate::crypto::{OneTimeKind, PlainToken};
use crate::domain::audit::{Action, Outcome};
use crate::domain::email::EmailAddress;
use crate::domain::id::UserId;
use crate::domain::link::{Link, LinkTarget};
use crate::domain::user::{Status, User};
use crate::store::one_time::{self, Purpose};
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
    let proved = prove(app, ctx, token).await;
    if matches!(proved, Err(VerifyFault::Invalid)) {
        let is_change = PlainToken::parse(OneTimeKind::ChangeEmail, token).is_ok();
        let kind = if is_change { OneTimeKind::ChangeEmail } else { OneTimeKind::VerifyEmail };
        why::link(app, ctx, kind, token);
    }
    proved
}

async fn prove(app: &Services, ctx: &Context, token: &str) -> Result<User, VerifyFault> {
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
    let (name, action) = ("resend_verification", Action::VerificationResent);
    mailed_link::ask(app, ctx, email, Offer { name, action, mail: verification_mail, refusal }).await
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

/// The mail that asks `owner` to prove the address `to`.
pub(super) fn verification_mail(
    app: &Services,
    ctx: &Context,
    owner: UserId,
    to: &EmailAddress,
) -> MailedLink {
    let ttl = app.policy.registration.verify_ttl;
    let (kind, target) = (OneTimeKind::VerifyEmail, LinkTarget::VerifyEmail);
    let letter = |link: &Link| app.letters.verify_email(to, link, ttl);
    MailedLink::new(app, ctx, Terms { kind, target, ttl }, (owner, to), letter)
}
