//! Any bytes as the cookies of a request: one cookie of ours, whole, or none, or an error; and its value as any text.
#![no_main]

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue, header};
use latchkey::crypto::{MasterKey, Purpose, SessionCookie, SessionCookies};
use latchkey::domain::cookie::NAME;
use latchkey::http::cookie::shown;
use libfuzzer_sys::fuzz_target;

static COOKIES: LazyLock<SessionCookies> =
    LazyLock::new(|| SessionCookies::new(&MasterKey::from_bytes([1; 32]).derive(Purpose::SessionCookies)));

fuzz_target!(|input: &[u8]| {
    // Fields are parted by a byte that none of them can hold.
    let mut headers = HeaderMap::new();
    for field in input.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(field) {
            headers.append(header::COOKIE, value);
        }
    }
    let pair = format!("{NAME}=");
    let fields = || headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let pairs = fields().flat_map(|field| field.split(|byte| *byte == b';'));
    let ours: Vec<_> = pairs.filter_map(|found| found.trim_ascii().strip_prefix(pair.as_bytes())).collect();
    match shown(&headers, NAME) {
        Ok(None) => assert!(ours.is_empty()),
        Ok(Some(value)) => {
            assert_eq!(ours, [value.as_bytes()]);
            if let Ok(cookie) = SessionCookie::parse(value) {
                assert_eq!(cookie.reveal().as_str(), value, "one spelling");
                assert!(COOKIES.hash(NAME, &cookie).matches(&COOKIES.hash(NAME, &cookie)));
                assert!(!COOKIES.csrf(&cookie).matches(value.as_bytes()));
            }
        }
        Err(_) => assert!(ours.len() > 1 || std::str::from_utf8(ours[0]).is_err()),
    }
});
