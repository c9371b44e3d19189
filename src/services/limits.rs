//! Budgets of requests: who has how many left. Knows nothing of what is asked, and of no HTTP.
//!
//! ## Decision: in memory, by class
//! A budget is worth one period, so a restart may forget it; what must outlive one is a lockout. Each class has a table
//! of its own: whoever fills one with addresses drives nobody out of another. A table keeps `max_entries` keys and
//! then forgets those that were used longest ago, so memory is bounded whatever strangers do.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Context, Services};
use crate::domain::id::{ApiKeyId, ServiceId, UserId};
use crate::domain::limit::{Budget, LimitPolicy, PerClass, Spent};
use crate::domain::recent::Recent;
use crate::domain::time::Timestamp;
use crate::domain::trace::Kind;

pub use crate::domain::limit::{Class, Exceeded, Standing};

/// The budgets of all classes. One value, shared by all requests.
#[derive(Debug)]
pub struct Limits {
    policy: LimitPolicy,
    tables: PerClass<Recent<Key, Spent>>,
    refused: PerClass<AtomicU64>,
}

/// Whose budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(pub(super) [u8; 16]);

impl Key {
    /// One subscriber: the IPv4 address, or the IPv6 /64, because a host may take any address of that.
    pub fn client(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).octets(),
        })
    }

    /// One account.
    pub fn user(id: UserId) -> Self {
        Self(*id.as_bytes())
    }

    /// One API key.
    pub fn api_key(id: ApiKeyId) -> Self {
        Self(*id.as_bytes())
    }

    /// One registered service.
    pub fn service(id: ServiceId) -> Self {
        Self(*id.as_bytes())
    }

    /// One name, as its keyed hash.
    pub fn name(tag: [u8; 16]) -> Self {
        Self(tag)
    }
}

impl Limits {
    /// Full budgets under `policy`.
    pub fn new(policy: &LimitPolicy) -> Self {
        Self {
            policy: policy.clone(),
            tables: PerClass::of(|_| Recent::new(policy.max_entries)),
            refused: PerClass::of(|_| AtomicU64::new(0)),
        }
    }

    /// Whether what `client` does is counted.
    pub fn applies_to(&self, client: IpAddr) -> bool {
        self.policy.applies_to(client)
    }

    /// The budget of `class`.
    pub fn budget(&self, class: Class) -> Budget {
        *self.policy.budgets.get(class)
    }

    /// Takes one of the budget of `key`, in one step: of any number of callers at once, no more get one than there are.
    pub fn take(&self, class: Class, key: Key, now: Timestamp) -> Result<Standing, Exceeded> {
        self.take_of(class, key, self.budget(class), now)
    }

