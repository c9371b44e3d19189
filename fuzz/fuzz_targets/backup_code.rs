//! Any text as a second-factor code: no panic, and a backup code is one code however it is spelt.
#![no_main]

use std::sync::LazyLock;

use latchkey::crypto::{BackupCode, BackupCodes, MasterKey, Purpose, TotpSecret};
use latchkey::domain::factor::BackupCodeFormat;
use latchkey::domain::id::UserId;
use libfuzzer_sys::fuzz_target;

static HASHES: LazyLock<BackupCodes> =
    LazyLock::new(|| BackupCodes::new(&MasterKey::from_bytes([1; 32]).derive(Purpose::BackupCodes)));

fuzz_target!(|text: &str| {
    if TotpSecret::new([7; 20]).is_code(text, 60_000_000) {
        assert!(text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()));
    }
    let Some(code) = BackupCode::parse(text) else { return };
    assert_eq!(format!("{code:?}"), "BackupCode(redacted)", "the code is not printed");
    let owner = UserId::from_bytes([1; 16]);
    for format in [BackupCodeFormat::Grouped, BackupCodeFormat::Alphanumeric, BackupCodeFormat::Digits] {
        let again = BackupCode::parse(&code.reveal(format)).expect("what is shown is read");
        assert_eq!(HASHES.hash(owner, &again), HASHES.hash(owner, &code));
    }
});
