//! Logging in with a password.
//!
//! ## Decision: one hash for every attempt, whoever it names
//! The password is compared with the account's verifier or, where there is none, with a dummy of the
//! same cost. Who is locked, unverified or unknown is decided after that, and from outside every
//! denial is the same (R8, R9). The transaction reads the account again: it may have changed
//! while the password was hashed.
//!
//! ## Decision: a locked account costs no hash
//! Who may not guess is told so before anything is hashed, with the same words whether there is an account or
//! not: the lock itself is public. A right password that is denied for the state of the account counts like a
//! wrong one; else the lock would tell which it was.
//!
//! ## Decision: a login renews an outdated verifier
//! Only here is the password at hand. The second hash is run after a right one alone, so nobody without
//! the password sees its time. When it cannot be had now, the login goes on and a later one renews.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::audit::{Draft, Witness, person_key};
use super::lockout::{self, Attempt, Locked, Notice, Target};
use super::opening::{Opened, Opening};
use super::right_password::{Right, go_on};
use super::{Context, Services};
use crate::crypto::{HashError, Password, Phc, SealKey, Verdict, Verifier};
use crate::domain::audit::{Action, Outcome};
use crate::domain::credential::PASSWORD_CHARS_MAX;
use crate::domain::id::UserId;
use crate::domain::login::{Decision, DenyReason, decide};
use crate::domain::trace;
use crate::domain::user::{Identifier, Status, User};
use crate::store::{self, StoreError};

/// What somebody types to log in.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// An email address or a username.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// A code of the second factor, to log in with one call.
    pub code: Option<&'a str>,
}

/// What a right password leads to.
pub enum LoggedIn {
    /// What was to be opened.
    Done(Opened),
    /// A second step: the handle under which the login waits for a code.
    CodeNeeded(Zeroizing<String>),
}

