//! A machine that has run out of something: room on the disk, descriptors, or neighbours that answer.

use std::fs;
use std::net::{TcpListener, TcpStream};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::json;

use super::client::{Client, Request};
use super::server::{Home, PASSWORD, Process};

const CHECK: [&str; 4] = ["check", "--store", "--data-dir", "data"];

/// Sets a soft limit of a process that runs; `None` lifts it.
fn limit(process: &Process, resource: Resource, soft: Option<u64>) {
    let maximum = getrlimit(resource).maximum;
    let pid = Pid::from_raw(i32::try_from(process.id()).unwrap());
    prlimit(pid, resource, Rlimit { current: soft.or(maximum), maximum }).unwrap();
}

fn text(data: &serde_json::Value, name: &str) -> String {
    data[name].as_str().unwrap().to_owned()
}

/// R94. A limit of file sizes is what a full disk is to a process, and needs no rights.
#[test]
fn without_room_for_a_write_reads_go_on_nothing_is_acknowledged_and_room_mends_it() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let client = server.client();
    let tokens = client.log_in("root@example.com", PASSWORD).data(200);
    let me = || client.ask(Request::get("/api/v1/auth/me").bearer(&text(&tokens, "access_token")));
    let renewal = json!({ "refresh_token": text(&tokens, "refresh_token") });
    for _ in 0..2 {
        limit(&server, Resource::Fsize, Some(0));
        for _ in 0..2 {
            let refused = client.log_in("root@example.com", PASSWORD);
            refused.refused(503, "SERVICE_UNAVAILABLE");
            assert_eq!(refused.header("retry-after"), Some("5"));
            let form = json!({ "email": "new@example.com", "password": PASSWORD, "name": "New" });
            client.post("/api/v1/auth/register", &form).refused(503, "SERVICE_UNAVAILABLE");
            client.log_in("root@example.com", "not the password").refused(503, "SERVICE_UNAVAILABLE");
            client.post("/api/v1/auth/refresh", &renewal).refused(503, "SERVICE_UNAVAILABLE");
            me().data(200);
            assert_eq!(client.get("/health").status.as_u16(), 200);
        }
        limit(&server, Resource::Fsize, None);
        client.log_in("root@example.com", PASSWORD).data(200);
    }
    client.post("/api/v1/auth/refresh", &renewal).data(200);
    let ended = server.stop();
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    assert_eq!(home.run(&CHECK).code, Some(0));
}

/// R94, R97.
#[test]
fn without_descriptors_who_is_in_is_served_and_who_comes_waits_until_there_are_some() {
    let home = Home::settled();
    let mut server = home.serve(&[]);
    let client = server.client();
    let mut inside = client.connect().unwrap();
    let health = Request::get("/health");
    assert_eq!(inside.ask(&health).unwrap().status.as_u16(), 200);
    let used = fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap().count() as u64;
    limit(&server, Resource::Nofile, Some(used + 4));
    let crowd: Vec<_> = (0..16).map(|_| TcpStream::connect(server.address(0)).unwrap()).collect();
    server.logged("cannot accept connections for now");
    let login = json!({ "email": "root@example.com", "password": PASSWORD });
    inside.ask(&Request::post("/api/v1/auth/login", &login)).unwrap().data(200);
    drop(crowd);
    assert_eq!(client.get("/health").status.as_u16(), 200);
    server.stop();
}

/// R94: nobody waits for a mail or a text message, however long its relay takes.
#[test]
fn relays_that_never_answer_hold_nobody_up_and_what_waits_is_kept() {
    let silent = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let port = |at: usize| silent[at].local_addr().unwrap().port().to_string();
    let gateway = format!("http://127.0.0.1:{}/", port(1));
    let home = Home::settled().env("SMTP_HOST", "127.0.0.1").env("SMTP_PORT", &port(0));
    let home = home.env("LATCHKEY_SMS__WEBHOOK_URL", &gateway).env("LATCHKEY_SMS__SECRET", &"s".repeat(32));
    // Far longer than any client of this test waits.
    let patient = |home: Home| home.env("LATCHKEY_MAIL__TIMEOUT", "5m").env("LATCHKEY_SMS__TIMEOUT", "1m");
    let home = patient(home);
    let server = home.serve(&[]);
    let client = server.client();
    for number in 0..8 {
        let email = format!("user{number}@example.com");
        let form = json!({ "email": email, "password": PASSWORD, "name": "Somebody" });
        client.post("/api/v1/auth/register", &form).data(201);
    }
    let root = text(&client.log_in("root@example.com", PASSWORD).data(200), "access_token");
    let phone = json!({ "phone_number": "+4915112345678" });
    client.ask(Request::post("/api/v1/auth/mfa/sms/setup", &phone).bearer(&root)).data(200);
    // Both relays are waited for by now.
    let _open = silent.each_ref().map(|relay| relay.accept().unwrap());
    client.log_in("root@example.com", PASSWORD).data(200);
    let waiting = |client: &Client| {
        let page = client.ask(Request::get("/api/v1/outbox?limit=100").bearer(&root)).data(200);
        page["mails"].as_array().unwrap().len()
    };
    assert_eq!(waiting(&client), 9);
    server.into_process().kill();

    let home = home.env("LATCHKEY_MAIL__TIMEOUT", "1s").env("LATCHKEY_SMS__TIMEOUT", "1s");
    let mut server = home.serve(&[]);
    for _ in 0..9 {
        server.logged("Email not sent");
    }
    assert_eq!(waiting(&server.client()), 9, "none is lost");
    server.stop();
}

/// R95: what nobody has asked for yet is told.
#[test]
fn damage_to_what_is_stored_is_found_in_the_background_and_told_in_log_health_and_metrics() {
    let home = Home::settled().env("LATCHKEY_STORE__SCRUB_ROWS_PER_SECOND", "100000");
    let home = home.env("LATCHKEY_STORE__VERIFY_AT_START_MIB", "0");
    let server = home.serve(&[]);
    let form = json!({ "email": "new@example.com", "password": PASSWORD, "name": "Nobody Ever Asks" });
    server.client().post("/api/v1/auth/register", &form).data(201);
    server.stop();
    let store = home.data().join("store.redb");
    let mut bytes = fs::read(&store).unwrap();
    let name = b"Nobody Ever Asks";
    let copies: Vec<_> = (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    assert!(!copies.is_empty());
    copies.into_iter().for_each(|at| bytes[at] ^= 0x20);
    fs::write(&store, bytes).unwrap();

    let mut server = home.serve(&[]);
    let line = server.logged("what is stored is damaged");
    assert!(line.contains("table=\"users\""), "{line}");
    let client = server.client();
    let health = client.get("/health");
    assert_eq!((health.status.as_u16(), &health.json()["database"]), (200, &json!("damaged")));
    let metrics = client.get("/metrics").text;
    assert!(metrics.lines().any(|line| line == "latchkey_store_damaged 1"), "{metrics}");
    client.log_in("root@example.com", PASSWORD).data(200);
    server.stop();
}
