//! The tools of `--dev`: captured mail and the movable clock.

use std::sync::{Arc, Mutex};

use latchkey::domain::id::MailId;
use latchkey::http::dev::Captured;
use serde_json::json;

use crate::harness::{START, TestApp};

fn mail(id: u8) -> Captured {
    Captured {
        id: MailId::new(START, &[id; 10]),
        to: "ada@example.com".to_owned(),
        from: "Latchkey <auth@example.com>".to_owned(),
        subject: format!("<b>Mail</b> {id}"),
        text: "Follow https://auth.example.com/verify-email?token=abc".to_owned(),
        html: "<script>alert(1)</script>".to_owned(),
        sent_at: START,
    }
}

#[tokio::test]
async fn the_mailbox_is_json_for_programs_and_a_page_for_people() {
    let count = Arc::new(Mutex::new(0));
    let shared = count.clone();
    let app = TestApp::in_dev(move || (0..*shared.lock().unwrap()).map(mail).collect());
    let stranger = || app.anonymous().header("accept", "application/json");
    assert_eq!(stranger().get("/dev/mailbox").await.json(), json!([]));
    *count.lock().unwrap() = 2;
    let mails = stranger().get("/dev/mailbox").await.json();
    let first = &mails[0];
    assert_eq!((&first["to"], &first["subject"]), (&json!("ada@example.com"), &json!("<b>Mail</b> 0")));
    let mut names: Vec<_> = first.as_object().unwrap().keys().cloned().collect();
    names.sort_unstable();
    assert_eq!(names, ["from", "html", "id", "sent_at", "subject", "text", "to"]);
    let page = app.anonymous().get("/dev/mailbox").await;
    assert!(page.text.contains("&lt;b&gt;Mail") && !page.text.contains("<b>Mail"), "{}", page.text);
    let id = first["id"].as_str().unwrap();
    let one = app.anonymous().get(&format!("/dev/mailbox/{id}")).await;
    assert_eq!(one.status, 200);
    assert!(one.text.contains("href=\"https://auth.example.com/verify-email?token=abc\""), "{}", one.text);
    assert!(!one.text.contains("<script"), "{}", one.text);
    for id in ["nonsense", "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11"] {
        app.anonymous().get(&format!("/dev/mailbox/{id}")).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn the_clock_moves_both_ways_and_expires_tokens() {
    let app = TestApp::in_dev(Vec::new).with_user("ada").await;
    let now = async || app.anonymous().get("/dev/clock").await.json()["now"].as_i64().unwrap();
    let before = now().await;
    let ada = app.log_in("ada").await;
    let answer = app.anonymous().post("/dev/clock", json!({ "advance_seconds": 3_600 })).await;
    assert!(answer.json()["now"].as_i64().unwrap() >= before + 3_600);
    ada.get("/api/v1/auth/me").await.refused(401, "TOKEN_EXPIRED");
    app.anonymous().post("/dev/clock", json!({ "advance_seconds": -3_600 })).await;
    ada.get("/api/v1/auth/me").await.data(200);
    for body in
        [json!({}), json!({ "advance_seconds": "1" }), json!({ "advance_seconds": 1.5 }), json!({ "x": 1 })]
    {
        app.anonymous().post("/dev/clock", body).await.refused(400, "VALIDATION_ERROR");
    }
    for _ in 0..3 {
        let body = json!({ "advance_seconds": i64::MAX });
        assert!(app.anonymous().post("/dev/clock", body).await.status.is_success());
    }
    assert!(app.anonymous().get("/api/v1/auth/me").await.status.is_client_error());
    let answer = app.anonymous().log_in("ada", crate::harness::PASSWORD).await;
    assert!(!answer.status.is_server_error(), "{}", answer.text);
}

#[tokio::test]
async fn without_dev_there_are_no_tools() {
    let app = TestApp::new();
    for path in ["/dev/mailbox", "/dev/clock", "/dev/mailbox/x", "/dev"] {
        app.anonymous().get(path).await.refused(404, "NOT_FOUND");
        app.anonymous().post(path, json!({ "advance_seconds": 1 })).await.refused(404, "NOT_FOUND");
    }
}

/// A page of another site must not read the mailbox through a name of its own that leads here (DNS rebinding),
/// nor move the clock with a form.
#[tokio::test]
async fn the_tools_answer_to_names_of_this_machine_only() {
    let app = TestApp::in_dev(Vec::new);
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
        let answer = app.anonymous().header("host", host).get("/dev/mailbox").await;
        assert_eq!(answer.status, 200, "{host}");
    }
    for path in ["/dev/mailbox", "/dev/clock"] {
        app.anonymous().header("host", "evil.example:8080").get(path).await.refused(403, "FORBIDDEN");
    }
    let form = app.anonymous().post_form("/dev/clock", "{\"advance_seconds\":1}").await;
    form.refused(415, "UNSUPPORTED_MEDIA_TYPE");
}
