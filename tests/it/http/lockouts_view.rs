//! What is locked and why, as an operator sees and ends it.

use std::slice::from_ref;
use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use super::lockout::{address, fail, guess_at, refused};
use super::mfa_codes::with_ada;
use crate::harness::{Anonymous, PASSWORD, TestApp, text_at};

const PATH: &str = "/api/v1/lockouts";
const MINUTE: Duration = Duration::from_secs(60);
const LIFTED: &str = "lockout.cleared success lifted_by_operator";

async fn watched() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app.add("root", Role::SuperAdmin).await;
    app
}

async fn listed(caller: &Anonymous<'_>, query: &str) -> Vec<Value> {
    caller.get(&format!("{PATH}?{query}")).await.data(200)["lockouts"].as_array().unwrap().clone()
}

async fn explained(caller: &Anonymous<'_>, lock: &Value) -> Value {
    caller.get(&format!("{PATH}/{}", text_at(lock, "/id"))).await.data(200)
}

#[tokio::test]
async fn a_lock_of_a_network_is_listed_with_its_rule_and_the_guesses_that_made_it() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    fail(&app, "203.0.114.1", "ada", 1).await;
    for _ in 0..5 {
        app.advance(MINUTE);
        fail(&app, "203.0.113.1", "ada", 1).await;
    }
    refused(&app, "203.0.113.1", "ada").await;
    let (locks, events) = app.events_of(listed(&boss, "")).await;
    assert_eq!(events, [""; 0]);
    let ada = app.account("ada").unwrap().id.to_string();
    let expected = json!({
        "id": locks[0]["id"],
        "rule": { "name": "network", "failures": 5, "window_seconds": 900, "lock_seconds": 1_800 },
        "user_id": ada,
        "email": "ada@example.com",
        "username": "ada",
        "network": "203.0.113.0/24",
        "since": "2027-01-15T08:05:00.000Z",
        "until": "2027-01-15T08:35:00.000Z",
        "failures": 5,
    });
    assert_eq!(locks, from_ref(&expected));
    assert_eq!(listed(&boss, &format!("user_id={ada}")).await, from_ref(&expected));
    assert_eq!(
        listed(&boss, &format!("user_id={}", app.account("boss").unwrap().id)).await,
        [Value::Null; 0]
    );
    let why = explained(&boss, &locks[0]).await;
    assert_eq!(why["lockout"], expected);
    assert_eq!(
        text_at(&why, "/explanation"),
        "5 wrong passwords within 15 minutes from 203.0.113.0/24 lock the account there for 30 minutes."
    );
    let attempts = why["attempts"].as_array().unwrap();
    let at: Vec<_> = attempts.iter().map(|one| text_at(one, "/at")[14..16].to_owned()).collect();
    assert_eq!(at, ["05", "04", "03", "02", "01"], "what was refused later, or elsewhere, is none of them");
    let mut first = attempts[0].clone();
    first["request_id"].take();
    let expected = json!({
        "at": "2027-01-15T08:05:00.000Z",
        "action": "login.failed",
        "reason": "wrong_password",
        "ip_address": "203.0.113.1",
        "request_id": null,
    });
    assert_eq!(first, expected);
    app.advance(30 * MINUTE);
    assert_eq!(listed(&boss, "").await, [Value::Null; 0], "a lock that ended by itself is none");
    let gone = format!("{PATH}/{}", text_at(&locks[0], "/id"));
    boss.get(&gone).await.refused(404, "NOT_FOUND");
    boss.delete(&gone).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_name_of_nobody_is_a_handle_and_its_lock_is_lifted_like_any_other() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    fail(&app, "203.0.113.1", "Planted-Name", 5).await;
    let answer = boss.get(PATH).await;
    let lock = answer.data(200)["lockouts"][0].clone();
    assert_eq!(text_at(&lock, "/name_hash"), app.services.keys.name_hash("planted-name"));
    for absent in ["user_id", "email", "username"] {
        assert!(lock.get(absent).is_none(), "{lock:#}");
    }
    let why = boss.get(&format!("{PATH}/{}", text_at(&lock, "/id"))).await;
    assert_eq!(why.data(200)["attempts"].as_array().unwrap().len(), 5);
    assert_eq!(why.data(200)["attempts"][0]["reason"], "unknown_user");
    assert!(!answer.text.to_lowercase().contains("planted") && !why.text.to_lowercase().contains("planted"));
    refused(&app, "203.0.113.1", "planted-name").await;
    let (answer, events) = app.events_of(boss.delete(&format!("{PATH}/{}", text_at(&lock, "/id")))).await;
    assert_eq!(answer.data(200), json!({ "message": "Lock lifted." }));
    assert_eq!(events, [LIFTED]);
    let record = app.records().pop().unwrap();
    assert_eq!((record.actor, record.subject), (Some(*app.account("boss").unwrap().id.as_bytes()), None));
    let detail = [
        ("lockout".to_owned(), text_at(&lock, "/id")),
        ("rule".to_owned(), "network".to_owned()),
        ("name_hash".to_owned(), text_at(&lock, "/name_hash")),
    ];
    assert_eq!(record.detail, detail);
    assert_eq!(listed(&boss, "").await, [Value::Null; 0]);
    fail(&app, "203.0.113.1", "planted-name", 5).await;
    refused(&app, "203.0.113.1", "planted-name").await;
}

