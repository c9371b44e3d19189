//! Any text as every named field of a body: names, descriptions, scopes, networks (CIDR), resources.
#![no_main]

use std::net::IpAddr;

use latchkey::domain::permission;
use latchkey::domain::resource::ResourceName;
use latchkey::domain::user::{DisplayName, Username};
use latchkey::domain::{api_key, custom_role, role_name};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok((name, slug)) = role_name::parse_name(text) {
        assert!(!name.is_empty() && !slug.is_empty());
        assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{slug:?}");
        assert_eq!(role_name::slug_of(&name), slug);
    }
    for kept in [
        api_key::parse_name(text).ok(),
        api_key::parse_description(text).ok(),
        custom_role::parse_description(text).ok(),
        DisplayName::parse(text).ok().map(|name| name.as_str().to_owned()),
        Username::parse(text).ok().map(|name| name.as_str().to_owned()),
    ]
    .into_iter()
    .flatten()
    {
        assert!(!kept.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{kept:?}");
        assert!(kept.len() <= 4_096);
    }
    let words: Vec<&str> = text.split([' ', ',']).collect();
    if let Ok(scopes) = api_key::parse_scopes(&words) {
        assert!(scopes.len() <= words.len());
    }
    let _ = permission::parse_scopes(&words);
    if let Ok(networks) = api_key::parse_networks(&words) {
        assert!(networks.iter().all(|network| network.contains(&network.addr())));
        let covers = |address: IpAddr| networks.iter().any(|network| network.contains(&address));
        assert!(networks.is_empty() || networks.iter().any(|network| covers(network.network())));
    }
    if let Ok(name) = text.parse::<ResourceName>() {
        assert_eq!(name.to_string().parse::<ResourceName>(), Ok(name));
    }
});
