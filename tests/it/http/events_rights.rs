//! Who may follow the feed, how many may, and what ends a stream.

use std::sync::Arc;
use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::json;

use crate::harness::{Answer, KEYS, LoggedIn, START, TestApp, text_at};

async fn watched() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app.add("root", Role::SuperAdmin).await;
    app
}

async fn id_of(caller: &LoggedIn<'_>) -> String {
    text_at(&caller.get("/api/v1/auth/me").await.data(200), "/id")
}

#[tokio::test]
async fn following_needs_the_permission_and_a_refusal_is_recorded() {
    let app = watched().await;
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(ada.follow("")).await;
    let error = answer.err().unwrap().refused(403, "FORBIDDEN");
    assert_eq!(error["details"]["required_permission"], "audit:read");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    app.anonymous().follow("").await.err().unwrap().refused(401, "UNAUTHORIZED");
    assert_eq!(app.services.streams.open(), 0);
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_stream_and_no_other() {
    let app = watched().await;
    let (boss, other) = (app.log_in("boss").await, app.log_in("boss").await);
    let (mut ending, _) = boss.followed("").await;
    let (mut going_on, _) = other.followed("").await;
    boss.post("/api/v1/auth/logout", json!({})).await.data(200);
    assert_eq!(ending.end().await, "session_ended");
    assert_eq!(going_on.actions(1).await, ["session.ended"]);
    drop(ending);
    assert_eq!(app.services.streams.open(), 1);
}

#[tokio::test]
async fn a_suspended_account_hears_nothing_more() {
    let app = watched().await;
    let (boss, root) = (app.log_in("boss").await, app.log_in("root").await);
    let (mut stream, _) = boss.followed("").await;
    let place = format!("/api/v1/users/{}", id_of(&boss).await);
    root.put(&place, json!({ "status": "suspended" })).await.data(200);
    assert_eq!(stream.end().await, "session_ended");
}

#[tokio::test]
async fn a_key_follows_within_its_scopes_and_asking_again_is_no_use_of_it() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let slow = json!({ "rate_limit": 10, "rate_limit_period": 3_600 });
    let key = boss.make_key_with(&["audit:read"], slow).await;
    let other = boss.make_key(&["users:read"]).await;
    let (answer, events) = app.events_of(other.follow("")).await;
    answer.err().unwrap().refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    key.get("/api/v1/stats").await.data(200);
    let (mut stream, _) = key.followed("topic=config").await;
    let used = START.to_string();
    let left = |answer: Answer| answer.header("x-ratelimit-remaining").unwrap().parse::<u32>().unwrap();
    let before = left(key.get("/api/v1/auth/me").await);
    for _ in 0..3 {
        app.advance(Duration::from_millis(1));
        app.commit(&["x"]).await;
        assert_eq!(stream.actions(1).await, ["config.loaded"]);
    }
    let keys = boss.get(KEYS).await.data(200);
    let shown = keys["api_keys"].as_array().unwrap().iter().find(|shown| shown["id"] == key.id.as_str());
    assert_eq!(shown.unwrap()["last_used_at"], used.as_str());
    assert_eq!(left(key.get("/api/v1/auth/me").await), before - 1);
}

#[tokio::test]
async fn the_end_of_a_key_ends_its_stream() {
    let app = watched().await;
    let (boss, root) = (app.log_in("boss").await, app.log_in("root").await);
    let revoked = boss.make_key(&["audit:read"]).await;
    let (mut stream, _) = revoked.followed("").await;
    boss.delete(&revoked.place()).await.data(200);
    assert_eq!(stream.end().await, "key_ended");

    let elsewhere = boss.make_key(&["audit:read"]).await;
    let (mut stream, _) = elsewhere.followed("").await;
    let nets = json!({ "ip_allowlist": ["203.0.113.0/24"] });
    let ending = async {
        boss.put(&elsewhere.place(), nets).await.data(200);
        stream.end().await
    };
    let (reason, events) = app.events_of(ending).await;
    assert_eq!(reason, "key_ended");
    assert_eq!(events, ["api_key.updated success"]);

    let narrowed = boss.make_key(&["audit:read"]).await;
    let (mut stream, _) = narrowed.followed("").await;
    boss.put(&narrowed.place(), json!({ "scopes": ["users:read"] })).await.data(200);
    assert_eq!(stream.end().await, "permission_missing");

    let orphan = boss.make_key(&["audit:read"]).await;
    let (mut stream, _) = orphan.followed("").await;
    let place = format!("/api/v1/users/{}", id_of(&boss).await);
    root.put(&place, json!({ "status": "suspended" })).await.data(200);
    assert_eq!(stream.end().await, "key_ended");
}

/// The commit that follows the demotion is read, and not sent.
#[tokio::test]
async fn nothing_that_is_committed_after_the_right_was_taken_leaves() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let (mut stream, _) = boss.followed("").await;
    app.set_roles("boss", &[Role::Developer]).await;
    app.commit(&["secret"]).await;
    assert_eq!(stream.end().await, "permission_missing");
}

/// No commit tells of these: the next heartbeat does.
#[tokio::test]
async fn what_ends_by_time_alone_ends_the_stream_at_the_next_heartbeat() {
    let app = TestApp::with_policy(|policy| policy.streams.heartbeat = Duration::from_millis(50));
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    let (mut stream, _) = boss.followed("").await;
    assert_eq!(stream.next().await.event, "comment");
    app.advance(Duration::from_secs(3_601));
    assert_eq!(stream.end().await, "token_expired");
    let boss = app.log_in("boss").await;
    let (mut stream, _) = boss.followed("").await;
    app.set_roles("boss", &[Role::Developer]).await;
    assert_eq!(stream.end().await, "permission_missing");
}

#[tokio::test]
async fn a_shutdown_ends_all_streams_at_once_and_lets_no_other_begin() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let ((mut first, _), (mut second, _)) = (boss.followed("").await, boss.followed("topic=mfa").await);
    app.services.streams.close();
    assert_eq!((first.end().await, second.end().await), ("shutdown".to_owned(), "shutdown".to_owned()));
    boss.follow("").await.err().unwrap().refused(503, "SERVICE_BUSY");
}

#[tokio::test]
async fn an_account_follows_ten_streams_and_an_ended_one_makes_room() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(boss.followed("").await);
    }
    let answer = boss.follow("").await.err().unwrap();
    answer.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(answer.header("retry-after"), Some("5"));
    app.log_in("root").await.followed("").await;
    streams.pop();
    streams.push(boss.followed("").await);
    assert_eq!((app.services.streams.open(), app.services.streams.refused()), (10, 1));
    let held = Arc::strong_count(&app.services);
    streams.clear();
    assert_eq!(app.services.streams.open(), 0);
    assert!(Arc::strong_count(&app.services) < held, "a stream that ended holds nothing");
}

#[tokio::test]
async fn the_server_carries_no_more_streams_than_it_may() {
    let app = TestApp::with_policy(|policy| policy.streams.max_streams = 2);
    app.add("boss", Role::Admin).await;
    app.add("root", Role::SuperAdmin).await;
    let (boss, root) = (app.log_in("boss").await, app.log_in("root").await);
    let _streams = (boss.followed("").await, root.followed("").await);
    let (answer, events) = app.events_of(boss.follow("")).await;
    let answer = answer.err().unwrap();
    answer.refused(503, "SERVICE_BUSY");
    assert_eq!((answer.header("retry-after"), events), (Some("5"), vec![]));
    boss.get("/api/v1/auth/me").await.data(200);
}
