//! What a browser asks for when somebody follows a link. Knows no page.

use poem::http::{HeaderMap, HeaderName, HeaderValue, header};

const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// Whether whoever asks can show a page: a browser that goes somewhere, and neither a program nor a script on a page.
pub fn asks_for_page(headers: &HeaderMap) -> bool {
    let accepts_pages = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("text/html"));
    headers.get_all(header::ACCEPT).iter().any(accepts_pages) && !headers.contains_key(X_REQUESTED_WITH)
}
