//! Any bytes as the credential fields of a request: one credential, whole, or an error for the caller's side.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue, header};
use latchkey::domain::cookie::NAME;
use latchkey::http::principal::{Shown, shown};
use libfuzzer_sys::fuzz_target;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

fuzz_target!(|input: &[u8]| {
    // Fields are parted by a byte that none of them can hold; one that begins with `=` is the other header.
    let mut headers = HeaderMap::new();
    for field in input.split(|byte| *byte == b'\n') {
        let (name, value) = match field.strip_prefix(b"=") {
            Some(value) => (X_API_KEY, value),
            None => (header::AUTHORIZATION, field),
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    match shown(&headers, NAME) {
        Ok(found) => {
            assert_eq!(headers.len(), 1, "two fields are no credential");
            let (Shown::Token(text) | Shown::Key(text) | Shown::Cookie(text)) = found;
            assert!(!matches!(found, Shown::Cookie(_)), "there is none");
            let whole = headers.values().next().expect("there is one");
            let whole = std::str::from_utf8(whole.as_bytes()).expect("a credential is text");
            let scheme = whole.strip_suffix(text).expect("the credential is the end of the field");
            let scheme = scheme.trim_end_matches(' ');
            if headers.contains_key(X_API_KEY) {
                assert_eq!(scheme, "");
            } else {
                assert!(!text.is_empty() && !text.starts_with(' '));
                let is_key = matches!(found, Shown::Key(_)) && scheme.eq_ignore_ascii_case("apikey");
                assert!(is_key || scheme.eq_ignore_ascii_case("bearer"));
            }
        }
        Err(error) => assert_eq!(error.status(), 401),
    }
});
