//! What a start refuses: in one line that says what is wrong, one that says what to do, and with nothing changed.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use super::server::{Ended, Home, PASSWORD, PATIENCE, Process};

const SERVE: [&str; 5] = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"];

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Everything in `folder`: its mode and, of a file, its bytes.
fn picture(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut picture = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = path.metadata().unwrap().permissions().mode();
        if path.is_dir() {
            picture.extend(self::picture(&path));
            picture.insert(path, (mode, Vec::new()));
        } else {
            let bytes = fs::read(&path).unwrap();
            picture.insert(path, (mode, bytes));
        }
    }
    picture
}

/// Runs a command that has to leave the data folder as it is.
#[track_caller]
fn unchanged(home: &Home, arguments: &[&str]) -> Ended {
    kept(home, arguments, &[])
}

/// The same for a command that has opened the store before it refuses: that alone writes to the file.
#[track_caller]
fn unchanged_but_opened(home: &Home, arguments: &[&str]) -> Ended {
    kept(home, arguments, &[home.data().join("store.redb")])
}

#[track_caller]
fn kept(home: &Home, arguments: &[&str], except: &[PathBuf]) -> Ended {
    let before = picture(&home.data());
    let ended = home.run(arguments);
    assert!(!ended.err.contains("panicked"), "{ended:?}");
    let after = picture(&home.data());
    for path in before.keys().chain(after.keys()).filter(|path| !except.contains(path)) {
        assert!(before.get(path) == after.get(path), "{} has changed: {ended:?}", path.display());
    }
    ended
}

#[test]
fn what_others_can_read_is_not_used() {
    let home = Home::settled();
    for (name, loose, tight, help) in [
        ("", 0o750, 0o700, "chmod 700 data"),
        ("keys", 0o755, 0o700, "chmod 700 data/keys"),
        ("keys/master.key", 0o640, 0o600, "chmod 600 data/keys/master.key"),
        ("store.redb", 0o644, 0o600, "chmod 600 data/store.redb"),
    ] {
        let path = home.data().join(name);
        chmod(&path, loose);
        for command in [&SERVE[..], &["check", "--store", "--data-dir", "data"]] {
            let ended = unchanged(&home, command);
            // `check` has printed the configuration by then.
            Ended { out: String::new(), ..ended }.refused("is open to other users", help);
        }
        chmod(&path, tight);
    }
    home.serve(&[]).stop();
}

#[test]
fn a_private_key_that_others_can_read_is_not_used() {
    let home = Home::new();
    home.serve(&[]).stop();
    chmod(&home.data().join("tls/key.pem"), 0o604);
    unchanged_but_opened(&home, &SERVE).refused("data/tls/key.pem can be read or changed by others", "");
}

/// R82.
#[test]
fn key_material_that_cannot_be_used_is_refused_in_one_line() {
    let (home, other) = (Home::new(), Home::new());
    home.serve(&[]).stop();
    other.serve(&[]).stop();
    for name in ["cert.pem", "key.pem"] {
        let path = home.data().join("tls").join(name);
        let whole = fs::read(&path).unwrap();
        let broken = [
            Vec::new(),
            b"garbage".to_vec(),
            whole[..whole.len() / 2].to_vec(),
            String::from_utf8_lossy(&whole).replace("MI", "!!").into_bytes(),
        ];
        for bytes in broken {
            fs::write(&path, &bytes).unwrap();
            let ended = unchanged_but_opened(&home, &SERVE);
            ended.refused(&format!("data/tls/{name}"), "");
        }
        fs::write(&path, whole).unwrap();
    }
    // Another server's key: the pair is of our own making, so a new one takes its place.
    fs::copy(other.data().join("tls/key.pem"), home.data().join("tls/key.pem")).unwrap();
    let server = home.serve(&[]);
    assert_eq!(server.client().get("/health").status.as_u16(), 200);
}

#[test]
fn of_servers_started_together_on_a_new_folder_one_serves() {
    let home = Home::new();
    let mut processes: Vec<_> = (0..4).map(|_| Process::spawn(&mut home.command(&SERVE))).collect();
    let (serving, refused): (Vec<_>, Vec<_>) = processes
        .drain(..)
        .map(|mut process| (process.says_within(PATIENCE), process))
        .partition(|(said, _)| said.is_some());
    assert_eq!(serving.len(), 1);
    for (_, process) in refused {
        process.end().refused("another process uses the data folder data", "stop the other process");
    }
    for (_, process) in serving {
        process.signal(Signal::TERM);
        assert_eq!(process.end().code, Some(0));
    }
}

/// R96.
#[test]
fn a_store_that_is_gone_or_damaged_is_not_made_anew() {
    let home = Home::settled();
    let store = home.data().join("store.redb");
    let whole = fs::read(&store).unwrap();
    fs::remove_file(&store).unwrap();
    unchanged(&home, &SERVE).refused("the store has vanished", "restore store.redb from a backup");
    fs::write(&store, "").unwrap();
    chmod(&store, 0o600);
    unchanged(&home, &SERVE).refused("the store has vanished", "restore store.redb from a backup");
    for (what, bytes) in [
        ("zeros", vec![0; whole.len()]),
        ("garbage", vec![0xab; 8_192]),
        ("another kind of file", b"SQLite format 3\0".repeat(512)),
        ("cut short", whole[..whole.len() / 3].to_vec()),
        ("its beginning", whole[..100].to_vec()),
    ] {
        fs::write(&store, bytes).unwrap();
        chmod(&store, 0o600);
        let ended = home.run(&SERVE);
        assert!(!ended.err.contains("panicked"), "{what}: {ended:?}");
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{what}: {ended:?}");
        assert!(ended.err.contains("help: restore the newest backup"), "{what}: {ended:?}");
    }
    fs::write(&store, whole).unwrap();
    home.serve(&[]).stop();
}

