//! Any text as what operators write in a place of its own: addresses of servers, durations, templates, keys.
#![no_main]

use latchkey::config::duration;
use latchkey::crypto::{AuditPublicKey, KeyPrefix, MasterKey};
use latchkey::domain::link::{LinkTarget, PublicUrl};
use latchkey::domain::operator::{Actor, OperatorRule};
use latchkey::domain::profile::Profile;
use latchkey::domain::template::TextTemplate;
use latchkey::outbound::http_client::Endpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = duration::parse(text);
    let _ = (text.parse::<Actor>(), text.parse::<OperatorRule>(), text.parse::<Profile>());
    let _ = (KeyPrefix::parse(text), Endpoint::parse(text));
    if let Ok(url) = PublicUrl::parse(text) {
        let link = url.link(LinkTarget::ResetPassword, "lkr_x");
        assert!(link.as_str().starts_with("https://") || link.as_str().starts_with("http://"));
        assert!(!url.host().is_empty() && !link.as_str().contains(char::is_whitespace));
    }
    if let Ok(template) = TextTemplate::parse(text, ["a", "b"]) {
        let (plain, braced) = (template.render(["1", "2"]), template.render(["{{b}}", "2"]));
        assert!(!plain.contains("{{a}}"));
        assert!(braced.contains("{{b}}"), "a value is not read again");
    }
    if let Ok(key) = MasterKey::parse(text) {
        let again = MasterKey::parse(&key.reveal()).expect("what is shown is read");
        assert_eq!(again.reveal(), key.reveal());
    }
    if let Ok(key) = text.parse::<AuditPublicKey>() {
        assert!(!key.verify(b"nothing", &[0; 64]));
    }
});
