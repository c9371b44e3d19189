//! What happened how often, by minute, for a day. Knows no store and no clock.
//!
//! ## Decision: a ring of hours
//! An hour has its place by its number modulo 25, and the place belongs to the hour that was counted into it last. So
//! the last 24 hours are always there, nothing has to be removed, a clock that was set wrong leaves nothing that lasts,
//! and everything fits into one commit.

use std::collections::{BTreeMap, BTreeSet};

use super::audit::Action;
use super::time::Timestamp;

/// Minutes that can be asked for.
pub const MINUTES: i64 = 24 * 60;

/// Hours that are kept: a day, and the one that has begun.
const HOURS: i64 = 25;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    /// Logins that gave tokens.
    LoginsOk,
    /// Logins that were denied.
    LoginsFailed,
    /// Refresh tokens that were exchanged.
    Refreshes,
    /// Callers that were refused something.
    Denials,
    /// Locks that began.
    Lockouts,
    /// Accounts that were made.
    Registrations,
    /// Passwords that were changed or reset.
    PasswordChanges,
    /// Password hashes begun.
    HashRuns,
    /// Password hashes that found no room.
    HashRefused,
    /// Milliseconds that password hashes waited.
    HashWaitMs,
    /// Logins whose password was right and that were asked for a second factor.
    LoginsMfa,
}

/// How often each of [`Series::ALL`] happened, in that order.
pub type Counts = [u64; Series::ALL.len()];

impl Series {
    /// All of them. The order is stored: add at the end, change nothing.
    pub const ALL: [Self; 11] = [
        Self::LoginsOk,
        Self::LoginsFailed,
        Self::Refreshes,
        Self::Denials,
        Self::Lockouts,
        Self::Registrations,
        Self::PasswordChanges,
        Self::HashRuns,
        Self::HashRefused,
        Self::HashWaitMs,
        Self::LoginsMfa,
    ];

    /// What an act of this name is counted as.
    pub fn of(action: &str) -> Option<Self> {
        const COUNTED: [(Action, Series); 10] = [
            (Action::LoginSucceeded, Series::LoginsOk),
            (Action::LoginFailed, Series::LoginsFailed),
            (Action::LoginMfaRequired, Series::LoginsMfa),
            (Action::RefreshRotated, Series::Refreshes),
            (Action::AccessDenied, Series::Denials),
            (Action::LockoutSet, Series::Lockouts),
            (Action::UserRegistered, Series::Registrations),
            (Action::UserCreated, Series::Registrations),
            (Action::PasswordChanged, Series::PasswordChanges),
            (Action::PasswordReset, Series::PasswordChanges),
        ];
        COUNTED.iter().find(|(counted, _)| counted.name() == action).map(|(_, series)| *series)
    }

    /// Its count among others.
    pub fn count(self, counts: &Counts) -> u64 {
        Self::ALL.iter().zip(counts).find(|(series, _)| **series == self).map_or(0, |(_, count)| *count)
    }

    fn add(self, counts: &mut Counts, by: u64) {
        for (series, count) in Self::ALL.iter().zip(counts) {
            if *series == self {
                *count = count.saturating_add(by);
            }
        }
    }
}

/// An hour and what happened in each of its minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hour {
    /// Hours since the Unix epoch.
    pub hour: i64,
    /// One for each minute.
    pub minutes: Vec<Counts>,
}

/// A day of minutes, and the totals. 120 KB when full.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    hours: BTreeMap<u8, Hour>,
    totals: Counts,
    changed: BTreeSet<u8>,
}

impl History {
    /// What was kept of it.
    pub fn of(totals: Counts, hours: impl IntoIterator<Item = Hour>) -> Self {
        let hours = hours.into_iter().map(|hour| (slot(hour.hour), hour)).collect();
        Self { hours, totals, changed: BTreeSet::new() }
    }

    /// Counts `by` of `series` at a time.
    pub fn add(&mut self, at: Timestamp, series: Series, by: u64) {
        if by == 0 {
            return;
        }
        series.add(&mut self.totals, by);
        let (hour, minute) = split(minute_of(at));
        let slot = slot(hour);
        self.changed.insert(slot);
        let found = self.hours.entry(slot).or_insert(Hour { hour, minutes: Vec::new() });
        if found.hour != hour {
            *found = Hour { hour, minutes: Vec::new() };
        }
        found.minutes.resize(60, Counts::default());
        if let Some(counts) = found.minutes.get_mut(minute) {
            series.add(counts, by);
        }
    }

    /// What happened since the store was made.
    pub const fn totals(&self) -> &Counts {
        &self.totals
    }