/// Why a login opened nothing.
#[derive(Debug, thiserror::Error)]
pub enum LoginFault {
    /// Denied. The reason is in the audit log alone.
    #[error("invalid credentials")]
    Denied,
    /// The password was right, and the account may not be used. Nearly every door answers as if it was wrong; a profile
    /// whose guide tells the two apart does.
    #[error("the account may not be used: {}", .0.name())]
    Barred(DenyReason),
    /// Too many wrong passwords; this one was not compared.
    #[error("too many failed logins")]
    Locked {
        /// When to come back; whole seconds, at least one.
        retry_after: Duration,
    },
    /// The password was right, and the second-factor code is wrong or was used.
    #[error("the code is wrong or was used")]
    WrongCode,
    /// No login waits for this second step.
    #[error("no login waits for this code")]
    NoPendingLogin,
    /// All was right, and the account has as many sessions as it may have.
    #[error("too many sessions")]
    TooManySessions,
    /// The second step of a login for a cookie did not come from a page of ours.
    #[error("the request came from another site")]
    Forged(&'static str),
    /// The password could not be compared now.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Logs in with what was `typed`; where a second factor is on, with its code too, or else the login waits for it.
pub async fn log_in(
    app: &Services,
    ctx: &Context,
    typed: Typed<'_>,
    opening: Opening<'_>,
) -> Result<LoggedIn, LoginFault> {
    logged(ctx, attempt(app, ctx, typed, opening).await)
}

/// Writes the line by which operators count logins that failed (S31). It says as little as the answer.
pub(super) fn logged<T>(ctx: &Context, done: Result<T, LoginFault>) -> Result<T, LoginFault> {
    done.inspect_err(|fault| {
        tracing::info!(why = %fault, request_id = ctx.request_id, client = %ctx.client, "Login failed");
    })
}

async fn attempt(
    app: &Services,
    ctx: &Context,
    typed: Typed<'_>,
    opening: Opening<'_>,
) -> Result<LoggedIn, LoginFault> {
    let identifier = Identifier::typed(typed.name);
    let found = find(app, identifier)?;
    let (attempt, unseen) = match lockout::begin_login(app, ctx, &found.target)? {
        Ok(begun) => begun,
        Err(locked) => {
            record_locked(app, ctx, &found, locked, None).await?;
            return Err(LoginFault::Locked { retry_after: locked.retry_after });
        }
    };
    let (password, is_possible) = within_limits(typed.password);
    let verifier = match &found.account {
        Some(account) if is_possible && unseen.is_none() => Verifier::Phc(account.phc.clone()),
        _ => Verifier::Nobody,
    };
    let verdict = match app.hashing.verify(password.clone(), verifier).await {
        Ok(verdict) => verdict,
        // It cost one run like any other; an answer of its own would tell that there is an account.
        Err(fault @ (HashError::Unreadable | HashError::OverBudget)) => {
            tracing::error!(%fault, user = found.account.as_ref().map(|account| account.user.id.to_string()),
                "a stored password hash cannot be used");
            Verdict { matches: false, needs_rehash: false }
        }
        Err(fault) => {
            attempt.give_back();
            return Err(fault.into());
        }
    };
    if let Some(locked) = unseen {
        record_locked(app, ctx, &found, locked, Some(attempt)).await?;
        return Err(LoginFault::Denied);
    }
    let user = found.account.as_ref().map(|account| &account.user);
    match decide(user, verdict.matches, app.policy.login) {
        Decision::Grant | Decision::RequireFactor => {
            let notice = found.notice(app, ctx);
            if let Some(account) = found.account {
                let renewed = if verdict.needs_rehash { renew(app, password).await } else { None };
                let right = Right { account, renewed, attempt: Arc::new(attempt), notice };
                return go_on(app, ctx, right, typed.code, opening).await;
            }
        }
        Decision::Deny(reason) => {
            let reason = if found.has_no_password() { DenyReason::NoPassword } else { reason };
            found.note(app, ctx, reason);
            let (event, failure) =
                (found.denial(app, ctx, reason).done(), attempt.failed(found.notice(app, ctx)));
            app.write("login.denied", ctx, move |txn| {
                txn.emit(event.clone())?;
                failure.write(txn)
            })
            .await?;
            if verdict.matches && user.is_some() {
                return Err(LoginFault::Barred(reason));
            }
        }
    }
    Err(LoginFault::Denied)
}

/// Records a guess that was not compared, and counts it for the typed name if it took a place there.
async fn record_locked(
    app: &Services,
    ctx: &Context,
    found: &Found,
    locked: Locked,
    attempt: Option<Attempt>,
) -> Result<(), StoreError> {
    if let Some((id, _)) = &found.owner {
        ctx.trail.about(*id);
    }
    let notice = found.notice(app, ctx);
    let event = found.denial(app, ctx, DenyReason::Locked).detail("rule", locked.rule.name()).done();
    let failure = attempt.map(|attempt| attempt.failed(found.notice(app, ctx)));
    app.write("login.locked", ctx, move |txn| {
        txn.emit(event.clone())?;
        locked.write(txn, &notice)?;
        failure.as_ref().map_or(Ok(()), |failure| failure.write(txn))
    })
    .await
}

/// Whom the typed name reaches.
struct Found {
    identifier: Identifier,
    /// What is guessed at.
    target: Target,
    /// The account that the name looks like, and its person's key. What only looks like a name of an account takes
    /// from the account's budget (R15), and reaches nobody.
    owner: Option<(UserId, Arc<SealKey>)>,
    account: Option<Account>,
}

/// What a login needs to know of an account.
pub(super) struct Account {
    pub(super) user: User,
    pub(super) phc: String,
    pub(super) person: Arc<SealKey>,
}

fn find(app: &Services, identifier: Identifier) -> Result<Found, StoreError> {
    app.read(|read| {
        let name = identifier.budget();
        let Some(user) = store::user::by_identifier(read, name)? else {
            let target = app.keys.target(None, name);
            return Ok(Found { identifier, target, owner: None, account: None });
        };
        let target = app.keys.target(Some(&user), name);
        let person = person_key(app, read, user.id)?;
        let owner = Some((user.id, person.clone()));
        let phc = store::user::phc(read, user.id)?.filter(|_| identifier.key().is_some());
        let account = phc.map(|phc| Account { user, phc, person });
        Ok(Found { identifier, target, owner, account })
    })
}

impl Found {
    /// Notes why the login was denied.
    fn note(&self, app: &Services, ctx: &Context, reason: DenyReason) {
        if let Some((id, _)) = self.owner.as_ref().filter(|_| self.identifier.key().is_some()) {
            note_denied(ctx, *id, reason);
        } else {
            let tag = app.keys.name_tag(self.identifier.budget());
            ctx.trail.note(trace::Kind::UserUnknown.with("name_hash", tag));
        }
    }

    /// The record of a denied login.
    fn denial(&self, app: &Services, ctx: &Context, reason: DenyReason) -> Draft {
        let reached = self.owner.as_ref().filter(|_| self.identifier.key().is_some());
        let witness = match reached {
            Some((id, person)) => Witness::of_stranger(app, ctx, *id, person),
            None => Witness::of_nobody(app, ctx),
        };
        let draft = witness.event(Action::LoginFailed, Outcome::Denied).reason(reason.name());
        match reached {
            Some(_) => draft,
            None => draft.detail("name_hash", self.name_hash(app)),
        }
    }

    /// Whether the name reaches an account, and there is no password to compare with.
    fn has_no_password(&self) -> bool {
        self.account.is_none() && self.owner.is_some() && self.identifier.key().is_some()
    }

    /// What is written of a lock: it is the account's, whatever was typed.
    fn notice(&self, app: &Services, ctx: &Context) -> Notice {
        match &self.owner {
            Some((id, person)) => Notice::new(app, ctx, Witness::of_stranger(app, ctx, *id, person), None),
            None => Notice::new(app, ctx, Witness::of_nobody(app, ctx), Some(self.name_hash(app))),
        }
    }

    fn name_hash(&self, app: &Services) -> String {
        app.keys.name_hash(self.identifier.budget())
    }
}

/// Notes why a login to the account `user` was denied.
pub(super) fn note_denied(ctx: &Context, user: UserId, reason: DenyReason) {
    use trace::Kind;
    let kind = match reason {
        // These are noted where they are judged, by more than a name.
        DenyReason::Locked | DenyReason::WrongCode => return ctx.trail.about(user),
        DenyReason::UnknownUser => Kind::UserUnknown,
        DenyReason::NoPassword => Kind::PasswordMissing,
        DenyReason::WrongPassword => Kind::PasswordWrong,
        DenyReason::EmailNotVerified => Kind::EmailUnverified,
        DenyReason::AccountInactive | DenyReason::AccountSuspended => Kind::AccountOff,
        DenyReason::AccountChanged => Kind::AccountChanged,
        DenyReason::NoPendingLogin => Kind::NoPendingLogin,
        DenyReason::TooManySessions => Kind::TooManySessions,
    };
    let step = kind.with("user", user);
    ctx.trail.about(user);
    ctx.trail.note(match reason {
        DenyReason::AccountInactive => step.with("status", Status::Inactive.name()),
        DenyReason::AccountSuspended => step.with("status", Status::Suspended.name()),
        _ => step,
    });
}

/// A password that no account can have still costs one hash; of a very long one, only the start is hashed.
pub(super) fn within_limits(password: &str) -> (Password, bool) {
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
