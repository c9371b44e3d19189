//! The feed over real sockets: deadlines that do not count, kills, and the end of the server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use latchkey::ambient::Stopwatch;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::client::{Client, Connection, Request};
use super::server::{Home, PASSWORD, PATIENCE};

/// A stream on a connection of its own.
pub struct Following(Connection);

impl Following {
    fn open(client: &Client, token: &str, last_event_id: Option<&str>) -> Self {
        Self::asked(client, Request::get("/api/v1/events").bearer(token), last_event_id)
    }

    /// Of whom `request` shows.
    pub fn asked(client: &Client, mut request: Request, last_event_id: Option<&str>) -> Self {
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let mut connection = client.connect().unwrap();
        let answer = connection.ask(&request).unwrap();
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("text/event-stream")));
        Self(connection)
    }

    /// The value of the next field of this name, between whatever else.
    fn field(&mut self, name: &str) -> String {
        loop {
            let line = self.0.line().unwrap();
            if let Some((_, value)) = line.split_once(": ").filter(|(found, _)| *found == name) {
                return value.to_owned();
            }
        }
    }

    /// The id and the data of the next event, which has to be this.
    pub fn next(&mut self, event: &str) -> (String, Value) {
        assert_eq!(self.field("event"), event);
        let id = if event == "end" { String::new() } else { self.field("id") };
        (id, serde_json::from_str(&self.field("data")).unwrap())
    }
}

fn token(client: &Client) -> String {
    let tokens = client.log_in("root@example.com", PASSWORD).data(200);
    tokens["access_token"].as_str().unwrap().to_owned()
}

fn fail_to_log_in(client: &Client, name: &str) {
    client.log_in(name, "wrong").refused(401, "AUTHENTICATION_FAILED");
}

#[test]
fn a_stream_outlives_every_deadline_of_a_request_while_its_client_listens() {
    let home = Home::settled()
        .env("LATCHKEY_NET__REQUEST_TIMEOUT", "1s")
        .env("LATCHKEY_NET__IDLE_TIMEOUT", "1s")
        .env("LATCHKEY_EVENTS__HEARTBEAT", "2s");
    let server = home.serve(&[]);
    let client = server.client();
    let mut stream = Following::open(&client, &token(&client), None);
    let (cursor, ready) = stream.next("ready");
    assert_eq!(ready, json!({ "cursor": cursor, "heartbeat_seconds": 2 }));
    for _ in 0..2 {
        assert_eq!(stream.field(""), "heartbeat");
        assert_eq!(stream.field("id"), cursor);
    }
    fail_to_log_in(&client, "ada");
    assert_eq!(stream.next("audit").1["action"], "login.failed");
    server.stop();
}

#[test]
fn a_stop_ends_every_stream_at_once_and_in_order() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let client = server.client();
    let token = token(&client);
    let mut streams: Vec<_> = (0..5).map(|_| Following::open(&client, &token, None)).collect();
    streams.iter_mut().for_each(|stream| drop(stream.next("ready")));
    let watch = Stopwatch::start();
    server.signal(Signal::TERM);
    for stream in &mut streams {
        assert_eq!(stream.next("end").1, json!({ "reason": "shutdown" }));
        // The last chunk of the answer, and the end of the connection.
        assert!(stream.0.rest().ends_with("0\r\n\r\n"));
    }
    let ended = server.into_process().end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("connections_cut=0"), "{}", ended.err);
    assert!(watch.elapsed() < Duration::from_secs(5), "{:?}", watch.elapsed());
}

#[test]
fn a_client_that_comes_back_after_a_kill_has_lost_nothing() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let client = server.client();
    let token = token(&client);
    let mut stream = Following::open(&client, &token, None);
    stream.next("ready");
    fail_to_log_in(&client, "heard");
    let (last, heard) = stream.next("audit");
    // These are answered, so they are kept, but this client reads no more.
    let names = ["a", "b", "c", "d"];
    names.iter().for_each(|name| fail_to_log_in(&client, name));
    server.into_process().kill();

    let server = home.serve(&[]);
    let client = server.client();
    let mut stream = Following::open(&client, &token, Some(&last));
    assert_eq!(stream.next("ready").0, last);
    let missed: Vec<_> = names.iter().map(|_| stream.next("audit").1).collect();
    assert!(missed.iter().all(|event| event["action"] == "login.failed"), "{missed:#?}");
    let mut hashes: Vec<_> = missed.iter().map(|event| event["details"]["name_hash"].to_string()).collect();
    hashes.dedup();
    assert_eq!(hashes.len(), names.len());
    assert!(!missed.contains(&heard));
    assert_eq!(stream.next("audit").1["action"], "config.loaded", "and then what the new process did");
    server.stop();
}

/// One HTTP/2 connection in cleartext with one request on it, by hand (RFC 9113, 4.1; RFC 7541, 6.2.2).
fn over_http2(address: std::net::SocketAddr, token: &str) -> TcpStream {
    let text = |text: &str| {
        // A length with a prefix of seven bits (RFC 7541, 5.1).
        let mut bytes = Vec::new();
        let mut rest = text.len();
        if rest < 127 {
            bytes.push(u8::try_from(rest).unwrap());
        } else {
            bytes.push(127);
            rest -= 127;
            while rest >= 128 {
                bytes.push(u8::try_from(rest % 128 + 128).unwrap());
                rest /= 128;
            }
            bytes.push(u8::try_from(rest).unwrap());
        }
        [bytes, text.as_bytes().to_vec()].concat()
    };
    // GET, http, an authority and a path by their places in the static table, and a literal name.
    let mut head = vec![0x82, 0x86, 0x01];
    head.extend(text("localhost"));
    head.push(0x04);
    head.extend(text("/api/v1/events"));
    head.push(0x00);
    head.extend([text("authorization"), text(&format!("Bearer {token}"))].concat());
    let length = u32::try_from(head.len()).unwrap().to_be_bytes();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    stream.write_all(&[&length[1..], &[1, 5, 0, 0, 0, 1], &head].concat()).unwrap();
    stream
}

/// Reads frames up to a DATA frame, and whether the stream ends with it.
fn data(stream: &mut TcpStream) -> (String, bool) {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).unwrap();
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        stream.read_exact(&mut payload).unwrap();
        if head[3] == 0 {
            return (String::from_utf8(payload).unwrap(), head[4] & 1 == 1);
        }
    }
}

#[test]
fn http2_carries_a_stream_and_its_end() {
    let home = Home::new();
    let server = home.serve(&["--dev"]);
    let client = server.client();
    let tokens = client.log_in("admin@example.com", "latchkey-dev-password").data(200);
    let mut stream = over_http2(server.address(0), tokens["access_token"].as_str().unwrap());
    assert!(data(&mut stream).0.starts_with("event: ready\nid: "));
    fail_to_log_in(&client, "ada");
    assert!(data(&mut stream).0.contains("\"login.failed\""));
    server.signal(Signal::TERM);
    let (mut last, mut has_ended) = data(&mut stream);
    assert_eq!(last, "event: end\ndata: {\"reason\":\"shutdown\"}\n\n");
    if !has_ended {
        (last, has_ended) = data(&mut stream);
        assert_eq!(last, "");
    }
    assert!(has_ended);
    let ended = server.into_process().end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
