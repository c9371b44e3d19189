//! Any text as the configuration file: settings in range, or an error that quotes no secret and no terminal control.
#![no_main]

use latchkey::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Config::from_toml_str(text) {
        Ok(config) => {
            assert!(!config.listen.is_empty() && !config.dev);
            assert!(config.net.max_connections_per_address <= config.net.max_connections);
        }
        Err(error) => {
            let told = error.to_string();
            assert!(!told.is_empty());
            assert!(!told.contains(|c: char| c.is_control() && c != '\n'), "{told:?}");
        }
    }
});
