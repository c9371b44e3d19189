//! Applications behind proxies: what is read, and what is refused.

use std::collections::BTreeSet;

use super::errors::check;
use super::*;
use crate::domain::forward_auth::{Ruling, Target};

const GOOD: &str = r#"
public_url = "https://auth.example.com"
trusted_proxies = ["127.0.0.1"]
[forward_auth]
cookie_domain = "Example.com"
[[forward_auth.rule]]
host = "app.example.com"
path = "/public"
methods = ["GET", "HEAD"]
need = "public"
[[forward_auth.rule]]
host = "*.example.com"
need = "permission:metrics:write"
"#;

#[test]
fn rules_are_read_in_their_order() {
    let policy = file(GOOD).config().forward_auth.unwrap();
    let judge = |host, path, method| policy.table.judge(Target { host, path, method });
    let at = |ruling| if let Ruling::Needs(_, at) = ruling { Some(at) } else { None };
    assert_eq!(at(judge("app.example.com", "/public/x", "GET")), Some(0));
    assert_eq!(at(judge("app.example.com", "/public/x", "PUT")), Some(1));
    assert_eq!(at(judge("example.com", "/", "GET")), None);
    assert_eq!(policy.cookie_domain, "example.com");
    assert_eq!((policy.identity_header.as_str(), policy.identity_ttl), ("remote-identity", MINUTE));
    assert_eq!(file("").config().forward_auth, None);
}

#[test]
fn what_forward_auth_needs_is_told_in_one_sentence() {
    check(&[
        (
            "[forward_auth]\ncookie_domain = \"example.com\"",
            &[
                "auth.toml:2: forward_auth.cookie_domain: needs a public_url at this domain or below it, and trusted_proxies, which alone may ask, and at least one [[forward_auth.rule]]",
            ],
        ),
        (
            "[[forward_auth.rule]]\nhost = \"app.example.com\"\nneed = \"login\"",
            &[
                "forward_auth.cookie_domain: [[forward_auth.rule]] needs it: without it no browser is known to an application",
            ],
        ),
    ]);
}

/// What is said of [`GOOD`] with this change.
fn said(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    Config::from_toml_str(&GOOD.replacen(from, to, 1)).map(drop).unwrap_err().to_string()
}

#[test]
fn what_could_not_work_is_refused_at_its_key() {
    for (from, to, expected) in [
        ("Example.com\"", "com\"", "5: forward_auth.cookie_domain: \"com\" has one label"),
        ("Example.com\"", ".example.com\"", "forward_auth.cookie_domain: expected a domain"),
        ("Example.com\"", "192.0.2.1\"", "forward_auth.cookie_domain: expected a domain"),
        ("Example.com\"", "example.com:443\"", "forward_auth.cookie_domain: expected a domain"),
        ("Example.com\"", "other.com\"", "needs a public_url at this domain"),
        ("auth.example.com", "auth.badexample.com", "needs a public_url at this domain"),
        ("[\"127.0.0.1\"]", "[]", "needs trusted_proxies"),
        (
            "*.example.com",
            "*.example.org",
            "forward_auth.rule[1].host: browsers send the cookie to example.com",
        ),
        ("*.example.com", "*.com", "forward_auth.rule[1].host: browsers send the cookie to example.com"),
        ("*.example.com", "https://x.example.com", "forward_auth.rule[1].host: expected a host"),
        ("permission:metrics:write", "permission:metrics:fly", "forward_auth.rule[1].need: not a scope"),
        ("permission:metrics:write", "admin", "forward_auth.rule[1].need: expected \"public\", \"login\""),
        ("need = \"public\"", "", "forward_auth.rule[0].need: is missing"),
        ("host = \"app.example.com\"", "", "forward_auth.rule[0].host: is missing"),
        ("\"/public\"", "\"public\"", "forward_auth.rule[0].path: expected a path"),
        ("\"/public\"", "\"/public/../x\"", "forward_auth.rule[0].path: expected a path"),
        ("\"/public\"", "\"/%70ublic\"", "forward_auth.rule[0].path: expected a path"),
        ("\"GET\", ", "\"get\", ", "forward_auth.rule[0].methods: expected a method"),
        (
            "cookie_domain",
            "identity_header = \"Remote-User\"\ncookie_domain",
            "must begin with Remote- or X-",
        ),
        ("cookie_domain", "identity_header = \"Set-Cookie\"\ncookie_domain", "must begin with Remote- or X-"),
        ("cookie_domain", "identity_ttl = \"1s\"\ncookie_domain", "must be from 5s to 10m"),
        ("cookie_domain", "cookie_domian", "did you mean"),
    ] {
        let said = said(from, to);
        let help = Config::from_toml_str(&GOOD.replacen(from, to, 1)).unwrap_err();
        let helps = help.problems.iter().filter_map(|problem| problem.help.as_deref()).collect::<String>();
        assert!(said.contains(expected) || helps.contains(expected), "{to}: {said} {helps}");
    }
    // Only what asks for a login needs the cookie.
    let public_elsewhere = GOOD.replace("app.example.com", "app.example.org");
    assert!(Config::from_toml_str(&public_elsewhere).is_ok());
    let many = format!(
        "{GOOD}{}",
        "[[forward_auth.rule]]\nhost = \"a.example.com\"\nneed = \"login\"\n".repeat(499)
    );
    assert!(Config::from_toml_str(&many).unwrap_err().to_string().contains("at most 500 rules, found 501"));
}

#[test]
fn a_rule_that_never_decides_is_noted() {
    for (rule, is_hidden) in [
        ("host = \"x.example.com\"\npath = \"/a\"\nneed = \"public\"", true),
        ("host = \"*.x.example.com\"\nmethods = [\"GET\"]\nneed = \"public\"", true),
        ("host = \"example.com\"\nneed = \"public\"", false),
    ] {
        let text = format!("{GOOD}[[forward_auth.rule]]\n{rule}\n");
        let loaded =
            Loaded::from_layers(Some(("auth.toml", &text)), &Environment::default(), &Flags::default())
                .unwrap();
        let expected = "forward_auth.rule[2] never decides, because forward_auth.rule[1] fits first";
        assert_eq!(loaded.notes.iter().any(|note| note == expected), is_hidden, "{rule}: {:?}", loaded.notes);
    }
}

/// Its section stands with a space behind its `#`, for a server has no rule of its own.
#[test]
fn the_example_of_a_rule_names_every_key_and_no_other() {
    let (_, section) = EXAMPLE.split_once("# [[forward_auth.rule]]").unwrap();
    let is_key = |line: &&str| {
        line.split_once(" = ").is_some_and(|(name, _)| !name.trim_start_matches("# ").contains(' '))
    };
    let keys: Vec<_> = section.lines().filter(is_key).map(|line| line.trim_start_matches("# ")).collect();
    let (front, _) = GOOD.split_once("[[").unwrap();
    let text = format!("{front}[[forward_auth.rule]]\n{}\n", keys.join("\n"));
    let loaded = Loaded::from_layers(Some(("auth.toml", &text)), &Environment::default(), &Flags::default());
    let loaded = loaded.unwrap();
    let named: BTreeSet<_> =
        keys.iter().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).collect();
    let read: BTreeSet<_> = loaded
        .settings
        .iter()
        .filter_map(|setting| setting.key.strip_prefix("forward_auth.rule[0]."))
        .collect();
    assert_eq!(named, read);
    assert_eq!(loaded.config.forward_auth.unwrap().table.0.len(), 1);
}
