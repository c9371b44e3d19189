//! What the documents say exists: commands, flags, keys, paths, request bodies and files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use latchkey::http::OPENAPI;
use latchkey::http::sample::INGEST;
use serde_json::Value;

use crate::harness::TestApp;

const README: &str = include_str!("../../README.md");
const EXAMPLE: &str = include_str!("../../auth.toml.example");

/// Every other text that tells people what to type.
const OTHERS: [&str; 4] = [
    EXAMPLE,
    include_str!("../../assets/systemd/latchkey.service"),
    include_str!("../../assets/pages/setup_closed.html"),
    include_str!("../../src/cli/mod.rs"),
];

/// What the binary prints for these arguments, in an empty environment and an empty folder.
fn printed(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.current_dir(folder.path()).env_clear().env("HOME", folder.path()).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "latchkey {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The words behind each `latchkey` that is a command: `latchkey serve --dev` gives `serve --dev`.
fn commands(text: &str) -> Vec<Vec<String>> {
    let text =
        text.replace("cargo run --release --", "latchkey").replace("target/release/latchkey", "latchkey");
    let text = text.replace("/usr/local/bin/latchkey", "latchkey").replace("/usr/bin/latchkey", "latchkey");
    let mut found = Vec::new();
    for (at, _) in text.match_indices("latchkey ") {
        let before = text[..at].chars().next_back().unwrap_or('\n');
        if !(before.is_whitespace() || ['`', '=', '>'].contains(&before)) {
            continue;
        }
        let line = text[at + 9..].split(['\n', '`', '<', '|', '#']).next().unwrap();
        // Two spaces part a command from what it does.
        let line = line.split("  ").next().unwrap();
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        if words.first().is_some_and(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-')) {
            found.push(words);
        }
    }
    found
}

/// Holds that the subcommands and flags of `words` are in the help.
fn assert_is_known(words: &[String]) {
    let mut subcommand = Vec::new();
    let mut help = printed(&["--help"]);
    for word in words {
        if let Some(flag) = word.strip_prefix("--") {
            let flag = flag.split('=').next().unwrap();
            let is_there = help.split([' ', ',', '\n', '[', '=']).any(|known| known == format!("--{flag}"));
            assert!(is_there, "latchkey {}: no --{flag} in\n{help}", words.join(" "));
        } else if help.lines().any(|line| line.trim_start().split(' ').next() == Some(word)) {
            subcommand.push(word.as_str());
            help = printed(&[subcommand.as_slice(), &["--help"]].concat());
        } else {
            // A flag may have a value, and some commands take a file.
            assert!(
                words.iter().any(|w| w.starts_with("--")) || help.contains("\nArguments:\n"),
                "latchkey {}: no {word} in\n{help}",
                words.join(" ")
            );
        }
    }
}

#[test]
fn every_command_line_of_the_documents_is_one_that_the_binary_knows() {
    let mut seen = BTreeSet::new();
    for words in [README].iter().chain(&OTHERS).flat_map(|text| commands(text)) {
        assert_is_known(&words);
        seen.insert(words.join(" "));
    }
    for expected in [
        "serve --dev",
        "serve",
        "check",
        "user create --email you@example.com --role super_admin",
        "audit verify",
    ] {
        assert!(seen.contains(expected), "the search misses `latchkey {expected}`: {seen:?}");
    }
}

#[test]
fn the_table_of_commands_is_whole() {
    let help = printed(&["--help"]);
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    let known =
        rest.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    for command in known.filter(|name| !["openapi", "completions"].contains(name)) {
        assert!(
            README.contains(&format!("| `latchkey {command}")),
            "README does not list `latchkey {command}`"
        );
    }
}

/// The keys of the example, written `section.key`, each with the line it stands on.
fn example_keys() -> BTreeMap<String, usize> {
    let (mut section, mut keys) = (String::new(), BTreeMap::new());
    for (at, line) in EXAMPLE.lines().enumerate() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_matches(['[', ']']));
        } else if let Some((key, _)) = line.trim_start_matches('#').split_once(" = ")
            && !line.starts_with("# ")
        {
            keys.insert(format!("{section}{key}"), at);
        }
    }
    keys
}

