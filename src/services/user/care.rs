//! What an administrator does for an account in trouble: taking a password away, ending sessions, ending locks, and
//! inviting again.
//!
//! ## Decision: a password that was taken away is a former one
//! It is denied like a wrong one from the same commit on, and the history keeps it, so it does not come back. API keys stay:
//! they are no passwords, and whoever doubts them lists and revokes them.

use super::act::{Act, ActFault, OwnAct};
use crate::domain::audit::Action;
use crate::domain::id::UserId;
use crate::domain::mail::AdminNews;
use crate::domain::role::Permission;
use crate::domain::user::Status;
use crate::services::caller::Person;
use crate::services::limits::MailPlace;
use crate::services::lockout::{Lifted, Unlocking};
use crate::services::password_reset::reset_link;
use crate::services::session::end_all_of;
use crate::services::user::creation::invitation;
use crate::services::{Context, Services};
use crate::store::{self, Abort};

/// Why an act was done, in its record.
const REASON: &str = "administrator";

/// Takes the password of an account away, ends its sessions and mails its owner a link that sets a new one. Whoever is
/// switched off gets no link. Needs `users:update` and a fresh proof. Answers how many sessions ended.
pub async fn reset_password(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    id: UserId,
) -> Result<usize, ActFault> {
    let needed = (Permission::UsersUpdate, OwnAct::ResetPassword);
    let act = Act::begin_sensitive(app, ctx, caller, id, needed).await?;
    let to = &act.seen.email;
    let link =
        reset_link(app, ctx, (id, to), |link| app.letters.administrator(to, AdminNews::PasswordReset, link));
    let ended = act.run(app, ctx, "user.reset_password", move |act, txn, mut user| {
        store::user::revoke_phc(txn, id)?;
        let ended = end_all_of(txn, &mut user)?;
        store::user::put(txn, &user)?;
        if user.status.is_usable() {
            link.insert(txn)?;
        }
        let event = act.success(Action::PasswordResetForced).detail("sessions_ended", ended.to_string());
        txn.emit(event.done())?;
        Ok::<_, Abort<ActFault>>(Ok(ended))
    });
    let ended = ended.await?;
    app.mail_queued.notify_one();
    Ok(ended)
}

/// Ends every session of an account; answers how many were alive. Needs `users:update`.
pub async fn log_out_everywhere(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    id: UserId,
) -> Result<usize, ActFault> {
    let act = Act::begin(app, ctx, &caller.caller, id, Permission::UsersUpdate).await?;
    act.run(app, ctx, "user.log_out_everywhere", move |act, txn, mut user| {
        let ended = end_all_of(txn, &mut user)?;
        store::user::put(txn, &user)?;
        let event = act.success(Action::SessionAllEnded).reason(REASON);
        txn.emit(event.detail("sessions_ended", ended.to_string()).done())?;
        Ok::<_, Abort<ActFault>>(Ok(ended))
    })
    .await
}

/// Ends the locks of an account: see [`Unlocking`]. Needs `users:update`.
pub async fn unlock(app: &Services, ctx: &Context, caller: &Person, id: UserId) -> Result<Lifted, ActFault> {
    let act = Act::begin(app, ctx, &caller.caller, id, Permission::UsersUpdate).await?;
    let act = act.on_another(OwnAct::Unlock)?;
    let unlocking = Unlocking::new(app, ctx, &act.seen);
    act.run(app, ctx, "user.unlock", move |act, txn, _| {
        let event = act.success(Action::LockoutCleared).reason(REASON);
        Ok::<_, Abort<ActFault>>(Ok(unlocking.write(txn, event)?))
    })
    .await
}

/// Mails the owner of an invited account another link; the one before works no more. Needs `users:create`.
pub async fn invite_again(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    id: UserId,
) -> Result<(), ActFault> {
    let act = Act::begin(app, ctx, &caller.caller, id, Permission::UsersCreate).await?;
    let to = act.seen.email.clone();
    let place = MailPlace::claim(app, ctx, to.as_str()).map_err(ActFault::TooManyMails)?;
    let link = invitation(app, ctx, id, &to);
    let invited = act.run(app, ctx, "user.invite", move |act, txn, user| {
        if user.status != Status::Pending || store::user::phc(txn, id)?.is_some() {
            return Err(Abort::Rule(ActFault::NotInvited));
        }
        link.insert(txn)?;
        txn.emit(act.success(Action::UserInvited).done())?;
        Ok(Ok(()))
    });
    let invited = invited.await;
    match invited {
        Ok(()) => app.mail_queued.notify_one(),
        Err(_) => place.give_back(app, ctx),
    }
    invited
}
