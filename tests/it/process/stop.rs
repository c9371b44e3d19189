//! The end by a signal: in time and in order, whatever clients do.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::Duration;

use latchkey::ambient::Stopwatch;
use rustix::process::Signal;
use serde_json::json;

use super::client::{Client, Connection, Request};
use super::server::{Ended, Home, PASSWORD, Process, Server};

/// The longest that a stop may take (SECURITY R102).
const STOP: Duration = Duration::from_secs(15);

/// Sends `signal` and waits for the end, which has to come well and in time.
#[track_caller]
fn ends(server: Server, signal: Signal) -> Ended {
    let watch = Stopwatch::start();
    server.signal(signal);
    let ended = server.into_process().end();
    assert!(watch.elapsed() < STOP, "{:?} {ended:?}", watch.elapsed());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("stopping") && ended.err.contains("stopped"), "{ended:?}");
    ended
}

/// A connection on which a request waits for its body: the application has asked for it.
fn half_sent(client: &Client, request: &Request) -> (Connection, String) {
    let mut connection = client.connect().unwrap();
    let request = request.clone().header("expect", "100-continue");
    let (head, body) = request.parts();
    connection.send(&head).unwrap();
    assert_eq!(connection.answer().unwrap().status.as_u16(), 100);
    (connection, body.to_owned())
}

fn login() -> Request {
    Request::post("/api/v1/auth/login", &json!({ "email": "root@example.com", "password": PASSWORD }))
}

/// R102.
#[test]
fn either_signal_ends_a_server_whose_clients_hold_on() {
    for signal in [Signal::TERM, Signal::INT] {
        let home = Home::settled();
        let server = home.serve(&[]);
        let client = server.client();
        let mut idle = client.connect().unwrap();
        assert_eq!(idle.ask(&Request::get("/health")).unwrap().status.as_u16(), 200);
        let mut half_head = client.connect().unwrap();
        half_head.send("GET /health HTTP/1.1\r\nhost: ").unwrap();
        let silent = Client::plain(server.address(0)).connect().unwrap();
        let mut half_handshake = Client::plain(server.address(0)).connect().unwrap();
        half_handshake.send("\u{16}\u{3}\u{1}").unwrap();
        let ended = ends(server, signal);
        assert!(ended.err.contains("connections_cut=0"), "{}", ended.err);
        for mut connection in [idle, half_head, silent, half_handshake] {
            assert_eq!(connection.rest(), "");
        }
    }
}

#[test]
fn a_login_in_flight_is_answered_and_kept() {
    let home = Home::settled();
    let mut server = home.serve(&[]);
    let (mut connection, body) = half_sent(&server.client(), &login());
    server.signal(Signal::TERM);
    server.logged("stopping");
    connection.send(&body).unwrap();
    let answer = connection.answer().unwrap();
    assert_eq!(answer.header("connection"), Some("close"));
    let tokens = answer.data(200);
    let ended = server.into_process().end();
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let server = home.serve(&[]);
    let access = tokens["access_token"].as_str().unwrap();
    server.client().ask(Request::get("/api/v1/auth/me").bearer(access)).data(200);
}

#[test]
fn a_client_that_is_stuck_in_a_request_does_not_hold_the_end_up() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let (mut stuck, _) = half_sent(&server.client(), &login());
    ends(server, Signal::TERM);
    let rest = stuck.rest();
    assert!(rest.is_empty() || rest.contains("REQUEST_TIMEOUT"), "{rest}");
}

#[test]
fn what_is_still_open_after_the_drain_is_cut_and_counted() {
    let home = Home::settled().env("LATCHKEY_NET__DRAIN_TIMEOUT", "1s");
    let server = home.serve(&[]);
    let (mut stuck, _) = half_sent(&server.client(), &login());
    let ended = ends(server, Signal::TERM);
    assert!(ended.err.contains("connections_cut=1"), "{}", ended.err);
    assert_eq!(stuck.rest(), "");
}

/// R102.
#[test]
fn a_signal_during_the_start_ends_the_server_as_well() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (home.path().join("slow.pem"), home.path().join("slow.key"));
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    // The start waits in the middle, for a certificate that comes through a pipe.
    let pipe = home.program("/bin/sh", &["-c", "PATH=/usr/bin:/bin mkfifo slow.pem"]);
    assert_eq!(Process::spawn(&mut { pipe }).end().code, Some(0));
    let home = home.env("LATCHKEY_TLS__CERT_FILE", "slow.pem").env("LATCHKEY_TLS__KEY_FILE", "slow.key");
    let arguments = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"];
    let process = Process::spawn(&mut home.command(&arguments));
    let mut pipe = OpenOptions::new().write(true).open(&certificate).unwrap();
    process.signal(Signal::TERM);
    pipe.write_all(made.cert.pem().as_bytes()).unwrap();
    drop(pipe);
    let ended = process.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("stopped"), "{ended:?}");
}

#[test]
fn the_address_is_free_again_at_once() {
    let home = Home::new();
    let server = home.serve(&["--dev"]);
    let address = server.address(0).to_string();
    let mut open = server.client().connect().unwrap();
    assert_eq!(open.ask(&Request::get("/health")).unwrap().status.as_u16(), 200);
    server.stop();
    let arguments = ["serve", "--dev", "--data-dir", "data", "--listen", &address];
    let again = home.launch(&mut home.command(&arguments), 1);
    assert_eq!(again.client().get("/health").status.as_u16(), 200);
    again.stop();
}
