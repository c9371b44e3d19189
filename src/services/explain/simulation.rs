//! What would happen to a request, and why. Nothing happens: no budget is taken from, no guess counts, nothing is written.
//!
//! ## Decision: the same questions in the same order, asked without taking
//! A request takes a place of a budget and of a lock before it is judged. Here both are looked at instead, behind the
//! same rules. The credential is taken to be good and the password to be right: what is asked is whether anything else
//! stands against it. What depends on the thing that a request is about (whose it is, whether it is there) is not judged.

use std::net::IpAddr;

use super::why;
use crate::domain::id::UserId;
use crate::domain::limit::Class;
use crate::domain::lockout::{Place, Subject};
use crate::domain::operation::{Operation, Who};
use crate::domain::permission::Permission;
use crate::domain::trace::{Kind, Step, Told, Verdict};
use crate::domain::user::{Identifier, User};
use crate::services::caller::Caller;
use crate::services::limits::Key;
use crate::services::lockout::Target;
use crate::services::role::{Refused, require};
use crate::services::{Context, Services};
use crate::store::{self, Read, StoreError};

/// A request that nobody makes.
#[derive(Debug, Clone, Copy)]
pub struct Supposed<'a> {
    /// Who would ask: an id, an email address or a username.
    pub user: &'a str,
    /// The method, in capital letters.
    pub method: &'a str,
    /// The path, as the API describes it, without a query.
    pub path: &'a str,
    /// Where it would come from.
    pub client: IpAddr,
}

/// How `supposed` would be judged, step by step. Needs `audit:read`; nothing is recorded but a refusal of the caller.
pub async fn simulate(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    supposed: Supposed<'_>,
) -> Result<Vec<Told>, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let ctx = Context { client: supposed.client, ..ctx.clone() };
    let mut steps = app.read(|read| judged(app, &ctx, read, supposed))?;
    if steps.iter().all(|step| step.kind.verdict() == Verdict::Passed) {
        steps.push(Kind::Allowed.into());
    }
    Ok(steps.iter().map(Step::told).collect())
}

/// The steps, up to the first that is no good.
fn judged(
    app: &Services,
    ctx: &Context,
    read: &impl Read,
    Supposed { user: name, method, path, .. }: Supposed<'_>,
) -> Result<Vec<Step>, StoreError> {
    let Some(operation) = Operation::find(method, path) else { return Ok(vec![Kind::NoOperation.into()]) };
    let typed = Identifier::typed(name);
    let by_name = || typed.key().map(|key| store::user::by_identifier(read, key)).transpose();
    let user = match name.parse::<UserId>() {
        Ok(id) => store::user::by_id(read, id)?,
        Err(_) => by_name()?.flatten(),
    };
    let mut steps = Vec::new();
    match operation.who {
        Who::Everybody => steps.push(Kind::Open.into()),
        Who::Counted(class) => {
            steps.push(Kind::Open.into());
            for class in [Class::Anonymous, class].into_iter().skip(usize::from(!class.counts_successes())) {
                room(app, ctx, (class, Key::client(ctx.client)), &mut steps);
            }
            if operation.is_login() && is_good(&steps) {
                log_in(app, ctx, read, (user.as_ref(), &typed), &mut steps)?;
            }
        }
        Who::Services => steps.push(Kind::SessionlessOnly.into()),
        Who::People | Who::Callers => match &user {
            None => steps.push(unknown(app, &typed)),
            Some(user) => act(app, ctx, read, (user, operation, path), &mut steps)?,
        },
    }
    let end = steps.iter().position(|step| step.kind.verdict() != Verdict::Passed);
    steps.truncate(end.map_or(steps.len(), |end| end.saturating_add(1)));
    Ok(steps)
}

fn is_good(steps: &[Step]) -> bool {
    steps.iter().all(|step| step.kind.verdict() == Verdict::Passed)
}

fn unknown(app: &Services, typed: &Identifier) -> Step {
    Kind::UserUnknown.with("name_hash", app.keys.name_tag(typed.budget()))
}

