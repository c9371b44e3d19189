//! Holds the house rules: who may import whom, which crate lives where, names and sizes of files.
//! Knows nothing of what the code does.

mod scan;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use scan::{Head, heads, production_text};

/// Layer, and the layers it may name. `runtime` may name all of them.
const IMPORTS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("ambient", &["domain"]),
    ("crypto", &["domain", "ambient"]),
    ("store", &["domain"]),
    ("services", &["domain", "store", "crypto", "ambient"]),
    ("wire", &[]),
    ("net", &["ambient", "domain"]),
    ("outbound", &["domain", "ambient", "services"]),
    ("http", &["wire", "services", "domain", "ambient"]),
    ("console", &["wire", "ambient"]),
    ("config", &["domain"]),
    (
        "runtime",
        &[
            "domain", "ambient", "crypto", "store", "services", "wire", "net", "outbound", "http", "console",
            "config",
        ],
    ),
    ("cli", &["runtime", "config", "console"]),
];

/// Where a layer may import only a few modules of another: the traits it serves, and the type the clock answers in.
const NARROW: &[(&str, &str, &[&str])] = &[
    (
        "outbound",
        "services",
        &[
            "crate::services::identity_provider",
            "crate::services::mail_transport",
            "crate::services::sms_sender",
            "crate::services::webhook_sink",
        ],
    ),
    ("net", "domain", &["crate::domain::time"]),
];

/// Crate, and the only layers that may name it.
const HOMES: &[(&str, &[&str])] = &[
    ("redb", &["store"]),
    ("postcard", &["store", "services"]),
    ("poem", &["http", "wire", "net", "runtime"]),
    ("poem_openapi", &["http", "wire", "runtime"]),
    ("hyper", &["net", "outbound", "console"]),
    ("hyper_util", &["net", "outbound", "console"]),
    ("tokio_rustls", &["net", "outbound", "console"]),
    ("rustls", &["net", "outbound", "console"]),
    ("rcgen", &["net"]),
    ("lettre", &["outbound"]),
    ("jsonwebtoken", &["crypto"]),
    ("argon2", &["crypto"]),
    ("aws_lc_rs", &["crypto", "store", "net", "console"]),
    ("getrandom", &["ambient"]),
    ("figment", &["config"]),
    ("toml_edit", &["config", "console"]),
    ("ratatui", &["console"]),
    ("crossterm", &["console"]),
    ("clap", &["cli", "config"]),
    ("clap_complete", &["cli"]),
    ("rpassword", &["cli"]),
    ("sd_notify", &["runtime"]),
    ("tokio", &["crypto", "store", "services", "net", "outbound", "http", "console", "runtime", "cli"]),
    (
        "serde",
        &["store", "services", "wire", "http", "console", "config", "runtime", "cli", "crypto", "outbound"],
    ),
    ("serde_json", &["store", "services", "wire", "http", "console", "runtime", "cli", "crypto", "outbound"]),
];

const BANNED_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "manager", "misc"];
const FILE_LINES: usize = 400;
const PROFILE_LINES: usize = 1_500;

#[test]
fn every_layer_imports_only_the_floors_below_it() {
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        wrong.extend(import_faults(&file.path, &file.text));
    }
    assert!(wrong.is_empty(), "import rules broken:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_is_short_named_for_its_noun_and_says_what_it_is() {
    let mut wrong = Vec::new();
    for file in ["src", "tests", "fuzz/fuzz_targets"].into_iter().flat_map(rust_files) {
        wrong.extend(form_faults(&file.path, &file.text));
    }
    assert!(wrong.is_empty(), "file rules broken:\n{}", wrong.join("\n"));
}

#[test]
fn a_profile_stays_a_thin_adapter() {
    let mut lines = BTreeMap::<String, usize>::new();
    for file in rust_files("src/http/profile") {
        // `trading.rs` and all in `trading/` are one profile.
        let inside = file.path.trim_start_matches("src/http/profile/").to_owned();
        let name = inside.split(['/', '.']).next().unwrap().to_owned();
        *lines.entry(name).or_default() += file.text.lines().count();
    }
    assert!(lines.len() > 4, "{lines:?}");
    let large: Vec<_> = lines.iter().filter(|(_, lines)| **lines > PROFILE_LINES).collect();
    assert!(large.is_empty(), "the limit is {PROFILE_LINES}: {large:?}");
}

/// Who may do what, and what is written of it, is decided in one place for every door.
#[test]
fn no_adapter_opens_a_transaction_or_writes_a_record() {
    for file in ["src/http", "src/wire"].into_iter().flat_map(rust_files) {
        let text = production_text(&file.text);
        for act in [".transact(", ".emit(", "app.write("] {
            assert!(!text.contains(act), "{} has {act}", file.path);
        }
    }
}

