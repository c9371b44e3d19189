//! How much anybody may ask for, and to whom that applies. Knows no clock and no requests.
//!
//! ## Decision: one moment for each budget
//! Problem: a budget must be taken in one step, remembered for very many keys, and not be filled twice at the border of
//! two windows. Choice: the generic cell rate algorithm: all that is kept of a budget is the moment at which it will be
//! full again. Each request moves it later by one interval (the period divided by the count), and none may move it
//! further than one period from now. Alternatives: a counter by fixed window lets twice the count pass around a
//! border; a log of times costs memory by the count.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::address::covers;
use super::time::Timestamp;

/// What is limited. Each class has its own budget and its own keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Logins, by client address.
    Login,
    /// Registrations, by client address.
    Register,
    /// Requests for a reset mail, by client address.
    PasswordReset,
    /// Tries to set a password with a reset token, by client address.
    ResetConfirm,
    /// Mails that strangers cause, by the address they go to.
    Mail,
    /// Looks at the valid codes of a second factor, by account.
    MfaDebug,
    /// Exports of what is held of somebody, by the account that asks.
    Export,
    /// Everything else without a good token, by client address.
    Anonymous,
    /// Calls with a good token, by account.
    Authenticated,
    /// Calls with an API key, by key; a key may have a budget of its own.
    ApiKey,
    /// Questions whether somebody may do something, by account or by key.
    AuthzCheck,
    /// Questions about tokens and their revocations, by the registered service or the API key that asks.
    Introspection,
    /// Requests to applications behind a proxy, by account, by key, or by client address where nobody is known.
    ForwardAuth,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Login,
        Self::Register,
        Self::PasswordReset,
        Self::ResetConfirm,
        Self::Mail,
        Self::MfaDebug,
        Self::Export,
        Self::Anonymous,
        Self::Authenticated,
        Self::ApiKey,
        Self::AuthzCheck,
        Self::Introspection,
        Self::ForwardAuth,
    ];

    /// The stable name: in the configuration, in answers and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Register => "register",
            Self::PasswordReset => "password_reset",
            Self::ResetConfirm => "reset_confirm",
            Self::Mail => "mail",
            Self::MfaDebug => "mfa_debug",
            Self::Export => "export",
            Self::Anonymous => "anonymous",
            Self::Authenticated => "authenticated",
            Self::ApiKey => "api_key",
            Self::AuthzCheck => "authz_check",
            Self::Introspection => "introspection",
            Self::ForwardAuth => "forward_auth",
        }
    }

    /// Whether only what succeeded is counted in the end. Such a request takes one of [`Class::Anonymous`] too, or
    /// somebody could be refused without end.
    pub const fn counts_successes(self) -> bool {
        matches!(self, Self::Register)
    }
}

/// One value for each class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerClass<T> {
    login: T,
    register: T,
    password_reset: T,
    reset_confirm: T,
    mail: T,
    mfa_debug: T,
    export: T,
    anonymous: T,
    authenticated: T,
    api_key: T,
    authz_check: T,
    introspection: T,
    forward_auth: T,
}

impl<T> PerClass<T> {
    /// Makes the value of each class, in the order of [`Class::ALL`].
    pub fn of(mut make: impl FnMut(Class) -> T) -> Self {
        Self {
            login: make(Class::Login),
            register: make(Class::Register),
            password_reset: make(Class::PasswordReset),
            reset_confirm: make(Class::ResetConfirm),
            mail: make(Class::Mail),
            mfa_debug: make(Class::MfaDebug),
            export: make(Class::Export),
            anonymous: make(Class::Anonymous),
            authenticated: make(Class::Authenticated),
            api_key: make(Class::ApiKey),
            authz_check: make(Class::AuthzCheck),
            introspection: make(Class::Introspection),
            forward_auth: make(Class::ForwardAuth),
        }
    }

    /// The value of `class`.
    pub const fn get(&self, class: Class) -> &T {
        match class {
            Class::Login => &self.login,
            Class::Register => &self.register,
            Class::PasswordReset => &self.password_reset,
            Class::ResetConfirm => &self.reset_confirm,
            Class::Mail => &self.mail,
            Class::MfaDebug => &self.mfa_debug,
            Class::Export => &self.export,
            Class::Anonymous => &self.anonymous,
            Class::Authenticated => &self.authenticated,
            Class::ApiKey => &self.api_key,
            Class::AuthzCheck => &self.authz_check,
            Class::Introspection => &self.introspection,
            Class::ForwardAuth => &self.forward_auth,
        }
    }

    /// The value of `class`, to be changed.
    pub const fn get_mut(&mut self, class: Class) -> &mut T {
        match class {
            Class::Login => &mut self.login,
            Class::Register => &mut self.register,
            Class::PasswordReset => &mut self.password_reset,
            Class::ResetConfirm => &mut self.reset_confirm,
            Class::Mail => &mut self.mail,
            Class::MfaDebug => &mut self.mfa_debug,
            Class::Export => &mut self.export,
            Class::Anonymous => &mut self.anonymous,
            Class::Authenticated => &mut self.authenticated,
            Class::ApiKey => &mut self.api_key,
            Class::AuthzCheck => &mut self.authz_check,
            Class::Introspection => &mut self.introspection,
            Class::ForwardAuth => &mut self.forward_auth,
        }
    }
}

