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
        "explain",
        "webhooks",
        "personal_data",
        "retention",
        "federation",
        "forward_auth",
        "profiles",
        "profiles.governance",
        "profiles.pynomaly",
        "profiles.cirtusai",
        "profiles.trading",
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
    assert_eq!(optional.len(), 24, "{optional:?}");
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

/// The section of a provider stands with a space behind its `#`, for a server has none of its own.
#[test]
fn the_example_of_a_provider_names_every_key_and_no_other() {
    insta::assert_debug_snapshot!(of_section("identity_provider", &["client_secret_file"]).federation);
}

/// So does that of a webhook.
#[test]
fn the_example_of_a_webhook_names_every_key_and_no_other() {
    insta::assert_debug_snapshot!(of_section("webhook", &["secret_file", "old_secret_file"]).webhooks);
}

/// The example of a section, which names all that it has but `in_words`, in force.
fn of_section(name: &str, in_words: &[&str]) -> Config {
    let (_, section) = EXAMPLE.split_once(&format!("# [[{name}]]")).unwrap();
    let (section, _) = section.split_once("\n\n").unwrap_or((section, ""));
    let is_key = |line: &&str| {
        line.split_once(" = ").is_some_and(|(name, _)| !name.trim_start_matches("# ").contains(' '))
    };
    let keys: Vec<_> = section.lines().filter(is_key).map(|line| line.trim_start_matches("# ")).collect();
    let without_files: Vec<_> = keys.iter().filter(|line| !line.contains("_file")).copied().collect();
    let text = format!("[[{name}]]\n{}\n", without_files.join("\n"));
    let loaded = Loaded::from_layers(Some(("auth.toml", &text)), &Environment::default(), &Flags::default());
    let loaded = loaded.unwrap();
    let named: BTreeSet<_> =
        keys.iter().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.to_owned()).collect();
    let start = format!("{name}[0].");
    let read = loaded.settings.iter().filter_map(|setting| setting.key.strip_prefix(&start));
    let read: BTreeSet<_> = read.filter(|key| !in_words.contains(key)).map(str::to_owned).collect();
    assert_eq!(named, read);
    loaded.config
}

/// The line with its key in force, if it is one of a key without a fixed default.
fn uncommented(line: &str) -> &str {
    line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())).unwrap_or(line)
}
