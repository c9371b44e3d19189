//! Any bytes as a form: each field once or an error for the caller's side; and the type of a body from any header value.
#![no_main]

use latchkey::http::body::form::{is_form, parse_form};
use latchkey::http::body::is_json;
use latchkey::http::profile::body as loose;
use latchkey::http::query;
use latchkey::wire::secret::Secret;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The fields of all forms together.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is all")]
struct Fields {
    token: Secret,
    #[serde(default)]
    new_password: Option<Secret>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    token_type_hint: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
}

fuzz_target!(|body: &[u8]| {
    match parse_form::<Vec<(String, String)>>(body) {
        Ok(fields) => {
            let written =
                serde_json::from_slice::<Map<String, Value>>(&loose::of_form(body)).expect("an object");
            assert!(fields.iter().all(|(name, _)| written.contains_key(name)));
            for (name, value) in &fields {
                assert_eq!(query::given("field", value).is_ok(), !value.is_empty(), "{name}");
            }
        }
        Err(error) => assert!(error.status().is_client_error()),
    }
    if let Err(error) = parse_form::<Fields>(body) {
        assert!(error.status().is_client_error());
    }
    if let Ok(text) = std::str::from_utf8(body) {
        assert!(!(is_form(text) && is_json(text)), "{text:?}");
    }
});
