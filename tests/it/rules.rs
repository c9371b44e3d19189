//! Which test holds which rule: `assets/rules.md`, written from what tests say of themselves and held equal to it.
//!
//! A test names the rules it holds in its doc comment, in the comments of its body or in the text of an assertion; a
//! story and a benchmark in their first lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The kinds of rules: the letter, how many there are, and whose they are.
const KINDS: [(char, u16, &str); 6] = [
    ('G', 82, "the governance guide"),
    ('P', 33, "the pynomaly guide"),
    ('C', 32, "the cirtusai guide"),
    ('T', 60, "the trading guide"),
    ('S', 36, "the scribes guide"),
    ('R', 107, "the security requirements"),
];

/// Rules without a test, and why.
const REASONS: &[(&str, &str)] =
    &[("R99", "There is no backup of a running server yet: a stopped one is copied.")];

type Rule = (char, u16);
type Named = BTreeMap<Rule, BTreeSet<String>>;

#[test]
fn every_rule_has_a_test_that_names_it_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = Named::new();
    for folder in ["src", "tests/it"] {
        // But this file, whose examples are no claims.
        for file in files(&root.join(folder), "rs").into_iter().filter(|file| !file.ends_with("it/rules.rs"))
        {
            in_tests(&fs::read_to_string(&file).unwrap(), &mut named);
        }
    }
    for (folder, kind, mark, what) in [
        ("tests/e2e", "sh", "#", "story"),
        ("tests/e2e", "py", "\"\"\"", "story"),
        ("tests/bench", "rs", "//!", "benchmark"),
    ] {
        for file in files(&root.join(folder), kind) {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&file).unwrap();
            let said = if kind == "py" {
                text.split(mark).skip(1).step_by(2).collect()
            } else {
                first_lines(&text, mark)
            };
            for rule in rules(&said) {
                named.entry(rule).or_default().insert(format!("{what} `{name}`"));
            }
        }
    }
    let mut text = HEAD.to_owned();
    let mut holes = Vec::new();
    for (letter, count, whose) in KINDS {
        write!(text, "\n## {letter}: {whose}\n\n| rule | held by |\n|---|---|\n").unwrap();
        for number in 1..=count {
            let id = format!("{letter}{number}");
            let reason = REASONS.iter().find(|(rule, _)| *rule == id).map(|(_, reason)| (*reason).to_owned());
            let by = named
                .get(&(letter, number))
                .map(|tests| tests.iter().cloned().collect::<Vec<_>>().join(", "));
            assert!(reason.is_none() || by.is_none(), "{id} has tests: its reason is out of date");
            let Some(by) = by.or(reason) else {
                holes.push(id);
                continue;
            };
            writeln!(text, "| {id} | {by} |").unwrap();
        }
    }
    assert!(holes.is_empty(), "no test names {}", holes.join(" "));
    let committed = root.join("assets/rules.md");
    if fs::read_to_string(&committed).unwrap_or_default() != text {
        fs::write(root.join("assets/rules.md.new"), &text).unwrap();
        panic!("assets/rules.md is out of date; compare it with assets/rules.md.new");
    }
}

const HEAD: &str = "# Which test holds which rule\n\nLatchkey answers five authentication guides and a list of security requirements, \
    whose rules are numbered. This page is written by a test from what tests say of themselves; the names are sentences.\n";

/// Notes the rules that the tests of a file name. A test goes from its attributes to the `}` in the first column of its
/// `fn`.
fn in_tests(text: &str, named: &mut Named) {
    let (mut doc, mut is_test, mut inside) = (String::new(), false, None::<(String, String)>);
    for line in text.lines() {
        let (code, indent) = (line.trim_start(), line.len() - line.trim_start().len());
        if let Some((name, end)) = &inside {
            let comment = code.split_once("//").map(|(_, said)| said);
            let asserted = code.contains('"').then_some(code);
            for rule in comment.into_iter().chain(asserted).flat_map(rules) {
                named.entry(rule).or_default().insert(format!("`{name}`"));
            }
            if *end == line {
                inside = None;
            }
            continue;
        }
        if let Some(said) = code.strip_prefix("///") {
            doc.push_str(said);
        } else if code.starts_with("#[") {
            is_test |= code.contains("test");
        } else if let Some(name) = name_of(code) {
            if is_test {
                for rule in rules(&doc) {
                    named.entry(rule).or_default().insert(format!("`{name}`"));
                }
                inside = Some((name.to_owned(), format!("{}}}", " ".repeat(indent))));
            }
            (doc, is_test) = (String::new(), false);
        } else if !code.is_empty() && !code.starts_with("//") {
            (doc, is_test) = (String::new(), false);
        }
    }
}

fn name_of(code: &str) -> Option<&str> {
    let code = code.strip_prefix("async ").unwrap_or(code).strip_prefix("fn ")?;
    code.split(['(', '<']).next()
}

fn first_lines(text: &str, mark: &str) -> String {
    text.lines().take(8).filter(|line| line.starts_with(mark)).collect()
}

/// The rules in a text: `G4`, and `G4-G7` or `G4 to G7` for all between. `X` before a letter is another list.
fn rules(text: &str) -> BTreeSet<Rule> {
    let mut found = BTreeSet::new();
    // The last rule, and where it ended.
    let mut last: Option<(Rule, usize)> = None;
    for (at, letter) in text.char_indices() {
        let Some((_, count, _)) = KINDS.iter().find(|(kind, ..)| *kind == letter) else { continue };
        let digits: String = text[at + 1..].chars().take_while(char::is_ascii_digit).collect();
        let end = at + 1 + digits.len();
        let joins = |c: char| c.is_alphanumeric() || c == '_';
        let Some(number) = digits.parse().ok().filter(|number| (1..=*count).contains(number)) else {
            continue;
        };
        if text[..at].ends_with(joins) || text[end..].starts_with(joins) {
            continue;
        }
        let first = match last {
            Some(((kind, first), was))
                if kind == letter && ["-", "to", "–"].contains(&text[was..at].trim()) =>
            {
                first
            }
            _ => number,
        };
        found.extend((first..=number).map(|number| (letter, number)));
        last = Some(((letter, number), end));
    }
    found
}

fn files(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().unwrap() != "node_modules" {
            found.extend(files(&path, kind));
        } else if path.extension().is_some_and(|extension| extension == kind) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn a_rule_is_a_letter_and_a_number_of_its_list_and_stands_alone() {
    let shown = |text| {
        rules(text).into_iter().map(|(letter, number)| format!("{letter}{number}")).collect::<Vec<_>>()
    };
    assert_eq!(
        shown("G4, R20-R22 and S1 to S3; X7, G83, RS256, R2D2, (T60)"),
        ["G4", "R20", "R21", "R22", "S1", "S2", "S3", "T60"]
    );
    assert_eq!(shown("nothing of G0 or HS256, CT5"), [""; 0]);
}