/// How a budget stands.
fn room(app: &Services, ctx: &Context, (class, key): (Class, Key), steps: &mut Vec<Step>) {
    if !app.limits.applies_to(ctx.client) {
        return;
    }
    let (budget, standing) = (app.limits.budget(class), app.limits.look(class, key, ctx.now));
    steps.push(if standing.remaining > 0 {
        Kind::Room.with("class", class.name()).with("left", standing.remaining).with("count", budget.count())
    } else {
        why::exceeded(class, budget, standing)
    });
}

/// A request of somebody who is logged in.
fn act(
    app: &Services,
    ctx: &Context,
    read: &impl Read,
    (user, operation, path): (&User, &Operation, &str),
    steps: &mut Vec<Step>,
) -> Result<(), StoreError> {
    steps.push(account(user));
    room(app, ctx, (Class::Authenticated, Key::user(user.id)), steps);
    let is_own = path.split('/').any(|part| part.parse() == Ok(user.id));
    let needed = operation.needs.or(operation.of_others.filter(|_| !is_own));
    if let Some(required) = needed {
        let held = store::role::held(read, user)?;
        let (roles, held) = (held.roles, held.permissions);
        steps.push(if held.contains(required) {
            Kind::Permitted.with("required", required)
        } else {
            why::missing(user.id, required, held)
        });
        if !user.has_factor && app.policy.factor.requires(roles) {
            steps.push(Kind::FactorDemanded.with("required", required));
        }
    }
    if operation.is_sensitive && !app.policy.step_up_ttl.is_zero() {
        steps.push(Kind::ProofAsked.with("allowed", app.policy.step_up_ttl));
    }
    Ok(())
}

fn account(user: &User) -> Step {
    why::of_owner(user).unwrap_or_else(|| Kind::AccountGood.with("status", user.status.name()))
}

/// A login with the right password.
fn log_in(
    app: &Services,
    ctx: &Context,
    read: &impl Read,
    (user, typed): (Option<&User>, &Identifier),
    steps: &mut Vec<Step>,
) -> Result<(), StoreError> {
    // An id is no name to log in with: then it is the account's first name that is typed.
    let name = user.filter(|_| typed.budget().parse::<UserId>().is_ok());
    let target = app.keys.target(user, name.map_or(typed.budget(), |user| user.email.as_str()));
    steps.push(match locked(app, ctx, read, &target)? {
        Some(lock) => lock,
        None => Kind::Unlocked.into(),
    });
    let Some(user) = user else {
        steps.push(unknown(app, typed));
        return Ok(());
    };
    steps.push(Kind::NameKnown.with("user", user.id));
    if store::user::phc(read, user.id)?.is_none() {
        steps.push(Kind::PasswordMissing.with("user", user.id));
        return Ok(());
    }
    steps.push(Kind::PasswordRight.into());
    steps.push(account(user));
    if app.policy.login.require_verified_email && user.email_verified_at.is_none() {
        steps.push(Kind::EmailUnverified.with("user", user.id));
    }
    steps.push(if user.has_factor { Kind::CodeAsked } else { Kind::NoCodeAsked }.into());
    Ok(())
}

/// The lock of the typed name, or of the account behind it.
fn locked(
    app: &Services,
    ctx: &Context,
    read: &impl Read,
    target: &Target,
) -> Result<Option<Step>, StoreError> {
    if !app.limits.applies_to(ctx.client) {
        return Ok(None);
    }
    let (policy, place) = (app.policy.lockout, Place::of(ctx.client));
    let is_known = store::lockout::knows_place(read, target.account, place, ctx.now)?;
    let lock_of = |subject: Subject| {
        if let Some(lock) = app.lockouts.lock(subject, place, ctx.now, &policy) {
            return Ok(Some(why::network_lock(&policy, lock.until)));
        }
        let streak = store::lockout::streak(read, subject, ctx.now)?;
        let streak = streak.filter(|streak| !is_known && streak.failures >= policy.account_failures);
        Ok(streak.map(|streak| why::account_lock(&policy, streak.failures, streak.forgotten_at)))
    };
    Ok(lock_of(target.typed)?.or(lock_of(target.account)?))
}
