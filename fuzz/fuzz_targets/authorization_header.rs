//! Any bytes as the `Authorization` fields of a request: one token, whole, or an error for the caller's side.
#![no_main]

use http::{HeaderMap, HeaderValue, header};
use latchkey::http::principal::bearer_token;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // Fields are parted by a byte that none of them can hold.
    let fields: Vec<_> = input.split(|byte| *byte == b'\n').collect();
    let mut headers = HeaderMap::new();
    for field in &fields {
        if let Ok(value) = HeaderValue::from_bytes(field) {
            headers.append(header::AUTHORIZATION, value);
        }
    }
    match bearer_token(&headers) {
        Ok(token) => {
            assert_eq!(headers.len(), 1, "two fields are no token");
            assert!(!token.is_empty() && !token.starts_with(' '));
            let whole = headers[header::AUTHORIZATION].to_str().expect("a token is text");
            let scheme = whole.strip_suffix(token).expect("the token is the end of the field");
            assert!(scheme.trim_end_matches(' ').eq_ignore_ascii_case("bearer"));
        }
        Err(error) => assert_eq!(error.status(), 401),
    }
});
