//! Which second factors an account has on: what a login may be finished with. Knows no code.

use super::session::Principal;
use super::{Context, Services, pending_login};
use crate::domain::id::UserId;
use crate::store::{self, StoreError};

/// The second factors of an account that are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Methods {
    /// An authenticator app.
    pub totp: bool,
    /// A phone that gets text messages.
    pub sms: bool,
}

/// Those of the caller.
pub fn methods(app: &Services, caller: &Principal) -> Result<Methods, StoreError> {
    of(app, caller.user.id)
}

/// Those of the account whose login waits under `handle`; none where no login waits.
pub fn methods_of_login(app: &Services, ctx: &Context, handle: &str) -> Result<Methods, StoreError> {
    let user = pending_login::waiting(app, ctx, handle)?;
    user.map_or(Ok(Methods::default()), |user| of(app, user.id))
}

fn of(app: &Services, id: UserId) -> Result<Methods, StoreError> {
    app.read(|read| {
        let totp = store::factor::of_user(read, id)?.is_some_and(|factor| factor.is_on());
        Ok(Methods { totp, sms: store::sms_factor::is_on(read, id)? })
    })
}
