//! Which address a request comes from, and which network that is. Knows no HTTP: header values come in as text.
//!
//! ## Decision: the rightmost untrusted hop
//! Problem: `X-Forwarded-For` is a list to which everybody, the client included, can write on the left.
//! Choice: it counts only when the peer itself is a trusted proxy; from the right, hops that are trusted proxies are
//! skipped, and the first other one is the client. Anything unreadable on the way makes the peer the client: a
//! shared budget is better than one the client can choose. Alternatives: the first hop, or `X-Real-IP` from
//! anybody, let the client name its own address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Bytes of all forwarding headers together that are looked at; 30 IPv6 hops fit.
pub const MAX_FORWARDED_BYTES: usize = 1_024;

/// The client's address: `peer`, or what trusted proxies say of it.
///
/// `forwarded_for` are the values of all `X-Forwarded-For` headers in order; they count as one list. The answer is
/// never an IPv4-mapped IPv6 address. When every hop is a trusted proxy, the leftmost one is the client.
pub fn client_address<'a>(
    peer: IpAddr,
    forwarded_for: impl IntoIterator<Item = &'a str>,
    trusted: &[IpNet],
) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| covers(network, *address));
    if !is_trusted(&peer) {
        return peer;
    }
    let mut bytes = 0_usize;
    let mut hops = Vec::new();
    for value in forwarded_for {
        bytes = bytes.saturating_add(value.len());
        if bytes > MAX_FORWARDED_BYTES {
            return peer;
        }
        hops.extend(value.split(','));
    }
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        let Some(address) = parse_hop(hop) else { return peer };
        client = address;
        if !is_trusted(&address) {
            break;
        }
    }
    client
}

/// The network one subscriber is likely to hold: the IPv4 /24 or the IPv6 /64 of `address`.
pub fn network(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let masked = Ipv4Addr::from_bits(address.to_bits() & 0xffff_ff00);
            Ipv4Net::new_assert(masked, 24).into()
        }
        IpAddr::V6(address) => {
            let masked = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            Ipv6Net::new_assert(masked, 64).into()
        }
    }
}

/// Whether `network` holds `address`, an IPv4-mapped network included (`::ffff:10.0.0.0/104`).
pub fn covers(network: &IpNet, address: IpAddr) -> bool {
    match (network, address) {
        (IpNet::V6(mapped), IpAddr::V4(address)) => mapped.contains(&address.to_ipv6_mapped()),
        _ => network.contains(&address),
    }
}