#[tokio::test]
async fn lifting_a_lock_lifts_that_one_alone() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    for from in ["203.0.113.1", "203.0.114.1"] {
        app.advance(MINUTE);
        fail(&app, from, "ada", 2).await;
        fail(&app, from, "ada@example.com", 3).await;
    }
    let locks = listed(&boss, "").await;
    let networks: Vec<_> = locks.iter().map(|lock| text_at(lock, "/network")).collect();
    assert_eq!(networks, ["203.0.114.0/24", "203.0.113.0/24"]);
    let (answer, events) = app.events_of(boss.delete(&format!("{PATH}/{}", text_at(&locks[0], "/id")))).await;
    answer.data(200);
    assert_eq!(events, [LIFTED]);
    let ada = app.account("ada").unwrap();
    assert_eq!(app.records().pop().unwrap().subject, Some(*ada.id.as_bytes()));
    assert_eq!(listed(&boss, "").await, locks[1..]);
    guess_at(&app, "203.0.114.1", "ada", PASSWORD).await.0.data(200);
    // Locked again there, it is another lock, and only that.
    app.advance(MINUTE);
    fail(&app, "203.0.114.1", "ada", 5).await;
    let again = listed(&boss, "").await;
    assert_eq!(again.len(), 2);
    assert_ne!(again[0]["id"], locks[0]["id"]);
    assert_eq!(again[1], locks[1]);
    boss.delete(&format!("{PATH}/{}", text_at(&locks[0], "/id"))).await.refused(404, "NOT_FOUND");
    refused(&app, "203.0.114.1", "ada").await;
}

#[tokio::test]
async fn a_lock_from_everywhere_is_listed_through_a_restart_and_lifted() {
    let app = watched().await;
    for number in 0..20 {
        fail(&app, &address(number), "ada", 5).await;
    }
    app.advance(31 * MINUTE);
    let app = app.restarted();
    let boss = app.log_in("boss").await;
    let locks = listed(&boss, "").await;
    assert_eq!(locks.len(), 1, "{locks:#?}");
    let rule = json!({ "name": "account", "failures": 100, "lock_seconds": 2_592_000 });
    assert_eq!((&locks[0]["rule"], &locks[0]["failures"]), (&rule, &json!(100)));
    assert!(locks[0].get("network").is_none());
    assert_eq!(text_at(&locks[0], "/until"), "2027-02-14T08:00:00.000Z");
    let why = explained(&boss, &locks[0]).await;
    assert_eq!(why["attempts"].as_array().unwrap().len(), 20, "the last of a hundred");
    assert_eq!(text_at(&why, "/attempts/0/ip_address"), address(19));
    assert!(text_at(&why, "/explanation").starts_with("100 wrong passwords in a row lock the account"));
    refused(&app, "192.0.2.1", "ada").await;
    let (answer, events) = app.events_of(boss.delete(&format!("{PATH}/{}", text_at(&locks[0], "/id")))).await;
    answer.data(200);
    assert_eq!(events, [LIFTED]);
    assert_eq!(listed(&boss, "").await, [Value::Null; 0]);
    guess_at(&app, "192.0.2.1", "ada", PASSWORD).await.0.data(200);
}