    /// The same of a budget that this key has for itself.
    pub fn take_of(
        &self,
        class: Class,
        key: Key,
        budget: Budget,
        now: Timestamp,
    ) -> Result<Standing, Exceeded> {
        let taken = self.tables.get(class).with(key, |spent| budget.take(spent, now));
        if taken.is_err() {
            self.refused.get(class).fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Whether nothing is left at `now` of the budget of `key`. Takes nothing.
    pub fn is_used_up(&self, class: Class, key: Key, now: Timestamp) -> bool {
        self.look(class, key, now).remaining == 0
    }

    /// How the budget of `key` stands at `now`. Takes nothing, and changes nothing.
    pub fn look(&self, class: Class, key: Key, now: Timestamp) -> Standing {
        let spent = self.tables.get(class).peek(&key, |spent| *spent);
        self.budget(class).look(spent.unwrap_or_default(), now)
    }

    /// Gives back one that was taken.
    pub fn refund(&self, class: Class, key: Key, now: Timestamp) -> Standing {
        let budget = self.budget(class);
        self.tables.get(class).with(key, |spent| budget.refund(spent, now))
    }

    /// Up to `most` keys that `wanted` chooses among the first `looked_at` of `class`, with what they spent.
    pub(super) fn spent(
        &self,
        class: Class,
        looked_at: usize,
        most: usize,
        wanted: impl Fn(Spent) -> bool,
    ) -> Vec<(Key, Spent)> {
        self.tables.get(class).choose(looked_at, most, |spent| wanted(*spent))
    }

    /// How many keys of `class` are remembered.
    pub fn entries(&self, class: Class) -> usize {
        self.tables.get(class).len()
    }

    /// How often `class` refused since the start.
    pub fn refused(&self, class: Class) -> u64 {
        self.refused.get(class).load(Ordering::Relaxed)
    }
}

/// A mail that a stranger may cause. Given back when none is sent after all, or a stranger could use up the mails
/// of somebody who never got one.
#[derive(Debug)]
pub(super) struct MailPlace(Option<Key>);

/// The stable name, in audit records, of the refusal to send one mail more.
pub(super) const TOO_MANY_MAILS: &str = "too_many_mails";

impl MailPlace {
    /// Takes one for the address or name `to`, in the form in which all its spellings are one. `None`: not now.
    pub(super) fn take(app: &Services, ctx: &Context, to: &str) -> Option<Self> {
        Self::claim(app, ctx, to).ok()
    }

    /// The same, for whoever may be told when there is one again.
    pub(super) fn claim(app: &Services, ctx: &Context, to: &str) -> Result<Self, Exceeded> {
        if !app.limits.applies_to(ctx.client) {
            return Ok(Self(None));
        }
        let key = Key::name(app.keys.name_tag(to));
        let taken = app.limits.take(Class::Mail, key, ctx.now);
        taken.map(|_| Self(Some(key))).inspect_err(|_| ctx.trail.note(Kind::MailsReached))
    }

    /// No mail was sent.
    pub(super) fn give_back(self, app: &Services, ctx: &Context) {
        if let Some(key) = self.0 {
            app.limits.refund(Class::Mail, key, ctx.now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn limits(count: u32, max_entries: usize) -> Limits {
        let budget = Budget::new(count, Duration::from_secs(60)).unwrap();
        let budgets = PerClass::of(|_| budget);
        Limits::new(&LimitPolicy { is_enabled: true, exempt: Vec::new(), budgets, max_entries })
    }

    fn client(text: &str) -> Key {
        Key::client(text.parse().unwrap())
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_64() {
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_ne!(client("192.0.2.2"), client("192.0.2.1"));
        assert_eq!(client("2001:db8:0:1::1"), client("2001:db8:0:1:ffff::9"));
        assert_ne!(client("2001:db8:0:1::1"), client("2001:db8:0:2::1"));
    }

    #[test]
    fn eighty_at_once_get_exactly_what_there_is() {
        for _ in 0..100 {
            let limits = limits(7, 100);
            let granted = AtomicU64::new(0);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        for _ in 0..10 {
                            if limits.take(Class::Login, client("192.0.2.1"), NOW).is_ok() {
                                granted.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    });
                }
            });
            assert_eq!(granted.into_inner(), 7);
            assert_eq!(limits.refused(Class::Login), 73);
        }
    }

    #[test]
    fn classes_and_keys_do_not_share() {
        let limits = limits(1, 100);
        let take = |class, key| limits.take(class, key, NOW).is_ok();
        assert!(take(Class::Login, client("192.0.2.1")) && !take(Class::Login, client("192.0.2.1")));
        assert!(take(Class::Register, client("192.0.2.1")) && take(Class::Login, client("192.0.2.2")));
        limits.refund(Class::Login, client("192.0.2.1"), NOW);
        assert!(take(Class::Login, client("192.0.2.1")));
    }

    #[test]
    fn no_table_grows_over_its_cap() {
        let limits = limits(5, 1_000);
        for number in 0..50_000_u32 {
            let _ = limits.take(Class::Anonymous, Key::client(IpAddr::from(number.to_be_bytes())), NOW);
            assert!(limits.entries(Class::Anonymous) <= 1_000);
        }
        assert!(limits.entries(Class::Anonymous) >= 500);
        assert_eq!(limits.entries(Class::Login), 0);
    }
}
