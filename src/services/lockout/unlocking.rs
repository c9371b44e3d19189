//! The end of every lock of an account before its time. Knows nothing of who may order it.
//!
//! ## Decision: what is lifted, and what stays
//! Lifted are the wrong passwords that count against the account and against each of its names, from every network and
//! from everywhere in a row, and the wrong second-factor codes of the account. What stays: the networks that the account is
//! known to log in from, the tries of a login that waits for its code, and the limits of the addresses that guessed. A
//! guess that is being judged at this moment still counts.

use std::collections::HashSet;
use std::sync::Arc;

use super::Lockouts;
use crate::domain::id::UserId;
use crate::domain::lockout::{Guesses, LockoutPolicy, Place, Subject};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::services::audit::Draft;
use crate::services::code_guard::WrongCodes;
use crate::services::{Context, Services};
use crate::store::{self, StoreError, Txn};

/// The end of an account's locks, under each of its names and from every network.
pub struct Unlocking {
    lockouts: Arc<Lockouts>,
    codes: Arc<WrongCodes>,
    user: UserId,
    subjects: Vec<Subject>,
    policy: LockoutPolicy,
    now: Timestamp,
}

/// What was lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifted {
    /// The networks from which the account was locked.
    pub networks: usize,
    /// The wrong passwords in a row, from all networks together.
    pub failures: u32,
}

impl Unlocking {
    /// Prepares the end of the locks of `user`. Ends nothing yet.
    pub fn new(app: &Services, ctx: &Context, user: &User) -> Self {
        let mut subjects = app.keys.names_of(user);
        subjects.push(app.keys.account(user.id));
        Self {
            lockouts: Arc::clone(&app.lockouts),
            codes: Arc::clone(&app.wrong_codes),
            user: user.id,
            subjects,
            policy: app.policy.lockout,
            now: ctx.now,
        }
    }

    /// Ends them, and records it as `event`: what counts in memory once the transaction is durable.
    pub fn write(&self, txn: &mut Txn<'_>, event: Draft) -> Result<Lifted, StoreError> {
        let mut failures = 0;
        for subject in &self.subjects {
            failures = store::lockout::clear(txn, *subject)?.max(failures);
        }
        let lifted = Lifted { networks: self.locked_networks(), failures };
        let event = event.detail("networks", lifted.networks.to_string());
        txn.emit(event.detail("failures", failures.to_string()).done())?;
        let (lockouts, codes) = (Arc::clone(&self.lockouts), Arc::clone(&self.codes));
        let (subjects, user) = (self.subjects.clone(), self.user);
        txn.on_commit(move || {
            lockouts.guesses.each(|(subject, _), guesses| {
                if subjects.contains(subject) {
                    guesses.clear();
                }
            });
            codes.with(user, Guesses::clear);
        });
        Ok(lifted)
    }

    fn locked_networks(&self) -> usize {
        let mut places: HashSet<Place> = HashSet::new();
        self.lockouts.guesses.each(|(subject, place), guesses| {
            if self.subjects.contains(subject) && guesses.is_locked(self.now, &self.policy) {
                places.insert(*place);
            }
        });
        places.len()
    }
}
