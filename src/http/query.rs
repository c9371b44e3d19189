//! Values of query parameters that are more than a number or a text. Knows no operation.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::error::ApiError;

/// The value of the parameter `name`, if it was sent.
pub fn value<T: FromStr>(name: &str, text: Option<String>) -> Result<Option<T>, ApiError> {
    let bad = |_| ApiError::field(name, "invalid", format!("`{name}` is not valid."));
    text.map(|text| text.parse()).transpose().map_err(bad)
}

/// A network in the parameter `name`, if it was sent: an address alone is the network of itself.
pub fn network(name: &str, text: Option<String>) -> Result<Option<IpNet>, ApiError> {
    let alone = text.as_ref().and_then(|text| text.parse::<IpAddr>().ok());
    alone.map_or_else(|| value(name, text), |alone| Ok(Some(alone.to_canonical().into())))
}

/// Where a page begins: what `next_cursor` of the page before said.
pub fn cursor<T: FromStr>(text: Option<String>) -> Result<Option<T>, ApiError> {
    let unreadable = |_| ApiError::field("cursor", "invalid", "`cursor` is not one of ours.");
    text.map(|text| text.parse()).transpose().map_err(unreadable)
}
