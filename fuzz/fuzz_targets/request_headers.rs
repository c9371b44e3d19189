//! Any bytes in every header that is read: what is kept is short and holds no control character; nothing else is said
//! to be ours.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use latchkey::ambient::SeededEntropy;
use latchkey::domain::feed::Cursor;
use latchkey::domain::time::Timestamp;
use latchkey::http::asked::{note, user_agent};
use latchkey::http::csrf::OwnOrigins;
use latchkey::http::middleware::debug_auth;
use latchkey::http::middleware::request_id::request_id;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 10] = [
    "user-agent",
    "x-audit-note",
    "x-debug",
    "x-request-id",
    "last-event-id",
    "origin",
    "referer",
    "sec-fetch-site",
    "authorization",
    "cookie",
];

fuzz_target!(|fields: Vec<(u8, Vec<u8>)>| {
    let mut headers = HeaderMap::new();
    for (name, value) in &fields {
        let name = HeaderName::from_static(NAMES[usize::from(*name) % NAMES.len()]);
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    assert!(user_agent(&headers).is_none_or(|agent| agent.len() <= 256));
    match note(&headers) {
        Ok(note) => assert!(note.is_none_or(|note| {
            (1..=200).contains(&note.chars().count()) && !note.contains(|c: char| c.is_control())
        })),
        Err(error) => assert!(error.status().is_client_error()),
    }
    let id = request_id(&headers, Timestamp::from_seconds(1_800_000_000), &SeededEntropy::new(1));
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    assert!((1..=128).contains(&id.len()) && id.bytes().all(is_plain), "{id:?}");
    let _ = debug_auth::asked(&headers, "__Host-latchkey");
    if let Some(place) = headers.get("last-event-id").and_then(|id| id.to_str().ok())
        && let Ok(cursor) = place.parse::<Cursor>()
    {
        assert_eq!(cursor.to_string(), place);
    }
    let origins = OwnOrigins::new(["https://auth.example.com"]);
    let is_ours = origins.sent_in_session(&Method::POST, &headers, |_| true).is_ok();
    let foreign = headers.get("origin").is_some_and(|origin| origin != "https://auth.example.com");
    assert!(!(is_ours && foreign), "a page of another site");
});