#[test]
fn the_example_has_every_key_and_no_other() {
    let checked = printed(&["check"]).replace("listen[0].", "listen.");
    let known = checked.lines().filter_map(|line| {
        let line = line.trim_start_matches("# ");
        line.split_once(" = ")
            .or_else(|| line.split_once(" is not set"))
            .map(|(key, _)| key.trim().to_owned())
    });
    let known: BTreeSet<_> = known.collect();
    let written: BTreeSet<_> = example_keys().into_keys().collect();
    assert_eq!(known, written);
    assert!(known.len() > 40);
}

#[test]
fn every_key_of_the_example_stands_under_a_comment() {
    let lines: Vec<_> = EXAMPLE.lines().collect();
    for (key, at) in example_keys() {
        let above = lines[..at].iter().rev().take_while(|line| !line.is_empty() && !line.starts_with('['));
        assert!(above.into_iter().any(|line| line.starts_with("# ")), "{key} has no comment");
    }
}

/// The spans between backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_configuration_key_that_a_document_names_exists() {
    let keys = example_keys();
    let sections: BTreeSet<_> =
        keys.keys().filter_map(|key| key.split_once('.')).map(|(section, _)| section).collect();
    let mut seen = 0;
    for name in [README, OPENAPI].into_iter().flat_map(spans) {
        let Some((section, key)) = name.split_once('.') else { continue };
        let is_word =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        // `store.redb` is a file.
        if sections.contains(section) && is_word(key) && key != "redb" {
            assert!(keys.contains_key(name), "`{name}` is no key");
            seen += 1;
        }
    }
    assert!(seen >= 2, "the search finds the keys in the API description");
}

/// The requests of the README: method, path as the API description writes it, body.
fn requests() -> Vec<(String, String, Option<Value>)> {
    let mut found = Vec::new();
    for block in README.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        for command in block.split("curl ").skip(1) {
            let Some((_, rest)) = command.split_once("$URL") else { continue };
            let path = rest.split([' ', '\n', '"', '?', ')']).next().unwrap().replace("$TOKEN", "{token}");
            let body = command.split_once("--json ").map(|(_, body)| body.trim());
            let body = body.map(|body| match body.strip_prefix('\'') {
                Some(body) => body.split('\'').next().unwrap().to_owned(),
                None => body.split("}\"").next().unwrap().trim_start_matches('"').replace('\\', "") + "}",
            });
            let body = body.map(|body| serde_json::from_str(&body).unwrap_or_else(|e| panic!("{body}: {e}")));
            let is_post = body.is_some() || command.contains("-X POST");
            found.push((if is_post { "post" } else { "get" }.to_owned(), path, body));
        }
    }
    found
}

#[tokio::test]
async fn every_request_of_the_readme_is_one_that_the_server_knows() {
    let spec: Value = serde_json::from_str(OPENAPI).unwrap();
    let app = TestApp::in_dev(Vec::new);
    let requests = requests();
    assert!(requests.len() >= 10, "{requests:?}");
    for (method, path, body) in requests {
        if !path.starts_with("/api/") {
            assert_ne!(app.anonymous().get(&path).await.status, 404, "{path}");
            continue;
        }
        if path == INGEST {
            app.anonymous().post(&path, body.unwrap()).await.refused(401, "UNAUTHORIZED");
            continue;
        }
        let operation = &spec["paths"][&path][&method];
        assert!(operation.is_object(), "{method} {path} is not in the API description");
        let Some(body) = body else { continue };
        let schema = operation.pointer("/requestBody/content/application~1json/schema/$ref").unwrap();
        let schema = spec.pointer(&schema.as_str().unwrap()[1..]).unwrap();
        for field in body.as_object().unwrap().keys() {
            assert!(schema["properties"].get(field).is_some(), "{method} {path} knows no {field}");
        }
        for field in schema["required"].as_array().unwrap() {
            assert!(body.get(field.as_str().unwrap()).is_some(), "{method} {path} needs {field}");
        }
    }
    for page in ["/docs", "/dev/mailbox", "/dev/clock", "/setup"] {
        assert_eq!(app.anonymous().get(page).await.status, 200, "{page}");
    }
}

