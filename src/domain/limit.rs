//! How much anybody may ask for, and to whom that applies. Knows no clock and no requests.

use std::net::IpAddr;

use ipnet::IpNet;

use super::address::covers;

/// The rules of limits that an operator may change.
#[derive(Debug, Clone)]
pub struct LimitPolicy {
    /// Whether anybody is limited at all.
    pub is_enabled: bool,
    /// Clients that are never limited, never locked out, and never counted.
    pub exempt: Vec<IpNet>,
}

impl LimitPolicy {
    /// Whether what `client` does is counted: limits and lockouts alike.
    pub fn applies_to(&self, client: IpAddr) -> bool {
        let client = client.to_canonical();
        self.is_enabled && !self.exempt.iter().any(|network| covers(network, client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_applies_to_everybody_but_the_exempt() {
        let exempt = vec!["10.0.0.0/8".parse().unwrap(), "::ffff:192.0.2.0/120".parse().unwrap()];
        let policy = LimitPolicy { is_enabled: true, exempt };
        let applies = |client: &str| policy.applies_to(client.parse().unwrap());
        assert!(applies("198.51.100.7") && applies("2001:db8::1") && applies("11.0.0.1"));
        assert!(!applies("10.1.2.3") && !applies("::ffff:10.1.2.3") && !applies("192.0.2.9"));
    }

    #[test]
    fn switched_off_it_applies_to_nobody() {
        let policy = LimitPolicy { is_enabled: false, exempt: Vec::new() };
        assert!(!policy.applies_to("198.51.100.7".parse().unwrap()));
    }
}
