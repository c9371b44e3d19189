//! What looks like an attack, over the API: rule G80.

use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use crate::harness::{Anonymous, TestApp, text_at};

const PATH: &str = "/api/v1/audit/suspicious";

async fn watched() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app.add("root", Role::SuperAdmin).await;
    app
}

async fn listed(caller: &Anonymous<'_>, query: &str) -> Vec<Value> {
    caller.get(&format!("{PATH}?{query}")).await.data(200)["events"].as_array().unwrap().clone()
}

fn kinds(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| text_at(event, "/type")).collect()
}

/// Five wrong passwords, from a network of their own.
async fn lock(app: &TestApp, name: &str) {
    for _ in 0..5 {
        let client = app.anonymous().at("203.0.113.9").header("user-agent", "Guesser/1");
        client.log_in(name, "wrong").await.refused(401, "AUTHENTICATION_FAILED");
    }
}

/// G80.
#[tokio::test]
async fn a_lock_is_listed_once_with_who_and_where() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    lock(&app, "ada").await;
    app.anonymous().at("203.0.113.9").log_in("ada", "wrong").await.refused(423, "ACCOUNT_LOCKED");
    // Within one millisecond the order is nobody's business.
    app.advance(Duration::from_millis(1));
    lock(&app, "nobody").await;
    let events = listed(&boss, "").await;
    assert_eq!(kinds(&events), ["failed_logins", "failed_logins"]);
    assert!(events[0]["user_id"].is_null());
    assert_eq!(text_at(&events[0], "/details/name_hash"), app.services.keys.name_hash("nobody"));
    let ada = app.account("ada").unwrap().id.to_string();
    let record = app.records().into_iter().find(|record| record.action == "lockout.set").unwrap();
    let expected = json!({
        "id": events[1]["id"],
        "user_id": ada,
        "type": "failed_logins",
        "details": {
            "action": "lockout.set",
            "reason": "network",
            "request_id": record.request_id,
            "ip_address": "203.0.113.9",
            "user_agent": "Guesser/1",
        },
        "at": "2027-01-15T08:00:00.000Z",
    });
    assert_eq!(events[1], expected);
    assert_eq!(listed(&boss, &format!("user_id={ada}")).await, [expected]);
    assert!(!app.at_rest("203.0.113.9") && !app.at_rest("Guesser/1"), "sealed like an audit record");
}

/// G80.
#[tokio::test]
async fn a_token_used_twice_and_reaching_above_ones_rank_are_listed() {
    let app = watched().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    app.anonymous().refresh(&ada.refresh).await.data(200);
    app.advance(Duration::from_secs(11));
    app.anonymous().refresh(&ada.refresh).await.refused(401, "TOKEN_INVALID");
    app.advance(Duration::from_secs(1));
    let root = app.account("root").unwrap().id;
    let change = boss.put(&format!("/api/v1/users/{root}"), json!({ "status": "suspended" })).await;
    change.refused(403, "FORBIDDEN");
    let events = listed(&boss, "").await;
    assert_eq!(kinds(&events), ["privilege_escalation", "token_reuse"]);
    assert_eq!(text_at(&events[0], "/user_id"), root.to_string());
    assert_eq!(text_at(&events[0], "/details/actor_id"), app.account("boss").unwrap().id.to_string());
    assert_eq!(text_at(&events[0], "/details/reason"), "outranked");
    assert_eq!(text_at(&events[1], "/details/session_id"), ada.session_id());
}

#[tokio::test]
async fn pages_follow_each_other() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    for name in ["a", "b", "c", "d", "e"] {
        app.advance(Duration::from_secs(1));
        lock(&app, name).await;
    }
    let all = listed(&boss, "limit=100").await;
    assert_eq!(all.len(), 5);
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = boss.get(&format!("{PATH}?{query}")).await.data(200);
        seen.extend(page["events"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        query = format!("limit=2&cursor={next}");
    }
    assert_eq!(seen, all);
    for bad in ["user_id=x", "cursor=x", "limit=0", "limit=101"] {
        boss.get(&format!("{PATH}?{bad}")).await.refused(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn only_readers_of_the_audit_log_may_look_and_for_ninety_days() {
    let app = watched().await;
    lock(&app, "ada").await;
    let ada = app.log_in("ada").await;
    app.set_roles("ada", &[]).await;
    app.anonymous().get(PATH).await.refused(401, "UNAUTHORIZED");
    let (answer, events) = app.events_of(ada.get(PATH)).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    app.advance(Duration::from_secs(90 * 86_400) - Duration::from_millis(1));
    let boss = app.log_in("boss").await;
    assert_eq!(listed(&boss, "").await.len(), 1);
    app.advance(Duration::from_millis(1));
    let boss = app.log_in("boss").await;
    let (events, none) = app.events_of(listed(&boss, "")).await;
    assert_eq!((events.len(), none.len()), (0, 0), "though nobody swept");
}
