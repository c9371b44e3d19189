//! Any text as a mail address, a user name and a name: what is read keeps its caps and reads back as itself.
#![no_main]

use latchkey::domain::email::{EmailAddress, MAX_ADDRESS};
use latchkey::domain::user::{DisplayName, Username};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(email) = EmailAddress::parse(text) {
        assert!(email.as_str().is_ascii() && email.as_str().len() <= MAX_ADDRESS);
        assert!(!email.as_str().contains(|c: char| c.is_ascii_control() || " ,;:<>\"()[]".contains(c)));
        assert_eq!(format!("{}@{}", email.local(), email.domain()), email.as_str());
        assert_eq!(EmailAddress::parse(email.as_str()), Ok(email.clone()));
        let derived = Username::derived(&email);
        assert!(Username::parse(derived.as_str()).is_ok(), "{derived:?}");
        assert!(Username::parse(derived.numbered(u32::MAX).as_str()).is_ok(), "{derived:?}");
    }
    if let Ok(name) = Username::parse(text) {
        assert_eq!(Username::parse(name.as_str()).map(|again| again.folded()), Ok(name.folded()));
        assert!(DisplayName::from_username(&name).as_str().chars().count() <= 100);
    }
    if let Ok(name) = DisplayName::parse(text) {
        assert!(!name.as_str().contains(char::is_control));
        assert!(DisplayName::parse(name.as_str()).is_ok());
    }
});
