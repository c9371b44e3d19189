//! Any text as a code of a second factor, as the handle of a login that waits for one, and as a phone number.
#![no_main]

use std::sync::LazyLock;

use latchkey::crypto::{
    BackupCode, LoginHandle, LoginHandles, MasterKey, Purpose, SmsCode, SmsCodes, TotpSecret,
};
use latchkey::domain::factor::is_issuer;
use latchkey::domain::id::UserId;
use latchkey::domain::phone::PhoneNumber;
use libfuzzer_sys::fuzz_target;

const ADA: UserId = UserId::from_bytes([1; 16]);

static CODES: LazyLock<(SmsCodes, LoginHandles)> = LazyLock::new(|| {
    let master = MasterKey::from_bytes([5; 32]);
    (
        SmsCodes::new(&master.derive(Purpose::SmsCodes)),
        LoginHandles::new(&master.derive(Purpose::PendingLogins)),
    )
});

fuzz_target!(|text: &str| {
    let (codes, handles) = &*CODES;
    if let Some(code) = SmsCode::parse(text) {
        assert_eq!(code.reveal().len(), 6);
        let again = SmsCode::parse(code.reveal()).expect("six digits");
        assert_eq!(codes.hash(ADA, &code), codes.hash(ADA, &again));
    }
    if let Some(handle) = LoginHandle::parse(text) {
        let again = LoginHandle::parse(&handle.reveal()).expect("what is shown is read");
        assert_eq!(handles.hash(&handle), handles.hash(&again));
        assert_eq!(handle.reveal().as_str(), text);
    }
    let secret = TotpSecret::new([7; 20]);
    if secret.is_code(text, 60_000_000) {
        assert_eq!(secret.code(60_000_000).as_str(), text);
    }
    if is_issuer(text) {
        let uri = secret.uri(text, "ada@example.com");
        assert!(uri.starts_with("otpauth://totp/") && uri.is_ascii() && !uri.contains(char::is_whitespace));
    }
    let _ = BackupCode::parse(text);
    if let Ok(number) = PhoneNumber::parse(text) {
        assert_eq!(number.as_str(), text);
        assert!(number.masked().len() >= 4 && !number.masked().contains(number.digits()));
    }
});
