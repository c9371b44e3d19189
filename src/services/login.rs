//! Logging in with a password.
//!
//! ## Decision: one hash for every attempt, whoever it names
//! The password is compared with the account's verifier or, where there is none, with a dummy of the
//! same cost. Who is locked, unverified or unknown is decided after that, and from outside every
//! denial is the same (R8, R9). The transaction reads the account again: it may have changed
//! while the password was hashed.
//!
//! ## Decision: a login renews an outdated verifier
//! Only here is the password at hand. The second hash is run for a granted login alone, so nobody without
//! the password sees its time. When it cannot be had now, the login goes on and a later one renews.

use std::sync::Arc;

use super::audit::{Witness, person_key};
use super::token::{Granted, mint};
use super::{Context, Services};
use crate::crypto::{HashError, Password, Phc, SealKey, Verdict, Verifier};
use crate::domain::audit::{Action, Outcome};
use crate::domain::credential::PASSWORD_CHARS_MAX;
use crate::domain::id::{SessionId, TokenId};
use crate::domain::login::{Decision, DenyReason, decide};
use crate::domain::session::{Family, Session};
use crate::domain::user::{Identifier, User};
use crate::store::{self, StoreError};

/// Why a login gave no tokens.
#[derive(Debug, thiserror::Error)]
pub enum LoginFault {
    /// Denied. The reason is in the audit log alone.
    #[error("invalid credentials")]
    Denied,
    /// The password could not be compared now.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Logs in with an email address or username and a password.
pub async fn log_in(
    app: &Services,
    ctx: &Context,
    identifier: &str,
    password: &str,
) -> Result<Granted, LoginFault> {
    let identifier = Identifier::typed(identifier);
    let account = find(app, &identifier)?;
    let (password, is_possible) = within_limits(password);
    let verifier = match &account {
        Some(account) if is_possible => Verifier::Phc(account.phc.clone()),
        _ => Verifier::Nobody,
    };
    let verdict = match app.hashing.verify(password.clone(), verifier).await {
        Ok(verdict) => verdict,
        // It cost one run like any other; an answer of its own would tell that there is an account.
        Err(fault @ (HashError::Unreadable | HashError::OverBudget)) => {
            tracing::error!(%fault, user = account.as_ref().map(|account| account.user.id.to_string()),
                "a stored password hash cannot be used");
            Verdict { matches: false, needs_rehash: false }
        }
        Err(fault) => return Err(fault.into()),
    };
    match decide(account.as_ref().map(|account| &account.user), verdict.matches, false, app.policy.login) {
        Decision::Grant => {
            if let Some(account) = account {
                let renewed = if verdict.needs_rehash { renew(app, password).await } else { None };
                return grant(app, ctx, account, renewed).await;
            }
        }
        Decision::Deny(reason) => record_denial(app, ctx, &identifier, account.as_ref(), reason).await?,
        Decision::RequireFactor => {}
    }
    Err(LoginFault::Denied)
}

/// What a login needs to know of an account.
struct Account {
    user: User,
    phc: String,
    person: Arc<SealKey>,
}

fn find(app: &Services, identifier: &Identifier) -> Result<Option<Account>, StoreError> {
    let Some(key) = identifier.key() else { return Ok(None) };
    app.read(|read| {
        let Some(user) = store::user::by_identifier(read, key)? else { return Ok(None) };
        let Some(phc) = store::user::phc(read, user.id)? else { return Ok(None) };
        let person = person_key(app, read, user.id)?;
        Ok(Some(Account { user, phc, person }))
    })
}

/// A password that no account can have still costs one hash; of a very long one, only the start is hashed.
fn within_limits(password: &str) -> (Password, bool) {
    let cut = password.char_indices().nth(PASSWORD_CHARS_MAX * 4).map_or(password.len(), |(at, _)| at);
    let whole = cut == password.len();
    let password = Password::new(password.get(..cut).unwrap_or_default());
    let is_possible = whole && password.scalar_count() <= PASSWORD_CHARS_MAX;
    (password, is_possible)
}

/// The password's hash under the current costs, if there is one to be had now.
async fn renew(app: &Services, password: Password) -> Option<Phc> {
    let renewed = app.hashing.hash(password, app.random()).await;
    renewed.inspect_err(|fault| tracing::warn!(%fault, "an outdated password hash was not renewed")).ok()
}

/// Opens a session, and stores the `renewed` verifier.
async fn grant(
    app: &Services,
    ctx: &Context,
    account: Account,
    renewed: Option<Phc>,
) -> Result<Granted, LoginFault> {
    let session_id = SessionId::new(ctx.now, &app.random());
    let session = Session {
        id: session_id,
        user: account.user.id,
        epoch: account.user.session_epoch,
        created_at: ctx.now,
        last_used_at: ctx.now,
        client: ctx.client,
        user_agent: ctx.user_agent.clone(),
        family: Family::begin(ctx.now, TokenId::new(ctx.now, &app.random()), &app.policy.tokens),
    };
    let witness = Witness::of_self(app, ctx, account.user.id, &account.person);
    let succeeded = witness.event(Action::LoginSucceeded, Outcome::Success).session(session_id).done();
    let denied = witness.event(Action::LoginFailed, Outcome::Denied);
    let denied = denied.reason(DenyReason::AccountChanged.name()).done();
    let before = account;
    let granted = app
        .write("login", ctx, move |txn| {
            let user = store::user::by_id(txn, before.user.id)?;
            let phc = store::user::phc(txn, before.user.id)?;
            let unchanged = phc.as_deref() == Some(before.phc.as_str());
            match user {
                Some(user) if unchanged && same_standing(&user, &before.user) => {
                    store::session::insert(txn, &session)?;
                    if let Some(phc) = &renewed {
                        store::user::renew_phc(txn, user.id, phc.as_str().to_owned())?;
                    }
                    txn.emit(succeeded.clone())?;
                    Ok(Some((user, session.clone())))
                }
                _ => {
                    txn.emit(denied.clone())?;
                    Ok(None)
                }
            }
        })
        .await?;
    let (user, session) = granted.ok_or(LoginFault::Denied)?;
    Ok(mint(app, ctx.now, user, &session))
}

/// Whether nothing changed that the decision stood on.
fn same_standing(now: &User, before: &User) -> bool {
    now.status == before.status
        && now.email_verified_at == before.email_verified_at
        && now.session_epoch == before.session_epoch
}

async fn record_denial(
    app: &Services,
    ctx: &Context,
    identifier: &Identifier,
    account: Option<&Account>,
    reason: DenyReason,
) -> Result<(), StoreError> {
    let witness = match account {
        Some(account) => Witness::of_stranger(app, ctx, account.user.id, &account.person),
        None => Witness::of_nobody(app, ctx),
    };
    let mut draft = witness.event(Action::LoginFailed, Outcome::Denied).reason(reason.name());
    if account.is_none() {
        draft = draft.detail("name_hash", app.keys.name_hash(identifier.budget()));
    }
    let event = draft.done();
    app.write("login.denied", ctx, move |txn| txn.emit(event.clone())).await
}
