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
//! Only here is the password at hand. The second hash is run for a granted login alone, so nobody without
//! the password sees its time. When it cannot be had now, the login goes on and a later one renews.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::audit::{Draft, Witness, person_key};
use super::factor::{FactorFault, Holder, Proof, Stage, weigh};
use super::lockout::{self, Attempt, Notice};
use super::token::{Granted, mint};
use super::{Context, Services, pending_login};
use crate::crypto::{HashError, Password, Phc, SealKey, Verdict, Verifier};
use crate::domain::audit::{Action, Outcome};
use crate::domain::credential::PASSWORD_CHARS_MAX;
use crate::domain::id::{SessionId, TokenId, UserId};
use crate::domain::lockout::Subject;
use crate::domain::login::{Decision, DenyReason, decide};
use crate::domain::session::{Family, Session};
use crate::domain::user::{Identifier, User};
use crate::store::{self, StoreError, Txn};

/// What a right password leads to.
pub enum LoggedIn {
    /// Tokens.
    Granted(Box<Granted>),
    /// A second step: the handle under which the login waits for a code.
    CodeNeeded(Zeroizing<String>),
}

/// Why a login gave no tokens.
#[derive(Debug, thiserror::Error)]
pub enum LoginFault {
    /// Denied. The reason is in the audit log alone.
    #[error("invalid credentials")]
    Denied,
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
    /// The password could not be compared now.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Logs in with an email address or username and a password; where a second factor is on, with its `code` too, or else
/// the login waits for it.
pub async fn log_in(
    app: &Services,
    ctx: &Context,
    identifier: &str,
    password: &str,
    code: Option<&str>,
) -> Result<LoggedIn, LoginFault> {
    let identifier = Identifier::typed(identifier);
    let found = find(app, identifier)?;
    let attempt = match lockout::begin(app, ctx, found.subject)? {
        Ok(attempt) => attempt,
        Err(locked) => {
            let (event, notice) = (found.denial(app, ctx, DenyReason::Locked), found.notice(app, ctx));
            let event = event.detail("rule", locked.rule.name()).done();
            app.write("login.locked", ctx, move |txn| {
                txn.emit(event.clone())?;
                locked.write(txn, &notice)
            })
            .await?;
            return Err(LoginFault::Locked { retry_after: locked.retry_after });
        }
    };
    let (password, is_possible) = within_limits(password);
    let verifier = match &found.account {
        Some(account) if is_possible => Verifier::Phc(account.phc.clone()),
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
    let user = found.account.as_ref().map(|account| &account.user);
    match decide(user, verdict.matches, app.policy.login) {
        Decision::Grant | Decision::RequireFactor => {
            let notice = found.notice(app, ctx);
            if let Some(account) = found.account {
                let renewed = if verdict.needs_rehash { renew(app, password).await } else { None };
                let right = Right { account, renewed, attempt: Arc::new(attempt), notice };
                return match (right.account.user.has_factor, code) {
                    (false, _) => grant(app, ctx, right, None).await,
                    (true, Some(code)) => {
                        let proof = inline(app, ctx, &right, code).await?;
                        grant(app, ctx, right, Some(proof)).await
                    }
                    (true, None) => wait(app, ctx, right).await,
                };
            }
        }
        Decision::Deny(reason) => {
            let (event, failure) =
                (found.denial(app, ctx, reason).done(), attempt.failed(found.notice(app, ctx)));
            app.write("login.denied", ctx, move |txn| {
                txn.emit(event.clone())?;
                failure.write(txn)
            })
            .await?;
        }
    }
    Err(LoginFault::Denied)
}

/// Whom the typed name reaches.
struct Found {
    identifier: Identifier,
    /// Whose password is guessed at.
    subject: Subject,
    /// The account that the name looks like, and its person's key. What only looks like a name of an account takes
    /// from the account's budget (R15), and reaches nobody.
    owner: Option<(UserId, Arc<SealKey>)>,
    account: Option<Account>,
}

/// What a login needs to know of an account.
struct Account {
    user: User,
    phc: String,
    person: Arc<SealKey>,
}

fn find(app: &Services, identifier: Identifier) -> Result<Found, StoreError> {
    app.read(|read| {
        let name = identifier.budget();
        let Some(user) = store::user::by_identifier(read, name)? else {
            let subject = app.keys.guessed_at(None, name);
            return Ok(Found { identifier, subject, owner: None, account: None });
        };
        let subject = app.keys.guessed_at(Some(user.id), name);
        let person = person_key(app, read, user.id)?;
        let owner = Some((user.id, person.clone()));
        let phc = store::user::phc(read, user.id)?.filter(|_| identifier.key().is_some());
        let account = phc.map(|phc| Account { user, phc, person });
        Ok(Found { identifier, subject, owner, account })
    })
}

impl Found {
    /// The record of a denied login.
    fn denial(&self, app: &Services, ctx: &Context, reason: DenyReason) -> Draft {
        let witness = match &self.account {
            Some(account) => Witness::of_stranger(app, ctx, account.user.id, &account.person),
            None => Witness::of_nobody(app, ctx),
        };
        let draft = witness.event(Action::LoginFailed, Outcome::Denied).reason(reason.name());
        match self.account {
            Some(_) => draft,
            None => draft.detail("name_hash", self.name_hash(app)),
        }
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

/// A right password.
struct Right {
    account: Account,
    renewed: Option<Phc>,
    attempt: Arc<Attempt>,
    notice: Notice,
}

impl Right {
    fn stranger(&self, app: &Services, ctx: &Context) -> Witness {
        Witness::of_stranger(app, ctx, self.account.user.id, &self.account.person)
    }

    fn denied(&self, app: &Services, ctx: &Context, reason: DenyReason) -> Draft {
        self.stranger(app, ctx).event(Action::LoginFailed, Outcome::Denied).reason(reason.name())
    }

    /// The account as it is now, if nothing changed that the decision stood on.
    fn unchanged(&self, txn: &Txn<'_>) -> Result<Option<User>, StoreError> {
        let before = &self.account;
        let user = store::user::by_id(txn, before.user.id)?;
        let phc = store::user::phc(txn, before.user.id)?;
        let unchanged = phc.as_deref() == Some(before.phc.as_str());
        Ok(user.filter(|user| unchanged && same_standing(user, &before.user)))
    }

    /// Stores the renewed verifier, if there is one.
    fn renew(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        let renewed = self.renewed.as_ref();
        renewed.map_or(Ok(()), |phc| {
            store::user::renew_phc(txn, self.account.user.id, phc.as_str().to_owned())
        })
    }
}

/// Weighs the code of a login that is done in one call.
async fn inline(app: &Services, ctx: &Context, right: &Right, code: &str) -> Result<Proof, LoginFault> {
    let stranger = right.stranger(app, ctx);
    let holder = Holder { user: &right.account.user, witness: &stranger, stage: Stage::On };
    let fault = match weigh(app, ctx, &holder, code).await {
        Ok(proof) => return Ok(proof),
        Err(fault) => fault,
    };
    right.attempt.give_back();
    match fault {
        FactorFault::Locked { retry_after } => {
            let event = right.denied(app, ctx, DenyReason::Locked).detail("rule", "factor").done();
            app.write("login.locked", ctx, move |txn| txn.emit(event.clone())).await?;
            Err(LoginFault::Locked { retry_after })
        }
        FactorFault::Store(error) => Err(error.into()),
        FactorFault::NotSetUp | FactorFault::Wrong => Err(LoginFault::WrongCode),
    }
}

/// Has the login wait for its second step. The wrong passwords before it stay counted until that is done.
async fn wait(app: &Services, ctx: &Context, right: Right) -> Result<LoggedIn, LoginFault> {
    let (handle, login) = pending_login::begin(app, ctx, &right.account.user);
    let asked = right.stranger(app, ctx).event(Action::LoginMfaRequired, Outcome::Success).done();
    let denied = right.denied(app, ctx, DenyReason::AccountChanged).done();
    let held = Arc::clone(&right.attempt);
    let waits = app
        .write("login.wait", ctx, move |txn| {
            if right.unchanged(txn)?.is_none() {
                txn.emit(denied.clone())?;
                right.attempt.failed_late(txn, &right.notice)?;
                return Ok(false);
            }
            right.renew(txn)?;
            store::factor::insert_pending(txn, &login)?;
            txn.emit(asked.clone())?;
            let attempt = Arc::clone(&right.attempt);
            txn.on_commit(move || attempt.give_back());
            Ok(true)
        })
        .await
        .inspect_err(|_| held.give_back())?;
    if waits { Ok(LoggedIn::CodeNeeded(handle.reveal())) } else { Err(LoginFault::Denied) }
}

/// Opens a session, with the second factor that `proof` is to spend, and stores the renewed verifier.
async fn grant(
    app: &Services,
    ctx: &Context,
    right: Right,
    proof: Option<Proof>,
) -> Result<LoggedIn, LoginFault> {
    let session = new_session(app, ctx, &right.account.user);
    let witness = Witness::of_self(app, ctx, right.account.user.id, &right.account.person);
    let succeeded = witness.event(Action::LoginSucceeded, Outcome::Success).session(session.id);
    let changed = right.denied(app, ctx, DenyReason::AccountChanged).done();
    let wrong_code = right.denied(app, ctx, DenyReason::WrongCode).done();
    let held = (Arc::clone(&right.attempt), proof.as_ref().map(Proof::held));
    let granted = app
        .write("login", ctx, move |txn| {
            let Some(user) = right.unchanged(txn)? else {
                txn.emit(changed.clone())?;
                right.attempt.failed_late(txn, &right.notice)?;
                return Ok(Err(LoginFault::Denied));
            };
            let mut event = succeeded.clone();
            if let Some(proof) = &proof {
                let Some(used) = proof.spend(txn)? else {
                    txn.emit(wrong_code.clone())?;
                    let attempt = Arc::clone(&right.attempt);
                    txn.on_commit(move || attempt.give_back());
                    return Ok(Err(LoginFault::WrongCode));
                };
                event = event.detail("factor", used.name());
            }
            store::session::insert(txn, &session)?;
            right.renew(txn)?;
            txn.emit(event.done())?;
            right.attempt.succeeded(txn, &witness)?;
            Ok(Ok((user, session.clone())))
        })
        .await
        // The password was right: a store that cannot write must not lock its owner out.
        .inspect_err(|_| {
            held.0.give_back();
            held.1.iter().for_each(|guess| guess.give_back());
        })?;
    let (user, session) = granted?;
    Ok(LoggedIn::Granted(Box::new(mint(app, ctx.now, user, &session))))
}

/// A session that begins now.
pub(super) fn new_session(app: &Services, ctx: &Context, user: &User) -> Session {
    Session {
        id: SessionId::new(ctx.now, &app.random()),
        user: user.id,
        epoch: user.session_epoch,
        created_at: ctx.now,
        authenticated_at: ctx.now,
        last_used_at: ctx.now,
        client: ctx.client,
        user_agent: ctx.user_agent.clone(),
        family: Family::begin(ctx.now, TokenId::new(ctx.now, &app.random()), &app.policy.tokens),
    }
}

/// Whether nothing changed that the decision stood on.
fn same_standing(now: &User, before: &User) -> bool {
    now.status == before.status
        && now.email_verified_at == before.email_verified_at
        && now.session_epoch == before.session_epoch
}
