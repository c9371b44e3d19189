//! The first start and the second, without any file of configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use latchkey::net::fingerprint;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use super::client::{Client, Request};
use super::server::{Home, PASSWORD, Server};

/// Starts without file and flags, but for the port; `sh` opens the umask as wide as it goes.
fn start_bare(home: &Home) -> Server {
    let script = "umask 000; exec \"$0\" serve --listen 127.0.0.1:0";
    home.launch(&mut home.program("/bin/sh", &["-c", script, env!("CARGO_BIN_EXE_latchkey")]), 1)
}

fn set_up(client: &Client, code: &str, email: &str) -> crate::harness::Answer {
    client
        .post("/api/v1/setup", &json!({ "code": code, "email": email, "password": PASSWORD, "name": "Ada" }))
}

/// R83.
#[test]
fn the_first_start_needs_no_file_and_closes_everything_it_makes() {
    let home = Home::new();
    let mut server = start_bare(&home);
    let data = home.path().join(".local/share/latchkey");
    let code = server.setup_code();
    let client = Client::tls(server.address(0), &data.join("tls/cert.pem"));
    assert_eq!(set_up(&client, &code, "ada@example.com").data(201)["status"], "active");
    set_up(&client, &code, "eve@example.com").refused(409, "CONFLICT");
    let tokens = client.log_in("ada@example.com", PASSWORD).data(200);
    let access = tokens["access_token"].as_str().unwrap();
    let users = client.ask(Request::get("/api/v1/users").bearer(access)).data(200);
    assert_eq!(users["users"][0]["roles"], json!(["super_admin"]));

    let certificate = CertificateDer::from_pem_file(data.join("tls/cert.pem")).unwrap();
    let announced = format!("(certificate SHA-256 {})", fingerprint(&certificate));
    assert!(server.announced[0].ends_with(&announced), "{:?}", server.announced);
    let mut seen = Vec::new();
    assert_closed(&data, &mut seen);
    for name in ["keys/master.key", "store.redb", "tls/key.pem", "tls/cert.pem", "lock"] {
        assert!(seen.contains(&data.join(name)), "{name} is not among {seen:?}");
    }

    let ended = server.stop();
    assert_eq!(ended.out.matches("lks_").count(), 1, "{}", ended.out);
    for secret in [PASSWORD, access, &code, tokens["refresh_token"].as_str().unwrap()] {
        assert!(!ended.err.contains(secret), "{}", ended.err);
    }
}

/// Holds that nothing in `folder` is open to anybody else.
fn assert_closed(folder: &Path, seen: &mut Vec<std::path::PathBuf>) {
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700, "{}", folder.display());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_closed(&path, seen);
        } else {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            seen.push(path);
        }
    }
}

