//! The commands for a stopped server, on a folder that a real server has filled.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use super::client::Request;
use super::server::{Ended, Home, PASSWORD};

const CHECK: [&str; 4] = ["check", "--store", "--data-dir", "data"];
const VERIFY: [&str; 4] = ["audit", "verify", "--data-dir", "data"];

/// A stopped server with accounts, sessions and an audit log.
fn used() -> Home {
    let home = Home::settled();
    let server = home.serve(&[]);
    let client = server.client();
    for number in 0..3 {
        let email = format!("user{number}@example.com");
        let form = json!({ "email": email, "password": PASSWORD, "name": "Somebody" });
        client.post("/api/v1/auth/register", &form).data(201);
        let tokens = client.log_in("root@example.com", PASSWORD).data(200);
        client.post("/api/v1/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).data(200);
        let access = tokens["access_token"].as_str().unwrap();
        client.ask(Request::get("/api/v1/auth/me").bearer(access)).data(200);
    }
    server.stop();
    home
}

#[track_caller]
fn fine(ended: &Ended, wanted: &str) {
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.out.contains(wanted), "{wanted}: {ended:?}");
}

/// Copies the store and the keys into `to`, as a backup would.
fn copy(home: &Home, to: &Path) {
    fs::create_dir_all(to.join("keys")).unwrap();
    fs::set_permissions(to.join("keys"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy(home.data().join("store.redb"), to.join("store.redb")).unwrap();
    fs::copy(home.data().join("keys/master.key"), to.join("keys/master.key")).unwrap();
}

/// R92.
#[test]
fn a_used_store_checks_clean_and_its_audit_log_verifies_in_place_and_as_a_copy() {
    let home = used();
    fine(&home.run(&CHECK), "audit chain: whole up to record ");
    let verified = home.run(&VERIFY);
    fine(&verified, "the audit log is whole: ");
    copy(&home, &home.path().join("copy"));
    let copied = home.run(&["audit", "verify", "--store", "copy/store.redb", "--keys", "copy/keys"]);
    assert_eq!((copied.code, &copied.out), (Some(0), &verified.out), "{copied:?}");
    fs::write(home.path().join("empty.redb"), "").unwrap();
    for name in ["absent.redb", "empty.redb"] {
        let ended = home.run(&["audit", "verify", "--store", name, "--keys", "copy/keys"]);
        ended.refused(&format!("{name} is missing or empty"), "");
    }
    assert!(!home.path().join("absent.redb").exists(), "a file that is not there is not made");
}

/// R95.
#[test]
fn a_damaged_store_is_told_or_read_right_and_nothing_panics() {
    let home = used();
    let store = home.data().join("store.redb");
    let whole = fs::read(&store).unwrap();
    let clean = home.run(&CHECK);
    fine(&clean, "rows: ");
    let used: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] != 0).collect();
    let (mut told, steps) = (0, 24);
    for step in 0..steps {
        // The first steps hit the header, the others bytes that hold something.
        let at = if step < 8 { step * 40 } else { used[used.len() * (step - 8) / (steps - 8)] };
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        fs::write(&store, bytes).unwrap();
        let ended = home.run(&CHECK);
        assert!(
            !ended.err.contains("panicked") && !ended.err.contains("internal fault"),
            "byte {at}: {ended:?}"
        );
        match ended.code {
            Some(0) => assert_eq!(ended.out, clean.out, "byte {at}"),
            Some(1) => {
                told += 1;
                let lines: Vec<_> = ended.err.lines().collect();
                assert!(lines.len() <= 2 && lines[0].starts_with("latchkey: "), "byte {at}: {ended:?}");
            }
            _ => panic!("byte {at}: {ended:?}"),
        }
    }
    assert!(told > 2, "only {told} of {steps} were noticed");
    fs::write(&store, &whole).unwrap();
    fine(&home.run(&CHECK), "rows: ");
}

#[test]
fn a_page_that_makes_the_engine_panic_is_told_as_a_damaged_store() {
    const PAGE: usize = 4096;
    let home = used();
    let store = home.data().join("store.redb");
    let mut bytes = fs::read(&store).unwrap();
    // A leaf begins with 1 and, at 2, the number of its pairs; then come the ends of its keys. Only leaves with rows of
    // ours are changed: damage in those of the engine's own shows before any row is read.
    let is_ours = |page: &[u8]| page[0] == 1 && page.windows(6).any(|window| window == b"login.");
    for page in bytes.chunks_mut(PAGE).skip(1).filter(|page| is_ours(page)) {
        let pairs = usize::from(u16::from_le_bytes([page[2], page[3]]));
        for end in (4..4 + 4 * pairs).step_by(4) {
            page[end + 1] ^= 0x50;
        }
    }
    fs::write(&store, bytes).unwrap();
    for command in [&CHECK[..], &VERIFY] {
        let ended = Ended { out: String::new(), ..home.run(command) };
        ended.refused("data/store.redb: the file is not a store or is damaged", "restore the newest backup");
    }
    let serve = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"];
    let ended = home.run(&serve);
    ended.refused("data/store.redb: the file is not a store or is damaged", "restore the newest backup");
    let home = home.env("LATCHKEY_STORE__VERIFY_AT_START_MIB", "0");
    let ended = home.run(&serve);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(
        ended.err.contains("WARN the engine gave up on the file") && !ended.err.contains("panicked"),
        "{ended:?}"
    );
    assert!(
        ended.err.contains("\nlatchkey: data/store.redb: the file is not a store or is damaged"),
        "{ended:?}"
    );
}

