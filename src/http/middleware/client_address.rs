//! The address of the client, seen through proxies that are trusted and through no others (SECURITY R16, R17).
//! Knows nothing of what the address is used for.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use poem::http::{HeaderMap, HeaderName};
use poem::{Addr, Request};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A longer chain of hops is not read: it counts as garbage.
const MAX_HOPS: usize = 32;

/// The address on the other end of the connection, IPv4 where IPv6 only maps it. An unknown peer is `0.0.0.0`,
/// which is never trusted.
pub fn peer_address(request: &Request) -> IpAddr {
    match &request.remote_addr().0 {
        Addr::SocketAddr(address) => address.ip().to_canonical(),
        _ => Ipv4Addr::UNSPECIFIED.into(),
    }
}

/// Whether `address` belongs to a trusted proxy.
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// The client behind `peer`: the rightmost hop of `X-Forwarded-For` that is not a trusted proxy. Headers of an
/// untrusted peer are not read. Garbage anywhere before that hop, or a chain of trusted proxies only, gives the
/// peer itself: the tighter budget, never a bypass.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or("garbage").rsplit(','));
    for (number, hop) in hops.enumerate() {
        match hop.trim().parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(address) if number < MAX_HOPS && is_trusted(address, trusted) => {}
            Ok(address) if number < MAX_HOPS => return address,
            _ => return peer,
        }
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_his_address() {
        assert_eq!(seen("203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
    }

    #[test]
    fn the_rightmost_untrusted_hop_is_the_client() {
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn garbage_gives_the_proxy_itself() {
        for bad in ["", "unknown", "1.2.3.4:80", "198.51.100.1, ", "1.1.1.1,x", "300.1.1.1"] {
            assert_eq!(seen("10.0.0.1", &[bad]), "10.0.0.1", "{bad:?}");
        }
        let endless = ["10.0.0.2"; 100].join(",");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1", &endless]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }
}
