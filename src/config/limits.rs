//! `[limits]`: how much anybody may ask for. Knows no requests.

use ipnet::IpNet;

use super::reader::Reader;
use super::{duration, proxies};
use crate::domain::limit::{Budget, LimitPolicy, PerClass};

const EXPECTED: &str = r#"a count and a time such as "5/1m""#;

/// Reads the section.
pub fn read(reader: &mut Reader) -> LimitPolicy {
    let is_enabled = reader.switch("limits.enabled");
    let exempt = reader.list("limits.exempt", "a list of addresses or networks", exempt);
    let budgets = PerClass::of(|class| {
        let found = reader.parsed(&format!("limits.{}", class.name()), EXPECTED, budget);
        found.unwrap_or(Budget::LEAST)
    });
    let max_entries = reader.number("limits.max_entries", 1_000..=10_000_000);
    LimitPolicy { is_enabled, exempt, budgets, max_entries }
}

fn budget(text: &str) -> Result<Budget, String> {
    let parts = text.split_once('/').and_then(|(count, time)| {
        let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        Some((is_number.then_some(count)?, duration::parse(time)?))
    });
    let (count, period) = parts.ok_or_else(|| format!("expected {EXPECTED}, found {text:?}"))?;
    // More digits than a number holds are too many, too.
    Budget::new(count.parse().unwrap_or(u32::MAX), period)
        .map_err(|fault| format!("{fault}, and is {text:?}"))
}

/// Whoever exempts everyone should say so.
fn exempt(text: &str) -> Result<IpNet, String> {
    let network = proxies::any_network(text)?;
    if network.prefix_len() == 0 {
        return Err(format!("{text} would exempt everyone: set limits.enabled = false instead"));
    }
    Ok(network)
}
