//! How many wrong passwords are too many: at one account from one network, and at one account from everywhere.
//! Knows no clock, no store and nothing of how passwords are compared.
//!
//! ## Decision: a guess counts before it is judged
//! Whoever guesses takes a place first, so eighty guesses at once are no more than five. A place is given back
//! when the guess could not be judged, and cleared by a right password; a guess whose caller went away keeps it.
//!
//! ## Decision: a lock ends by itself, whatever the clock does
//! Times in the future, which a clock that was set back leaves behind, count as now. So no lock lasts longer than
//! its time from the last look at it, and none ends early.

use std::net::IpAddr;
use std::time::Duration;

use super::address::network;
use super::time::Timestamp;

/// The rules of lockouts that an operator may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockoutPolicy {
    /// Wrong passwords for one account from one network, within `window`, that lock it there. At least one.
    pub failures: usize,
    /// How long a wrong password counts there.
    pub window: Duration,
    /// How long an account is locked for a network, from its last wrong password on.
    pub lock_for: Duration,
    /// Wrong passwords in a row, from all networks together, after which only known places may try.
    pub account_failures: u32,
    /// How long after the last of them they are forgotten.
    pub forget_after: Duration,
    /// How long after a login a network is a known place.
    pub place_ttl: Duration,
    /// Pairs of account and network that are remembered at most.
    pub max_entries: usize,
}

impl Default for LockoutPolicy {
    /// The shipped rules: X37 of the contract, and no more guesses in a row than NIST SP 800-63B allows.
    fn default() -> Self {
        Self {
            failures: 5,
            window: Duration::from_secs(15 * 60),
            lock_for: Duration::from_secs(30 * 60),
            account_failures: 100,
            forget_after: Duration::from_secs(30 * 86_400),
            place_ttl: Duration::from_secs(180 * 86_400),
            max_entries: 20_000,
        }
    }
}

/// At whom one guesses: a keyed hash of an account's id, or of a typed name that belongs to nobody. It does not
/// say which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject(pub [u8; 16]);

/// Where a guess comes from: the IPv4 /24 or the IPv6 /64, as the first IPv6 address of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place(pub [u8; 16]);

impl Place {
    /// The place of a client.
    pub fn of(client: IpAddr) -> Self {
        match network(client).addr() {
            IpAddr::V4(first) => Self(first.to_ipv6_mapped().octets()),
            IpAddr::V6(first) => Self(first.octets()),
        }
    }
}

/// Which rule locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Too many wrong passwords from this network.
    Network,
    /// Too many wrong passwords in a row from everywhere.
    Account,
    /// Too many wrong second-factor codes from everywhere.
    Factor,
}

impl Rule {
    /// The stable name in audit records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Account => "account",
            Self::Factor => "factor",
        }
    }

    /// The rule of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Network, Self::Account, Self::Factor].into_iter().find(|rule| rule.name() == name)
    }
}

/// A lock of one subject, as long as it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// When the first guess was made that counts for it.
    pub first_at: Timestamp,
    /// When it ends by itself.
    pub until: Timestamp,
    /// How many guesses count for it.
    pub failures: usize,
}

/// What a caller is told to wait until `until`: whole seconds, rounded up, and at least one. Guesses that are still being
/// judged may hold the last places, and then the time is over already.
pub fn wait(now: Timestamp, until: Timestamp) -> Duration {
    let seconds = until.since(now).as_millis().div_ceil(1_000);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX).max(1))
}

/// The guesses at one subject from one place that count: wrong ones, and those not judged yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guesses {
    /// When they were made, oldest first. Never more than the policy's `failures`.
    taken_at: Vec<Timestamp>,
    /// How many of them are not judged yet.
    pending: usize,
    /// Whether somebody was told of the lock.
    is_told: bool,
}

impl Guesses {
    /// Takes a place for a guess, or answers when to come back: when the lock ends; at once, while a guess that is
    /// being judged may yet clear it.
    pub fn take(&mut self, now: Timestamp, policy: &LockoutPolicy) -> Result<(), Timestamp> {
        self.forget(now, policy);
        if let Some(until) = self.locked_until(policy) {
            return Err(if self.pending > 0 { now } else { until });
        }
        self.taken_at.reserve_exact(1);
        self.taken_at.push(now);
        self.pending += 1;
        Ok(())
    }

    /// The guess was wrong, or nobody knows.
    pub fn fail(&mut self) {
        self.pending = self.pending.saturating_sub(1);
    }

    /// The guess was not judged: its place is free again.
    pub fn give_back(&mut self) {
        if self.pending > 0 {
            self.pending -= 1;
            self.taken_at.pop();
        }
    }

    /// The password was right: only what is not judged yet counts on.
    pub fn succeed(&mut self) {
        self.pending = self.pending.saturating_sub(1);
        self.keep_pending();
    }

    /// Whether the account is locked from this place at `now`.
    pub fn is_locked(&mut self, now: Timestamp, policy: &LockoutPolicy) -> bool {
        self.forget(now, policy);
        self.locked_until(policy).is_some()
    }

    /// The lock at `now`, if there is one. Changes nothing.
    pub fn lock(&self, now: Timestamp, policy: &LockoutPolicy) -> Option<Lock> {
        let mut seen = self.clone();
        seen.forget(now, policy);
        let (until, first_at) = (seen.locked_until(policy)?, seen.taken_at.iter().min().copied()?);
        Some(Lock { first_at, until, failures: seen.taken_at.len() })
    }

    /// True once for each lock: when every guess that led to it was judged.
    pub fn tell(&mut self, policy: &LockoutPolicy) -> bool {
        let is_news = self.locked_until(policy).is_some() && self.pending == 0 && !self.is_told;
        self.is_told |= is_news;
        is_news
    }

    /// Ends the lock, and forgets what led to it.
    pub fn clear(&mut self) {
        self.keep_pending();
    }

    fn locked_until(&self, policy: &LockoutPolicy) -> Option<Timestamp> {
        let last = self.taken_at.last().filter(|_| self.taken_at.len() >= policy.failures.max(1))?;
        Some(last.plus(policy.lock_for))
    }

    fn forget(&mut self, now: Timestamp, policy: &LockoutPolicy) {
        for at in &mut self.taken_at {
            *at = (*at).min(now);
        }
        match self.locked_until(policy) {
            Some(until) if until <= now => self.keep_pending(),
            Some(_) => {}
            None => {
                let old = self.taken_at.iter().take_while(|at| at.plus(policy.window) <= now).count();
                self.taken_at.drain(..old.min(self.taken_at.len().saturating_sub(self.pending)));
            }
        }
    }

    fn keep_pending(&mut self) {
        self.taken_at.drain(..self.taken_at.len().saturating_sub(self.pending));
        self.is_told = false;
    }
}

#[cfg(test)]
mod tests;
