//! Any bytes as a file of accounts to import: each line is one account or one complaint, and no complaint
//! brings a control character to the terminal.
#![no_main]

use std::sync::{Arc, LazyLock};

use latchkey::domain::time::Timestamp;
use latchkey::runtime::import::read;
use latchkey::services::Services;
use latchkey::store::{MemoryEngine, Store};
use libfuzzer_sys::fuzz_target;

static APP: LazyLock<Services> = LazyLock::new(|| {
    let (store, _) = Store::by_hand(Arc::new(MemoryEngine::single_run()), [7; 32]).expect("an empty store");
    latchkey_fuzz::services(store, Timestamp::from_seconds(1_800_000_000), 1).0
});

fuzz_target!(|file: &[u8]| {
    let Ok((_, bad)) = read(&APP, file) else { panic!("bytes in memory can be read") };
    assert!(bad.len() <= file.split(|byte| *byte == b'\n').count());
    for complaint in bad {
        let told = complaint.to_string();
        assert!(!told.contains(|c: char| c.is_control()), "{told:?}");
    }
});
