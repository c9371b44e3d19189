//! `[limits]`: how much anybody may ask for. Knows no requests.

use ipnet::IpNet;

use super::proxies;
use super::reader::Reader;

/// Limits of requests, and who they are not for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Whether anybody is limited or locked out.
    pub enabled: bool,
    /// Clients that are not.
    pub exempt: Vec<IpNet>,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            enabled: reader.switch("limits.enabled"),
            exempt: reader.list("limits.exempt", "a list of addresses or networks", exempt),
        }
    }
}

/// Whoever exempts everyone should say so.
fn exempt(text: &str) -> Result<IpNet, String> {
    let network = proxies::any_network(text)?;
    if network.prefix_len() == 0 {
        return Err(format!("{text} would exempt everyone: set limits.enabled = false instead"));
    }
    Ok(network)
}
