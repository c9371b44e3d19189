//! The command line as a shell sees it: the real binary, its output and its exit code.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SUBCOMMANDS: [&[&str]; 16] = [
    &[],
    &["serve"],
    &["check"],
    &["check-access"],
    &["user"],
    &["user", "create"],
    &["user", "import"],
    &["key"],
    &["key", "inspect"],
    &["key", "rotate"],
    &["audit"],
    &["audit", "verify"],
    &["console"],
    &["explain"],
    &["openapi"],
    &["completions"],
];

/// The binary in an empty environment, in a folder without `auth.toml`.
fn latchkey(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    command
}

/// Exit code, standard output and standard error.
fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn every_help_text_is_as_reviewed() {
    let folder = folder();
    for subcommand in SUBCOMMANDS {
        let (code, out, err) = run(latchkey(folder.path()).args(subcommand).arg("--help"));
        assert_eq!((code, err.as_str()), (0, ""), "{subcommand:?}");
        insta::assert_snapshot!(format!("help_{}", subcommand.join("_")), out);
    }
}

#[test]
fn a_console_without_a_terminal_ends_with_2_and_says_what_to_use() {
    let folder = folder();
    let (code, out, err) = run(latchkey(folder.path()).args(["console", "--server", "http://127.0.0.1:1"]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        err.starts_with("latchkey: the console needs a terminal\nhelp: ") && err.contains("--plain"),
        "{err}"
    );
    let (code, _, err) = run(latchkey(folder.path()).args(["console", "--server", "http://example.com"]));
    assert_eq!(code, 1);
    assert!(err.contains("--server: expected https://HOST:PORT"), "{err}");
}

#[test]
fn the_version_is_printed() {
    let (code, out, _) = run(latchkey(folder().path()).arg("--version"));
    assert_eq!((code, out), (0, format!("latchkey {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn senseless_arguments_end_with_2_and_one_name() {
    let folder = folder();
    for arguments in [
        &["fly"][..],
        &[],
        &["serve", "--tls"],
        &["serve", "--listen", "nowhere"],
        &["serve", "--data-dir", ""],
        &["serve", "--sample"],
        &["user", "create"],
        &["user", "create", "--email", "a@example.com", "--password", "x"],
        &["user", "create", "--email", "a@example.com", "--password-stdin", "--password-file", "x"],
        &["user", "import"],
        &["user", "import", "a", "b"],
        &["audit", "verify", "--store", "x"],
        &["audit", "verify", "--store", "x", "--keys", "y", "--data-dir", "z"],
    ] {
        let (code, out, err) = run(latchkey(folder.path()).args(arguments));
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert_eq!(err.starts_with("latchkey: "), !arguments.is_empty(), "{arguments:?}: {err}");
    }
}

#[test]
fn check_prints_every_value_with_its_source_and_no_secret() {
    let folder = folder();
    std::fs::write(folder.path().join("auth.toml"), "[tokens]\naccess_ttl = \"30m\"\n").unwrap();
    let mut command = latchkey(folder.path());
    command
        .args(["check", "--log", "debug"])
        .env("JWT_SECRET_KEY", "planted-planted-planted-planted-planted");
    command.env("HOME", "/home/ada").env("SMTP_USER", "ada").env("SMTP_PASSWORD", "planted");
    let (code, out, err) = run(&mut command);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(!out.contains("planted"), "{out}");
    insta::assert_snapshot!(out);
}

#[test]
fn check_ends_with_1_and_names_every_error() {
    let folder = folder();
    let text = "acces_ttl = 1\n[tokens]\njwt_secret = \"planted\"\n";
    std::fs::write(folder.path().join("auth.toml"), text).unwrap();
    let (code, out, err) = run(latchkey(folder.path()).arg("check"));
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        err,
        "latchkey: auth.toml:1: acces_ttl: no such key\n\
         help: did you mean tokens.access_ttl?\n\
         latchkey: auth.toml:3: tokens.jwt_secret: the secret (JWT_SECRET_KEY) is shorter than 32 bytes\n\
         help: make one with `openssl rand -hex 32`, or set none: a key is made at the first start\n"
    );
}

#[test]
fn the_file_is_the_named_one_then_the_variable_then_the_one_that_is_there() {
    let folder = folder();
    for (name, size) in [("auth.toml", 64), ("variable.toml", 65), ("flag.toml", 66)] {
        std::fs::write(folder.path().join(name), format!("[store]\ncache_mib = {size}\n")).unwrap();
    }
    let cache = |command: &mut Command| {
        let (_, out, _) = run(command.arg("check"));
        let line = out.lines().find(|line| line.starts_with("store.cache_mib")).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(cache(&mut latchkey(folder.path())), "store.cache_mib = 64 # auth.toml:2");
    let mut command = latchkey(folder.path());
    command.env("LATCHKEY_CONFIG", "variable.toml");
    assert_eq!(cache(&mut command), "store.cache_mib = 65 # variable.toml:2");
    let (_, out, _) = run(command.args(["--config", "flag.toml"]));
    assert!(out.contains("66"), "{out}");
    let (code, _, err) = run(latchkey(folder.path()).args(["check", "--config", "absent.toml"]));
    assert_eq!(
        (code, err.as_str()),
        (1, "latchkey: cannot read the configuration absent.toml: No such file or directory\n")
    );
}

#[test]
fn development_says_what_it_overrules() {
    let folder = folder();
    std::fs::write(folder.path().join("auth.toml"), "data_dir = \"/srv/auth\"\n").unwrap();
    let (code, out, err) = run(latchkey(folder.path()).args(["check", "--dev"]).env("HOME", "/home/ada"));
    let expected = "note: --dev does not use data_dir of the file, but /home/ada/.local/share/latchkey-dev\n";
    assert_eq!((code, err.as_str()), (0, expected));
    let lines: Vec<_> =
        out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for expected in [
        r#"data_dir = "/home/ada/.local/share/latchkey-dev" # --dev"#,
        r#"public_url = "http://127.0.0.1:8080" # default"#,
        r#"listen[0].addr = "127.0.0.1:8080" # --dev"#,
        "listen[0].tls = false # --dev",
        r#"listen[0].http = "open" # --dev"#,
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected}\n{out}");
    }
    let (code, _, err) = run(latchkey(folder.path()).args(["check", "--dev", "--listen", "0.0.0.0:80"]));
    assert_eq!(code, 1);
    assert!(err.contains("--listen: listen: --dev listens on loopback only, and 0.0.0.0:80 is not"), "{err}");
}

#[test]
fn remarks_go_to_standard_error() {
    let folder = folder();
    let (code, _, err) = run(latchkey(folder.path()).arg("check").env("BCRYPT_ROUNDS", "12"));
    assert_eq!(code, 0);
    assert_eq!(
        err,
        "note: BCRYPT_ROUNDS has no effect: passwords are hashed with Argon2id, see [password_hash]\n"
    );
    let file = folder.path().join("auth.toml");
    std::fs::write(&file, "[tokens]\njwt_secret = \"a secret of more than thirty-two bytes\"\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, _, err) = run(latchkey(folder.path()).arg("check"));
    assert_eq!(
        (code, err.as_str()),
        (0, "note: auth.toml holds a secret and can be read by everyone on this machine\n")
    );
}

#[test]
fn a_password_is_never_asked_for_without_a_terminal() {
    let (code, out, err) =
        run(latchkey(folder().path()).args(["user", "create", "--email", "a@example.com"]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        err,
        "latchkey: there is no terminal to ask for the password\nhelp: use --password-stdin or --password-file\n"
    );
}

#[test]
fn an_empty_or_absent_password_is_refused() {
    let folder = folder();
    let create = ["user", "create", "--email", "a@example.com"];
    let (code, _, err) = run(latchkey(folder.path()).args(create).arg("--password-stdin"));
    assert_eq!((code, err.as_str()), (1, "latchkey: the password is empty\n"));
    let (code, _, err) = run(latchkey(folder.path()).args(create).args(["--password-file", "absent"]));
    assert_eq!((code, err.as_str()), (1, "latchkey: cannot read absent: No such file or directory\n"));
}

#[test]
fn completions_are_made_for_every_shell() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, _) = run(latchkey(folder.path()).args(["completions", shell]));
        assert_eq!(code, 0);
        assert!(out.contains("data-dir"), "{shell}");
    }
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    let folder = folder();
    let mut command = latchkey(folder.path());
    let mut child = command.arg("check").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""));
}
