//! Setting a password with a mailed link, for whoever lost the old one or never had one.
//!
//! ## Decision: an account that is switched off gets no link
//! A new password would not switch it on (R33). That nobody sees it is the business of `mailed_link`.
//!
//! ## Decision: a link dies with whatever ends all sessions
//! One live link for an account, and the act that ends its sessions for good removes it: a new password by any
//! door, switching the account off, logging out everywhere. So no link outlives the state it was asked for in.
//!
//! ## Decision: a reset proves the address
//! The token was mailed to the address of the account, so whoever has it reads that mailbox: the very thing that
//! verification asks for. A pending account becomes active, since otherwise its owner would hold a fresh password
//! that opens nothing. Whoever registered the address before its owner came gains nothing: their password,
//! sessions and second factor are gone. A later kind of credential that a pending account may have must be voided
//! here too. Of a proved account a reset leaves the second factor as it is (R49).

use super::audit::{Witness, person_key};
use super::explain::why;
use super::lockout::Clearing;
use super::mailed_link::{self, MailedLink, Offer, Terms};
use super::new_password::{NewPasswordFault, Prepared, allowed};
use super::one_time::Presented;
use super::{Context, Services, flatten};
use crate::crypto::OneTimeKind;
use crate::domain::audit::{Action, Outcome};
use crate::domain::email::EmailAddress;
use crate::domain::id::UserId;
use crate::domain::link::{Link, LinkTarget};
use crate::domain::mail::{Letter, NewPassword};
use crate::domain::user::{Status, User};
use crate::store::one_time::{self, Purpose};
use crate::store::{self, Abort, Read, StoreError, Txn};

