//! Allocations of each of the ten hottest operations: the whole server in this process, from the socket to the store and
//! back, with its log, its jobs and whatever it does after the answer. The client allocates nothing meanwhile.
//!
//! `cargo bench --bench per_request`, a few seconds; `-- --requests 200`. What they read and commit is counted by the test
//! `the_ten_hottest_operations_read_and_commit_what_the_readme_says`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::expect_used, reason = "a benchmark stops at what it cannot measure")]
#![expect(clippy::indexing_slicing, reason = "a missing JSON member stops the benchmark")]

use std::alloc::System;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const EMAIL: &str = "user@example.com";
const PASSWORD: &str = "latchkey-dev-password";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const ME: &str = "/api/v1/auth/me";

/// No limit is met, and each is counted.
const GENEROUS: &str = "[limits]\nlogin = \"1000000/1s\"\nregister = \"1000000/1s\"\nanonymous = \"1000000/1s\"\n\
    authenticated = \"1000000/1s\"\napi_key = \"1000000/1s\"\nintrospection = \"1000000/1s\"\n";

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let asked =
        words.iter().position(|word| word == "--requests").and_then(|at| words.get(at + 1)?.parse().ok());
    let count: usize = asked.unwrap_or(200);
    let folder = tempfile::tempdir().expect("a folder");
    let address = serve(folder.path());
    let mut client = Client::connect(address);
    measure(&mut client, count);
    drop(folder);
    // The server has no other end here.
    std::process::exit(0);
}

/// Starts the server in a thread and waits until it listens.
fn serve(folder: &std::path::Path) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    let (config, data) = (folder.join("auth.toml"), folder.join("data"));
    fs::write(&config, GENEROUS).expect("a file");
    let mut words: Vec<OsString> =
        ["latchkey", "serve", "--dev", "--log", "warn", "--listen"].map(Into::into).into();
    words.extend([address.to_string().into(), "--config".into(), config.into()]);
    words.extend(["--data-dir".into(), data.into()]);
    thread::spawn(|| latchkey::cli::run(words));
    while TcpStream::connect(address).is_err() {
        thread::sleep(Duration::from_millis(10));
    }
    address
}

fn measure(client: &mut Client, count: usize) {
    let log_in =
        post("/api/v1/auth/login", JSON, &json!({ "email": EMAIL, "password": PASSWORD }).to_string(), "");
    let tokens: Vec<Value> = (0..count * 2).map(|_| client.data(&log_in)).collect();
    let access = text(&tokens[0], "access_token");
    let bearer = |token: &str| format!("authorization: Bearer {token}\r\n");
    let admin = json!({ "email": "admin@example.com", "password": PASSWORD }).to_string();
    let first = text(&client.data(&post("/api/v1/auth/login", JSON, &admin, "")), "access_token");
    let key = json!({ "name": "Bench", "scopes": ["metrics:read"], "rate_limit": 1_000_000, "rate_limit_period": 1 });
    let key = client.data(&post("/api/v1/users/me/api-keys", JSON, &key.to_string(), &bearer(&first)));
    let service = json!({ "name": "Bench" }).to_string();
    let service = client.data(&post("/api/v1/services", JSON, &service, &bearer(&first)));
    let basic = format!("{}:{}", text(&service, "client_id"), text(&service, "client_secret"));
    let basic = format!("authorization: Basic {}\r\n", STANDARD.encode(basic));

    println!("{:<24} {:>12} {:>12}", "", "allocations", "bytes");
    client.repeat("health", count, &get("/health", ""));
    client.repeat("authenticated GET", count, &get(ME, &bearer(&access)));
    client.repeat(
        "GET with an API key",
        count,
        &get(ME, &format!("x-api-key: {}\r\n", text(&key, "api_key"))),
    );
    let form = format!("token={access}");
    client.repeat("introspection", count, &post("/oauth/introspect", FORM, &form, &basic));
    client.repeat("login", count, &log_in);
    client.refresh(count, &text(&tokens[0], "refresh_token"));
    let revocation = |tokens: &Value| {
        let form = format!("token={}&token_type_hint=refresh_token", text(tokens, "refresh_token"));
        post("/oauth/revoke", FORM, &form, &basic)
    };
    let revocations: Vec<_> = tokens[1..count].iter().map(revocation).collect();
    client.each("token revocation", &revocations);
    let logout =
        |tokens: &Value| post("/api/v1/auth/logout", JSON, "{}", &bearer(&text(tokens, "access_token")));
    let logouts: Vec<_> = tokens[count..].iter().map(logout).collect();
    client.each("logout", &logouts);
    let register = |number: usize| {
        let form =
            json!({ "email": format!("bench{number}@example.com"), "password": PASSWORD, "name": "Bench" });
        post("/api/v1/auth/register", JSON, &form.to_string(), "")
    };
    let registrations: Vec<_> = (0..count).map(register).collect();
    client.each("registration", &registrations);
    // Of the administrator, who logs in for the second time.
    let second = text(&client.data(&post("/api/v1/auth/login", JSON, &admin, "")), "access_token");
    let list = get("/api/v1/auth/sessions", &bearer(&second));
    client.repeat("list of two sessions", count, &list);
}

