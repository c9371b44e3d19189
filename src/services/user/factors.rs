//! The second factors of an account as an administrator sees them and takes them away.
//!
//! ## Decision: taking a factor away ends every session
//! Whoever asks for it has lost the phone, and perhaps to somebody who is logged in on it. So the owner begins again with the
//! password, and where the rules demand a factor of the role, sets one up before anything else.

use super::act::{Act, ActFault, OwnAct};
use crate::domain::audit::Action;
use crate::domain::factor::Factor;
use crate::domain::id::UserId;
use crate::domain::mail::AdminNews;
use crate::domain::role::Permission;
use crate::domain::sms_factor::SmsFactor;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::services::caller::{Caller, Person};
use crate::services::factor::NOTICE_WORTH;
use crate::services::mail::Sealed;
use crate::services::role::require;
use crate::services::session::end_all_of;
use crate::services::{Context, Services};
use crate::store::{self, Abort, Read, StoreError, Txn};

/// A kind of second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorKind {
    /// An authenticator app, with its backup codes.
    Totp,
    /// A phone that gets codes.
    Sms,
}

impl FactorKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Totp, Self::Sms];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Sms => "sms",
        }
    }
}

/// The second factors of an account that are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factors {
    /// Each with the time at which it was switched on.
    pub on: Vec<(FactorKind, Timestamp)>,
    /// How many backup codes are left.
    pub backup_codes_left: usize,
}

/// Which second factors an account has. Needs `users:read`.
pub async fn list(app: &Services, ctx: &Context, caller: &Caller, id: UserId) -> Result<Factors, ActFault> {
    require(app, ctx, caller, Permission::UsersRead).await?;
    let found = app.read(|read| {
        let user = store::user::by_id(read, id)?;
        user.map(|user| factors(read, user.id)).transpose()
    })?;
    found.ok_or(ActFault::NotFound)
}

fn factors(read: &impl Read, id: UserId) -> Result<Factors, StoreError> {
    let app = store::factor::of_user(read, id)?.filter(Factor::is_on);
    let phone = store::sms_factor::of_user(read, id)?.filter(SmsFactor::is_on);
    let backup_codes_left = app.as_ref().map_or(0, |app| app.backup_codes.len());
    let since = [
        (FactorKind::Totp, app.and_then(|app| app.confirmed_at)),
        (FactorKind::Sms, phone.and_then(|phone| phone.confirmed_at)),
    ];
    let on = since.into_iter().filter_map(|(kind, at)| Some((kind, at?))).collect();
    Ok(Factors { on, backup_codes_left })
}

/// Takes second factors of these kinds away from an account, with set-ups of theirs that wait, and ends its sessions. The
/// owner gets a mail. Needs `users:update` and a fresh proof. Answers how many sessions ended.
pub async fn remove(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    id: UserId,
    kinds: &'static [FactorKind],
) -> Result<usize, ActFault> {
    let needed = (Permission::UsersUpdate, OwnAct::RemoveFactor);
    let act = Act::begin_sensitive(app, ctx, caller, id, needed).await?;
    let to = &act.seen.email;
    let letter = app.letters.administrator(to, AdminNews::FactorsRemoved, &app.policy.public_url.home());
    let mail = Sealed::new(app, ctx, to, &letter, NOTICE_WORTH);
    let ended = act.run(app, ctx, "user.remove_factors", move |act, txn, user| {
        let (removed, ended) = take_away(txn, user, kinds)?;
        if removed.is_empty() {
            return Err(Abort::Rule(ActFault::NoFactor));
        }
        for kind in removed {
            let event =
                act.success(Action::MfaDisabled).reason("administrator").detail("method", kind.name());
            txn.emit(event.detail("sessions_ended", ended.to_string()).done())?;
        }
        mail.insert(txn)?;
        Ok(Ok(ended))
    });
    let ended = ended.await?;
    app.mail_queued.notify_one();
    Ok(ended)
}

/// Which kinds were on, and how many sessions ended. Where none was, nothing is done.
fn take_away(
    txn: &mut Txn<'_>,
    mut user: User,
    kinds: &[FactorKind],
) -> Result<(Vec<FactorKind>, usize), StoreError> {
    let on = factors(txn, user.id)?.on;
    let removed: Vec<_> = on.iter().map(|(kind, _)| *kind).filter(|kind| kinds.contains(kind)).collect();
    if removed.is_empty() {
        return Ok((removed, 0));
    }
    for kind in kinds {
        match kind {
            FactorKind::Totp => store::factor::remove(txn, user.id)?,
            FactorKind::Sms => store::sms_factor::remove(txn, user.id)?,
        }
    }
    let ended = end_all_of(txn, &mut user)?;
    user.has_factor = on.len() > removed.len();
    store::user::put(txn, &user)?;
    Ok((removed, ended))
}
