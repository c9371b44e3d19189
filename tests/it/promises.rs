//! The promise page: each of its lines names a test that there is, and each of its numbers is the shipped default.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use toml_edit::{DocumentMut, Item};

const PAGE: &str = "assets/promises.md";

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The rows of the tables of a page whose last column is `test`: the promise, and the test that holds it.
fn rows(page: &str) -> Vec<(&str, &str)> {
    let (mut rows, mut is_ours) = (Vec::new(), false);
    for line in page.lines() {
        let row = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")?.rsplit_once(" | "));
        match row {
            Some((_, "test")) => is_ours = true,
            Some(row) if is_ours => rows.push(row),
            _ => is_ours &= line.starts_with('|'),
        }
    }
    rows
}

/// The names of all functions in the files below a folder.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let names = text.lines().filter_map(|line| line.split_once("fn ")?.1.split_once('('));
            found.extend(names.map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn every_promise_names_a_test_that_there_is() {
    let mut tests = BTreeSet::new();
    for folder in ["src", "tests/it"] {
        functions(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut tests);
    }
    let (page, readme) = (read(PAGE), read("README.md"));
    for (text, at_least) in [(&page, 60), (&readme, 35)] {
        let rows = rows(text);
        assert!(rows.len() > at_least, "{rows:?}");
        for (promise, test) in rows {
            let name = test.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
            assert!(name.is_some_and(|name| tests.contains(name)), "{promise}: there is no test {test}");
        }
    }
    assert!(readme.contains(&format!("]({PAGE})")), "the README does not lead to the page");
}

/// Every `key = value` of the page, and every key of the sections that are nothing but budgets and locks.
#[test]
fn every_number_of_the_page_is_the_shipped_default_and_no_budget_is_left_out() {
    let defaults: DocumentMut = read("auth.toml.example").parse().unwrap();
    let page = read(PAGE);
    let mut named = BTreeSet::new();
    for (key, value) in page.split('`').skip(1).step_by(2).filter_map(|code| code.split_once(" = ")) {
        if key == "key" {
            continue;
        }
        let item = key.split('.').try_fold(defaults.as_item(), |item, part| item.get(part));
        let shipped = item.and_then(Item::as_value).map(|value| value.to_string().trim().to_owned());
        assert_eq!(shipped.as_deref(), Some(value), "{key}");
        named.insert(key);
    }
    for section in ["limits", "lockout"] {
        for (key, item) in defaults[section].as_table().unwrap() {
            let is_number = item.is_integer() || item.is_str();
            let key = format!("{section}.{key}");
            assert!(!is_number || named.contains(key.as_str()), "the page says nothing of {key}");
        }
    }
    for key in ["tokens.access_ttl", "tokens.refresh_ttl", "tokens.family_ttl", "password_hash.queue"] {
        assert!(named.contains(key), "the page says nothing of {key}");
    }
}