#[test]
fn a_key_that_is_gone_wrong_or_damaged_is_named() {
    let (home, other) = (Home::settled(), Home::settled());
    home.serve(&[]).stop();
    let name = "keys/master.key";
    let path = home.data().join(name);
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    unchanged(&home, &SERVE)
        .refused(&format!("{name} is missing"), &format!("restore data/{name} from a backup"));
    fs::write(&path, "planted").unwrap();
    chmod(&path, 0o600);
    let ended = unchanged_but_opened(&home, &SERVE);
    ended.refused(name, &format!("restore {name} from a backup"));
    assert!(!ended.err.contains("planted"), "{ended:?}");
    fs::write(&path, whole).unwrap();
    fs::copy(other.data().join("keys/master.key"), home.data().join("keys/master.key")).unwrap();
    let ended = unchanged_but_opened(&home, &SERVE);
    ended.refused(
        "data/store.redb: the key does not fit the store",
        "use the keys folder that belongs to this store",
    );
}

/// R97.
#[test]
fn a_second_process_on_the_folder_is_refused_and_the_first_goes_on() {
    let home = Home::settled();
    let server = home.serve(&[]);
    for command in
        [&SERVE[..], &["check", "--store", "--data-dir", "data"], &["audit", "verify", "--data-dir", "data"]]
    {
        let ended = home.run(command);
        let ended = Ended { out: String::new(), ..ended };
        ended.refused(
            "another process uses the data folder data",
            "stop the other process, or name another folder",
        );
        server.client().log_in("root@example.com", PASSWORD).data(200);
    }
    // A lock that a killed process left behind is no obstacle.
    server.into_process().kill();
    home.serve(&[]).stop();
}

#[test]
fn data_of_development_and_of_production_are_kept_apart() {
    let (production, development) = (Home::settled(), Home::new());
    let dev = [&SERVE[..], &["--dev"]].concat();
    unchanged_but_opened(&production, &dev).refused("data is not a folder of --dev", "or leave out --dev");
    development.serve(&["--dev"]).stop();
    unchanged_but_opened(&development, &SERVE).refused("data was made by --dev", "or add --dev");
}

/// R104.
#[test]
fn a_port_that_is_taken_is_named() {
    let home = Home::settled();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = home.run(&["serve", "--data-dir", "data", "--listen", &address]);
    ended.refused(&format!("address {address} is already in use"), "choose another address with --listen");
}

/// S29. R104.
#[test]
fn a_wrong_configuration_is_refused_before_anything_is_made() {
    let secret = "planted-secret";
    for (file, variable, arguments, what, help) in [
        (
            "[tokens]\n\nacces_ttl = \"1h\"\n",
            ("", ""),
            &[][..],
            "auth.toml:3: tokens.acces_ttl: no such key",
            "did you mean tokens.access_ttl?",
        ),
        ("[tokens]\naccess_ttl = \"1s\"\n", ("", ""), &[], "auth.toml:2: tokens.access_ttl", ""),
        (
            "",
            ("JWT_SECRET_KEY", secret),
            &[],
            "the secret (JWT_SECRET_KEY) is shorter than 32 bytes",
            "openssl rand -hex 32",
        ),
        (
            "",
            ("LATCHKEY_TOKENS__ACESS_TTL", "1h"),
            &[],
            "LATCHKEY_TOKENS__ACESS_TTL: no such setting",
            "LATCHKEY_TOKENS__ACCESS_TTL",
        ),
        ("", ("SMTP_PASSWORD", secret), &[], "mail.password: needs mail.username too", ""),
        ("", ("JWT_ALGORITHM", "none"), &[], "only HS256 is supported", "JWT_ALGORITHM=HS256"),
        (
            "",
            ("", ""),
            &["--dev", "--listen", "0.0.0.0:0"],
            "--dev listens on loopback only",
            "--listen 127.0.0.1:8080",
        ),
        (
            "[tls]\ncert_file = \"absent.pem\"\nkey_file = \"absent.key\"\n",
            ("", ""),
            &["--listen", "127.0.0.1:0"],
            "cannot read absent.pem",
            "",
        ),
    ] {
        let home = Home::configured(file).env(variable.0, variable.1);
        let ended = home.run(&[&["serve", "--data-dir", "data"], arguments].concat());
        assert!(!ended.err.contains(secret), "{ended:?}");
        ended.refused(what, help);
        assert!(!home.data().exists() || what.contains("absent.pem"), "{what}: the folder was made");
    }
}

#[test]
fn the_folder_of_the_data_may_be_neither_a_file_nor_a_link_to_keys() {
    let home = Home::new();
    fs::write(home.data(), "a file").unwrap();
    let ended = home.run(&SERVE);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.starts_with("latchkey: ") && ended.err.contains("data"), "{ended:?}");

    let home = Home::settled();
    let (key, moved) = (home.data().join("keys/master.key"), home.path().join("moved.key"));
    fs::rename(&key, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &key).unwrap();
    home.run(&SERVE).refused("data/keys/master.key is not a plain file", "put the file itself");
}

#[test]
fn senseless_arguments_end_with_2() {
    let home = Home::new();
    for arguments in [&["serve", "--tls"][..], &["serve", "--port", "1"], &["audit", "verify", "--keys", "x"]]
    {
        let ended = Process::spawn(&mut home.command(arguments)).end();
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        assert!(ended.err.starts_with("latchkey: "), "{ended:?}");
    }
    assert!(!home.path().join(".local").exists(), "nothing was made");
}
