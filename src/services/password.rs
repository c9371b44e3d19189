//! Which password an account may get. Knows nothing of who asks for it.

use super::Services;
use crate::crypto::{HashError, Password, Verifier};
use crate::domain::credential::PasswordFault;
use crate::domain::id::UserId;
use crate::domain::password_policy::{PasswordReport, PublicWords};
use crate::domain::user::User;
use crate::store::{self, StoreError};

/// What everybody may know of a password's owner; a password must be more than that.
#[derive(Debug, Clone, Copy, Default)]
pub struct Owner<'a> {
    /// The address, as typed or as stored.
    pub email: &'a str,
    /// The username, when there is one.
    pub username: Option<&'a str>,
    /// The display name, when there is one.
    pub name: Option<&'a str>,
}

impl<'a> From<&'a User> for Owner<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            email: user.email.as_str(),
            username: Some(user.username.as_str()),
            name: Some(user.name.as_str()),
        }
    }
}

/// A password that may not be chosen, with everything that is wrong with it; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the password may not be chosen")]
pub struct Unfit(pub Vec<PasswordFault>);

/// Why it is not known whether a password was used before.
#[derive(Debug, thiserror::Error)]
pub enum ReuseFault {
    /// It could not be compared now.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a password is like, rule by rule. Costs no hash.
pub fn report(app: &Services, password: &Password, owner: Owner<'_>) -> PasswordReport {
    let host = app.policy.public_url.host();
    let words = [Some(owner.email), owner.username, owner.name, Some(host)];
    app.policy.password.check(password.expose(), &PublicWords::of(words.into_iter().flatten()))
}

/// The same of a password as it was typed.
pub fn report_typed(app: &Services, password: &str, owner: Owner<'_>) -> PasswordReport {
    report(app, &Password::new(password), owner)
}

/// Refuses a password that the policy does not allow `owner`. Costs no hash.
pub fn check_new(app: &Services, password: &Password, owner: Owner<'_>) -> Result<(), Unfit> {
    let faults = report(app, password, owner).faults();
    if faults.is_empty() { Ok(()) } else { Err(Unfit(faults)) }
}

/// Whether `password` is the account's present one or one of the former ones that the policy remembers (T50).
/// Compares them one after another, so it costs up to `password.history` hashes.
pub async fn is_reused(app: &Services, password: &Password, user: UserId) -> Result<bool, ReuseFault> {
    let known = app.read(|read| store::user::phcs(read, user))?;
    for phc in known.into_iter().take(app.policy.password.history) {
        match app.hashing.verify(password.clone(), Verifier::Phc(phc)).await {
            Ok(verdict) if verdict.matches => return Ok(true),
            // A hash that cannot be read is nobody's password; it must not keep its owner from choosing one.
            Ok(_) | Err(HashError::Unreadable | HashError::OverBudget) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(false)
}