/// The rules of limits that an operator may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitPolicy {
    /// Whether anybody is limited at all.
    pub is_enabled: bool,
    /// Clients that are never limited, never locked out, and never counted.
    pub exempt: Vec<IpNet>,
    /// The budget of each class.
    pub budgets: PerClass<Budget>,
    /// The most keys of one class that are remembered.
    pub max_entries: usize,
}

impl LimitPolicy {
    /// Whether what `client` does is counted: limits and lockouts alike.
    pub fn applies_to(&self, client: IpAddr) -> bool {
        let client = client.to_canonical();
        self.is_enabled && !self.exempt.iter().any(|network| covers(network, client))
    }
}

/// So many at once, and so many in a period in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    count: u32,
    period: Duration,
}

/// The numbers make no budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotABudget {
    /// How many.
    #[error("the count must be from 1 to {}", Budget::COUNT_MAX)]
    Count,
    /// In which time.
    #[error("the time must be from 1s to 1d")]
    Period,
}

/// How much of one budget is spent: the moment, in microseconds since the epoch, at which it will be full again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent(i64);

/// How a budget stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How many more there are now.
    pub remaining: u32,
    /// When there is one more than now; zero when it is full.
    pub until_next: Duration,
    /// When it is full again.
    pub until_full: Duration,
}

/// Nothing was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests")]
pub struct Exceeded(pub Standing);

impl Budget {
    /// The greatest count.
    pub const COUNT_MAX: u32 = 1_000_000;

    /// The least there is: one a day.
    pub const LEAST: Self = Self { count: 1, period: Duration::from_secs(86_400) };

    /// `count` a minute, where that is no setting.
    pub(crate) const fn per_minute(count: u32) -> Self {
        Self { count, period: Duration::from_secs(60) }
    }

    /// `count` (1 to [`Budget::COUNT_MAX`]) in a `period` (one second to one day).
    pub fn new(count: u32, period: Duration) -> Result<Self, NotABudget> {
        if !(1..=Self::COUNT_MAX).contains(&count) {
            return Err(NotABudget::Count);
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&period) {
            return Err(NotABudget::Period);
        }
        Ok(Self { count, period })
    }

    /// How many at once.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// In which time an empty budget becomes full.
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// Takes one, if there is one.
    pub fn take(&self, spent: &mut Spent, now: Timestamp) -> Result<Standing, Exceeded> {
        let debt = self.debt(*spent, now);
        let more = debt.saturating_add(self.interval());
        let is_there = more <= self.capacity();
        let debt = if is_there { more } else { debt };
        // Also when nothing was taken: a moment that a wrong clock put far ahead is brought back for good.
        *spent = Spent(micros(now).saturating_add(debt));
        let standing = self.standing(debt);
        if is_there { Ok(standing) } else { Err(Exceeded(standing)) }
    }

    /// How it stands at `now`. Takes nothing.
    pub fn look(&self, spent: Spent, now: Timestamp) -> Standing {
        self.standing(self.debt(spent, now))
    }

    /// Gives back one that was taken.
    pub fn refund(&self, spent: &mut Spent, now: Timestamp) -> Standing {
        let debt = self.debt(*spent, now).saturating_sub(self.interval()).max(0);
        *spent = Spent(micros(now).saturating_add(debt));
        self.standing(debt)
    }

    /// How far off the moment is at which the budget is full. It can be further than all of the budget only when the
    /// clock went backwards. A little, as between two threads, then everything is owed: nobody gains by a race. By more
    /// than a period, nothing is known any more, and nothing is owed.
    fn debt(&self, spent: Spent, now: Timestamp) -> i64 {
        let (debt, all) = (spent.0.saturating_sub(micros(now)), self.capacity());
        if debt > all.saturating_mul(2) { 0 } else { debt.clamp(0, all) }
    }

    fn standing(&self, debt: i64) -> Standing {
        let free = self.capacity().saturating_sub(debt);
        let remaining = free.checked_div(self.interval()).unwrap_or(0);
        let next = remaining.saturating_add(1).saturating_mul(self.interval()).saturating_sub(free);
        Standing {
            remaining: u32::try_from(remaining).unwrap_or(0),
            until_next: duration(next.min(debt)),
            until_full: duration(debt),
        }
    }

    /// Microseconds until one more is there; at least one.
    fn interval(&self) -> i64 {
        let period = i64::try_from(self.period.as_micros()).unwrap_or(i64::MAX);
        period.checked_div(i64::from(self.count)).unwrap_or(period).max(1)
    }

    /// Microseconds until an empty budget is full: the period, but for what the interval is rounded down.
    fn capacity(&self) -> i64 {
        self.interval().saturating_mul(i64::from(self.count))
    }
}

fn micros(time: Timestamp) -> i64 {
    time.millis().saturating_mul(1_000)
}

fn duration(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

#[cfg(test)]
mod tests;
