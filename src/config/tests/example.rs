//! The example file is the built-in layer, so it has to name every key, and say the truth.

use std::collections::BTreeSet;

use super::super::reader::without_indexes;
use super::*;

#[test]
fn the_example_parses_to_exactly_the_default() {
    assert_eq!(Config::from_toml_str(EXAMPLE).unwrap(), Config::from_toml_str("").unwrap());
}

#[test]
fn the_defaults_are_those_that_were_agreed() {
    insta::assert_debug_snapshot!(Config::from_toml_str("").unwrap());
}

#[test]
fn the_lockout_is_the_one_that_the_rules_ship() {
    assert_eq!(Config::from_toml_str("").unwrap().lockout, LockoutPolicy::default());
}

#[test]
fn the_example_names_every_key_and_no_other() {
    let text = EXAMPLE.lines().map(uncommented).collect::<Vec<_>>().join("\n");
    let named = super::super::file::File::parse("file", "", &text).unwrap().lines;
    let sections = [
        "listen",
        "listen[]",
        "admin_socket",
        "tls",
        "net",
        "cors",
        "store",
        "password",
        "password_hash",
        "tokens",
        "sessions",
        "limits",
        "lockout",
        "registration",
        "api_keys",
        "password_reset",
        "invitation",
        "step_up",
        "mfa",
        "mail",
        "sms",
        "log",
        "metrics",
        "metrics.allow[]",
        "audit",
        "events",
        "profiles",
        "profiles.governance",
        "profiles.pynomaly",
        "profiles.cirtusai",
        "profiles.scribes",
    ];
    let named: BTreeSet<_> = named
        .keys()
        .map(|key| without_indexes(key))
        .filter(|key| !sections.contains(&key.as_str()))
        .collect();
    let loaded = file("").load().unwrap();
    let read: BTreeSet<_> = loaded.settings.iter().map(|setting| without_indexes(&setting.key)).collect();
    assert_eq!(named, read);
}

#[test]
fn every_optional_key_of_the_example_is_accepted() {
    let optional: Vec<_> = EXAMPLE.lines().filter(|line| uncommented(line) != *line).collect();
    assert_eq!(optional.len(), 21, "{optional:?}");
    for line in optional {
        let text = EXAMPLE.replace(&format!("\n{line}\n"), &format!("\n{}\n", uncommented(line)));
        let outcome = Config::from_toml_str(&text).map(|_| ()).map_err(|error| error.to_string());
        // A key with a partner asks for it, and the files of the example are not there.
        let said = outcome.err().unwrap_or_default();
        assert!(
            ["", " needs ", "cannot read /run/credentials", "is an example"].iter().any(|fine| match *fine {
                "" => said.is_empty(),
                fine => said.contains(fine),
            }),
            "{line}: {said}"
        );
        assert!(said.lines().count() <= 1, "{line}: {said}");
    }
}

/// The line with its key in force, if it is one of a key without a fixed default.
fn uncommented(line: &str) -> &str {
    line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())).unwrap_or(line)
}
