//! How many connections may be open, in all and per address. Knows nothing of what they carry.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Limits;

/// The slots of a server.
#[derive(Debug)]
pub(super) struct Slots {
    limits: Arc<Limits>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    address: Option<IpAddr>,
}

impl Slots {
    pub(super) fn new(limits: Arc<Limits>) -> Self {
        Self { limits, held: Mutex::default() }
    }

    /// A place for a connection from `peer`; `None` when either cap is reached.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Slot> {
        let counted = !self.limits.uncounted.iter().any(|network| network.contains(&peer));
        let address = counted.then(|| subscriber(peer));
        let mut held = self.held();
        if held.total >= self.limits.max_connections {
            return None;
        }
        if let Some(address) = address {
            let count = held.by_address.get(&address).copied().unwrap_or_default();
            if count >= self.limits.max_connections_per_address {
                return None;
            }
            held.by_address.insert(address, count + 1);
        }
        held.total += 1;
        Some(Slot { slots: Arc::clone(self), address })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut held = self.slots.held();
        held.total = held.total.saturating_sub(1);
        let Some(address) = self.address else { return };
        if let Some(count) = held.by_address.get_mut(&address) {
            *count = count.saturating_sub(1);
            // The table holds only addresses that hold a connection: it cannot outgrow the total cap.
            if *count == 0 {
                held.by_address.remove(&address);
            }
        }
    }
}

/// What one subscriber holds: an IPv4 address, or a whole IPv6 /64.
fn subscriber(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(limits: Limits) -> Arc<Slots> {
        Arc::new(Slots::new(Arc::new(limits)))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_capped_and_a_dropped_slot_is_free_again() {
        let slots = slots(Limits { max_connections_per_address: 2, ..Limits::default() });
        let first = slots.take(ip("192.0.2.1")).unwrap();
        let _second = slots.take(ip("::ffff:192.0.2.1")).unwrap();
        assert!(slots.take(ip("192.0.2.1")).is_none());
        assert!(slots.take(ip("192.0.2.2")).is_some());
        drop(first);
        assert!(slots.take(ip("192.0.2.1")).is_some());
        assert_eq!(slots.held().by_address.len(), 1);
    }

    #[test]
    fn an_ipv6_network_of_64_bits_counts_as_one_address() {
        let slots = slots(Limits { max_connections_per_address: 1, ..Limits::default() });
        let _held = slots.take(ip("2001:db8::1")).unwrap();
        assert!(slots.take(ip("2001:db8::ffff:1")).is_none());
        assert!(slots.take(ip("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn a_trusted_proxy_is_held_by_the_total_cap_only() {
        let uncounted = vec!["10.0.0.0/8".parse().unwrap()];
        let slots = slots(Limits {
            max_connections: 3,
            max_connections_per_address: 1,
            uncounted,
            ..Limits::default()
        });
        let held: Vec<_> = (0..4).map(|_| slots.take(ip("10.1.1.1"))).collect();
        assert_eq!(held.iter().flatten().count(), 3);
    }
}
