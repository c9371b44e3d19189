//! The outbox over the API: what waits, what was given up, and never what was written.

use latchkey::domain::role::Role;
use latchkey::services::mail::deliver_due;
use latchkey::services::mail_transport::MailFault;
use serde_json::{Value, json};

use crate::harness::{Anonymous, TestApp, text_at};
use crate::mail::Relay;

const OUTBOX: &str = "/api/v1/outbox";

async fn with_mails(count: usize) -> TestApp {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    for at in 0..count {
        app.advance(std::time::Duration::from_millis(5));
        app.anonymous().register(&format!("ada{at}@example.com")).await.data(201);
    }
    app
}

async fn mails(caller: &Anonymous<'_>, query: &str) -> Value {
    caller.get(&format!("{OUTBOX}?{query}")).await.data(200)
}

#[tokio::test]
async fn waiting_mails_and_dead_letters_are_told_apart_and_no_body_is_shown() {
    let app = with_mails(2).await;
    let boss = app.log_in("boss").await;
    let waiting = mails(&boss, "").await["mails"][0].clone();
    assert_eq!((&waiting["to"], &waiting["kind"]), (&json!("ada1@example.com"), &json!("verify_email")));
    assert_eq!((&waiting["state"], &waiting["attempts"]), (&json!("waiting"), &json!(0)));
    assert_eq!(waiting["next_attempt_at"], waiting["created_at"]);
    let relay = Relay::answering(["ada1"], &MailFault::permanent("550 no such user"));
    deliver_due(&app.services, &relay).await.unwrap();
    let page = boss.get(OUTBOX).await;
    let left = page.data(200)["mails"].clone();
    assert_eq!(left.as_array().unwrap().len(), 1, "{left:#}");
    let dead = &left[0];
    assert_eq!((&dead["state"], &dead["attempts"]), (&json!("dead"), &json!(1)));
    assert_eq!((&dead["last_error"], &dead["next_attempt_at"]), (&json!("550 no such user"), &Value::Null));
    for word in ["lkv_", "verify-email?token", "subject", "html"] {
        assert!(!page.text.contains(word), "{}", page.text);
    }
}

#[tokio::test]
async fn pages_of_the_outbox_lose_and_repeat_nothing() {
    let app = with_mails(7).await;
    let boss = app.log_in("boss").await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = mails(&boss, &format!("limit=3{cursor}")).await;
        seen.extend(page["mails"].as_array().unwrap().iter().map(|mail| text_at(mail, "/to")));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<_> = (0..7).rev().map(|at| format!("ada{at}@example.com")).collect();
    assert_eq!(seen, expected, "newest first, each once");
}

#[tokio::test]
async fn bad_bounds_and_strangers_are_refused() {
    let app = with_mails(1).await.with_user("bob").await;
    let (boss, bob) = (app.log_in("boss").await, app.log_in("bob").await);
    for (query, field) in [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor")] {
        let error = boss.get(&format!("{OUTBOX}?{query}")).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field);
    }
    let (answer, events) = app.events_of(bob.get(OUTBOX)).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "users:update");
    assert_eq!(events, ["access.denied denied permission_missing"]);
}
