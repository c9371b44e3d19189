//! What the console asks of the audit log: by actor, act, outcome, place, session and request.

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use super::lockout::fail;
use crate::harness::{Anonymous, PASSWORD, TestApp, text_at};

const LOGS: &str = "/api/v1/audit/logs";

async fn found(caller: &Anonymous<'_>, query: &str) -> Vec<String> {
    let logs = caller.get(&format!("{LOGS}?{query}")).await.data(200)["logs"].as_array().unwrap().clone();
    logs.iter().map(|log: &Value| text_at(log, "/action")).collect()
}

#[tokio::test]
async fn records_are_found_by_actor_act_outcome_place_session_and_request() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    fail(&app, "203.0.113.1", "ada", 1).await;
    fail(&app, "2001:db8::1", "nobody", 1).await;
    let ada = app.account("ada").unwrap().id;
    let change = json!({ "name": "Countess" });
    let client = app.anonymous().header("authorization", &format!("Bearer {}", boss.access));
    let named = client.header("x-request-id", "req-7");
    named.put(&format!("/api/v1/users/{ada}"), change).await.data(200);
    let boss_id = app.account("boss").unwrap().id;
    for (query, expected) in [
        (format!("actor_id={boss_id}&user_id={ada}"), vec!["user.updated"]),
        (format!("actor_id={boss_id}&action=login.*"), vec!["login.succeeded"]),
        (
            "action=user.updated,login.*".to_owned(),
            vec!["user.updated", "login.failed", "login.failed", "login.succeeded"],
        ),
        ("action=login".to_owned(), vec![]),
        ("outcome=denied".to_owned(), vec!["login.failed", "login.failed"]),
        ("outcome=failure".to_owned(), vec![]),
        ("ip_address=203.0.113.0/24".to_owned(), vec!["login.failed"]),
        ("ip_address=2001:db8::1".to_owned(), vec!["login.failed"]),
        ("ip_address=192.0.2.0/24".to_owned(), vec![]),
        ("request_id=req-7".to_owned(), vec!["user.updated"]),
        (format!("session_id={}&action=user.*", boss.session_id()), vec!["user.updated"]),
        (format!("session_id={}", app.account("ada").unwrap().id), vec![]),
    ] {
        assert_eq!(found(&boss, &query).await, expected, "{query}");
    }
    for (bad, field) in [
        ("actor_id=x", "actor_id"),
        ("action=", "action"),
        ("action=*", "action"),
        ("outcome=maybe", "outcome"),
        ("ip_address=x", "ip_address"),
        ("session_id=x", "session_id"),
    ] {
        let error = boss.get(&format!("{LOGS}?{bad}")).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field, "{bad}");
    }
}

#[tokio::test]
async fn where_a_forgotten_person_came_from_is_found_by_nobody() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    let tokens = app.anonymous().at("203.0.113.1").log_in("ada", PASSWORD).await.data(200);
    let at = "ip_address=203.0.113.1&action=login.succeeded";
    assert_eq!(found(&boss, at).await, ["login.succeeded"]);
    let ada = crate::harness::LoggedIn::with(&app, &tokens);
    ada.delete("/api/v1/users/me").await.data(200);
    assert_eq!(found(&boss, at).await, [""; 0]);
}

#[tokio::test]
async fn pages_of_a_search_lose_and_repeat_nothing() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    for number in 0..9 {
        fail(&app, if number % 2 == 0 { "203.0.113.1" } else { "203.0.114.1" }, "nobody", 1).await;
    }
    let (mut seen, mut query) = (Vec::new(), String::new());
    loop {
        let search = format!("{LOGS}?limit=2&ip_address=203.0.113.0/24&action=login.*{query}");
        let page = boss.get(&search).await.data(200);
        seen.extend(page["logs"].as_array().unwrap().iter().map(|log| text_at(log, "/id")));
        let Some(next) = page["next_cursor"].as_str() else { break };
        query = format!("&cursor={next}");
    }
    let mut once = seen.clone();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (5, 5));
}
