//! Values of query parameters and form fields that are more than a number or a text. Knows no operation.
//!
//! ## Decision: a cursor goes with its order
//! With the other order a place would lead back over what was seen already, and whoever forgot to say the order again would
//! take the end of that for the end of the list. So a cursor of the oldest first says so, and the other order refuses it.

use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::error::ApiError;
use crate::domain::order::Order;

/// What cursors of the oldest first begin with.
const OLDEST: &str = "oldest-";

/// The value of the parameter `name`, if it was sent.
pub fn value<T: FromStr>(name: &str, text: Option<String>) -> Result<Option<T>, ApiError> {
    let bad = |_| ApiError::field(name, "invalid", format!("`{name}` is not valid."));
    text.map(|text| text.parse()).transpose().map_err(bad)
}

/// A number as a count.
pub fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(1)
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

/// The order that was asked for; without one the newest come first.
pub fn order(text: Option<String>) -> Result<Order, ApiError> {
    let unknown = |_| ApiError::field("order", "unknown", "`order` is newest or oldest.");
    text.map_or(Ok(Order::default()), |text| text.parse().map_err(unknown))
}

/// [`cursor`] of a list that has two orders.
pub fn cursor_in<T: FromStr>(order: Order, text: Option<String>) -> Result<Option<T>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let (came_with, place) = match text.strip_prefix(OLDEST) {
        Some(place) => (Order::Oldest, place.to_owned()),
        None => (Order::Newest, text),
    };
    let place = cursor(Some(place))?;
    if came_with == order {
        Ok(place)
    } else {
        Err(ApiError::field(
            "cursor",
            "other_order",
            "`cursor` came with the other `order`; send both as they were.",
        ))
    }
}

/// What [`cursor_in`] reads.
pub fn next_in(order: Order, place: Option<impl Display>) -> Option<String> {
    place.map(|place| match order {
        Order::Newest => place.to_string(),
        Order::Oldest => format!("{OLDEST}{place}"),
    })
}

/// The text of a field that must not be empty: an empty one is none (RFC 6749, 3.2).
pub fn given<'a>(name: &'static str, text: &'a str) -> Result<&'a str, ApiError> {
    if text.is_empty() {
        Err(ApiError::field(name, "missing", format!("`{name}` is missing.")))
    } else {
        Ok(text)
    }
}
