//! Webhooks against a stand-in on a real socket.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::ambient::ManualClock;
use crate::domain::audit::Outcome;
use crate::domain::time::Timestamp;
use crate::outbound::http_client::Reach;
use crate::outbound::tests::{Gateway, HANG};
use crate::services::audit_log::AuditEntry;

const SECRETS: [&[u8]; 2] = [b"a secret shared with the receiver", b"the secret of before"];
const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

fn tag(secret: &[u8], message: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    STANDARD.encode(aws_lc_rs::hmac::sign(&key, message.as_bytes()))
}

fn receiver(url: &str, timeout: Duration, reach: Reach) -> Receiver {
    let sign = |id: &str, at: &str, body: &[u8]| {
        let message = format!("{id}.{at}.{}", str::from_utf8(body).unwrap());
        SECRETS.map(|secret| format!("v1,{}", tag(secret, &message))).join(" ")
    };
    let render = |event: &OutgoingEvent| format!(r#"{{"type":"{}"}}"#, event.entry.action).into_bytes();
    let client = HttpClient::new(None, timeout, reach).unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    Receiver::new(Endpoint::parse(url).unwrap(), client, Box::new(sign), Box::new(render), clock)
}

fn near(gateway: &Gateway) -> Receiver {
    let url = format!("http://127.0.0.1:{}/hook?token=of-the-operator", gateway.port);
    receiver(&url, Duration::from_secs(5), Reach::Anywhere)
}

fn event() -> OutgoingEvent {
    let entry = AuditEntry {
        seq: 42,
        index: 0,
        checksum: String::new(),
        previous: String::new(),
        at: Timestamp::from_seconds(1_700_000_000),
        action: "login.failed".to_owned(),
        outcome: Outcome::Denied,
        reason: None,
        actor: None,
        subject: None,
        session: None,
        request_id: "r".to_owned(),
        detail: Vec::new(),
        client: None,
        user_agent: None,
        note: None,
    };
    OutgoingEvent { id: "0-42-0f0f0f0f0f0f0f0f".to_owned(), entry }
}

/// What a receiver does, step by step as the specification has it.
fn verify(secret: &[u8], now: i64, request: &str) -> Result<String, &'static str> {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let [id, at, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(field);
    let (id, at, signatures) = (id.ok_or("no id")?, at.ok_or("no time")?, signatures.ok_or("no signature")?);
    if (now - at.parse::<i64>().unwrap()).abs() > 300 {
        return Err("too old");
    }
    let expected = tag(secret, &format!("{id}.{at}.{body}"));
    let fits = signatures.split(' ').any(|signature| signature.strip_prefix("v1,") == Some(&expected));
    if fits { Ok(id.to_owned()) } else { Err("not signed") }
}

#[tokio::test]
async fn an_event_is_one_post_that_a_receiver_can_verify_with_either_secret() {
    let gateway = Gateway::start(OK, None).await;
    near(&gateway).deliver(&event()).await.unwrap();
    let seen = gateway.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].starts_with("POST /hook?token=of-the-operator HTTP/1.1\r\n"), "{}", seen[0]);
    assert!(seen[0].contains("\r\ncontent-type: application/json\r\n"), "{}", seen[0]);
    assert!(seen[0].ends_with("\r\n\r\n{\"type\":\"login.failed\"}"), "{}", seen[0]);
    for secret in SECRETS {
        assert_eq!(verify(secret, 1_800_000_299, &seen[0]).as_deref(), Ok("0-42-0f0f0f0f0f0f0f0f"));
        assert_eq!(verify(secret, 1_800_000_301, &seen[0]), Err("too old"));
        let changed = seen[0].replace("login.failed", "login.passed");
        assert_eq!(verify(secret, 1_800_000_000, &changed), Err("not signed"));
    }
    assert_eq!(verify(b"another secret", 1_800_000_000, &seen[0]), Err("not signed"));
}

#[tokio::test]
async fn an_answer_decides_and_its_text_tells_nothing_of_the_address() {
    let failed = |why: &str| Err(SinkFault::Failed(why.to_owned()));
    let busy = |status, wait| Err(SinkFault::Busy { status, wait: Duration::from_secs(wait) });
    for (says, outcome) in [
        ("HTTP/1.1 200 OK\r\n\r\n", Ok(())),
        ("HTTP/1.1 410 Gone\r\n\r\n", Err(SinkFault::Gone)),
        ("HTTP/1.1 500 Oops\r\n\r\n", failed("the receiver answered 500")),
        ("HTTP/1.1 500 Oops\r\nretry-after: 9\r\n\r\n", failed("the receiver answered 500")),
        ("HTTP/1.1 503 Later\r\n\r\n", failed("the receiver answered 503")),
        ("HTTP/1.1 503 Later\r\nretry-after: soon\r\n\r\n", failed("the receiver answered 503")),
        ("HTTP/1.1 503 Later\r\nretry-after: 9\r\n\r\n", busy(503, 9)),
        ("HTTP/1.1 429 Slow\r\nretry-after: 120\r\n\r\n", busy(429, 120)),
        ("HTTP/1.1 404 Not Found\r\n\r\n", failed("the receiver answered 404")),
        ("SSH-2.0-OpenSSH_9.9\r\n", failed("the receiver gave no valid answer")),
    ] {
        let gateway = Gateway::start(says, None).await;
        assert_eq!(near(&gateway).deliver(&event()).await, outcome, "{says:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_an_endless_answer_not_read() {
    let elsewhere = Gateway::start(OK, None).await;
    let says = format!("HTTP/1.1 308 There\r\nlocation: http://127.0.0.1:{}/\r\n\r\n", elsewhere.port);
    let gateway = Gateway::start(says.leak(), None).await;
    let fault = near(&gateway).deliver(&event()).await.unwrap_err();
    assert_eq!(fault.to_string(), "the receiver answered 308");
    assert!(elsewhere.seen().is_empty());
    let body = format!("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n{}", "a".repeat(1 << 20));
    near(&Gateway::start(body.leak(), None).await).deliver(&event()).await.unwrap();
}

#[tokio::test]
async fn a_receiver_that_hangs_is_given_up_in_time() {
    let gateway = Gateway::start(HANG, None).await;
    let url = format!("http://127.0.0.1:{}/", gateway.port);
    let slow = receiver(&url, Duration::from_millis(50), Reach::Anywhere);
    assert_eq!(slow.deliver(&event()).await.unwrap_err().to_string(), "the receiver gave no answer in time");
}

/// By number and by name, for what counts is the address that the name leads to.
#[tokio::test]
async fn no_private_address_is_called_unless_that_is_allowed() {
    let gateway = Gateway::start(OK, None).await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let scheme = if host.starts_with('[') { "https" } else { "http" };
        let url = format!("{scheme}://{host}:{}/", gateway.port);
        let inside = receiver(&url, Duration::from_secs(5), Reach::Public);
        let fault = inside.deliver(&event()).await.unwrap_err();
        assert_eq!(fault.to_string(), "the receiver gave no connection: the address is private", "{host}");
    }
    for host in ["10.0.0.1", "169.254.169.254", "[fd00:ec2::254]"] {
        let inside = receiver(&format!("https://{host}/"), Duration::from_secs(5), Reach::Public);
        let fault = inside.deliver(&event()).await.unwrap_err();
        assert_eq!(fault.to_string(), "the receiver gave no connection: the address is private", "{host}");
    }
    assert!(gateway.seen().is_empty());
}