/// Whether `address` is one of the public internet: not of this machine, a private or local network, a provider's inside
/// or documentation, and no group of machines (IANA special-purpose registries, RFC 6890). An IPv4 address in an IPv6 one
/// (mapped, or translated by RFC 6052) is judged as itself.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
            }
            // Protocols of the IETF (Teredo, ORCHID), 6to4 and documentation.
            [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
            [first, ..] => first & 0xe000 == 0x2000,
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 168, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

/// An address, as proxies write it: bare, `[v6]`, or with a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches([' ', '\t']);
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(v6) => IpAddr::V6(v6.parse().ok()?),
        None => hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip())).ok()?,
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn trusted() -> Vec<IpNet> {
        ["10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().unwrap()).collect()
    }

    fn client(peer: &str, headers: &[&str]) -> IpAddr {
        client_address(ip(peer), headers.iter().copied(), &trusted())
    }

    #[test]
    fn a_stranger_cannot_name_its_own_address() {
        assert_eq!(client("192.0.2.9", &["198.51.100.1"]), ip("192.0.2.9"));
        assert_eq!(client_address(ip("10.0.0.1"), ["198.51.100.1"], &[]), ip("10.0.0.1"));
    }

    #[test]
    fn the_rightmost_untrusted_hop_is_the_client_over_many_headers() {
        assert_eq!(client("10.0.0.1", &["203.0.113.7"]), ip("203.0.113.7"));
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 203.0.113.7 ,10.9.9.9"]), ip("203.0.113.7"));
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "203.0.113.7", "10.9.9.9,fd00::1"]), ip("203.0.113.7"));
        assert_eq!(client("fd00::1", &["10.0.0.2,10.0.0.3"]), ip("10.0.0.2"));
        assert_eq!(client("10.0.0.1", &[]), ip("10.0.0.1"));
    }

    #[test]
    fn mapped_addresses_are_ipv4_wherever_they_stand() {
        assert_eq!(client("::ffff:10.0.0.1", &["::ffff:203.0.113.7"]), ip("203.0.113.7"));
        assert_eq!(client("::ffff:192.0.2.1", &[]), ip("192.0.2.1"));
        let mapped = ["::ffff:10.0.0.0/104".parse().unwrap()];
        assert_eq!(client_address(ip("10.1.1.1"), ["203.0.113.7"], &mapped), ip("203.0.113.7"));
        assert_eq!(client_address(ip("11.1.1.1"), ["203.0.113.7"], &mapped), ip("11.1.1.1"));
    }

    #[test]
    fn ports_and_brackets_are_read_and_garbage_falls_back_to_the_peer() {
        assert_eq!(client("10.0.0.1", &["203.0.113.7:4711"]), ip("203.0.113.7"));
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:443"]), ip("2001:db8::1"));
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]"]), ip("2001:db8::1"));
        for garbage in ["", "unknown", "203.0.113.7,", "[203.0.113.7]", "203.0.113.7\u{a0}", "010.0.0.1", "1"]
        {
            assert_eq!(client("10.0.0.1", &[garbage]), ip("10.0.0.1"), "{garbage:?}");
        }
        // Garbage left of the client is the client's own doing and not looked at.
        assert_eq!(client("10.0.0.1", &["<script>,203.0.113.7"]), ip("203.0.113.7"));
    }

    #[test]
    fn an_oversized_list_falls_back_to_the_peer() {
        let long = format!("{}203.0.113.7", "1.1.1.1,".repeat(200));
        assert_eq!(client("10.0.0.1", &[&long]), ip("10.0.0.1"));
        let many = vec!["203.0.113.7"; 200];
        assert_eq!(client("10.0.0.1", &many), ip("10.0.0.1"));
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for inside in [
            "0.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.19.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(ip(inside)), "{inside}");
        }
        for outside in [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2001:200::1",
            "2606:4700::1111",
            "2a00:1450::1",
            "3ffe::1",
        ] {
            assert!(is_public(ip(outside)), "{outside}");
        }
    }

    #[test]
    fn networks_are_24_and_64_bits() {
        assert_eq!(network(ip("203.0.113.77")).to_string(), "203.0.113.0/24");
        assert_eq!(network(ip("::ffff:203.0.113.77")).to_string(), "203.0.113.0/24");
        assert_eq!(network(ip("2001:db8:1:2:3::4")).to_string(), "2001:db8:1:2::/64");
    }

    proptest! {
        #[test]
        fn nothing_a_client_writes_panics_or_escapes_the_rules(
            peer: IpAddr,
            headers in proptest::collection::vec("[0-9a-f:., \\[\\]\\PC]{0,60}", 0..6),
        ) {
            let client = client_address(peer, headers.iter().map(String::as_str), &trusted());
            prop_assert_eq!(client, client.to_canonical());
            if !trusted().iter().any(|net| net.contains(&peer.to_canonical())) {
                prop_assert_eq!(client, peer.to_canonical());
            }
            prop_assert!(network(client).contains(&client));
        }

        #[test]
        fn what_the_client_puts_on_the_left_changes_nothing(
            forged in proptest::collection::vec("[0-9a-f:.x]{0,20}", 0..8),
            real: IpAddr,
        ) {
            let alone = client("10.0.0.1", &[&real.to_string()]);
            let list = format!("{},{real},10.0.0.7", forged.join(","));
            prop_assume!(!trusted().iter().any(|net| net.contains(&alone)));
            prop_assert_eq!(client("10.0.0.1", &[&list]), alone);
        }
    }
}
