//! The main job on real input: register over HTTPS, follow the link of a real mail, log in, refresh, log out.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use latchkey::ambient::Stopwatch;
use serde_json::{Value, json};

use super::client::{Client, Request};
use super::server::{Home, PASSWORD, PATIENCE};

/// A mail server on loopback. It refuses the first mails for now, and hands on every attempt.
struct Sink {
    port: u16,
    attempts: Receiver<String>,
}

impl Sink {
    fn start(refused: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, attempts) = channel();
        std::thread::spawn(move || {
            let mut left = refused;
            for stream in listener.incoming() {
                // A client that goes away in the middle is its own business.
                let _ = serve(stream.unwrap(), &mut left, &heard);
            }
        });
        Self { port, attempts }
    }

    fn next(&self) -> String {
        self.attempts.recv_timeout(PATIENCE).expect("a mail arrives")
    }

    /// `home`, whose server sends its mail here.
    fn of(&self, home: Home) -> Home {
        home.env("SMTP_HOST", "127.0.0.1").env("SMTP_PORT", &self.port.to_string())
    }
}

fn serve(stream: TcpStream, refused: &mut usize, heard: &Sender<String>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let say = |text: &str| (&stream).write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 sink ESMTP")?;
    let mut envelope = String::new();
    loop {
        let line = lines.next()?.ok()?;
        match line.split([' ', ':']).next()? {
            "EHLO" => say("250-sink\r\n250 8BITMIME")?,
            "DATA" => {
                say("354 go on")?;
                let mut mail = std::mem::take(&mut envelope);
                for line in lines.by_ref().map_while(Result::ok).take_while(|line| line != ".") {
                    mail.push_str(&line);
                    mail.push('\n');
                }
                let busy = *refused > 0;
                *refused = refused.saturating_sub(1);
                say(if busy { "451 4.3.0 come back later" } else { "250 2.0.0 queued" })?;
                heard.send(mail).ok()?;
            }
            "QUIT" => return say("221 bye"),
            _ => {
                envelope.push_str(&line);
                envelope.push('\n');
                say("250 ok")?;
            }
        }
    }
}

/// The path and the token of the link in a mail, whose text part is quoted-printable.
fn link(mail: &str) -> (String, String) {
    let text = mail.replace("=\n", "").replace("=3D", "=");
    let (before, after) = text.split_once("/verify-email?token=").expect("a link");
    let base = before.split_whitespace().last().unwrap().to_owned();
    let token: String =
        after.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    (base, token)
}

fn register(client: &Client, email: &str) -> Value {
    let form = json!({ "email": email, "password": PASSWORD, "name": "Ada" });
    client.post("/api/v1/auth/register", &form).data(201)
}

/// Opens the page of the link and presses its button.
fn follow(client: &Client, token: &str) {
    let page = client.get(&format!("/verify-email?token={token}"));
    assert_eq!(page.status.as_u16(), 200);
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"), "{page:?}");
    assert!(page.text.contains("<form") && page.text.contains(token), "{}", page.text);
    let done = client.ask(Request::form("/verify-email", &format!("token={token}")));
    assert_eq!(done.status.as_u16(), 200, "{done:?}");
    let again = client.ask(Request::form("/verify-email", &format!("token={token}")));
    assert_eq!(again.status.as_u16(), 400, "{again:?}");
}

