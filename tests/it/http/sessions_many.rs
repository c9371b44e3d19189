//! Many sessions ended in one go: R37, R56, with a look before and an outcome for each.

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use crate::harness::{Anonymous, LoggedIn, PASSWORD, TestApp, text_at};

const PATH: &str = "/api/v1/sessions/revoke";

async fn watched() -> TestApp {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    app.add("boss", Role::Admin).await;
    app.add("root", Role::SuperAdmin).await;
    app
}

async fn log_in_from<'a>(app: &'a TestApp, from: &str, name: &str) -> LoggedIn<'a> {
    app.advance(Duration::from_secs(1));
    let tokens = app.anonymous().at(from).log_in(name, PASSWORD).await.data(200);
    LoggedIn::with(app, &tokens)
}

/// The outcome of each session.
fn outcomes(answer: &Value) -> BTreeMap<String, String> {
    let sessions = answer["sessions"].as_array().unwrap().iter();
    sessions.map(|session| (text_at(session, "/id"), text_at(session, "/outcome"))).collect()
}

async fn asked(caller: &Anonymous<'_>, body: Value) -> Value {
    caller.post(PATH, body).await.data(200)
}

#[tokio::test]
async fn sessions_with_given_ids_end_and_each_has_an_outcome_and_a_record() {
    let app = watched().await;
    let (ada, eve) =
        (log_in_from(&app, "203.0.113.9", "ada").await, log_in_from(&app, "203.0.113.9", "eve").await);
    let root = log_in_from(&app, "198.51.100.7", "root").await;
    let boss = log_in_from(&app, "198.51.100.7", "boss").await;
    let nobody = "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a59".to_owned();
    let ids = [ada.session_id(), eve.session_id(), root.session_id(), nobody.clone(), ada.session_id()];
    let look = json!({ "ids": ids, "dry_run": true });
    let (looked, events) = app.events_of(asked(&boss, look)).await;
    assert_eq!(events, [""; 0], "looking changes nothing");
    assert!(ada.is_in().await && eve.is_in().await);
    let expected = BTreeMap::from([
        (ada.session_id(), "ended".to_owned()),
        (eve.session_id(), "ended".to_owned()),
        (root.session_id(), "outranked".to_owned()),
        (nobody, "gone".to_owned()),
    ]);
    assert_eq!(
        (outcomes(&looked), &looked["ended"], &looked["dry_run"]),
        (expected.clone(), &json!(2), &json!(true))
    );
    let (ended, events) = app.events_of(asked(&boss, json!({ "ids": ids }))).await;
    assert_eq!((outcomes(&ended), &ended["dry_run"]), (expected, &json!(false)));
    assert_eq!(events, ["session.ended success ended_by_operator"; 2]);
    assert!(!ada.is_in().await && !eve.is_in().await && root.is_in().await);
    // Of each record the account is the session's, and the session is the one that ended.
    let records = app.records();
    let subjects: Vec<_> = records[records.len() - 2..].iter().map(|record| record.subject).collect();
    let both = ["ada", "eve"].map(|name| Some(*app.account(name).unwrap().id.as_bytes()));
    assert!(both.iter().all(|user| subjects.contains(user)));
    // A second time there is nothing left to end.
    let again = asked(&boss, json!({ "ids": [ada.session_id()] })).await;
    assert_eq!(outcomes(&again)[&ada.session_id()], "gone");
}

#[tokio::test]
async fn a_filter_ends_what_was_seen_before_and_neither_a_later_session_nor_ones_own() {
    let app = watched().await;
    let ada = log_in_from(&app, "203.0.113.9", "ada").await;
    let eve = log_in_from(&app, "203.0.113.77", "eve").await;
    let far = log_in_from(&app, "198.51.100.7", "eve").await;
    let boss = log_in_from(&app, "203.0.113.5", "boss").await;
    app.advance(Duration::from_secs(1));
    let seen_at = app.clock_now().to_string();
    let body = |key: &str, value: Value| json!({ "network": "203.0.113.0/24", "until": seen_at, key: value });
    let looked = asked(&boss, body("dry_run", json!(true))).await;
    assert_eq!(outcomes(&looked)[&boss.session_id()], "own");
    assert_eq!(looked["ended"], json!(2));
    let late = log_in_from(&app, "203.0.113.9", "ada").await;
    let (_, events) = app.events_of(asked(&boss, body("expect_count", json!(2)))).await;
    assert_eq!(events, ["session.ended success ended_by_operator"; 2]);
    assert!(!ada.is_in().await && !eve.is_in().await);
    assert!(far.is_in().await && late.is_in().await && boss.is_in().await);
}