/// R56.
#[tokio::test]
async fn nobody_lifts_a_lock_above_their_rank_or_without_the_permission() {
    let app = watched().await;
    app.add("lead", Role::Manager).await;
    let (boss, lead) = (app.log_in("boss").await, app.log_in("lead").await);
    fail(&app, "203.0.113.1", "root", 5).await;
    let path = format!("{PATH}/{}", text_at(&listed(&boss, "").await[0], "/id"));
    let (answer, events) = app.events_of(boss.delete(&path)).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied outranked"]);
    let (answer, events) = app.events_of(lead.delete(&path)).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "users:update");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    for read in [PATH, &path] {
        let error = lead.get(read).await.refused(403, "FORBIDDEN");
        assert_eq!(error["details"]["required_permission"], "audit:read");
    }
    refused(&app, "203.0.113.1", "root").await;
    let root = app.log_in("root").await;
    root.delete(&path).await.data(200);
}

#[tokio::test]
async fn pages_of_locks_follow_each_other_over_those_that_are_gone() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        app.advance(MINUTE);
        fail(&app, "203.0.113.1", name, 5).await;
    }
    let all = listed(&boss, "limit=100").await;
    assert_eq!(all.len(), 7);
    boss.delete(&format!("{PATH}/{}", text_at(&all[3], "/id"))).await.data(200);
    for limit in [1, 2, 6] {
        let (mut seen, mut query) = (Vec::new(), format!("limit={limit}"));
        loop {
            let page = boss.get(&format!("{PATH}?{query}")).await.data(200);
            seen.extend(page["lockouts"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("limit={limit}&cursor={next}");
        }
        assert_eq!(seen, [&all[..3], &all[4..]].concat(), "{limit}");
    }
    for bad in ["user_id=x", "cursor=x", "limit=0", "limit=101"] {
        boss.get(&format!("{PATH}?{bad}")).await.refused(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn a_locked_second_factor_is_listed_and_lifted() {
    let (app, phone) = with_ada().await;
    app.add("boss", Role::Admin).await;
    for _ in 0..4 {
        let handle = app.first_step("ada").await;
        for _ in 0..5 {
            app.second_step(&handle, &phone.wrong_code(&app)).await.refused(401, "MFA_INVALID");
        }
    }
    let boss = app.log_in("boss").await;
    let locks = listed(&boss, "").await;
    let rule = json!({ "name": "factor", "failures": 20, "window_seconds": 3_600, "lock_seconds": 3_600 });
    assert_eq!((locks.len(), &locks[0]["rule"], &locks[0]["failures"]), (1, &rule, &json!(20)));
    assert_eq!(text_at(&locks[0], "/username"), "ada");
    assert!(locks[0].get("network").is_none());
    let why = explained(&boss, &locks[0]).await;
    assert_eq!(
        text_at(&why, "/explanation"),
        "20 wrong second-factor codes within 1 hour lock the second factor for 1 hour."
    );
    let reasons: Vec<_> =
        why["attempts"].as_array().unwrap().iter().map(|one| text_at(one, "/reason")).collect();
    assert_eq!(reasons, ["wrong_code"; 20]);
    let handle = app.first_step("ada").await;
    app.second_step(&handle, &phone.code(&app)).await.refused(423, "ACCOUNT_LOCKED");
    let (answer, events) = app.events_of(boss.delete(&format!("{PATH}/{}", text_at(&locks[0], "/id")))).await;
    answer.data(200);
    assert_eq!(events, [LIFTED]);
    assert_eq!(listed(&boss, "").await, [Value::Null; 0]);
    app.second_step(&handle, &phone.code(&app)).await.data(200);
}
