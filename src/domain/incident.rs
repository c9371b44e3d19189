//! Who is being guessed at from where: failed logins added up by network. Knows no log and no clock.
//!
//! ## Decision: wider networks than those that are locked
//! A lock is for one subscriber. An attack is rented: addresses of one house, an IPv4 /24 or an IPv6 /48. So an operator
//! sees one line for what locks see as hundreds of subscribers.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::time::Timestamp;

/// As many names make an attack on many; with fewer it is one on few.
const MANY_NAMES: usize = 5;

/// As many guesses at a name in the mean are few.
const FEW_GUESSES: u64 = 3;

/// Prefixes of a house's network.
const PREFIX_V4: u8 = 24;
const PREFIX_V6: u8 = 48;

/// How a login came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// It was denied.
    Failed,
    /// A lock began with it.
    Locked,
    /// It gave tokens.
    Succeeded,
}

/// A login.
#[derive(Debug, Clone, Copy)]
pub struct Try {
    /// Where it came from.
    pub client: IpAddr,
    /// At whom: an account's id, or the tag of a name that belongs to nobody.
    pub whom: Option<[u8; 16]>,
    /// When.
    pub at: Timestamp,
    /// How it came out.
    pub outcome: Tried,
}

/// What it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Few guesses at each of many names.
    Spray,
    /// Guesses at few names.
    Guessing,
    /// Many guesses at many names.
    Flood,
}

impl Shape {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spray => "spray",
            Self::Guessing => "guessing",
            Self::Flood => "flood",
        }
    }
}

/// What came from one network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The network.
    pub network: IpNet,
    /// Logins that were denied.
    pub failures: u64,
    /// Locks that began.
    pub locks: u64,
    /// Logins that gave tokens: what may have been won.
    pub logins: u64,
    /// Different accounts and names of nobody among the failures.
    pub names: usize,
    /// Different addresses among the failures.
    pub addresses: usize,
    /// The first failure.
    pub first_at: Timestamp,
    /// The last one.
    pub last_at: Timestamp,
    /// What it looks like.
    pub shape: Shape,
}

/// Logins being added up.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<IpNet, Group>);

#[derive(Debug)]
struct Group {
    failures: u64,
    locks: u64,
    logins: u64,
    names: HashSet<[u8; 16]>,
    addresses: HashSet<IpAddr>,
    span: Option<(Timestamp, Timestamp)>,
}

impl Tally {
    /// Adds a login, in any order.
    pub fn add(&mut self, login: &Try) {
        let group = self.0.entry(house(login.client)).or_insert_with(Group::new);
        match login.outcome {
            Tried::Locked => group.locks = group.locks.saturating_add(1),
            Tried::Succeeded => group.logins = group.logins.saturating_add(1),
            Tried::Failed => {
                group.failures = group.failures.saturating_add(1);
                group.names.extend(login.whom);
                group.addresses.insert(login.client.to_canonical());
                let (first, last) = group.span.unwrap_or((login.at, login.at));
                group.span = Some((first.min(login.at), last.max(login.at)));
            }
        }
    }

    /// The networks with at least so many failures, most first, and no more than so many of them.
    pub fn incidents(self, failures_min: u64, limit: usize) -> Vec<Incident> {
        let loud = self.0.into_iter().filter(|(_, group)| group.failures >= failures_min.max(1));
        let mut found: Vec<_> = loud.filter_map(|(network, group)| group.told(network)).collect();
        found.sort_by(|a, b| b.failures.cmp(&a.failures).then(a.network.cmp(&b.network)));
        found.truncate(limit);
        found
    }
}

impl Group {
    fn new() -> Self {
        Self {
            failures: 0,
            locks: 0,
            logins: 0,
            names: HashSet::new(),
            addresses: HashSet::new(),
            span: None,
        }
    }

    fn told(self, network: IpNet) -> Option<Incident> {
        let (first_at, last_at) = self.span?;
        let names = self.names.len();
        let shape = if names < MANY_NAMES {
            Shape::Guessing
        } else if self.failures <= FEW_GUESSES.saturating_mul(u64::try_from(names).unwrap_or(u64::MAX)) {
            Shape::Spray
        } else {
            Shape::Flood
        };
        let Self { failures, locks, logins, addresses, .. } = self;
        Some(Incident {
            network,
            failures,
            locks,
            logins,
            names,
            addresses: addresses.len(),
            first_at,
            last_at,
            shape,
        })
    }
}

/// The network of a house.
fn house(client: IpAddr) -> IpNet {
    let client = client.to_canonical();
    let prefix = if client.is_ipv4() { PREFIX_V4 } else { PREFIX_V6 };
    // Both prefixes fit their family.
    IpNet::new(client, prefix).map_or_else(|_| client.into(), |network| network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(tries: &[(&str, u8, i64, Tried)]) -> Vec<Incident> {
        let mut tally = Tally::default();
        for (client, name, at, outcome) in tries {
            let at = Timestamp::from_millis(*at);
            let whom = Some([*name; 16]);
            tally.add(&Try { client: client.parse().unwrap(), whom, at, outcome: *outcome });
        }
        tally.incidents(2, 10)
    }

    #[test]
    fn what_comes_from_one_house_is_one_incident() {
        use Tried::{Failed, Locked, Succeeded};
        let found = told(&[
            ("203.0.113.1", 1, 50, Failed),
            ("::ffff:203.0.113.2", 2, 40, Failed),
            ("203.0.113.2", 2, 60, Failed),
            ("203.0.113.2", 2, 60, Locked),
            ("203.0.113.9", 3, 99, Succeeded),
            ("2001:db8:1:2::1", 1, 10, Failed),
            ("2001:db8:1:ffff::1", 1, 10, Failed),
            ("2001:db8:2::1", 1, 10, Failed),
            ("192.0.2.1", 1, 10, Succeeded),
        ]);
        let networks: Vec<_> = found.iter().map(|one| one.network.to_string()).collect();
        assert_eq!(networks, ["203.0.113.0/24", "2001:db8:1::/48"], "one failure alone is none");
        let first = &found[0];
        assert_eq!(
            (first.failures, first.locks, first.logins, first.names, first.addresses),
            (3, 1, 1, 2, 2)
        );
        assert_eq!((first.first_at.millis(), first.last_at.millis()), (40, 60));
    }

    #[test]
    fn the_shape_says_how_many_names_and_how_many_guesses_at_each() {
        let guesses = |names: u8, each: usize| {
            let all = (0..names)
                .flat_map(|name| std::iter::repeat_n(("203.0.113.1", name, 0, Tried::Failed), each));
            told(&all.collect::<Vec<_>>())[0].shape
        };
        assert_eq!(
            (guesses(4, 50), guesses(5, 3), guesses(5, 4)),
            (Shape::Guessing, Shape::Spray, Shape::Flood)
        );
    }

    #[test]
    fn only_the_loudest_are_told() {
        let mut tally = Tally::default();
        for house in 0..20_u8 {
            for _ in 0..=house {
                let client = IpAddr::from([198, 51, house, 1]);
                tally.add(&Try { client, whom: None, at: Timestamp::EPOCH, outcome: Tried::Failed });
            }
        }
        let found = tally.incidents(5, 3);
        assert_eq!(found.iter().map(|one| one.failures).collect::<Vec<_>>(), [20, 19, 18]);
    }
}
