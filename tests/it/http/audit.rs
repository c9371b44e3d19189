//! The audit log over the API: filters, pages, who may read, and what a record says.

use std::time::Duration;

use latchkey::domain::id::UserId;
use latchkey::domain::role::Role;
use latchkey::services::audit_log;
use latchkey::store::{Abort, tables};
use serde_json::{Value, json};

use crate::harness::{Anonymous, LoggedIn, PASSWORD, TestApp, text_at};

const LOGS: &str = "/api/v1/audit/logs";

async fn watched() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app.advance(Duration::from_secs(1));
    app
}

async fn logs(caller: &Anonymous<'_>, query: &str) -> Vec<Value> {
    let page = caller.get(&format!("{LOGS}?limit=100&{query}")).await.data(200);
    page["logs"].as_array().unwrap().clone()
}

fn actions(logs: &[Value]) -> Vec<String> {
    logs.iter().map(|log| text_at(log, "/action")).collect()
}

async fn id_of(caller: &LoggedIn<'_>) -> String {
    text_at(&caller.get("/api/v1/auth/me").await.data(200), "/id")
}

#[tokio::test]
async fn a_record_says_who_what_when_where_and_how_it_ended() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let browser = app.anonymous().header("user-agent", "Browser/1.0").header("x-request-id", "my-request");
    let tokens = browser.log_in("ada", PASSWORD).await.data(200);
    let ada = id_of(&LoggedIn::with(&app, &tokens)).await;
    let log = logs(&boss, "action=login.succeeded").await.remove(0);
    for (pointer, expected) in [
        ("/user_id", ada.as_str()),
        ("/actor_id", &ada),
        ("/action", "login.succeeded"),
        ("/outcome", "success"),
        ("/resource_type", "session"),
        ("/ip_address", "198.51.100.7"),
        ("/user_agent", "Browser/1.0"),
        ("/request_id", "my-request"),
        ("/created_at", "2027-01-15T08:00:01.000Z"),
    ] {
        assert_eq!(text_at(&log, pointer), expected, "{log:#}");
    }
    assert_eq!((text_at(&log, "/checksum").len(), log["reason"].is_null()), (64, true));
    assert!(!app.at_rest("198.51.100.7"));
}

#[tokio::test]
async fn what_the_server_does_itself_is_done_by_nobody_and_from_nowhere() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let log = logs(&boss, "action=user.registered").await.remove(0);
    assert_eq!(text_at(&log, "/user_id"), id_of(&boss).await);
    assert!(log["actor_id"].is_null() && log["ip_address"].is_null(), "{log:#}");
    assert_eq!(log["details"], json!({ "role": "admin", "by": "harness" }));
    app.anonymous().register("eve@example.com").await.data(201);
    let log = logs(&boss, "action=user.registered").await.remove(0);
    assert_eq!((&log["actor_id"], &log["details"]), (&log["user_id"], &json!({ "role": "developer" })));
    assert_eq!(text_at(&log, "/ip_address"), "198.51.100.7");
}

/// Clocks are set back, and a slow request is dated at its start.
#[tokio::test]
async fn a_record_with_an_earlier_time_does_not_end_the_search() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    app.advance(Duration::from_secs(600));
    for name in ["before", "meanwhile", "after"] {
        // The clock runs half an hour back, and is put right again.
        let shift = Duration::from_secs(1_800);
        let now = app.clock_now();
        app.clock.set(if name == "meanwhile" { now.minus(shift) } else { now });
        app.anonymous().log_in(name, "x").await.refused(401, "AUTHENTICATION_FAILED");
        app.clock.set(now);
    }
    let from = "action=login.failed&start_date=2027-01-15T08:05:00Z";
    assert_eq!(logs(&boss, from).await.len(), 2, "without the record that says it is older");
    assert_eq!(logs(&boss, "action=login.failed").await.len(), 3);
    assert_eq!(logs(&boss, &format!("{from}&order=oldest")).await.len(), 2);
    // The first of them is as late as that, and the one behind it earlier.
    let until = format!("action=login.failed&end_date={}", app.clock_now());
    assert_eq!(logs(&boss, &format!("{until}&order=oldest")).await.len(), 1);
    assert_eq!(logs(&boss, &until).await.len(), 1);
}