/// R87.
#[test]
fn a_stranger_registers_verifies_by_a_real_mail_logs_in_refreshes_and_logs_out() {
    let sink = Sink::start(0);
    let home = sink.of(Home::settled()).env("LATCHKEY_PUBLIC_URL", "https://auth.example.com");
    let server = home.serve(&["--log", "trace"]);
    let client = server.client();
    let registered = register(&client, "ada@example.com");
    assert_eq!(registered["status"], "pending");
    client.log_in("ada@example.com", PASSWORD).refused(401, "AUTHENTICATION_FAILED");

    let mail = sink.next();
    assert!(mail.contains("MAIL FROM:<no-reply@auth.example.com>"), "{mail}");
    assert!(mail.contains("RCPT TO:<ada@example.com>"), "{mail}");
    let (base, token) = link(&mail);
    assert_eq!(base, "https://auth.example.com");
    follow(&client, &token);

    let tokens = client.log_in("ada@example.com", PASSWORD).data(200);
    let text = |tokens: &Value, name: &str| tokens[name].as_str().unwrap().to_owned();
    let refreshed =
        client.post("/api/v1/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).data(200);
    let access = text(&refreshed, "access_token");
    let logout = Request::post("/api/v1/auth/logout", &json!({})).bearer(&access);
    client.ask(logout).data(200);
    client.ask(Request::get("/api/v1/auth/me").bearer(&access)).refused(401, "TOKEN_INVALID");

    let admin = text(&client.log_in("root@example.com", PASSWORD).data(200), "access_token");
    let path = format!("/api/v1/audit/logs?user_id={}&limit=50", text(&registered, "id"));
    let logs = client.ask(Request::get(&path).bearer(&admin)).data(200);
    let actions: Vec<_> =
        logs["logs"].as_array().unwrap().iter().map(|log| log["action"].as_str().unwrap()).rev().collect();
    let expected = [
        "user.registered",
        "login.failed",
        "email.verified",
        "login.succeeded",
        "refresh.rotated",
        "session.ended",
    ];
    assert_eq!(actions, expected);
    let ended = server.stop();
    let refresh = [text(&tokens, "refresh_token"), text(&refreshed, "refresh_token")];
    for secret in [PASSWORD, &token, &access, &admin, &refresh[0], &refresh[1]] {
        assert!(!ended.err.contains(secret), "a secret is in the log");
        assert!(!logs.to_string().contains(secret), "a secret is in the audit log");
        assert!(!is_at_rest(&home.data(), secret.as_bytes()), "a secret is in the data folder");
    }
    // A stolen store alone signs and opens nothing.
    let file = home.data().join("keys/master.key");
    let key = std::fs::read_to_string(&file).unwrap();
    let (_, key) = key.trim().split_once('_').unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(!is_at_rest(&home.data(), key.as_bytes()), "the key is elsewhere too");
    let key = URL_SAFE_NO_PAD.decode(key).unwrap();
    assert!(!is_at_rest(&home.data(), &key[..32]), "the key is elsewhere too");
}

/// Whether any file below `folder` has `secret` in it.
fn is_at_rest(folder: &Path, secret: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return is_at_rest(&path, secret);
        }
        std::fs::read(&path).unwrap().windows(secret.len()).any(|window| window == secret)
    })
}

#[test]
fn a_mail_refused_for_now_is_tried_again_after_its_backoff() {
    let sink = Sink::start(1);
    let server = sink.of(Home::new()).serve(&["--dev"]);
    let client = server.client();
    register(&client, "ada@example.com");
    let refused = sink.next();
    assert!(refused.contains("RCPT TO:<ada@example.com>"), "{refused}");

    // Until its time has come it waits; a later mail does not.
    register(&client, "bob@example.com");
    assert!(sink.next().contains("RCPT TO:<bob@example.com>"));
    client.post("/dev/clock", &json!({ "advance_seconds": 61 }));
    register(&client, "eve@example.com");
    let mails = [sink.next(), sink.next()];
    let again =
        mails.iter().find(|mail| mail.contains("RCPT TO:<ada@example.com>")).expect("it is tried again");
    let id = |mail: &str| mail.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned();
    assert_eq!(id(again), id(&refused));
    follow(&client, &link(again).1);
    client.log_in("ada@example.com", PASSWORD).data(200);
}

#[test]
fn a_mail_server_that_is_away_holds_nothing_up_and_the_mail_survives_a_restart() {
    let sink = Sink::start(0);
    let port = sink.port;
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let home = Home::new().env("SMTP_HOST", "127.0.0.1").env("SMTP_PORT", &away.to_string());
    let mut server = home.serve(&["--dev"]);
    register(&server.client(), "ada@example.com");
    server.logged("Email not sent");
    server.stop();

    let server = home.env("SMTP_PORT", &port.to_string()).serve(&["--dev"]);
    server.client().post("/dev/clock", &json!({ "advance_seconds": 3_600 }));
    register(&server.client(), "bob@example.com");
    let mails = [sink.next(), sink.next()];
    assert!(mails.iter().any(|mail| mail.contains("RCPT TO:<ada@example.com>")), "{mails:?}");
}

#[test]
fn a_mail_server_that_never_answers_does_not_hold_the_end_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let home = Home::settled().env("SMTP_HOST", "127.0.0.1").env("SMTP_PORT", &port);
    let server = home.serve(&[]);
    register(&server.client(), "ada@example.com");
    let (_open, _) = silent.accept().unwrap();
    let watch = Stopwatch::start();
    server.stop();
    assert!(watch.elapsed() < Duration::from_secs(15), "{:?}", watch.elapsed());
}
