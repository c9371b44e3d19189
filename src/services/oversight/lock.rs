//! One lock: found behind the record that tells of its beginning, with the numbers of its rule.
//!
//! ## Decision: a lock is named by the suspicious act that began it
//! Problem: what locks is kept under keyed hashes, half of it in memory, and says neither who nor since when; a list
//! over that would hold up guesses while it is read, and could name nobody. Choice: each lock that begins is written as
//! a suspicious act with whom and where. Those are walked, newest first, and each is asked whether its lock still lasts
//! and is still the one that it began. So a lock has an id that says nothing, the list is in order of time, and no table
//! of guesses is ever walked. A lock of which nobody was told yet, because every guess that led to it hung up, is listed
//! from the next guess on, which tells it.

use std::collections::HashMap;

use ipnet::IpNet;

use crate::crypto::digest::{from_hex, to_hex};
use crate::domain::address::network;
use crate::domain::id::{SuspicionId, UserId};
use crate::domain::lockout::{LockoutPolicy, Place, Rule, Subject};
use crate::domain::suspicion::Suspicious;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::services::audit::open_personal;
use crate::services::{Services, code_guard};
use crate::store::suspicion::SuspicionV1;
use crate::store::{self, Read, StoreError};

/// A lock that lasts.
#[derive(Debug, Clone)]
pub struct Lock {
    /// Names it: the suspicious act that tells of its beginning.
    pub id: SuspicionId,
    /// The rule that made it.
    pub rule: Rule,
    /// The rule's numbers.
    pub numbers: LockoutPolicy,
    /// Whom it locks.
    pub whom: Whom,
    /// Where it locks; `None`: everywhere but at known places.
    pub network: Option<IpNet>,
    /// When it began.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Timestamp,
    /// How many wrong guesses count for it now.
    pub failures: u64,
    /// The first of them, where that is known.
    pub first_at: Option<Timestamp>,
}

/// Whom a lock locks.
#[derive(Debug, Clone)]
pub enum Whom {
    /// An account.
    Account(Box<User>),
    /// A name of nobody: its tag, as the audit log has it.
    Nobody([u8; 16]),
}

impl Whom {
    /// The account's id.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Account(user) => Some(user.id),
            Self::Nobody(_) => None,
        }
    }

    /// What stands for a name of nobody in answers and in the audit log.
    pub fn name_hash(&self) -> Option<String> {
        match self {
            Self::Account(_) => None,
            Self::Nobody(tag) => Some(to_hex(tag)),
        }
    }

    /// The account, or what stands for it, as the budgets of guesses know it; and its names.
    pub(super) fn subjects(&self, app: &Services) -> (Subject, Vec<Subject>) {
        match self {
            Self::Account(user) => (app.keys.account(user.id), app.keys.names_of(user)),
            Self::Nobody(tag) => (app.keys.nobody(tag), vec![app.keys.name(tag)]),
        }
    }
}

/// The lock that `record` tells of, if it still lasts at `now`.
pub(super) fn lasting(
    app: &Services,
    read: &impl Read,
    (id, record): (SuspicionId, &SuspicionV1),
    now: Timestamp,
) -> Result<Option<Lock>, StoreError> {
    let event = &record.event;
    let rule = event.reason.as_deref().and_then(Rule::named);
    let Some(rule) = rule.filter(|_| record.kind == Suspicious::FailedLogins.name()) else { return Ok(None) };
    let since = Timestamp::from_millis(event.at);
    let numbers = code_guard::policy_of(app, rule);
    // Most records are of locks that are over: they cost no look at a table of guesses.
    if rule != Rule::Account && since.plus(numbers.lock_for).plus(numbers.window) <= now {
        return Ok(None);
    }
    let Some(whom) = whom(read, record)? else { return Ok(None) };
    let (subject, _) = whom.subjects(app);
    let personal = open_personal(app, read, &mut HashMap::new(), event)?;
    let lock =
        Lock { id, rule, numbers, whom, network: None, since, until: now, failures: 0, first_at: None };
    let guesses = match (rule, personal, lock.whom.user()) {
        (Rule::Network, Some(personal), _) => {
            let found = app.lockouts.lock(subject, Place::of(personal.client), now, &numbers);
            return Ok(lock.held(found, Some(network(personal.client))));
        }
        (Rule::Factor, _, Some(user)) => {
            app.wrong_codes.look(&user, |guesses| guesses.lock(now, &numbers)).flatten()
        }
        (Rule::Account, ..) => {
            let streak = store::lockout::streak(read, subject, now)?;
            // A streak that ended and locked again is another lock.
            let streak = streak.filter(|streak| streak.locked_at == Some(since));
            return Ok(streak.filter(|streak| streak.failures >= numbers.account_failures).map(|streak| {
                Lock { until: streak.forgotten_at, failures: streak.failures.into(), ..lock }
            }));
        }
        _ => None,
    };
    Ok(lock.held(guesses, None))
}

impl Lock {
    /// This lock as the guesses tell it, unless they began after it did: then they are another lock's.
    fn held(self, found: Option<crate::domain::lockout::Lock>, network: Option<IpNet>) -> Option<Self> {
        let found = found.filter(|found| found.first_at <= self.since)?;
        let failures = u64::try_from(found.failures).unwrap_or(u64::MAX);
        Some(Self { until: found.until, failures, first_at: Some(found.first_at), network, ..self })
    }
}

fn whom(read: &impl Read, record: &SuspicionV1) -> Result<Option<Whom>, StoreError> {
    let event = &record.event;
    if let Some(id) = event.subject {
        let user = store::user::by_id(read, UserId::from_bytes(id))?;
        return Ok(user.map(|user| Whom::Account(Box::new(user))));
    }
    let hash = event.detail.iter().find(|(name, _)| name == "name_hash");
    Ok(hash.and_then(|(_, hash)| from_hex(hash)).map(Whom::Nobody))
}
