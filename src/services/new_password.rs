//! Giving an account a new password: what the change and the reset have in common.

use std::time::Duration;

use super::mail::Sealed;
use super::password::{self, Owner, ReuseFault, Unfit};
use super::session::end_others_of;
use super::{Context, Services};
use crate::crypto::{HashError, Password, Phc};
use crate::domain::id::SessionId;
use crate::domain::mail::{NewPassword, PasswordNotice};
use crate::domain::user::User;
use crate::store::{self, StoreError, Txn};

/// How long the notice of a new password is worth sending.
const NOTICE_WORTH: Duration = Duration::from_secs(7 * 86_400);

/// Why a password does not become the new one.
#[derive(Debug, thiserror::Error)]
pub enum NewPasswordFault {
    /// It breaks rules.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It is the account's password, or was not long ago.
    #[error("the password was used before")]
    Reused,
    /// It could not be hashed now.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReuseFault> for NewPasswordFault {
    fn from(fault: ReuseFault) -> Self {
        match fault {
            ReuseFault::Hash(fault) => Self::Hash(fault),
            ReuseFault::Store(error) => Self::Store(error),
        }
    }
}

/// A password that `user` may have by the rules. Costs no hash; whether it was used before is not known yet.
pub(super) fn allowed(app: &Services, typed: &str, user: &User) -> Result<Password, NewPasswordFault> {
    let password = Password::new(typed);
    password::check_new(app, &password, Owner::from(user))?;
    Ok(password)
}

/// A new password, hashed, with the mail that tells the owner, where it is not the first one.
pub(super) struct Prepared {
    phc: Phc,
    remembered: usize,
    notice: Option<Sealed>,
}

impl Prepared {
    /// Hashes a password that `user` neither has nor had, and writes to the address of the account.
    pub(super) async fn new(
        app: &Services,
        ctx: &Context,
        user: &User,
        password: Password,
        how: Option<NewPassword>,
    ) -> Result<Self, NewPasswordFault> {
        if password::is_reused(app, &password, user.id).await? {
            return Err(NewPasswordFault::Reused);
        }
        let again = app.policy.public_url.forgot_password();
        let notice = how.map(|how| {
            let notice = PasswordNotice { how, at: ctx.now, client: ctx.client };
            let letter = app.letters.password_changed(&user.email, &notice, &again);
            Sealed::new(app, ctx, &user.email, &letter, NOTICE_WORTH)
        });
        Ok(Self {
            phc: app.hashing.hash(password, app.random()).await?,
            remembered: app.policy.password.history,
            notice,
        })
    }

    /// Gives it to `user`, whom this stores, queues the mail and ends every session but `kept`; answers how many.
    pub(super) fn set(
        &self,
        txn: &mut Txn<'_>,
        user: &mut User,
        kept: Option<SessionId>,
    ) -> Result<usize, StoreError> {
        store::user::set_phc(txn, user.id, self.phc.as_str().to_owned(), self.remembered)?;
        let ended = end_others_of(txn, user, kept)?;
        store::user::put(txn, user)?;
        self.notice.iter().try_for_each(|notice| notice.insert(txn))?;
        Ok(ended)
    }
}
