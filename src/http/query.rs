//! Values of query parameters that are more than a number or a text. Knows no operation.

use std::str::FromStr;

use super::error::ApiError;

/// The value of the parameter `name`, if it was sent.
pub fn value<T: FromStr>(name: &str, text: Option<String>) -> Result<Option<T>, ApiError> {
    let bad = |_| ApiError::field(name, "invalid", format!("`{name}` is not valid."));
    text.map(|text| text.parse()).transpose().map_err(bad)
}

/// Where a page begins: what `next_cursor` of the page before said.
pub fn cursor<T: FromStr>(text: Option<String>) -> Result<Option<T>, ApiError> {
    let unreadable = |_| ApiError::field("cursor", "invalid", "`cursor` is not one of ours.");
    text.map(|text| text.parse()).transpose().map_err(unreadable)
}