#[tokio::test]
async fn a_denial_is_about_the_account_but_by_nobody() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let answer = app.anonymous().log_in("ada", "wrong password").await;
    let error = answer.refused(401, "AUTHENTICATION_FAILED");
    let log = logs(&boss, "action=login.failed").await.remove(0);
    assert_eq!(
        (text_at(&log, "/outcome"), text_at(&log, "/reason")),
        ("denied".into(), "wrong_password".into())
    );
    assert_eq!(log["request_id"], error["request_id"], "the answer and the record name one request");
    assert!(log["actor_id"].is_null() && log["user_id"].is_string());
    assert_eq!(text_at(&log, "/ip_address"), "198.51.100.7");
    for name in ["my secret typed into the wrong field", "MY SECRET typed into the wrong field", "other"] {
        app.anonymous().log_in(name, "x").await.refused(401, "AUTHENTICATION_FAILED");
    }
    let unknown = logs(&boss, "action=login.failed").await;
    let hashes: Vec<_> = unknown[..3].iter().map(|log| text_at(log, "/details/name_hash")).collect();
    assert!(hashes[1] == hashes[2] && hashes[0] != hashes[1] && hashes[0].len() == 32, "{hashes:?}");
    assert!(unknown[0]["user_id"].is_null() && unknown[0]["actor_id"].is_null());
    assert!(!app.at_rest("my secret typed"), "a name of nobody is kept as a keyed hash alone");
}

#[tokio::test]
async fn filters_narrow_by_account_act_and_time() {
    let app = watched().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let (ada_id, boss_id) = (id_of(&ada).await, id_of(&boss).await);
    app.advance(Duration::from_secs(60));
    app.anonymous().log_in("ada", "wrong").await.refused(401, "AUTHENTICATION_FAILED");
    let place = format!("/api/v1/users/{ada_id}");
    boss.put(&place, json!({ "status": "suspended" })).await.data(200);
    let own = ["user.status_changed", "login.failed", "login.succeeded", "user.registered"];
    assert_eq!(actions(&logs(&boss, &format!("user_id={ada_id}")).await), own);
    assert_eq!(actions(&logs(&boss, &format!("user_id={boss_id}")).await), own[2..]);
    assert_eq!(logs(&boss, &format!("user_id={ada_id}&action=login.failed")).await.len(), 1);
    assert_eq!(logs(&boss, "action=login").await.len(), 0, "the whole name, not a part");
    let (early, late) = ("start_date=2027-01-15T08:00:30Z", "end_date=2027-01-15T08:00:30Z");
    assert_eq!(actions(&logs(&boss, early).await), own[..2]);
    assert_eq!(logs(&boss, late).await.len(), 4);
    assert_eq!(logs(&boss, &format!("{early}&{late}")).await.len(), 0);
    let exact = "start_date=2027-01-15T08:01:01Z&end_date=2027-01-15T08:01:01.001Z";
    assert_eq!(logs(&boss, exact).await.len(), 2, "the start counts");
    assert_eq!(logs(&boss, "end_date=2027-01-15T08:01:01Z").await.len(), 4, "the end does not");
    assert_eq!(
        logs(&boss, "start_date=2027-01-15T09:01:01%2B01:00").await.len(),
        2,
        "another zone, the same time"
    );
    let nobody = logs(&boss, "user_id=019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11").await;
    assert!(nobody.is_empty());
}

#[tokio::test]
async fn pages_lose_and_repeat_nothing_while_the_log_grows() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    for at in 0..23 {
        app.anonymous().log_in(&format!("nobody{at}"), "x").await;
    }
    let ids = |logs: &[Value]| logs.iter().map(|log| text_at(log, "/id")).collect::<Vec<_>>();
    let expected = ids(&logs(&boss, "").await);
    assert_eq!(expected.len(), 26);
    for limit in [1, 2, 7, 25, 26, 27] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        let newest = ids(&logs(&boss, "").await);
        for _ in 0..40 {
            let page = boss.get(&format!("{LOGS}?limit={limit}{cursor}")).await.data(200);
            let page_ids = ids(page["logs"].as_array().unwrap());
            assert!(page_ids.len() <= limit);
            seen.extend(page_ids);
            app.anonymous().log_in("another", "x").await;
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, newest, "limit {limit}");
    }
}

#[tokio::test]
async fn a_rare_act_is_found_behind_many_others() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    for _ in 0..30 {
        app.anonymous().log_in("nobody", "x").await;
    }
    let (mut found, mut cursor, mut pages) = (0, String::new(), 0);
    loop {
        let page = boss.get(&format!("{LOGS}?limit=1&action=user.registered{cursor}")).await.data(200);
        found += page["logs"].as_array().unwrap().len();
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) if pages < 50 => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    assert_eq!(found, 2, "after {pages} pages");
}

