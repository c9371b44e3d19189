//! The webhook against a stand-in on a real socket.

use std::time::Duration;

use tokio::net::TcpListener;

use super::*;
use crate::ambient::ManualClock;
use crate::domain::id::MailId;
use crate::domain::phone::PhoneNumber;
use crate::domain::time::Timestamp;
use crate::outbound::http_client::{ClientError, Reach};
use crate::outbound::tests::{Gateway, HANG, certificate_for};

const SECRET: &[u8] = b"a secret shared with the gateway";
impl Gateway {
    fn sender(&self) -> WebhookSender {
        sender(&format!("http://127.0.0.1:{}/sms?from=latchkey", self.port), None)
    }
}

fn sender(url: &str, ca_file: Option<&std::path::Path>) -> WebhookSender {
    let sign = |bytes: &[u8]| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET);
        let hex = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16).unwrap());
        aws_lc_rs::hmac::sign(&key, bytes).as_ref().iter().flat_map(hex).collect()
    };
    let client = HttpClient::new(ca_file, Duration::from_secs(5), Reach::Anywhere).unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    WebhookSender::new(Endpoint::parse(url).unwrap(), client, Box::new(sign), clock)
}

fn sms() -> OutgoingSms {
    OutgoingSms {
        id: MailId::from_bytes([7; 16]),
        to: PhoneNumber::parse("+4915112345678").unwrap(),
        text: "123456 is your code for \"Acme\".".to_owned(),
        kind: "sms_code".to_owned(),
        written_at: Timestamp::from_seconds(1_700_000_000),
    }
}

#[tokio::test]
async fn a_message_is_one_signed_json_post() {
    let gateway = Gateway::start("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", None).await;
    gateway.sender().send(&sms()).await.unwrap();
    let seen = gateway.seen();
    let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
    assert_eq!(seen.len(), 1);
    assert!(head.starts_with("POST /sms?from=latchkey HTTP/1.1\r\n"), "{head}");
    let field = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
    };
    assert_eq!(field("host"), format!("127.0.0.1:{}", gateway.port));
    assert_eq!(field("content-type"), "application/json");
    assert_eq!(field("idempotency-key"), "07070707-0707-0707-0707-070707070707");
    assert_eq!(field("latchkey-timestamp"), "1800000000");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(body).unwrap(),
        serde_json::json!({
            "id": "07070707-0707-0707-0707-070707070707",
            "to": "+4915112345678",
            "text": "123456 is your code for \"Acme\".",
            "kind": "sms_code",
            "sent_at": "2027-01-15T08:00:00.000Z",
        })
    );
    // As a gateway checks it, with a library of its own.
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET);
    let signature = field("latchkey-signature");
    let hex = signature.strip_prefix("v1=").unwrap();
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    aws_lc_rs::hmac::verify(&key, format!("1800000000.{body}").as_bytes(), &bytes).unwrap();
}

#[tokio::test]
async fn an_answer_decides_whether_to_try_again() {
    for (says, is_temporary) in [
        ("HTTP/1.1 500 Oops\r\n\r\n", true),
        ("HTTP/1.1 429 Slow down\r\n\r\n", true),
        ("HTTP/1.1 401 Who are you\r\n\r\n", true),
        ("HTTP/1.1 400 Bad number\r\n\r\n", false),
        ("HTTP/1.1 404 Not here\r\n\r\n", false),
        ("SSH-2.0-OpenSSH_9.9\r\n", true),
    ] {
        let gateway = Gateway::start(says, None).await;
        let fault = gateway.sender().send(&sms()).await.unwrap_err();
        assert_eq!(matches!(fault, MailFault::Temporary(_)), is_temporary, "{says:?}: {fault}");
        assert!(!fault.reason().contains("123456") && !fault.reason().contains("49151"), "{fault}");
    }
}

/// R68: what is sent is for the configured address alone.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Gateway::start("HTTP/1.1 200 OK\r\n\r\n", None).await;
    let says = format!("HTTP/1.1 307 Over there\r\nlocation: http://127.0.0.1:{}/\r\n\r\n", elsewhere.port);
    let gateway = Gateway::start(says.leak(), None).await;
    let fault = gateway.sender().send(&sms()).await.unwrap_err();
    assert_eq!(fault, MailFault::permanent("the SMS gateway answered 307"));
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_gateway_that_says_nothing_is_given_up_in_time() {
    let gateway = Gateway::start(HANG, None).await;
    let client = HttpClient::new(None, Duration::from_millis(50), Reach::Anywhere).unwrap();
    let fault = WebhookSender { client, ..gateway.sender() }.send(&sms()).await.unwrap_err();
    assert_eq!(fault, MailFault::temporary("the SMS gateway: no answer in time"));
}

#[tokio::test]
async fn an_endless_head_or_body_is_not_read_to_its_end() {
    let head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(1 << 20));
    let gateway = Gateway::start(head.leak(), None).await;
    let fault = gateway.sender().send(&sms()).await.unwrap_err();
    assert_eq!(fault, MailFault::temporary("the SMS gateway: no valid answer"));
    let body = format!("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n{}", "a".repeat(1 << 20));
    let gateway = Gateway::start(body.leak(), None).await;
    gateway.sender().send(&sms()).await.unwrap();
}

#[tokio::test]
async fn only_a_trusted_certificate_for_the_very_host_gets_a_message() {
    let (file, acceptor) = certificate_for("localhost");
    let gateway = Gateway::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Some(acceptor)).await;
    let (url, by_address) =
        (format!("https://localhost:{}/", gateway.port), format!("https://127.0.0.1:{}/", gateway.port));
    let untrusted = MailFault::temporary(
        "the SMS gateway: no TLS connection: the certificate is not trusted, or TLS failed",
    );
    assert_eq!(sender(&url, None).send(&sms()).await, Err(untrusted.clone()));
    assert_eq!(sender(&by_address, Some(file.path())).send(&sms()).await, Err(untrusted));
    assert!(gateway.seen().is_empty());
    sender(&url, Some(file.path())).send(&sms()).await.unwrap();
    assert_eq!(gateway.seen().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_a_temporary_fault() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let fault = sender(&format!("http://127.0.0.1:{port}/"), None).send(&sms()).await.unwrap_err();
    assert_eq!(fault, MailFault::temporary("the SMS gateway: no connection"));
}

#[test]
fn only_tls_leaves_this_machine() {
    for good in [
        "https://sms.example.com",
        "https://sms.example.com:8443/a?b=c",
        "http://[::1]:99/",
        "http://localhost/",
    ] {
        assert!(Endpoint::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "http://sms.example.com/",
        "ftp://localhost/",
        "sms.example.com",
        "https://",
        "/path",
        "https://user@host/",
        "https://user:secret@host/",
        "https://host/#x",
        "http://127.0.0.1.example.com/",
        "",
    ] {
        assert!(matches!(Endpoint::parse(bad), Err(ClientError::Url)), "{bad}");
    }
}