/// R83.
#[cfg(target_os = "linux")]
#[test]
fn a_crash_leaves_no_memory_image_and_no_secret_is_in_the_arguments() {
    let home = Home::new().env("JWT_SECRET_KEY", "planted-planted-planted-planted-planted");
    let server = home.serve(&[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", server.id())).unwrap();
    assert!(!arguments.contains("planted"), "{arguments}");
    server.client().get("/health").json();
}

/// The name and the nice value of each thread of the server.
#[cfg(target_os = "linux")]
fn threads(server: &Server) -> Vec<(String, i32)> {
    let tasks = fs::read_dir(format!("/proc/{}/task", server.id())).unwrap();
    let stats = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("stat")).ok());
    let thread = |stat: String| {
        let (head, fields) = stat.rsplit_once(')').unwrap();
        let name = head.split_once('(').unwrap().1.to_owned();
        (name, fields.split_whitespace().nth(16).unwrap().parse().unwrap())
    };
    stats.map(thread).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn hash_threads_alone_give_way_to_the_others_and_their_waits_are_shown() {
    let home = Home::settled();
    let server = home.serve(&[]);
    server.client().log_in("root@example.com", PASSWORD).data(200);
    let threads = threads(&server);
    let (hashing, others): (Vec<_>, Vec<_>) = threads.iter().partition(|(name, _)| name.starts_with("hash-"));
    let usual = others[0].1;
    assert!(others.iter().all(|(_, nice)| *nice == usual), "{threads:?}");
    assert!(hashing.iter().any(|(_, nice)| *nice == (usual + 10).min(19)), "{threads:?}");
    let metrics = server.client().get("/metrics").text;
    for line in [
        "latchkey_hash_runs_total 1",
        "latchkey_hash_refused_total 0",
        "latchkey_hash_queued 0",
        "latchkey_hash_running 0",
        "latchkey_forward_auth_requests_total{fate=\"known\"} 0",
        "latchkey_hash_wait_seconds_count 1",
        "latchkey_hash_wait_seconds_bucket{le=\"10.0\"} 1",
        "latchkey_hash_wait_seconds_bucket{le=\"+Inf\"} 1",
    ] {
        assert!(metrics.lines().any(|shown| shown == line), "{line}\n{metrics}");
    }
}

#[test]
fn the_next_start_keeps_everything_and_prints_no_code_once_there_is_an_administrator() {
    let home = Home::new();
    let mut first = home.serve(&[]);
    let code = first.setup_code();
    set_up(&first.client(), &code, "ada@example.com").data(201);
    let tokens = first.client().log_in("ada@example.com", PASSWORD).data(200);
    let (announced, ended) = (first.announced[0].clone(), first.stop());
    assert!(ended.err.contains("stopped"), "{}", ended.err);

    let second = home.serve(&[]);
    let print = |line: &str| line.split_once('(').unwrap().1.to_owned();
    assert_eq!(print(&second.announced[0]), print(&announced), "the certificate is kept");
    let access = tokens["access_token"].as_str().unwrap();
    let me = second.client().ask(Request::get("/api/v1/auth/me").bearer(access)).data(200);
    assert_eq!(me["email"], "ada@example.com");
    let refresh =
        second.client().post("/api/v1/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] }));
    refresh.data(200);
    let ended = second.stop();
    assert!(!ended.out.contains("lks_") && ended.out.lines().count() == 2, "{}", ended.out);
}

#[test]
fn a_setup_code_that_was_not_used_dies_with_the_next_start() {
    let home = Home::new();
    let mut first = home.serve(&[]);
    let old = first.setup_code();
    first.stop();
    let mut second = home.serve(&[]);
    let new = second.setup_code();
    assert_ne!(old, new);
    let refused = set_up(&second.client(), &old, "eve@example.com");
    assert!(refused.status.is_client_error(), "{refused:?}");
    set_up(&second.client(), &new, "ada@example.com").data(201);
}

#[test]
fn the_operator_makes_an_administrator_before_the_first_start() {
    let home = Home::new().env("XDG_DATA_HOME", "xdg");
    let home_xdg = home.path().join("xdg");
    let home = home.env("XDG_DATA_HOME", home_xdg.to_str().unwrap());
    let create =
        ["user", "create", "--email", "ada@example.com", "--role", "super_admin", "--password-stdin"];
    let ended = home.run_with_input(&create, &format!("{PASSWORD}\n"));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert!(
        ended.out.contains("ada@example.com (super_admin)") && !ended.out.contains(PASSWORD),
        "{ended:?}"
    );
    assert!(home_xdg.join("latchkey/store.redb").exists());

    let server = home.launch(&mut home.command(&["serve", "--listen", "127.0.0.1:0"]), 1);
    let client = Client::tls(server.address(0), &home_xdg.join("latchkey/tls/cert.pem"));
    client.log_in("ada@example.com", PASSWORD).data(200);
    assert!(!server.stop().out.contains("lks_"));

    let ended = home.run_with_input(&create, &format!("{PASSWORD}\n"));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
}

#[test]
fn without_development_there_are_no_tools_and_no_known_accounts() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = server.client();
    for path in ["/dev/mailbox", "/dev/clock", "/dev/mailbox/1"] {
        client.get(path).refused(404, "NOT_FOUND");
    }
    client.post("/dev/clock", &json!({ "advance_seconds": 60 })).refused(404, "NOT_FOUND");
    client.log_in("admin@example.com", "latchkey-dev-password").refused(401, "AUTHENTICATION_FAILED");
}

/// S24 against the process as it is shipped, and what the metrics tell of it.
#[test]
fn as_shipped_the_sixth_login_of_a_minute_is_refused() {
    let home = Home::settled().env("LATCHKEY_LIMITS__EXEMPT", "");
    let server = home.serve(&[]);
    let client = server.client();
    for _ in 0..5 {
        client.log_in("root@example.com", PASSWORD).data(200);
    }
    let answer = client.log_in("root@example.com", PASSWORD);
    answer.refused(429, "RATE_LIMIT_EXCEEDED");
    assert!((1..=12).contains(&answer.header("retry-after").unwrap().parse::<u32>().unwrap()));
    let metrics = client.get("/metrics").text;
    for line in [
        "latchkey_limit_refused_total{class=\"login\"} 1",
        "latchkey_limit_refused_total{class=\"anonymous\"} 0",
        "latchkey_limit_entries{class=\"login\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in {metrics}");
    }
}