#[tokio::test]
async fn a_bad_question_names_its_parameter() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("user_id=ada", "user_id"),
        ("start_date=yesterday", "start_date"),
        ("start_date=2027-01-15", "start_date"),
        ("end_date=2027-13-01T00:00:00Z", "end_date"),
        ("cursor=x", "cursor"),
        ("cursor=-1", "cursor"),
        ("cursor=1-0", "cursor"),
        (&format!("action={}", "x".repeat(1_001)), "action"),
    ] {
        let error = boss.get(&format!("{LOGS}?{query}")).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field, "{query}: {error:#}");
    }
    for cursor in ["0", "1", "18446744073709551615"] {
        boss.get(&format!("{LOGS}?cursor={cursor}")).await.data(200);
    }
}

/// G79.
#[tokio::test]
async fn what_the_guide_wants_recorded_is() {
    let app = watched().await;
    app.anonymous().log_in("ada", "wrong").await.refused(401, "AUTHENTICATION_FAILED");
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    app.enrol(&ada).await;
    ada.post("/api/v1/auth/mfa/disable", json!({ "password": PASSWORD })).await.data(200);
    let key = ada.make_key(&["metrics:write"]).await;
    ada.delete(&key.place()).await.data(200);
    let body = json!({ "current_password": PASSWORD, "new_password": "seven silent paper lanterns" });
    ada.post("/api/v1/auth/password/change", body).await.data(200);
    let path = format!("/api/v1/users/{}/permissions", id_of(&ada).await);
    boss.post(&path, json!({ "permission": "audit:read" })).await.data(200);
    boss.delete(&format!("{path}/audit:read")).await.data(200);
    let seen = app.events();
    for act in [
        "login.failed denied wrong_password",
        "login.succeeded success",
        "mfa.setup success",
        "mfa.enabled success",
        "mfa.disabled success",
        "api_key.created success",
        "api_key.revoked success",
        "password.changed success",
        "permission.granted success",
        "permission.revoked success",
    ] {
        assert!(seen.iter().any(|event| event.starts_with(act)), "{act}: {seen:#?}");
    }
}

/// G81.
#[tokio::test]
async fn reading_needs_the_permission_and_a_refusal_is_recorded() {
    let app = watched().await;
    let ada = app.log_in("ada").await;
    app.set_roles("ada", &[]).await;
    let (answer, events) = app.events_of(ada.get(LOGS)).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "audit:read");
    assert_eq!(events, ["access.denied denied permission_missing"]);
}

#[tokio::test]
async fn nothing_of_the_api_changes_or_removes_a_record() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let newest = text_at(&logs(&boss, "").await[0], "/id");
    let before = app.records();
    for path in [LOGS.to_owned(), format!("{LOGS}/{newest}")] {
        for answer in [
            boss.delete(&path).await,
            boss.put(&path, json!({ "action": "x" })).await,
            boss.post(&path, json!({ "action": "x" })).await,
        ] {
            assert!([404, 405].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
        }
    }
    assert_eq!(app.records(), before);
}

#[tokio::test]
async fn a_forgotten_person_leaves_records_without_a_trace_and_the_chain_whole() {
    let app = watched().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let id: UserId = id_of(&ada).await.parse().unwrap();
    audit_log::seal(&app.services).await.unwrap();
    let shown = async || {
        let own = logs(&boss, &format!("user_id={id}&action=login.succeeded")).await.remove(0);
        (own["ip_address"].clone(), own["checksum"].clone())
    };
    let before = shown().await;
    assert_eq!(before.0, "198.51.100.7");
    let stamp = app.services.stamp(&app.services.own_context("test"));
    let forget = move |txn: &mut latchkey::store::Txn<'_>| {
        txn.remove(&tables::PERSON_KEYS, &id).map_err(Abort::<()>::Store)
    };
    app.store().transact("forget", stamp, forget).await.unwrap();
    let after = shown().await;
    assert_eq!((after.0, after.1), (Value::Null, before.1), "the record stays, the person does not");
    let verified = audit_log::verify(app.store(), &app.services.keys.seals.public_key()).unwrap();
    assert_eq!((verified.fault, verified.seals), (None, 1));
    ada.post("/api/v1/auth/logout", json!({})).await.data(200);
    assert_eq!(actions(&logs(&boss, "").await)[0], "session.ended", "acts go on being recorded");
}

#[tokio::test]
async fn each_record_names_the_hash_of_the_commit_before() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    app.log_in("ada").await;
    let logs = logs(&boss, "").await;
    let seq = |log: &Value| text_at(log, "/id").split('-').next().unwrap().parse::<u64>().unwrap();
    let mut joints = 0;
    for pair in logs.windows(2) {
        if seq(&pair[0]) == seq(&pair[1]) + 1 {
            assert_eq!(pair[0]["previous_checksum"], pair[1]["checksum"], "{pair:#?}");
            joints += 1;
        }
    }
    assert!(joints > 1, "{logs:#?}");
}