/// The text of every Rust file below `folder`.
fn rust_below(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            rust_below(&entry, text);
        } else if entry.extension().is_some_and(|end| end == "rs") {
            text.push_str(&fs::read_to_string(entry).unwrap());
        }
    }
}

#[test]
fn every_test_that_the_readme_names_exists() {
    let mut code = String::new();
    for folder in ["src", "tests"] {
        rust_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut code);
    }
    let (_, promises) = README.split_once("| question | answer | test |").unwrap();
    let rows = promises.lines().skip(2).take_while(|line| line.starts_with('|'));
    let named: Vec<_> = rows.map(|row| spans(row).last().unwrap()).collect();
    assert!(named.len() >= 10);
    for test in named {
        assert!(code.contains(&format!("fn {test}(")), "there is no test {test}");
    }
}

#[test]
fn every_file_that_the_readme_links_exists_and_its_toolchain_is_the_packages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let links = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let links: Vec<_> = links.filter(|link| !link.starts_with("http")).collect();
    assert!(links.len() >= 5);
    for link in links {
        assert!(root.join(link).exists(), "README links {link}");
    }
    let package = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, rest) = package.split_once("rust-version = \"").unwrap();
    let version = rest.split('"').next().unwrap();
    assert!(
        README.contains(&format!("({version} or newer)")),
        "README names another toolchain than {version}"
    );
}

/// S36: a story runs its steps; here its words are held against the program's.
#[test]
fn the_container_file_sets_what_the_program_reads_and_exposes_what_it_listens_on() {
    let file = include_str!("../../assets/container/Dockerfile");
    let (_, stage) = file.rsplit_once("\nFROM ").unwrap();
    let of = |name: &str| stage.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.current_dir(folder.path()).env_clear().arg("check");
    let set: BTreeMap<_, _> = of("ENV ").split(' ').map(|pair| pair.split_once('=').unwrap()).collect();
    assert_eq!(set["LATCHKEY_DATA_DIR"], of("VOLUME "));
    for (name, value) in &set {
        command.env(name, value.replace("/data", folder.path().to_str().unwrap()));
    }
    let output = command.output().unwrap();
    let (told, failed) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{failed}");
    let listens = told.lines().find(|line| line.starts_with("listen = ")).unwrap();
    assert!(listens.contains(&format!("\"0.0.0.0:{}\"", of("EXPOSE "))), "{listens}");
    let check = of("HEALTHCHECK ").split_once("CMD ").unwrap().1;
    for words in [check, of("ENTRYPOINT "), of("CMD ")] {
        let words: Vec<String> = serde_json::from_str(words).unwrap();
        assert_is_known(&words.into_iter().filter(|word| word != "latchkey").collect::<Vec<_>>());
    }
    assert!(!["", "root", "0"].contains(&of("USER ")) && of("STOPSIGNAL ") == "SIGTERM");
}

#[test]
fn every_cargo_command_of_the_readme_exists() {
    let list = Command::new(env!("CARGO")).arg("--list").output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let known: BTreeSet<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let lines: Vec<_> = README.lines().filter_map(|line| line.strip_prefix("cargo ")).collect();
    assert!(lines.len() >= 3);
    for line in lines {
        let mut words = line.split_whitespace();
        assert!(known.contains(words.next().unwrap()), "cargo {line}");
        let mut options = words.take_while(|word| *word != "--");
        assert!(options.all(|word| ["--locked", "--release"].contains(&word)), "cargo {line}");
    }
}

#[test]
fn the_binary_prints_the_reviewed_api_description() {
    assert_eq!(printed(&["openapi"]), OPENAPI);
}
