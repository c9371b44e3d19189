//! What the program is made of, as its files say: the tree of dependencies, the exceptions, the release profile. What only a
//! build shows (PIE, RELRO, no writable code, the bill of materials) is checked by `.ci/run`.

use std::fs;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, Value};

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn toml(name: &str) -> DocumentMut {
    read(name).parse().unwrap()
}

fn text<'a>(table: &'a Table, name: &str) -> &'a str {
    table.get(name).and_then(Item::as_str).unwrap_or_default()
}

/// The packages of a lock file.
fn packages(lock: &DocumentMut) -> impl Iterator<Item = &Table> {
    lock["package"].as_array_of_tables().unwrap().iter()
}

/// R106: crates.io alone, each crate with its checksum; an exception has a reason and is still needed. `cargo deny` follows
/// the tree itself, in `.ci/run`.
#[test]
fn nothing_but_crates_io_is_in_the_tree_and_every_exception_has_a_reason() {
    let (lock, deny) = (toml("Cargo.lock"), toml("deny.toml"));
    for file in [&lock, &toml("fuzz/Cargo.lock")] {
        for package in packages(file).filter(|package| !text(package, "name").starts_with("latchkey")) {
            let from = text(package, "source");
            assert_eq!(from, "registry+https://github.com/rust-lang/crates.io-index", "{package}");
            assert_eq!(text(package, "checksum").len(), 64, "{package}");
        }
    }
    let is_there = |wanted: &str| {
        let (name, version) = wanted.split_once('@').unwrap_or((wanted, ""));
        packages(&lock).any(|p| text(p, "name") == name && text(p, "version").starts_with(version))
    };
    let entries = |section: &str, name: &str| {
        let list = deny[section][name].as_array().unwrap();
        list.iter().map(Value::as_inline_table).map(Option::unwrap).cloned().collect::<Vec<_>>()
    };
    let (banned, skipped) = (entries("bans", "deny"), entries("bans", "skip"));
    let said = |entry: &toml_edit::InlineTable, name: &str| entry[name].as_str().unwrap().to_owned();
    for crate_name in ["openssl", "native-tls", "ring"] {
        assert!(banned.iter().any(|entry| said(entry, "crate") == crate_name), "{crate_name}");
    }
    for entry in &skipped {
        assert!(is_there(&said(entry, "crate")), "no exception is needed any more: {entry}");
    }
    let ignored = entries("advisories", "ignore");
    for entry in banned.iter().chain(&skipped).chain(&ignored) {
        assert!(!said(entry, "reason").is_empty(), "{entry}");
    }
    assert_eq!(deny["sources"]["unknown-registry"].as_str(), Some("deny"));
    assert_eq!(deny["sources"]["unknown-git"].as_str(), Some("deny"));
}

/// R107: what is released is built from the lock, stops at an overflow, unwinds from a panic (R75 needs that) and has no
/// unsafe code of ours.
#[test]
fn a_release_is_locked_and_hardened() {
    let manifest = toml("Cargo.toml");
    let release = &manifest["profile"]["release"];
    assert_eq!(release["overflow-checks"].as_bool(), Some(true));
    assert_eq!(release["strip"].as_bool(), Some(true));
    assert!(release.get("panic").is_none(), "a panic must unwind");
    assert_eq!(manifest["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let ci = read(".ci/run");
    let builds = ["cargo build", "cargo test", "cargo clippy", "cargo doc", "cargo fetch", "cargo install"];
    for line in ci.lines().filter(|line| builds.iter().any(|build| line.contains(build))) {
        assert!(line.contains("--locked"), "{line}");
    }
    for step in ["bans licenses sources", "cargo machete", "cargo cyclonedx", "GNU_RELRO"] {
        assert!(ci.contains(step), "{step}");
    }
    for recipe in ["assets/container/Dockerfile", "README.md"] {
        let text = read(recipe);
        for line in text.lines().filter(|line| line.contains("cargo build --")) {
            assert!(line.contains("--locked"), "{recipe}: {line}");
        }
    }
}
