//! Why somebody cannot log in, whether a token or a second factor is in order, and how safe an account is. Changes
//! nothing.
//!
//! ## Decision: others are for administrators, one's own account for its session
//! A diagnosis says whether a name has an account and what state that is in, which no other door tells a stranger.
//! Whoever asks about another account needs `audit:read`, which the lists of locks and sessions need too: a diagnosis
//! tells nothing that they do not. A session is told of its own account; an API key is not, for its scopes are less
//! than that. What a token says is told to its owner and to administrators alone.
//!
//! ## Decision: a password is judged by its form, and never compared
//! Compared, this would be a door to guess at that no lock guards. Its form is what the policy of the asked profile
//! demands of length and classes: it says why a password cannot have been one.
//!
//! ## Decision: every diagnosis is recorded
//! Also that of one's own account: it is asked for rarely, and whoever took over a session is one of those who ask. The
//! answer leaves after the record is written, in a transaction that judges again whether the caller may ask.

use super::audit::{Draft, Witness};
use super::caller::{Caller, Credential};
use super::introspection;
use super::limits::{Class, Key};
use super::oversight::locks::rules_locking;
use super::password::{self, Owner};
use super::role::{Refused, require};
use super::session::AuthFault;
use super::suspicion::is_waiting;
use super::user::factors::factors;
use super::{Context, Services, flatten};
use crate::crypto::token::TokenFault;
use crate::domain::api_key::ApiKey;
use crate::domain::audit::{Action, Outcome};
use crate::domain::diagnosis::{Diagnosis, Exposure, StatusIssue, TokenIssue, form_issue};
use crate::domain::id::UserId;
use crate::domain::lockout::Rule;
use crate::domain::order::Order;
use crate::domain::permission::Permission;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessClaims, RefreshClaims};
use crate::domain::user::{Identifier, User};
use crate::store::{self, Read, StoreError};

/// Most sessions and keys of an account that are counted.
const COUNTED_MAX: usize = 1_000;

/// Most logins and keys that a report names.
const NAMED_MAX: usize = 5;

/// Why nothing was told.
#[derive(Debug, thiserror::Error)]
pub enum DiagnosisFault {
    /// There is no such account.
    #[error("no such user")]
    NotFound,
    /// The caller's credential ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a login as `name` with `password` may not work. Needs `audit:read`.
pub async fn diagnose(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    (name, password): (&str, &str),
) -> Result<Diagnosis, DiagnosisFault> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let identifier = Identifier::typed(name);
    let (account, is_limited) = app.read(|read| {
        let user = identifier.key().map(|key| store::user::by_identifier(read, key)).transpose()?.flatten();
        user.map_or(Ok((None, false)), |user| {
            let rules = rules_locking(app, read, user.id, ctx.now)?;
            let is_used_up = app.limits.is_used_up(Class::Authenticated, Key::user(user.id), ctx.now);
            let issues = status_issues(app, read, &user, !rules.is_empty())?;
            Ok((Some((user.id, issues)), is_used_up || rules.contains(&Rule::Network)))
        })
    })?;
    let faults = password::report_typed(app, password, Owner::default()).faults();
    let password = faults.into_iter().filter_map(form_issue).collect();
    let found = Diagnosis { account, password, is_limited };
    let about = found.account.as_ref().map(|(id, _)| *id);
    let told = |record: Draft| match about {
        Some(_) => record,
        None => record.detail("name_hash", app.keys.name_hash(identifier.budget())),
    };
    Question { caller, about, is_open: false }.record(app, ctx, Action::LoginDiagnosed, told).await?;
    Ok(found)
}

