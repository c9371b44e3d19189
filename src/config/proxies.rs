//! `trusted_proxies`: whose word about a client counts. Knows no requests.

use std::net::IpAddr;

use ipnet::IpNet;

use super::reader::Reader;

/// The networks of the list.
pub fn read(reader: &mut Reader) -> Vec<IpNet> {
    reader.list("trusted_proxies", "a list of addresses or networks", network)
}

/// Everyone is no proxy.
fn network(text: &str) -> Result<IpNet, String> {
    let network = any_network(text)?;
    if network.prefix_len() == 0 {
        return Err(format!("{text} would trust everyone"));
    }
    Ok(network)
}

/// An address stands for itself alone.
pub fn any_network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network = text.parse::<IpNet>().ok().or_else(one);
    let network = network
        .ok_or_else(|| format!("expected an address or a network such as \"10.0.0.0/8\", found {text:?}"))?;
    Ok(unmapped(network.trunc()))
}

/// An IPv4-mapped network as the IPv4 network it is: addresses are compared in that form.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else { return network };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    v4.and_then(|(addr, prefix)| IpNet::new(addr.into(), prefix).ok()).unwrap_or(network)
}
