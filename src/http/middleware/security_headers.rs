//! The headers that keep a browser from doing harm (SECURITY R37). Knows nothing of the answer's meaning.

use poem::http::{HeaderMap, HeaderValue, header};

/// For the API: an answer is data, so nothing in it may run, load or be framed.
const API_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// For the API description page: its own files and nothing else. `data:` is for the icons in its style sheet.
pub const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// For served pages: a style sheet, forms to ourselves, no script at all.
pub const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

/// One year. Subdomains are their owner's business.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

/// For served pages: a form tells this server which page sent it (`Origin`), and other servers learn nothing.
pub const PAGE_REFERRER: HeaderValue = HeaderValue::from_static("same-origin");

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Adds them. A policy or a cache rule that the handler has set stays.
pub fn apply(headers: &mut HeaderMap, encrypted: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::X_FRAME_OPTIONS, DENY);
    headers.entry(header::REFERRER_POLICY).or_insert(NO_REFERRER);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(API_POLICY);
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    if encrypted {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}
