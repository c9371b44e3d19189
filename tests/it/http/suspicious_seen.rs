//! Suspicious events are acknowledged: once, by somebody who may act on accounts.

use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use super::lockout::fail;
use crate::harness::{Anonymous, TestApp, text_at};

const PATH: &str = "/api/v1/audit/suspicious";

async fn listed(caller: &Anonymous<'_>, query: &str) -> Vec<Value> {
    caller.get(&format!("{PATH}?{query}")).await.data(200)["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_event_is_acknowledged_once_and_whoever_did_so_first_stays() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app.add("root", Role::SuperAdmin).await;
    let (boss, root) = (app.log_in("boss").await, app.log_in("root").await);
    for name in ["ada", "nobody"] {
        app.advance(Duration::from_secs(1));
        fail(&app, "203.0.113.1", name, 5).await;
    }
    let before = listed(&boss, "").await;
    assert_eq!(listed(&boss, "acknowledged=false").await, before);
    let path = format!("{PATH}/{}/acknowledge", text_at(&before[1], "/id"));
    app.advance(Duration::from_secs(1));
    let (answer, events) = app.events_of(boss.post(&path, json!({}))).await;
    assert_eq!(events, ["suspicion.acknowledged success"]);
    let mut expected = before[1].clone();
    expected["acknowledged_at"] = json!("2027-01-15T08:00:03.000Z");
    expected["acknowledged_by"] = json!(app.account("boss").unwrap().id.to_string());
    assert_eq!(answer.data(200), expected);
    let record = app.records().pop().unwrap();
    assert_eq!(record.subject, Some(*app.account("ada").unwrap().id.as_bytes()));
    let detail = [
        ("suspicion".to_owned(), text_at(&before[1], "/id")),
        ("type".to_owned(), "failed_logins".to_owned()),
    ];
    assert_eq!(record.detail, detail);
    app.advance(Duration::from_secs(1));
    let (answer, events) = app.events_of(root.post(&path, json!({}))).await;
    assert_eq!((answer.data(200), events.len()), (expected.clone(), 0));
    assert_eq!(listed(&boss, "acknowledged=true").await, [expected.clone()]);
    assert_eq!(listed(&boss, "acknowledged=false").await, before[..1]);
    assert_eq!(listed(&boss, "").await, [before[0].clone(), expected]);
    app.advance(Duration::from_secs(90 * 86_400));
    app.log_in("boss").await.post(&path, json!({})).await.refused(404, "NOT_FOUND");
    boss.get(&format!("{PATH}?acknowledged=x")).await.refused(401, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn an_unknown_event_and_a_mere_reader_are_refused() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    app.add("lead", Role::Manager).await;
    let (boss, lead) = (app.log_in("boss").await, app.log_in("lead").await);
    for id in ["x", "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11"] {
        let (answer, events) = app.events_of(boss.post(&format!("{PATH}/{id}/acknowledge"), json!({}))).await;
        answer.refused(404, "NOT_FOUND");
        assert_eq!(events, [""; 0]);
    }
    boss.get(&format!("{PATH}?acknowledged=x")).await.refused(400, "VALIDATION_ERROR");
    fail(&app, "203.0.113.1", "nobody", 5).await;
    let path = format!("{PATH}/{}/acknowledge", text_at(&listed(&boss, "").await[0], "/id"));
    let (answer, events) = app.events_of(lead.post(&path, json!({}))).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    let body = json!({ "name": "eyes", "scopes": ["audit:read"] });
    let key = boss.post("/api/v1/users/me/api-keys", body).await.data(201);
    let reader = app.anonymous().header("x-api-key", &text_at(&key, "/api_key"));
    assert_eq!(listed(&reader, "").await.len(), 1);
    let (answer, events) = app.events_of(reader.post(&path, json!({}))).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "users:update");
    assert_eq!(events, ["access.denied denied permission_missing"]);
}
