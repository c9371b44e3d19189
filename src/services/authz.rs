//! Whether an account may do something, and why: for applications that guard what is theirs. Writes nothing.
//!
//! ## Decision: answers are not recorded
//! An application asks on the way of each of its own requests, thousands of times a minute, and what it then does with
//! the answer is in its own log. A record for each would be the greater part of the audit log, would make every answer
//! wait for a durable write, and would say only that something was asked. What is recorded is a caller who asks about
//! others without the right to.
//!
//! ## Decision: one snapshot for a batch
//! All answers of a request are about one state of the store: no change of a role falls between two of them. An account
//! and a resource are read once, however often they are asked about, and a resource only where no right decides.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::caller::Caller;
use super::role::{Refused, require};
use super::{Context, Services};
use crate::domain::factor::FactorPolicy;
use crate::domain::grant::{Ground, Question, Who};
use crate::domain::held;
use crate::domain::id::UserId;
use crate::domain::permission::{Permission, Permissions};
use crate::domain::resource::{Resource, ResourceName};
use crate::domain::source::Sources;
use crate::domain::time::Timestamp;
use crate::store::{self, Read, StoreError};

/// Most questions of one request.
pub const CHECKS_MAX: usize = 100;

/// One question.
#[derive(Debug, Clone)]
pub struct Check {
    /// Who would do it.
    pub whom: Whom,
    /// What.
    pub question: Question,
}

/// Whom a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Whoever asks, with what they show: a key is told what the key may do.
    Caller,
    /// An account, with all that it may do.
    Account(UserId),
    /// What was sent is no id of an account.
    Nobody,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is allowed.
    Allowed(By),
    /// It is not.
    Refused(Why, Permission),
}

/// What allows it. Of `kind:write`, what allows the first half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A role.
    Role {
        /// The slug of the account's role.
        slug: String,
        /// The slug of the role that it has the right from, where that is another one.
        inherited_from: Option<String>,
    },
    /// A permission that the account was given beside its roles.
    Direct,
    /// The account owns the resource.
    Owner,
    /// A grant, until this time.
    Grant(Option<Timestamp>),
}

/// Why it is not allowed. With it goes the first permission that is asked for and missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing gives the permission.
    Missing,
    /// There is no such account.
    UnknownUser,
    /// The account is switched off.
    SwitchedOff,
    /// The account's role must have a second factor, and has none (G41).
    NoFactor,
}

/// Answers every question, in their order. Needs `users:read` where one is about somebody else.
pub async fn check(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    checks: &[Check],
) -> Result<Vec<Verdict>, Refused> {
    let is_about_others = |check: &Check| match check.whom {
        Whom::Caller => false,
        Whom::Account(user) => user != caller.user.id,
        Whom::Nobody => true,
    };
    if checks.iter().any(is_about_others) {
        require(app, ctx, caller, Permission::UsersRead).await?;
    }
    let verdicts = app.read(|read| {
        let mut bench = Bench {
            read,
            now: ctx.now,
            policy: &app.policy.factor,
            accounts: HashMap::new(),
            resources: HashMap::new(),
        };
        checks.iter().map(|check| bench.answer(caller, check)).collect::<Result<_, _>>()
    });
    Ok(verdicts?)
}

/// What was read so far for the questions of one request.
struct Bench<'a, R> {
    read: &'a R,
    now: Timestamp,
    policy: &'a FactorPolicy,
    accounts: HashMap<UserId, Option<Account>>,
    resources: HashMap<&'a ResourceName, Option<Resource>>,
}

/// An account as questions see it.
struct Account {
    id: UserId,
    rights: Permissions,
    sources: Sources,
    is_usable: bool,
    lacks_factor: bool,
}

impl<'a, R: Read> Bench<'a, R> {
    fn answer(&mut self, caller: &Caller, check: &'a Check) -> Result<Verdict, StoreError> {
        let (id, scopes) = match check.whom {
            Whom::Caller => (Some(caller.user.id), caller.scopes()),
            Whom::Account(id) => (Some(id), None),
            Whom::Nobody => (None, None),
        };
        let question = &check.question;
        let refused = |why| {
            let first = question.permissions().iter().next().unwrap_or(Permission::UsersRead);
            Ok(Verdict::Refused(why, first))
        };
        let Self { read, now, policy, accounts, resources } = self;
        let account = match id {
            Some(id) => match accounts.entry(id) {
                Entry::Occupied(entry) => entry.into_mut().as_ref(),
                Entry::Vacant(entry) => entry.insert(account(*read, policy, id)?).as_ref(),
            },
            None => None,
        };
        let Some(account) = account else { return refused(Why::UnknownUser) };
        if !account.is_usable {
            return refused(Why::SwitchedOff);
        }
        let who = Who { user: account.id, rights: account.rights, scopes };
        let mut by = None;
        for permission in question.permissions().iter() {
            let mut ground = who.ground(permission, None, *now);
            if let (None, Some(name)) = (ground, question.resource()) {
                let resource = match resources.entry(name) {
                    Entry::Occupied(entry) => entry.into_mut().as_ref(),
                    Entry::Vacant(entry) => entry.insert(store::resource::by_name(*read, name)?).as_ref(),
                };
                ground = who.ground(permission, resource, *now);
            }
            let Some(ground) = ground else { return Ok(Verdict::Refused(Why::Missing, permission)) };
            by.get_or_insert_with(|| account.by(ground, permission));
        }
        match by {
            Some(_) if account.lacks_factor => refused(Why::NoFactor),
            Some(by) => Ok(Verdict::Allowed(by)),
            None => refused(Why::Missing),
        }
    }
}

fn account(read: &impl Read, policy: &FactorPolicy, id: UserId) -> Result<Option<Account>, StoreError> {
    let Some(user) = store::user::by_id(read, id)? else { return Ok(None) };
    let sources = Sources::of(&user, |role| store::role::by_id(read, role))?;
    let held = sources.held();
    Ok(Some(Account {
        id,
        rights: held.permissions,
        sources,
        is_usable: user.status.is_usable(),
        lacks_factor: !user.has_factor && policy.requires(held.roles),
    }))
}

impl Account {
    fn by(&self, ground: Ground, permission: Permission) -> By {
        match ground {
            Ground::Ownership => By::Owner,
            Ground::Grant(end) => By::Grant(end),
            Ground::Right => match self.sources.ground(permission) {
                Some(held::Ground::Role { role, through }) => {
                    By::Role { slug: role, inherited_from: through }
                }
                Some(held::Ground::Direct(_)) | None => By::Direct,
            },
        }
    }
}
