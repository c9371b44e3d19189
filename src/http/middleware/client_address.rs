//! The address of the client, seen through proxies that are trusted and through no others (SECURITY R16, R17).
//! Knows nothing of what the address is used for.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use poem::http::{HeaderMap, HeaderName};
use poem::{Addr, Request};

use crate::domain::address;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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

/// The client behind `peer`. A header value that is not text counts as garbage, which gives the peer itself.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let values = headers.get_all(X_FORWARDED_FOR).iter();
    address::client_address(peer, values.map(|value| value.to_str().unwrap_or("garbage")), trusted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    fn seen(peer: &str, lines: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_names_the_client() {
        assert_eq!(seen("203.0.113.7", &[b"198.51.100.1"]), "203.0.113.7");
        assert_eq!(seen("10.0.0.1", &[b"1.1.1.1", b"198.51.100.1, 10.9.9.9"]), "198.51.100.1");
    }

    #[test]
    fn a_header_that_is_not_text_gives_the_proxy_itself() {
        assert_eq!(seen("10.0.0.1", &[b"198.51.100.1", b"\xff"]), "10.0.0.1");
    }
}