#[test]
fn a_changed_audit_record_is_found() {
    let home = used();
    let store = home.data().join("store.redb");
    let mut bytes = fs::read(&store).unwrap();
    let name = b"login.succeeded";
    // Old pages hold copies that nothing reads any more; which of them is in use does not show.
    let copies: Vec<_> = (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    assert!(!copies.is_empty(), "an audit record in the file");
    copies.into_iter().for_each(|at| bytes[at] ^= 0x20);
    fs::write(&store, bytes).unwrap();
    for command in [&VERIFY[..], &CHECK] {
        let ended = home.run(command);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(!ended.err.contains("panicked") && ended.err.starts_with("latchkey: "), "{ended:?}");
    }
}

#[test]
fn commands_on_a_folder_that_is_not_there_make_none() {
    let home = Home::new();
    for command in [&CHECK[..], &VERIFY] {
        let ended = Ended { out: String::new(), ..home.run(command) };
        ended.refused("there is no data folder data", "name the folder with --data-dir");
    }
    assert!(!home.data().exists());
}

#[test]
fn the_description_of_the_api_is_the_committed_and_the_served_one() {
    let home = Home::new();
    let printed = home.run(&["openapi"]);
    fine(&printed, "\"openapi\"");
    assert_eq!(printed.out, include_str!("../../../assets/openapi.json"));
    let server = home.serve(&["--dev"]);
    assert_eq!(
        server.client().get("/openapi.json").json(),
        serde_json::from_str::<serde_json::Value>(&printed.out).unwrap()
    );
    assert_eq!(server.client().get("/docs").status.as_u16(), 200);
}

#[test]
fn an_operator_makes_users_and_is_told_what_is_wrong_with_them() {
    let home = Home::settled();
    let create = ["user", "create", "--data-dir", "data", "--password-stdin", "--email"];
    for (email, password, what) in [
        ("root@example.com", PASSWORD, "exists"),
        ("no address", PASSWORD, "email"),
        ("ada@example.com", "short", "password"),
    ] {
        let ended = home.run_with_input(&[&create[..], &[email]].concat(), password);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.err.to_lowercase().contains(what), "{what}: {ended:?}");
        assert!(!ended.err.contains("short\n"), "{ended:?}");
    }
    fine(&home.run(&CHECK), "rows: ");
}

/// B5: a leaked string, with the server's folder and without.
#[test]
fn a_leaked_key_is_told_from_a_lookalike_and_traced_to_its_owner() {
    let home = Home::settled();
    let server = home.serve(&["--samples"]);
    let client = server.client();
    let tokens = client.log_in("root@example.com", PASSWORD).data(200);
    let access = tokens["access_token"].as_str().unwrap();
    let body = json!({ "name": "Sensor", "scopes": ["metrics:write"] });
    let request = Request::post("/api/v1/users/me/api-keys", &body).bearer(access);
    let key = client.ask(request).data(201)["api_key"].as_str().unwrap().to_owned();
    let measured = json!({ "provider": "a", "model": "b", "tokens_input": 1, "tokens_output": 2 });
    client.ask(Request::post("/api/v1/metrics/ingest", &measured).bearer(&key)).data(201);
    let inspect = ["key", "inspect", "--data-dir", "data"];
    let running = home.run_with_input(&inspect, &key);
    fine(&running, "not looked up: ");
    server.stop();

    let stopped = home.run_with_input(&inspect, &format!("  {key}\n"));
    for line in [
        "its checksum fits",
        "state: live",
        "name: Sensor",
        "owner: root@example.com",
        "scopes: metrics:write",
        "may do now: metrics:create metrics:update",
        "from: anywhere",
        "last used: 2",
    ] {
        fine(&stopped, line);
    }
    assert!(!stopped.out.contains(&key) && !running.out.contains(&key), "{stopped:?}");
    let nowhere = home.run_with_input(&["key", "inspect", "--data-dir", "nowhere"], &key);
    fine(&nowhere, "not looked up: ");
    assert!(!home.path().join("nowhere").exists());
    let unknown = "lk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwch9RCU";
    home.run_with_input(&inspect, unknown).refused("none that this store knows", "");
    home.run_with_input(&inspect, &key.replacen("lk_", "lj_", 1)).refused("the checksum does not fit", "");
    home.run_with_input(&inspect, "hello").refused("not in the form of an API key", "");
    fine(&home.run(&CHECK), "rows: ");
}

#[test]
fn keys_that_sign_tokens_turn_on_a_stopped_server_and_a_revocation_ends_every_token() {
    let home = used();
    let rotate = |more: &[&str]| home.run(&[&["key", "rotate", "--data-dir", "data"], more].concat());
    let log_in = || {
        let server = home.serve(&[]);
        let access = server.client().log_in("root@example.com", PASSWORD).data(200)["access_token"].clone();
        rotate(&[]).refused("another process uses the data folder", "stop the other process");
        server.stop();
        access.as_str().unwrap().to_owned()
    };
    let status = |access: &str| {
        let server = home.serve(&[]);
        let status = server.client().ask(Request::get("/api/v1/auth/me").bearer(access)).status;
        server.stop();
        status
    };
    let access = log_in();
    fine(&rotate(&[]), "HS256 signs\n");
    assert_eq!(status(&access), 200, "nobody notices");
    let revoked = rotate(&["--revoke"]);
    fine(&revoked, "HS256 signs after the next turn\n");
    assert_eq!(revoked.out.lines().count(), 2, "{revoked:?}");
    assert_eq!(status(&access), 401);
    fine(&home.run(&VERIFY), "the audit log is whole: ");
    home.run(&["key", "rotate", "--data-dir", "absent"])
        .refused("there is no data folder absent", "name the folder");
}
