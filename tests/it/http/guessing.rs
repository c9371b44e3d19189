//! Who attacks from where, and what other rules of lockouts would have done: read from the audit log.

use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use super::lockout::fail;
use crate::harness::{Anonymous, LoggedIn, PASSWORD, TestApp, text_at};

const INCIDENTS: &str = "/api/v1/audit/incidents";
const WHAT_IF: &str = "/api/v1/lockouts/what-if";
const MINUTE: Duration = Duration::from_secs(60);

async fn watched() -> TestApp {
    let app = TestApp::unlimited().with_user("ada").await.with_user("eve").await;
    app.add("boss", Role::Admin).await;
    app
}

async fn boss(app: &TestApp) -> LoggedIn<'_> {
    let tokens = app.anonymous().at("192.0.2.200").log_in("boss", PASSWORD).await.data(200);
    LoggedIn::with(app, &tokens)
}

/// What was told, after holding that asking leaves no record.
async fn told(app: &TestApp, caller: &Anonymous<'_>, path: &str) -> Value {
    let (answer, events) = app.events_of(caller.get(path)).await;
    assert_eq!(events, [""; 0]);
    answer.data(200)
}

#[tokio::test]
async fn an_attack_from_one_house_is_one_incident_with_what_it_may_have_won() {
    let app = watched().await;
    let boss = boss(&app).await;
    fail(&app, "198.51.100.1", "nobody", 1).await;
    for (at, name) in ["ada", "eve", "root", "admin", "test", "ada"].into_iter().enumerate() {
        app.advance(Duration::from_secs(1));
        fail(&app, &format!("203.0.113.{}", at + 1), name, 1).await;
    }
    app.anonymous().at("203.0.113.99").log_in("eve", PASSWORD).await.data(200);
    let seen = told(&app, &boss, INCIDENTS).await;
    let expected = json!([{
        "network": "203.0.113.0/24",
        "shape": "spray",
        "failures": 6,
        "names": 5,
        "addresses": 6,
        "lockouts": 0,
        "logins": 1,
        "first_at": "2027-01-15T08:00:01.000Z",
        "last_at": "2027-01-15T08:00:06.000Z",
    }]);
    assert_eq!((&seen["incidents"], &seen["complete"]), (&expected, &json!(true)));
    assert_eq!(seen["as_of"], boss.get("/api/v1/users").await.data(200)["as_of"]);
    let all = told(&app, &boss, &format!("{INCIDENTS}?min_failures=1")).await;
    assert_eq!(text_at(&all, "/incidents/1/network"), "198.51.100.0/24");
    // What is too old is none.
    app.advance(16 * MINUTE);
    let late = told(&app, &boss, INCIDENTS).await;
    assert_eq!(late["incidents"], json!([]));
    assert_eq!(late["from"], json!("2027-01-15T08:01:06.000Z"));
    let hour = told(&app, &boss, &format!("{INCIDENTS}?minutes=60")).await;
    assert_eq!(hour["incidents"], expected);
}

#[tokio::test]
async fn other_rules_are_tried_out_on_what_was_guessed() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let boss = boss(&app).await;
    for name in ["ada", "nobody"] {
        for _ in 0..4 {
            app.advance(Duration::from_secs(5));
            fail(&app, "203.0.113.1", name, 1).await;
        }
    }
    app.advance(Duration::from_secs(5));
    app.anonymous().at("203.0.113.1").log_in("ada", PASSWORD).await.data(200);
    let what = told(&app, &boss, &format!("{WHAT_IF}?failures=3&window_seconds=600")).await;
    let none = json!({
        "failures": 5, "window_seconds": 900, "lock_seconds": 1_800,
        "lockouts": 0, "names": 0, "networks": 0, "refused": 0, "refused_right": 0,
    });
    let strict = json!({
        "failures": 3, "window_seconds": 600, "lock_seconds": 1_800,
        "lockouts": 2, "names": 2, "networks": 1, "refused": 3, "refused_right": 1,
    });
    assert_eq!((&what["present"], &what["asked"]), (&none, &strict));
    assert_eq!(what["complete"], json!(true));
    // Nothing is locked by asking.
    app.anonymous().at("203.0.113.1").log_in("ada", PASSWORD).await.data(200);
    assert_eq!(boss.get("/api/v1/lockouts").await.data(200)["lockouts"], json!([]));
}

#[tokio::test]
async fn the_rules_in_force_replay_to_the_locks_that_there_were() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let boss = boss(&app).await;
    for _ in 0..5 {
        app.advance(Duration::from_secs(5));
        fail(&app, "203.0.113.1", "ada", 1).await;
    }
    app.anonymous().at("203.0.113.1").log_in("ada", PASSWORD).await.refused(423, "ACCOUNT_LOCKED");
    let what = told(&app, &boss, &format!("{WHAT_IF}?failures=6")).await;
    assert_eq!((&what["present"]["lockouts"], &what["present"]["refused"]), (&json!(1), &json!(1)));
    assert_eq!(what["asked"]["lockouts"], json!(1), "the refused one counts as wrong");
    let incidents = told(&app, &boss, INCIDENTS).await;
    assert_eq!(
        (&incidents["incidents"][0]["lockouts"], &incidents["incidents"][0]["shape"]),
        (&json!(1), &json!("guessing"))
    );
    assert_eq!(told(&app, &boss, &format!("{WHAT_IF}?failures=8")).await["asked"]["lockouts"], json!(0));
}

#[tokio::test]
async fn numbers_out_of_range_are_refused() {
    let app = watched().await;
    let boss = boss(&app).await;
    for path in [
        format!("{INCIDENTS}?minutes=0"),
        format!("{INCIDENTS}?minutes=1441"),
        format!("{INCIDENTS}?limit=101"),
        format!("{WHAT_IF}?failures=0"),
        format!("{WHAT_IF}?failures=21"),
        format!("{WHAT_IF}?window_seconds=59"),
        format!("{WHAT_IF}?lock_seconds=86401"),
    ] {
        boss.get(&path).await.refused(400, "VALIDATION_ERROR");
    }
}
