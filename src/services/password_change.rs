//! Changing one's own password, with the old one.
//!
//! ## Decision: rules before the guess, history after it
//! The rules of passwords are public, so a new password that breaks one is refused before anything is hashed and
//! costs no guess. Whether it was used before is looked up only once the current one was right: asked earlier, it
//! would be a second door at which to guess the current password.

use super::new_password::{NewPasswordFault, Prepared, allowed};
use super::password_proof::{ProofFault, prove};
use super::session::Principal;
use super::{Context, Services};
use crate::domain::audit::Action;
use crate::domain::mail::NewPassword;

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeFault {
    /// The current password was not proved.
    #[error(transparent)]
    Current(#[from] ProofFault),
    /// The new password is not acceptable.
    #[error(transparent)]
    New(#[from] NewPasswordFault),
}

/// Gives the caller's account the password `new`, if `current` is its password. The caller's session goes on, every
/// other one ends, and the owner gets a mail.
pub async fn change(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    current: &str,
    new: &str,
) -> Result<(), ChangeFault> {
    let (user, session) = (&caller.user, caller.session);
    let new = allowed(app, new, user)?;
    let proved = prove(app, ctx, caller, current, Action::PasswordChanged).await?;
    // From here on the guess was right: whatever else is wrong must not count against its owner.
    let prepared = Prepared::new(app, ctx, user, new, Some(NewPassword::Changed)).await;
    let prepared = prepared.inspect_err(|_| proved.give_back())?;
    let success = proved.success();
    proved
        .then(app, ctx, "password.change", move |txn, mut user| {
            let ended = prepared.set(txn, &mut user, Some(session))?;
            txn.emit(success.clone().detail("sessions_ended", ended.to_string()).done())
        })
        .await?;
    app.mail_queued.notify_one();
    Ok(())
}