#[test]
fn every_layer_in_the_tree_has_a_row() {
    let lib = production_text(
        &fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap(),
    );
    let modules = lib.lines().filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';'));
    let missing: Vec<&str> = modules.filter(|name| !IMPORTS.iter().any(|(layer, _)| layer == name)).collect();
    assert!(missing.is_empty(), "layers without an import rule: {missing:?}");
}

#[test]
fn a_broken_rule_is_found() {
    let faults = |path: &str, text: &str| import_faults(path, text).len();
    assert_eq!(faults("src/store/user.rs", "use crate::domain::id::UserId;"), 0);
    assert_eq!(faults("src/store/user.rs", "use crate::{domain::id, services::login};"), 1);
    assert_eq!(
        faults("src/store/engine/redb.rs", "use super::super::super::crypto::X; use redb::Database;"),
        1
    );
    assert_eq!(faults("src/domain/user.rs", "use serde::Serialize; fn f() { tokio::spawn(x) }"), 2);
    assert_eq!(faults("src/outbound/smtp.rs", "use crate::services::mail_transport::MailTransport;"), 0);
    assert_eq!(faults("src/outbound/smtp.rs", "use crate::services::login::log_in;"), 1);
    assert_eq!(faults("src/net/certificate.rs", "use crate::domain::time::Timestamp;"), 0);
    assert_eq!(faults("src/net/certificate.rs", "use crate::domain::id::UserId;"), 1);
    assert_eq!(faults("src/main.rs", "latchkey::cli::run()"), 0);
    assert_eq!(faults("src/main.rs", "latchkey::store::open()"), 1);
    assert_eq!(faults("src/http/login/tests.rs", "use crate::store::Store;"), 0);

    let form = |path: &str, text: &str| form_faults(path, text).len();
    assert_eq!(form("src/http/login.rs", "//! Login.\n"), 0);
    assert_eq!(form("src/http/login/tests.rs", "use super::*;\n"), 0);
    assert_eq!(form("src/http/utils.rs", "use x;\n"), 2);
    assert_eq!(form("src/http/a.rs", &format!("//! A.\n{}", "x\n".repeat(FILE_LINES))), 1);
}

/// What `text` at `path` names that its layer may not.
fn import_faults(path: &str, text: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let modules: Vec<&str> = inside.split('/').collect();
    let layer = modules[0];
    if modules.contains(&"tests") || layer == "lib" {
        return Vec::new();
    }
    let allowed: &[&str] = match IMPORTS.iter().find(|(name, _)| *name == layer) {
        Some((_, allowed)) => allowed,
        None => &["cli"],
    };
    let text = production_text(text);
    let mut faults = Vec::new();
    for head in heads(&text, modules.len()) {
        match head {
            Head::Own(name) if name == layer || allowed.contains(&name.as_str()) => {}
            Head::Own(name) => faults.push(format!("{path}: {layer} must not name {name}")),
            Head::Outer(name) if !may_name(layer, &name) => {
                faults.push(format!("{path}: {layer} must not name the crate {name}"));
            }
            Head::Outer(_) => {}
        }
    }
    faults.extend(narrow_faults(path, layer, &text));
    if layer == "main" {
        let ours = text.match_indices("latchkey::").filter(|(at, _)| !text[at + 10..].starts_with("cli"));
        faults.extend(ours.map(|_| format!("{path}: the binary names only cli")));
    }
    faults
}

fn may_name(layer: &str, outer: &str) -> bool {
    HOMES.iter().find(|(name, _)| *name == outer).is_none_or(|(_, homes)| homes.contains(&layer))
}

fn narrow_faults(path: &str, layer: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (_, other, only) in NARROW.iter().filter(|(from, ..)| *from == layer) {
        let prefix = format!("crate::{other}");
        let others = text
            .match_indices(&prefix)
            .filter(|(at, _)| !only.iter().any(|module| text[*at..].starts_with(module)));
        faults.extend(
            others.map(|_| format!("{path}: of {other}, {layer} may name only {}", only.join(" and "))),
        );
        if heads(text, usize::MAX).contains(&Head::Own((*other).to_owned())) && !text.contains(&prefix) {
            faults.push(format!("{path}: name {} by its full path", only.join(" and ")));
        }
    }
    faults
}

/// What the form of the file breaks: length, name, opening line.
fn form_faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES {
        faults.push(format!("{path}: {lines} lines, the limit is {FILE_LINES}"));
    }
    if !text.starts_with("//!") && !text.starts_with("#!") && !path.ends_with("/tests.rs") {
        faults.push(format!("{path}: does not open with a `//!` line"));
    }
    if path.trim_end_matches(".rs").split('/').any(|part| BANNED_NAMES.contains(&part)) {
        faults.push(format!("{path}: the name says nothing about what is inside"));
    }
    faults
}

struct SourceFile {
    path: String,
    text: String,
}

/// Every `.rs` file under `folder` of the package, by relative path.
fn rust_files(folder: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push(SourceFile { path: relative, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files
}