fn status_issues(
    app: &Services,
    read: &impl Read,
    user: &User,
    is_locked: bool,
) -> Result<Vec<StatusIssue>, StoreError> {
    let is_unproved = app.policy.login.require_verified_email && user.email_verified_at.is_none();
    let issues = [
        (!user.status.is_usable(), StatusIssue::Deactivated),
        (is_locked, StatusIssue::Locked),
        (is_unproved, StatusIssue::Unverified),
        (store::user::phc(read, user.id)?.is_none(), StatusIssue::NoPassword),
    ];
    Ok(issues.into_iter().filter(|(is_there, _)| *is_there).map(|(_, issue)| issue).collect())
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claims {
    /// An access token.
    Access(AccessClaims),
    /// A refresh token.
    Refresh(RefreshClaims),
}

/// Whether `token` is good now, and then what it says. Looking at it is not using it: a refresh token stays as it was.
/// One of another account needs `audit:read`.
pub async fn test_token(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    token: &str,
) -> Result<Result<Claims, TokenIssue>, DiagnosisFault> {
    let claims = match app.tokens.verify_access(token, ctx.now) {
        Err(TokenFault::WrongKind) => app.tokens.verify_refresh(token, ctx.now).map(Claims::Refresh),
        read => read.map(Claims::Access),
    };
    let claims = claims.map_err(|fault| match fault {
        TokenFault::Expired => TokenIssue::Expired,
        _ => TokenIssue::Invalid,
    });
    let (owner, live) = match &claims {
        Ok(Claims::Access(claims)) => (Some(claims.user_id), introspection::of_access(app, ctx, token)?),
        Ok(Claims::Refresh(claims)) => (Some(claims.user_id), introspection::of_refresh(app, ctx, token)?),
        Err(_) => (None, None),
    };
    let nobody = Question { caller, about: None, is_open: true };
    let question = owner.map_or(nobody, |owner| Question::about(caller, owner));
    question.admit(app, ctx).await?;
    let found = claims.and_then(|claims| live.map(|_| claims).ok_or(TokenIssue::Revoked));
    let reason = found.as_ref().err().map_or("valid", |issue| issue.name());
    question.record(app, ctx, Action::TokenDiagnosed, |record| record.reason(reason)).await?;
    Ok(found)
}

/// Whether the account `id` has a second factor. One of another needs `audit:read`.
pub async fn test_mfa(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: UserId,
) -> Result<bool, DiagnosisFault> {
    let question = Question::about(caller, id);
    question.admit(app, ctx).await?;
    let user = app.read(|read| store::user::by_id(read, id))?.ok_or(DiagnosisFault::NotFound)?;
    question.record(app, ctx, Action::MfaDiagnosed, |record| record).await?;
    Ok(user.has_factor)
}

/// How safe an account is.
#[derive(Debug, Clone)]
pub struct SecurityReport {
    /// The account.
    pub user: User,
    /// When its password was set; `None`: it has none.
    pub password_set_at: Option<Timestamp>,
    /// What the risk is reckoned from.
    pub exposure: Exposure,
    /// The newest live sessions, newest first.
    pub recent: Vec<Session>,
    /// Whether something suspicious about it waits to be seen by an operator.
    pub is_suspicious: bool,
    /// Whether backup codes are left.
    pub has_backup_codes: bool,
    /// All its API keys, also those that work no more and are not swept yet.
    pub total_keys: usize,
    /// The live keys that were used last, the latest first.
    pub used_keys: Vec<ApiKey>,
}

/// How safe the account `id` is. One of another needs `audit:read`.
pub async fn report(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    id: UserId,
) -> Result<SecurityReport, DiagnosisFault> {
    let question = Question::about(caller, id);
    question.admit(app, ctx).await?;
    let found = app.read(|read| {
        let user = store::user::by_id(read, id)?;
        user.map(|user| reported(app, read, user, ctx.now)).transpose()
    })?;
    let found = found.ok_or(DiagnosisFault::NotFound)?;
    question.record(app, ctx, Action::AccountDiagnosed, |record| record).await?;
    Ok(found)
}

fn reported(
    app: &Services,
    read: &impl Read,
    user: User,
    now: Timestamp,
) -> Result<SecurityReport, StoreError> {
    let (mut sessions, _) = store::session::of_user(read, user.id, (Order::Newest, None), COUNTED_MAX)?;
    sessions.retain(|session| user.status.is_usable() && session.is_alive(user.session_epoch, now));
    let (mut keys, _) = store::api_key::list(read, Some(user.id), None, COUNTED_MAX)?;
    let total_keys = keys.len();
    keys.retain(|key| key.is_alive(&user, now));
    let exposure = Exposure { has_factor: user.has_factor, sessions: sessions.len(), api_keys: keys.len() };
    let mut used_keys: Vec<_> = keys.into_iter().map(|key| app.key_uses.overlaid(key)).collect();
    used_keys.retain(|key| key.last_used_at.is_some());
    used_keys.sort_by_key(|key| std::cmp::Reverse(key.last_used_at));
    used_keys.truncate(NAMED_MAX);
    sessions.truncate(NAMED_MAX);
    Ok(SecurityReport {
        password_set_at: store::user::password_set_at(read, user.id)?,
        is_suspicious: is_waiting(app, read, user.id, now)?,
        has_backup_codes: factors(read, user.id)?.backup_codes_left > 0,
        user,
        exposure,
        recent: sessions,
        total_keys,
        used_keys,
    })
}

/// Who asks, and about whom.
struct Question<'a> {
    caller: &'a Caller,
    about: Option<UserId>,
    /// Whether it takes no more than to be there.
    is_open: bool,
}

impl<'a> Question<'a> {
    /// About the account `id`: one's own is for its session.
    fn about(caller: &'a Caller, id: UserId) -> Self {
        let is_own = caller.user.id == id && matches!(caller.credential, Credential::Session(_));
        Self { caller, about: Some(id), is_open: is_own }
    }

    /// Refuses, and records it, unless the caller may be told.
    async fn admit(&self, app: &Services, ctx: &Context) -> Result<(), Refused> {
        if self.is_open { Ok(()) } else { require(app, ctx, self.caller, Permission::AuditRead).await }
    }

    /// Writes that the caller was told, if it still may be.
    async fn record(
        &self,
        app: &Services,
        ctx: &Context,
        action: Action,
        told: impl FnOnce(Draft) -> Draft,
    ) -> Result<(), DiagnosisFault> {
        let (caller, is_open) = (self.caller.clone(), self.is_open);
        let witness = Witness::of_operator(app, ctx, caller.user.id, self.about)?;
        let event = told(caller.signed(witness.event(action, Outcome::Success))).done();
        let run = app.store.transact("diagnosis", app.stamp(ctx), move |txn| {
            if is_open {
                caller.still_there::<DiagnosisFault>(txn)?;
            } else {
                caller.still_may::<DiagnosisFault>(txn, Permission::AuditRead)?;
            }
            Ok(txn.emit(event.clone())?)
        });
        run.await.map_err(flatten)
    }
}
