//! What an operator does to mails: tries them now, removes them, and never reads them.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::services::mail::deliver_due;
use latchkey::services::mail_transport::MailFault;
use serde_json::{Value, json};

use crate::harness::{Anonymous, TestApp, text_at};
use crate::mail::Relay;

const OUTBOX: &str = "/api/v1/outbox";

/// One mail that waits for its second try, and one that was given up.
async fn stuck() -> TestApp {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    for (name, fault) in
        [("dead", MailFault::permanent("550 no such user")), ("slow", MailFault::temporary("451 later"))]
    {
        app.advance(Duration::from_millis(5));
        app.anonymous().register(&format!("{name}@example.com")).await.data(201);
        deliver_due(&app.services, &Relay::answering([name], &fault)).await.unwrap();
    }
    app
}

async fn mails(caller: &Anonymous<'_>, query: &str) -> Vec<Value> {
    caller.get(&format!("{OUTBOX}?{query}")).await.data(200)["mails"].as_array().unwrap().clone()
}

#[tokio::test]
async fn mails_are_listed_by_their_state() {
    let app = stuck().await;
    let boss = app.log_in("boss").await;
    let all = mails(&boss, "").await;
    assert_eq!(all.len(), 2);
    assert_eq!(mails(&boss, "state=waiting").await, all[..1]);
    assert_eq!(mails(&boss, "state=dead").await, all[1..]);
    let page = boss.get(&format!("{OUTBOX}?state=dead&limit=1")).await.data(200);
    assert!(page.get("next_cursor").is_none());
    let error = boss.get(&format!("{OUTBOX}?state=x")).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(error["details"]["field"], "state");
}

#[tokio::test]
async fn a_waiting_mail_is_tried_at_once_and_a_dead_letter_is_not() {
    let app = stuck().await;
    let boss = app.log_in("boss").await;
    let all = mails(&boss, "").await;
    let (slow, dead) = (text_at(&all[0], "/id"), text_at(&all[1], "/id"));
    let retry = |id: &str| format!("{OUTBOX}/{id}/retry");
    let (answer, events) = app.events_of(boss.post(&retry(&slow), json!({}))).await;
    assert_eq!(events, ["mail.retried success"]);
    let retried = answer.data(200);
    assert_eq!(retried["next_attempt_at"], json!("2027-01-15T08:00:00.010Z"));
    assert_eq!((&retried["state"], &retried["attempts"]), (&json!("waiting"), &json!(1)));
    for word in ["lkv_", "token", "subject", "html"] {
        assert!(!answer.text.contains(word), "{}", answer.text);
    }
    let record = app.records().pop().unwrap();
    let owner = app.account("slow@example.com").unwrap().id;
    assert_eq!(record.subject, Some(*owner.as_bytes()));
    let detail = [("mail".to_owned(), slow.clone()), ("kind".to_owned(), "verify_email".to_owned())];
    assert_eq!(record.detail, detail);
    assert_eq!(app.mails().await.len(), 1, "it left");
    let (answer, events) = app.events_of(boss.post(&retry(&dead), json!({}))).await;
    answer.refused(409, "CONFLICT");
    assert_eq!(events, [""; 0]);
    for id in [slow.as_str(), "x", "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11"] {
        boss.post(&retry(id), json!({})).await.refused(404, "NOT_FOUND");
        boss.delete(&format!("{OUTBOX}/{id}")).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_removed_mail_is_never_sent() {
    let app = stuck().await;
    let boss = app.log_in("boss").await;
    for mail in mails(&boss, "").await {
        let (answer, events) =
            app.events_of(boss.delete(&format!("{OUTBOX}/{}", text_at(&mail, "/id")))).await;
        assert_eq!(answer.data(200), json!({ "message": "Mail removed." }));
        assert_eq!(events, ["mail.deleted success"]);
    }
    assert_eq!(mails(&boss, "").await, [Value::Null; 0]);
    app.advance(Duration::from_secs(40 * 86_400));
    assert_eq!(app.mails().await.len(), 0);
}

/// R56.
#[tokio::test]
async fn nobody_touches_a_mail_to_somebody_above_their_rank() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    app.add("root", Role::SuperAdmin).await;
    let boss = app.log_in("boss").await;
    let forgot = json!({ "email": "root@example.com" });
    app.anonymous().post("/api/v1/auth/password-reset/initiate", forgot).await.data(200);
    let mail = mails(&boss, "state=waiting").await.remove(0);
    let path = format!("{OUTBOX}/{}", text_at(&mail, "/id"));
    let (answer, events) = app.events_of(boss.delete(&path)).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied outranked"]);
    boss.post(&format!("{path}/retry"), json!({})).await.refused(403, "FORBIDDEN");
    assert_eq!(app.mails().await.len(), 1, "it left all the same");
}
