//! What asking for a reset mail tells nobody, whom it reaches, and how often: SECURITY R10, R18, R62, R63.

use std::time::Duration;

use latchkey::domain::user::Status;
use serde_json::json;

use super::password_reset::{ADA, INITIATE, NEW, confirm, initiate};
use crate::harness::{PASSWORD, TestApp, shipped_limits};

/// G59, S18, R10: known, unknown, pending and switched off addresses get one answer at the cost of one commit.
#[tokio::test]
async fn asking_tells_nothing_about_an_address() {
    let app = TestApp::new().with_user("ada").await.with_user("off").await.with_user("idle").await;
    app.anonymous().register("new@example.com").await.data(201);
    app.set_status("off", Status::Suspended).await;
    app.set_status("idle", Status::Inactive).await;
    let sent = app.mails().await.len();
    let (known, _) = initiate(&app, ADA).await;
    known.data(200);
    for (email, event) in [
        ("new@example.com", "success"),
        ("off@example.com", "denied account_switched_off"),
        ("idle@example.com", "denied account_switched_off"),
        ("nobody@example.com", "denied unknown_user"),
        ("ada", "denied unknown_user"),
        ("no address", "denied unknown_user"),
        ("", "denied unknown_user"),
        ("\u{430}da@example.com", "denied unknown_user"),
        ("\u{ff41}da@example.com", "denied unknown_user"),
        ("ada@example.com\0", "denied unknown_user"),
        ("ada@example.com\r\nBcc: eve@example.com", "denied unknown_user"),
        ("ada@example.com,eve@example.com", "denied unknown_user"),
        ("Ada <ada@example.com>", "denied unknown_user"),
        (&"a".repeat(60_000), "denied unknown_user"),
    ] {
        let before = app.services.store.counters().commits;
        let (answer, events) = initiate(&app, email).await;
        let (headers, expected) = (answer.headers_but_limits(), known.headers_but_limits());
        assert_eq!((&answer.text, headers), (&known.text, expected), "{email}");
        assert_eq!(events, [format!("password.reset_requested {event}")], "{email}");
        assert_eq!(app.services.store.counters().commits - before, 1, "{email}");
        let record = app.records().pop().unwrap();
        assert_eq!((record.actor, record.subject.is_none()), (None, event.ends_with("unknown_user")));
        assert_eq!(
            record.detail.len(),
            usize::from(event.ends_with("unknown_user")),
            "a name of nobody is hashed"
        );
    }
    let mails = app.mails().await;
    let mut to: Vec<_> = mails.iter().take(mails.len() - sent).map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, [ADA, "new@example.com"]);
}

#[tokio::test]
async fn asking_takes_one_address() {
    let app = TestApp::new().with_user("ada").await;
    for body in [
        "",
        "{}",
        r#"{"email":null}"#,
        r#"{"email":["ada@example.com","eve@example.com"]}"#,
        r#"{"email":{"ada@example.com":"eve@example.com"}}"#,
        r#"{"email":"ada@example.com","cc":"eve@example.com"}"#,
        r#"{"email":"ada@example.com","email":"eve@example.com"}"#,
    ] {
        app.anonymous().post_raw(INITIATE, body).await.refused(400, "VALIDATION_ERROR");
    }
    assert!(app.mails().await.is_empty());
}

/// R62.
#[tokio::test]
async fn no_header_changes_where_the_link_leads() {
    let app = TestApp::new().with_user("ada").await;
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-original-host", "evil.example"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
    ] {
        let caller = app.anonymous().header(name, value);
        caller.post(INITIATE, json!({ "email": ADA })).await.data(200);
        let mail = app.mails().await.remove(0);
        assert!(mail.text.contains("https://auth.example.com/reset-password?token=lkr_"), "{name}");
        assert!(!mail.text.contains("evil.example") && !mail.html.contains("evil.example"), "{name}");
    }
}

/// R18: five mails an hour, from wherever they are asked for; the answer stays what it was.
#[tokio::test]
async fn an_address_gets_five_mails_an_hour() {
    let app = TestApp::with_policy(|policy| policy.limits = shipped_limits()).with_user("ada").await;
    let ask = async |number: u8| {
        let caller = app.anonymous().at(&format!("192.0.2.{number}")).header("x-request-id", "same");
        app.events_of(caller.post(INITIATE, json!({ "email": ADA }))).await
    };
    let (first, _) = ask(0).await;
    for number in 1..5 {
        // Of two mails of one moment none is the newer.
        app.advance(Duration::from_secs(1));
        assert_eq!(ask(number).await.1, ["password.reset_requested success"]);
    }
    let newest = app.reset_token(ADA).await;
    for number in 5..9 {
        let (answer, events) = ask(number).await;
        assert_eq!(answer.data(200), first.data(200));
        assert_eq!(events, ["password.reset_requested denied too_many_mails"]);
    }
    assert_eq!(app.mails().await.len(), 5);
    confirm(&app, &newest, NEW).await.0.data(200);
    app.advance(Duration::from_secs(12 * 60));
    assert_eq!(ask(9).await.1, ["password.reset_requested success"]);
}

/// S26, R18: three requests and ten attempts an hour for one client, nothing hashed beyond.
#[tokio::test]
async fn one_client_asks_three_times_and_confirms_ten_times_an_hour() {
    let app = TestApp::with_policy(|policy| policy.limits = shipped_limits()).with_user("ada").await;
    for _ in 0..3 {
        initiate(&app, "nobody@example.com").await.0.data(200);
    }
    let (answer, events) = initiate(&app, ADA).await;
    answer.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!((answer.header("retry-after"), events.len()), (Some("1200"), 0));
    for _ in 0..10 {
        confirm(&app, "lkr_x", NEW).await.0.refused(400, "VALIDATION_ERROR");
    }
    let (answer, events) = confirm(&app, "lkr_x", NEW).await;
    answer.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!((answer.header("retry-after"), events.len()), (Some("360"), 0));
    app.anonymous().log_in("ada", PASSWORD).await.data(200);
}