    /// What happened in each step of so many minutes, from the minute `from` on and before the minute `until`.
    pub fn steps(&self, from: i64, until: i64, step: usize) -> Vec<Counts> {
        let minutes: Vec<i64> = (from..until).collect();
        let sum = |minutes: &[i64]| {
            let mut sum = Counts::default();
            for counts in minutes.iter().filter_map(|minute| self.at(*minute)) {
                sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
            }
            sum
        };
        minutes.chunks(step.max(1)).map(sum).collect()
    }

    /// The hours that have changed since they were last taken.
    pub fn take_changed(&mut self) -> Vec<Hour> {
        let changed = std::mem::take(&mut self.changed);
        changed.iter().filter_map(|slot| self.hours.get(slot).cloned()).collect()
    }

    /// Takes hours back that could not be kept.
    pub fn put_back(&mut self, hours: &[Hour]) {
        self.changed.extend(hours.iter().map(|hour| slot(hour.hour)));
    }

    fn at(&self, minute: i64) -> Option<&Counts> {
        let (hour, minute) = split(minute);
        self.hours.get(&slot(hour)).filter(|found| found.hour == hour)?.minutes.get(minute)
    }
}

/// Whole minutes since the Unix epoch.
pub const fn minute_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(60_000)
}

/// When a minute begins.
pub const fn start_of(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute.saturating_mul(60_000))
}

/// The place of an hour in the ring.
pub fn slot(hour: i64) -> u8 {
    u8::try_from(hour.rem_euclid(HOURS)).unwrap_or(0)
}

/// The hour of a minute, and its place in it.
fn split(minute: i64) -> (i64, usize) {
    (minute.div_euclid(60), usize::try_from(minute.rem_euclid(60)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 30_000_000;

    fn logins(steps: &[Counts]) -> Vec<u64> {
        steps.iter().map(|counts| Series::LoginsOk.count(counts)).collect()
    }

    #[test]
    fn a_minute_is_counted_where_it_belongs_and_steps_add_up() {
        let mut history = History::default();
        for (minute, by) in [(0, 1), (0, 2), (1, 4), (3, 8)] {
            history.add(start_of(NOON + minute), Series::LoginsOk, by);
        }
        history.add(Timestamp::from_millis(start_of(NOON + 1).millis() + 59_999), Series::Refreshes, 1);
        assert_eq!(logins(&history.steps(NOON - 1, NOON + 5, 1)), [0, 3, 4, 0, 8, 0]);
        assert_eq!(logins(&history.steps(NOON, NOON + 5, 2)), [7, 8, 0], "the last step is short");
        assert_eq!(Series::Refreshes.count(&history.steps(NOON, NOON + 2, 2)[0]), 1);
        assert_eq!((Series::LoginsOk.count(history.totals()), history.take_changed().len()), (15, 1));
        assert_eq!(logins(&history.steps(NOON + 5, NOON, 1)), [0; 0]);
    }

    #[test]
    fn a_day_of_minutes_is_there_and_an_older_hour_gives_its_place_away() {
        let mut history = History::default();
        let day = 25 * 60;
        history.add(start_of(NOON), Series::LoginsOk, 1);
        history.add(start_of(NOON + MINUTES), Series::LoginsOk, 0);
        assert_eq!(logins(&history.steps(NOON, NOON + 1, 1)), [1]);
        history.add(start_of(NOON + day), Series::LoginsOk, 2);
        assert_eq!(logins(&history.steps(NOON, NOON + 1, 1)), [0]);
        assert_eq!(logins(&history.steps(NOON + day, NOON + day + 1, 1)), [2]);
        assert_eq!(Series::LoginsOk.count(history.totals()), 3);
        history.add(start_of(-1), Series::LoginsOk, 4);
        assert_eq!(logins(&history.steps(-1, 0, 1)), [4], "before the epoch too");
    }

    #[test]
    fn what_was_kept_is_read_back_and_only_what_changed_is_kept_again() {
        let mut history = History::default();
        history.add(start_of(NOON), Series::Denials, 1);
        history.add(start_of(NOON + 60), Series::Denials, 2);
        let kept = history.take_changed();
        assert_eq!((kept.len(), history.take_changed().len()), (2, 0));
        history.put_back(&kept[1..]);
        assert_eq!(history.take_changed(), kept[1..]);
        assert_eq!(History::of(*history.totals(), kept), history);
    }

    #[test]
    fn each_act_is_counted_as_one_thing() {
        assert_eq!(Series::of("login.failed"), Some(Series::LoginsFailed));
        assert_eq!(Series::of("login.mfa_required"), Some(Series::LoginsMfa));
        assert_eq!(Series::of("password.reset"), Some(Series::PasswordChanges));
        assert_eq!((Series::of("login"), Series::of("password.reset_requested")), (None, None));
    }
}