/// Why a mailed link set no password.
#[derive(Debug, thiserror::Error)]
pub enum ResetFault {
    /// The token is none of ours, was used, was replaced by a newer one, is too old, or its account is off.
    #[error("the reset link is not valid any more")]
    Invalid,
    /// The new password is not acceptable. The token still works.
    #[error(transparent)]
    New(#[from] NewPasswordFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Mails a link that sets a new password to the address of the account that `email` names. Answers nothing.
pub async fn request(app: &Services, ctx: &Context, email: &str) -> Result<(), StoreError> {
    let (name, action) = ("password_reset.request", Action::PasswordResetRequested);
    mailed_link::ask(app, ctx, email, Offer { name, action, mail: reset_mail, refusal }).await
}

/// Why `owner` gets no link, as a stable name.
fn refusal(txn: &Txn<'_>, owner: UserId) -> Result<Option<&'static str>, StoreError> {
    Ok(match store::user::by_id(txn, owner)? {
        None => Some("unknown_user"),
        Some(user) if !user.status.is_usable() => Some("account_switched_off"),
        Some(_) => None,
    })
}

fn reset_mail(app: &Services, ctx: &Context, owner: UserId, to: &EmailAddress) -> MailedLink {
    let ttl = app.policy.reset_ttl;
    reset_link(app, ctx, (owner, to), |link| app.letters.reset_password(to, link, ttl))
}

/// The link that sets a new password for `owner`, in a letter to `to`.
pub(super) fn reset_link(
    app: &Services,
    ctx: &Context,
    (owner, to): (UserId, &EmailAddress),
    letter: impl FnOnce(&Link) -> Letter,
) -> MailedLink {
    let (kind, target, ttl) = (OneTimeKind::ResetPassword, LinkTarget::ResetPassword, app.policy.reset_ttl);
    MailedLink::new(app, ctx, Terms { kind, target, ttl }, (owner, to), letter)
}

/// What mails a link that sets a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// Its owner lost the password, or an administrator took it away.
    Reset,
    /// An administrator made the account.
    Invitation,
}

impl Opened {
    const fn kind(self) -> OneTimeKind {
        match self {
            Self::Reset => OneTimeKind::ResetPassword,
            Self::Invitation => OneTimeKind::Invitation,
        }
    }

    const fn action(self) -> Action {
        match self {
            Self::Reset => Action::PasswordReset,
            Self::Invitation => Action::InvitationAccepted,
        }
    }

    /// Why the rest happened, as a stable name.
    const fn reason(self) -> &'static str {
        match self {
            Self::Reset => "password_reset",
            Self::Invitation => "invitation",
        }
    }
}

/// Whether `token` would be taken now. Changes nothing.
pub fn is_live(app: &Services, ctx: &Context, by: Opened, token: &str) -> Result<bool, StoreError> {
    match Presented::read(app, ctx, by.kind(), token) {
        Some(token) => app.read(|read| Ok(owner_of(read, &token)?.is_some())),
        None => Ok(false),
    }
}

/// Makes `new` the password of the account that `token` was mailed to. The token works once; a password that is
/// refused does not use it up. Every session of the account ends, and its owner gets a mail, unless it is the first
/// password.
pub async fn reset(
    app: &Services,
    ctx: &Context,
    by: Opened,
    (token, new): (&str, &str),
) -> Result<(), ResetFault> {
    let text = token;
    let Some(token) = Presented::read(app, ctx, by.kind(), text) else {
        return refuse(app, ctx, by, text).await;
    };
    let found = app.read(|read| {
        let user = owner_of(read, &token)?;
        user.map(|user| Ok((person_key(app, read, user.id)?, user))).transpose()
    })?;
    let Some((person, user)) = found else { return refuse(app, ctx, by, text).await };
    let new = allowed(app, new, &user)?;
    let how = (by == Opened::Reset).then_some(NewPassword::Reset);
    let reset = Reset {
        by,
        token,
        prepared: Prepared::new(app, ctx, &user, new, how).await?,
        clearing: Clearing::new(app, ctx, app.keys.account(user.id), app.keys.names_of(&user)),
        witness: Witness::of_self(app, ctx, user.id, &person),
    };
    let done = app.store.transact("password_reset", app.stamp(ctx), move |txn| reset.run(txn));
    match done.await.map_err(flatten) {
        Err(ResetFault::Invalid) => refuse(app, ctx, by, text).await,
        Err(fault) => Err(fault),
        Ok(()) => {
            app.mail_queued.notify_one();
            Ok(())
        }
    }
}

/// Records that somebody came with a token that opens nothing.
async fn refuse(app: &Services, ctx: &Context, by: Opened, text: &str) -> Result<(), ResetFault> {
    why::link(app, ctx, by.kind(), text);
    let denied = Witness::of_nobody(app, ctx).event(by.action(), Outcome::Denied);
    let denied = denied.reason("invalid_token").done();
    app.write("password_reset.denied", ctx, move |txn| txn.emit(denied.clone())).await?;
    Err(ResetFault::Invalid)
}

/// A reset that was decided on, to be held against the account as it is when it is written.
struct Reset {
    by: Opened,
    token: Presented,
    prepared: Prepared,
    clearing: Clearing,
    witness: Witness,
}

impl Reset {
    fn run(&self, txn: &mut Txn<'_>) -> Result<(), Abort<ResetFault>> {
        let mut user = owner_of(txn, &self.token)?.ok_or(Abort::Rule(ResetFault::Invalid))?;
        let is_proof = user.email_verified_at.is_none();
        if is_proof {
            user.email_verified_at = Some(txn.now());
            user.status = Status::Active;
            one_time::remove_of(txn, Purpose::VerifyEmail, user.id)?;
            store::factor::remove(txn, user.id)?;
            store::sms_factor::remove(txn, user.id)?;
            if std::mem::take(&mut user.has_factor) {
                let event = self.witness.event(Action::MfaDisabled, Outcome::Success);
                txn.emit(event.reason(self.by.reason()).done())?;
            }
        }
        let ended = self.prepared.set(txn, &mut user, None)?;
        let event = self.witness.event(self.by.action(), Outcome::Success);
        txn.emit(event.detail("sessions_ended", ended.to_string()).done())?;
        if is_proof {
            let event = self.witness.event(Action::EmailVerified, Outcome::Success);
            txn.emit(event.reason(self.by.reason()).done())?;
        }
        Ok(self.clearing.write(txn, &self.witness, self.by.reason())?)
    }
}

/// The account that the token would open, if it may be used.
fn owner_of(read: &impl Read, token: &Presented) -> Result<Option<User>, StoreError> {
    let Some(found) = token.live(read)? else { return Ok(None) };
    Ok(store::user::by_id(read, found.owner)?.filter(|user| user.status.is_usable()))
}
