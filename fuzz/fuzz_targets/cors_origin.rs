//! Any text as an allowed origin: what is taken has one spelling, which a browser could send and a header hold.
#![no_main]

use http::{HeaderValue, Uri};
use latchkey::config::origin;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(taken) = origin(text) else { return };
    assert_eq!(origin(&taken).as_deref(), Ok(taken.as_str()));
    assert!(taken.eq_ignore_ascii_case(text) && taken != "*" && taken != "null");
    HeaderValue::from_str(&taken).expect("a header can hold it");
    let uri: Uri = taken.parse().expect("it is the start of an address");
    let authority = uri.authority().expect("it names a host");
    assert_eq!(format!("{}://{authority}", uri.scheme_str().expect("it names a scheme")), taken);
    assert_eq!((uri.path(), uri.query()), ("/", None));
});
