//! Registered services: applications that ask whether a token is good. Knows no text of a secret, no clock and no store.

use super::id::ServiceId;
use super::time::Timestamp;

/// A registered service without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Names the service, over all its rotations: its `client_id`.
    pub id: ServiceId,
    /// What administrators call it.
    pub name: String,
    /// What they say of it.
    pub description: Option<String>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When its present secret was made.
    pub rotated_at: Timestamp,
    /// The hash of its secret.
    pub hash: [u8; 32],
    /// The hash of its former secret, and when that ends.
    pub former: Option<([u8; 32], Timestamp)>,
}

impl Service {
    /// The hash of its former secret, while that still opens.
    pub fn former_at(&self, now: Timestamp) -> Option<&[u8; 32]> {
        self.former.as_ref().filter(|(_, end)| now < *end).map(|(hash, _)| hash)
    }

    /// Gives it another secret at `now`. The present one goes on working until `former_until`; the one before ends.
    pub fn rotate(&mut self, hash: [u8; 32], now: Timestamp, former_until: Timestamp) {
        self.former = (former_until > now).then_some((self.hash, former_until));
        (self.hash, self.rotated_at) = (hash, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_former_secret_ends_at_its_moment_and_a_second_rotation_ends_it_at_once() {
        let at = Timestamp::from_seconds;
        let mut service = Service {
            id: ServiceId::from_bytes([1; 16]),
            name: "Billing".to_owned(),
            description: None,
            created_at: at(1),
            rotated_at: at(1),
            hash: [1; 32],
            former: None,
        };
        service.rotate([2; 32], at(10), at(20));
        assert_eq!((service.hash, service.rotated_at), ([2; 32], at(10)));
        assert_eq!(service.former_at(at(19)), Some(&[1; 32]));
        assert_eq!(service.former_at(at(20)), None);
        service.rotate([3; 32], at(11), at(30));
        assert_eq!(service.former_at(at(11)), Some(&[2; 32]));
        service.rotate([4; 32], at(12), at(12));
        assert_eq!(service.former, None);
    }
}
