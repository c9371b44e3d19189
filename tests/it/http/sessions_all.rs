//! Everybody's sessions: R37, R39, R56 of the administrator's side.

use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use crate::harness::{Anonymous, LoggedIn, PASSWORD, TestApp, decoded, text_at};

const PATH: &str = "/api/v1/sessions";

async fn watched() -> TestApp {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    app.add("boss", Role::Admin).await;
    app.add("root", Role::SuperAdmin).await;
    app
}

async fn log_in_from<'a>(app: &'a TestApp, from: &str, name: &str) -> LoggedIn<'a> {
    app.advance(Duration::from_secs(1));
    let tokens = app.anonymous().at(from).header("user-agent", name).log_in(name, PASSWORD).await.data(200);
    LoggedIn::with(app, &tokens)
}

/// The usernames of the sessions of one page, and where the next one begins.
async fn page(caller: &Anonymous<'_>, query: &str) -> (Vec<String>, Option<String>) {
    let data = caller.get(&format!("{PATH}?{query}")).await.data(200);
    let names = data["sessions"].as_array().unwrap().iter().map(|session| text_at(session, "/username"));
    (names.collect(), data["next_cursor"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn an_administrator_sees_every_live_session_and_no_secret() {
    let app = watched().await;
    let ada = log_in_from(&app, "203.0.113.9", "ada").await;
    let boss = log_in_from(&app, "198.51.100.7", "boss").await;
    let gone = log_in_from(&app, "198.51.100.7", "eve").await;
    gone.post("/api/v1/auth/logout", json!({})).await.data(200);
    app.advance(Duration::from_secs(60));
    let refreshed = app.anonymous().refresh(&ada.refresh).await.data(200);
    let (answer, events) = app.events_of(boss.get(PATH)).await;
    assert_eq!(events, [""; 0]);
    let data = answer.data(200);
    let user = app.account("ada").unwrap();
    let expected = json!({
        "id": ada.session_id(),
        "user_id": user.id.to_string(),
        "email": "ada@example.com",
        "username": "ada",
        "ip_address": "203.0.113.9",
        "kind": "token",
        "user_agent": "ada",
        "created_at": "2027-01-15T08:00:01.000Z",
        "last_used_at": "2027-01-15T08:01:03.000Z",
        "authenticated_at": "2027-01-15T08:00:01.000Z",
        "expires_at": "2027-01-22T08:01:03.000Z",
        "current": false,
    });
    assert_eq!(data["sessions"][1], expected);
    assert_eq!(data["sessions"][0]["current"], json!(true));
    assert_eq!(data["sessions"].as_array().unwrap().len(), 2, "who logged out is not there: {data:#}");
    assert!(data["as_of"].is_string());
    for token in [&ada.access, &ada.refresh, &boss.access, &text_at(&refreshed, "/refresh_token")] {
        let (_, signature) = token.rsplit_once('.').unwrap();
        assert!(!answer.text.contains(signature));
        assert!(!answer.text.contains(&text_at(&decoded(token).1, "/jti")));
    }
    for secret in ["argon2", PASSWORD, "jti", "hash"] {
        assert!(!answer.text.contains(secret), "{secret}: {}", answer.text);
    }
}

#[tokio::test]
async fn sessions_are_found_by_account_by_network_and_by_time() {
    let app = watched().await;
    log_in_from(&app, "203.0.113.9", "ada").await;
    log_in_from(&app, "2001:db8::9", "eve").await;
    log_in_from(&app, "203.0.114.9", "ada").await;
    let boss = log_in_from(&app, "198.51.100.7", "boss").await;
    let ada = app.account("ada").unwrap().id;
    for (query, expected) in [
        (String::new(), vec!["boss", "ada", "eve", "ada"]),
        (format!("user_id={ada}"), vec!["ada", "ada"]),
        ("network=203.0.113.0/24".to_owned(), vec!["ada"]),
        ("network=203.0.112.0/20".to_owned(), vec!["ada", "ada"]),
        ("network=203.0.114.9".to_owned(), vec!["ada"]),
        ("network=2001:db8::/32".to_owned(), vec!["eve"]),
        ("since=2027-01-15T08:00:03Z".to_owned(), vec!["boss", "ada"]),
        (format!("since=2027-01-15T08:00:03Z&user_id={ada}"), vec!["ada"]),
        ("since=2027-01-15T09:00:00Z".to_owned(), vec![]),
        ("user_id=019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned(), vec![]),
    ] {
        assert_eq!(
            page(&boss, &query).await,
            (expected.into_iter().map(str::to_owned).collect(), None),
            "{query}"
        );
    }
    for (bad, field) in [
        ("network=x", "network"),
        ("network=203.0.113.0/33", "network"),
        ("user_id=x", "user_id"),
        ("since=x", "since"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
    ] {
        let error = boss.get(&format!("{PATH}?{bad}")).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field, "{bad}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_one_request_looks_at_a_bounded_number() {
    let app = TestApp::unlimited().with_user("ada").await.with_user("eve").await;
    app.add("boss", Role::Admin).await;
    let mut expected = Vec::new();
    for number in 0..9 {
        let name = if number % 3 == 0 { "eve" } else { "ada" };
        log_in_from(&app, if number == 0 { "203.0.113.9" } else { "198.51.100.7" }, name).await;
        expected.insert(0, name.to_owned());
    }
    let boss = log_in_from(&app, "198.51.100.7", "boss").await;
    expected.insert(0, "boss".to_owned());
    for limit in [1, 3, 10] {
        let (mut seen, mut query) = (Vec::new(), format!("limit={limit}"));
        loop {
            let (names, next) = page(&boss, &query).await;
            seen.extend(names);
            let Some(next) = next else { break };
            query = format!("limit={limit}&cursor={next}");
        }
        assert_eq!(seen, expected, "{limit}");
    }
    // With a limit of one, a rare match is behind pages that are empty.
    let (mut seen, mut query, mut pages) = (Vec::new(), "limit=1&network=203.0.113.0/24".to_owned(), 0);
    loop {
        let (names, next) = page(&boss, &query).await;
        (seen, pages) = ([seen, names].concat(), pages + 1);
        let Some(next) = next else { break };
        query = format!("limit=1&network=203.0.113.0/24&cursor={next}");
    }
    assert_eq!(seen, ["eve"]);
    assert!(pages <= 2, "{pages}");
}

#[tokio::test]
async fn an_administrator_ends_one_session_at_once() {
    let app = watched().await;
    let (phone, desk) = (app.log_in("ada").await, app.log_in("ada").await);
    let boss = app.log_in("boss").await;
    let path = format!("{PATH}/{}", phone.session_id());
    let (answer, events) = app.events_of(boss.delete(&path)).await;
    assert_eq!(answer.data(200), json!({ "message": "Session ended." }));
    assert_eq!(events, ["session.ended success ended_by_operator"]);
    let record = app.records().pop().unwrap();
    let (ada, boss_id) = (app.account("ada").unwrap().id, app.account("boss").unwrap().id);
    assert_eq!((record.actor, record.subject), (Some(*boss_id.as_bytes()), Some(*ada.as_bytes())));
    assert_eq!(record.session.map(|id| uuid::Uuid::from_bytes(id).to_string()), Some(phone.session_id()));
    assert_eq!([phone.is_in().await, desk.is_in().await], [false, true]);
    app.anonymous().refresh(&phone.refresh).await.refused(401, "TOKEN_INVALID");
    let mut answers: Vec<Value> = Vec::new();
    for id in [phone.session_id(), "x".to_owned(), "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned()] {
        let (answer, events) = app.events_of(boss.delete(&format!("{PATH}/{id}"))).await;
        let mut error = answer.refused(404, "NOT_FOUND");
        error["request_id"] = Value::Null;
        answers.push(error);
        assert_eq!(events, [""; 0], "{id}");
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

/// R56.
#[tokio::test]
async fn nobody_ends_a_session_above_their_rank_or_without_the_permission() {
    let app = watched().await;
    app.add("lead", Role::Manager).await;
    let (root, boss, lead) = (app.log_in("root").await, app.log_in("boss").await, app.log_in("lead").await);
    let path = format!("{PATH}/{}", root.session_id());
    let (answer, events) = app.events_of(boss.delete(&path)).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied outranked"]);
    let seen = boss.get("/api/v1/audit/suspicious").await.data(200);
    assert_eq!(text_at(&seen, "/events/0/type"), "privilege_escalation");
    let (answer, events) = app.events_of(lead.delete(&path)).await;
    let error = answer.refused(403, "FORBIDDEN");
    assert_eq!(error["details"]["required_permission"], "users:update");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    let error = lead.get(PATH).await.refused(403, "FORBIDDEN");
    assert_eq!(error["details"]["required_permission"], "audit:read");
    assert!(root.is_in().await);
    let gone = app.log_in("root").await;
    gone.post("/api/v1/auth/logout", json!({})).await.data(200);
    boss.delete(&format!("{PATH}/{}", gone.session_id())).await.refused(404, "NOT_FOUND");
    let (answer, events) = app.events_of(root.delete(&format!("{PATH}/{}", boss.session_id()))).await;
    answer.data(200);
    assert_eq!(events, ["session.ended success ended_by_operator"]);
    assert!(!boss.is_in().await);
}