#[tokio::test]
async fn another_number_than_was_expected_ends_nothing() {
    let app = watched().await;
    let ada = log_in_from(&app, "203.0.113.9", "ada").await;
    let boss = log_in_from(&app, "198.51.100.7", "boss").await;
    let user = app.account("ada").unwrap().id.to_string();
    let body = json!({ "user_id": user, "expect_count": 2 });
    let (answer, events) = app.events_of(boss.post(PATH, body)).await;
    assert_eq!(answer.refused(409, "CONFLICT")["details"], json!({ "found": 1 }));
    assert_eq!(events, [""; 0]);
    assert!(ada.is_in().await);
}

#[tokio::test]
async fn more_than_one_commit_holds_are_ended_all_the_same() {
    let app = TestApp::unlimited().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    for _ in 0..45 {
        app.log_in("ada").await;
    }
    let user = app.account("ada").unwrap().id.to_string();
    let body = json!({ "user_id": user, "expect_count": 45 });
    let (ended, events) = app.events_of(asked(&boss, body)).await;
    assert_eq!((&ended["ended"], events.len()), (&json!(45), 45));
    let left = boss.get(&format!("/api/v1/users/{user}/sessions")).await.data(200);
    assert_eq!(left["sessions"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_request_that_could_mean_too_much_is_refused() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let many: Vec<_> = (0..501).map(|_| "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a59").collect();
    for body in [
        json!({}),
        json!({ "ids": [] }),
        json!({ "ids": many }),
        json!({ "ids": ["x"] }),
        json!({ "ids": [boss.session_id()], "user_id": boss.session_id() }),
        json!({ "expect_count": 1 }),
        json!({ "network": "203.0.113.0/24" }),
        json!({ "network": "x", "dry_run": true }),
        json!({ "kind": "x", "dry_run": true }),
    ] {
        boss.post(PATH, body).await.refused(400, "VALIDATION_ERROR");
    }
    let eve = app.log_in("eve").await;
    let (answer, events) = app.events_of(eve.post(PATH, json!({ "ids": [boss.session_id()] }))).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    assert!(boss.is_in().await);
}

#[tokio::test]
async fn why_it_was_done_is_kept_and_forgotten_with_whoever_said_it() {
    let app = watched().await;
    let ada = log_in_from(&app, "203.0.113.9", "ada").await;
    let boss = app.log_in("boss").await;
    let noted = app.anonymous().header("authorization", &format!("Bearer {}", boss.access));
    let noted =
        noted.header("x-audit-note", "SEC-118: the laptop was stolen").header("x-request-id", "call-7");
    asked(&noted, json!({ "ids": [ada.session_id()] })).await;
    let page = boss.get("/api/v1/audit/logs?request_id=call-7").await.data(200);
    assert_eq!(page["logs"][0]["note"], json!("SEC-118: the laptop was stolen"));
    assert!(!app.at_rest("laptop"));
    let root = app.log_in("root").await;
    let id = app.account("boss").unwrap().id;
    root.delete(&format!("/api/v1/users/{id}")).await.data(200);
    let page = root.get("/api/v1/audit/logs?request_id=call-7").await.data(200);
    assert_eq!(
        (&page["logs"][0]["note"], &page["logs"][0]["action"]),
        (&Value::Null, &json!("session.ended"))
    );
    let long = app.anonymous().header("x-audit-note", &"x".repeat(201));
    long.log_in("ada", PASSWORD).await.refused(400, "VALIDATION_ERROR");
}
