//! Any bytes as the credential fields and as the form of a client of OAuth: one client, whole, or an error for its side.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue, header};
use latchkey::http::body::form::parse_form;
use latchkey::http::oauth::credentials::basic;
use latchkey::wire::oauth::{IntrospectionForm, RevocationForm};
use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;

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
    if let Some(Ok(client)) = basic(&headers) {
        assert_eq!(headers.len(), 1, "two fields are no credential");
        let whole = headers.values().next().expect("there is one").len();
        assert!(client.id.len() + client.secret.reveal().len() <= whole);
    }
    reads::<IntrospectionForm>(input);
    reads::<RevocationForm>(input);
});

fn reads<T: DeserializeOwned>(input: &[u8]) {
    if let Err(error) = parse_form::<T>(input) {
        assert_eq!(error.status(), 400);
    }
}
