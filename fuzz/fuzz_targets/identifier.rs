//! Any text typed to say who one is: one budget for all spellings, and a key only for a text that an account can have.
#![no_main]

use latchkey::domain::user::Identifier;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let typed = Identifier::typed(text);
    for other in [text.to_uppercase(), format!(" {text}"), format!("{text}.\u{200b}")] {
        if text.is_ascii() && other.len() <= 200 {
            assert_eq!(Identifier::typed(&other).budget(), typed.budget(), "{other:?}");
        }
    }
    if let Some(key) = typed.key() {
        assert_eq!(key, typed.budget());
        assert!(text.is_ascii() && text.trim_ascii().eq_ignore_ascii_case(key));
        assert_eq!(Identifier::typed(key), typed);
    }
});
