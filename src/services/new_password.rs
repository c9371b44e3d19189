//! Giving an account a new password: what the change and the reset have in common.

use std::time::Duration;

use super::mail::Sealed;
use super::session::end_others_of;
use super::{Context, Services};
use crate::crypto::{HashError, Password, Phc};
use crate::domain::credential::{PasswordFault, check_length};
use crate::domain::id::SessionId;
use crate::domain::mail::{NewPassword, PasswordNotice};
use crate::domain::user::User;
use crate::store::{self, StoreError, Txn};

/// How long the notice of a new password is worth sending.
const NOTICE_WORTH: Duration = Duration::from_secs(7 * 86_400);

/// Why a password does not become the new one.
#[derive(Debug, thiserror::Error)]
pub enum NewPasswordFault {
    /// It breaks these rules.
    #[error("the password may not be chosen")]
    Unfit(Vec<PasswordFault>),
    /// It is the account's password, or one that it had not long ago.
    #[error("the password was used before")]
    Reused,
    /// It could not be hashed now.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Holds `password` against the rules. Costs no hash.
pub(super) fn check(_app: &Services, password: &Password, _user: &User) -> Result<(), NewPasswordFault> {
    check_length(password.scalar_count()).map_err(|fault| NewPasswordFault::Unfit(vec![fault]))
}

/// Refuses a password that `user` has or had, and hashes another.
pub(super) async fn hash(app: &Services, password: Password, _user: &User) -> Result<Phc, NewPasswordFault> {
    Ok(app.hashing.hash(password, app.random()).await?)
}

/// Makes `phc` the password of `user`, whom this stores, and ends every session but `kept`; answers how many.
pub(super) fn set(
    txn: &mut Txn<'_>,
    user: &mut User,
    phc: &Phc,
    kept: Option<SessionId>,
) -> Result<usize, StoreError> {
    store::user::put_phc(txn, user.id, phc.as_str().to_owned())?;
    let ended = end_others_of(txn, user, kept)?;
    store::user::put(txn, user)?;
    Ok(ended)
}

/// The mail that tells the owner. It goes to the address of the account and nowhere else.
pub(super) fn notice(app: &Services, ctx: &Context, user: &User, how: NewPassword) -> Sealed {
    let notice = PasswordNotice { how, at: ctx.now, client: ctx.client };
    let letter = app.letters.password_changed(&user.email, &notice, &app.policy.public_url.forgot_password());
    Sealed::new(app, ctx, &user.email, &letter, NOTICE_WORTH)
}