fn text(data: &Value, name: &str) -> String {
    data[name].as_str().expect("a text").to_owned()
}

fn get(path: &str, header: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\n{header}\r\n").into_bytes()
}

fn post(path: &str, kind: &str, body: &str, header: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\ncontent-type: {kind}\r\n{header}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One connection. Sending allocates nothing.
struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
    length: usize,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        Self { stream, answer: vec![0; 65_536], length: 0 }
    }

    /// Sends a request and reads its whole answer, a success.
    fn send(&mut self, request: &[u8]) {
        self.stream.write_all(request).expect("a sent request");
        self.length = 0;
        while !self.is_whole() {
            let read = self.stream.read(&mut self.answer[self.length..]).expect("an answer");
            assert!(read > 0, "the server closed the connection");
            self.length += read;
        }
        assert_eq!(self.answer[9], b'2', "{}", String::from_utf8_lossy(&self.answer[..self.length]));
    }

    fn is_whole(&self) -> bool {
        const LENGTH: &[u8] = b"content-length: ";
        let answer = &self.answer[..self.length];
        let Some(end) = find(answer, b"\r\n\r\n") else { return false };
        let length = find(&answer[..end], LENGTH).map_or(0, |at| {
            let digits = answer[at + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
            digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
        });
        self.length >= end + 4 + length
    }

    /// The data of the answer to a request.
    fn data(&mut self, request: &[u8]) -> Value {
        self.send(request);
        let start = find(&self.answer[..self.length], b"\r\n\r\n").expect("a body") + 4;
        let mut body: Value = serde_json::from_slice(&self.answer[start..self.length]).expect("JSON");
        body["data"].take()
    }

    fn repeat(&mut self, name: &str, count: usize, request: &[u8]) {
        self.counted(name, count, |client, _| client.send(request));
    }

    fn each(&mut self, name: &str, requests: &[Vec<u8>]) {
        self.counted(name, requests.len(), |client, number| client.send(&requests[number]));
    }

    /// Each refresh sends the token that the one before gave: it is as long as the first.
    fn refresh(&mut self, count: usize, token: &str) {
        const NAME: &[u8] = b"\"refresh_token\":\"";
        let mut request =
            post("/api/v1/auth/refresh", JSON, &json!({ "refresh_token": token }).to_string(), "");
        let place = find(&request, token.as_bytes()).expect("the token");
        self.counted("refresh", count, |client, _| {
            client.send(&request);
            let start = find(&client.answer[..client.length], NAME).expect("a token") + NAME.len();
            request[place..place + token.len()].copy_from_slice(&client.answer[start..start + token.len()]);
        });
    }

    /// Prints what the whole process allocates for each of `count` requests.
    fn counted(&mut self, name: &str, count: usize, mut send: impl FnMut(&mut Self, usize)) {
        let region = Region::new(COUNTED);
        for number in 0..count {
            send(self, number);
        }
        let change = region.change();
        let (calls, bytes) = (change.allocations + change.reallocations, change.bytes_allocated);
        println!("{name:<24} {:>12} {:>12}", calls / count, bytes / count);
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
