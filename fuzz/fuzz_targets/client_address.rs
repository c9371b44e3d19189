//! Any forwarding headers from any peer: no panic, nothing believed of a stranger, nothing invented.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderValue};
use latchkey::domain::address::{client_address, network};
use latchkey::http::middleware::client_address as edge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<String>, u128, bool, bool)| {
    let (values, number, is_v4, is_trusted) = input;
    let peer = match is_v4 {
        true => IpAddr::V4(Ipv4Addr::from_bits(number as u32)),
        false => IpAddr::V6(Ipv6Addr::from_bits(number)),
    };
    let mut trusted = vec!["10.0.0.0/8".parse().expect("a network")];
    if is_trusted {
        trusted.push(network(peer));
    }
    let client = client_address(peer, values.iter().map(String::as_str), &trusted);
    assert_eq!(client, client.to_canonical());
    assert!(behind_headers(peer, &values, &trusted).is_none_or(|behind| behind == client));
    assert!(network(client).contains(&client));
    let believes = trusted.iter().any(|network| network.contains(&peer.to_canonical()));
    if !believes || values.is_empty() {
        assert_eq!(client, peer.to_canonical());
    }
    // What a client writes on the left of the hop that counts changes nothing.
    if client != peer.to_canonical() && !trusted.iter().any(|network| network.contains(&client)) {
        let more = std::iter::once("198.51.100.7").chain(values.iter().map(String::as_str));
        let again = client_address(peer, more, &trusted);
        assert!(again == client || again == peer.to_canonical());
    }
});

/// The same from header fields; `None` when no header can hold one of the values.
fn behind_headers(peer: IpAddr, values: &[String], trusted: &[ipnet::IpNet]) -> Option<IpAddr> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append("x-forwarded-for", HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(edge::client_address(peer, &headers, trusted))
}
