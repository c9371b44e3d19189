//! One's own sessions: SECURITY R39, R59; rules G66 and G67.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{LoggedIn, PASSWORD, TestApp, decoded, text_at};

const PATH: &str = "/api/v1/auth/sessions";
const NONE: [&str; 0] = [];

async fn log_in_with<'a>(app: &'a TestApp, name: &str, agent: &str) -> LoggedIn<'a> {
    let tokens = app.anonymous().header("user-agent", agent).log_in(name, PASSWORD).await.data(200);
    LoggedIn::with(app, &tokens)
}

async fn listed(who: &LoggedIn<'_>, query: &str) -> (Vec<String>, Option<String>) {
    let data = who.get(&format!("{PATH}{query}")).await.data(200);
    let ids =
        data["sessions"].as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap().to_owned());
    (ids.collect(), data["next_cursor"].as_str().map(str::to_owned))
}

/// R39: each session with where it came from, and no token.
#[tokio::test]
async fn a_person_sees_their_own_live_sessions() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let phone = log_in_with(&app, "ada", "phone/1").await;
    app.advance(Duration::from_secs(60));
    let desk = log_in_with(&app, "ada", &"d".repeat(300)).await;
    log_in_with(&app, "eve", "eve").await;
    app.advance(Duration::from_secs(60));
    let refreshed = app.anonymous().refresh(&phone.refresh).await.data(200);
    let (answer, events) = app.events_of(desk.get(PATH)).await;
    assert_eq!(events, NONE);
    let as_of = text_at(&answer.data(200), "/as_of");
    let expected = json!({ "as_of": as_of, "sessions": [
        {
            "id": desk.session_id(),
            "created_at": "2027-01-15T08:01:00.000Z",
            "last_used_at": "2027-01-15T08:01:00.000Z",
            "expires_at": "2027-01-22T08:01:00.000Z",
            "absolute_expires_at": "2027-02-14T08:01:00.000Z",
            "kind": "tokens",
            "fingerprint": "17fda9895257bf34",
            "ip_address": "198.51.100.7",
            "user_agent": "d".repeat(256),
            "current": true,
        },
        {
            "id": phone.session_id(),
            "created_at": "2027-01-15T08:00:00.000Z",
            "last_used_at": "2027-01-15T08:02:00.000Z",
            "expires_at": "2027-01-22T08:02:00.000Z",
            "absolute_expires_at": "2027-02-14T08:00:00.000Z",
            "kind": "tokens",
            "fingerprint": "742f1a066fcf3c92",
            "ip_address": "198.51.100.7",
            "user_agent": "phone/1",
            "current": false,
        },
    ] });
    assert_eq!(answer.data(200), expected);
    for token in [&phone.access, &phone.refresh, refreshed["refresh_token"].as_str().unwrap()] {
        let (_, signature) = token.rsplit_once('.').unwrap();
        assert!(!answer.text.contains(signature));
        assert!(!answer.text.contains(decoded(token).1["jti"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn ended_and_expired_sessions_are_not_listed() {
    let app = TestApp::new().with_user("ada").await;
    app.log_in("ada").await;
    app.advance(Duration::from_secs(7 * 86_400));
    let (gone, ada) = (app.log_in("ada").await, app.log_in("ada").await);
    gone.post("/api/v1/auth/logout", json!({})).await.data(200);
    assert_eq!(listed(&ada, "").await, (vec![ada.session_id()], None));
    let agentless = ada.get(PATH).await.data(200);
    assert!(agentless["sessions"][0].get("user_agent").is_none(), "{agentless:#}");
    ada.post("/api/v1/auth/logout-all", json!({})).await.data(200);
    let again = app.log_in("ada").await;
    assert_eq!(listed(&again, "").await, (vec![again.session_id()], None));
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let app = TestApp::unlimited().with_user("ada").await;
    let mut newest_first = Vec::new();
    for _ in 0..7 {
        newest_first.insert(0, app.log_in("ada").await.session_id());
        app.advance(Duration::from_millis(5));
    }
    let ada = app.log_in("ada").await;
    newest_first.insert(0, ada.session_id());
    for limit in [1, 3, 4, 7] {
        let (mut seen, mut query) = (Vec::new(), format!("?limit={limit}"));
        loop {
            let (ids, next) = listed(&ada, &query).await;
            assert!(ids.len() <= limit, "{ids:?}");
            seen.extend(ids);
            // A session that begins meanwhile disturbs no page.
            app.anonymous().log_in("ada", "wrong").await.refused(401, "AUTHENTICATION_FAILED");
            let Some(next) = next else { break };
            query = format!("?limit={limit}&cursor={next}");
        }
        assert_eq!(seen, newest_first, "{limit}");
    }
    for limit in [8, 100] {
        assert_eq!(listed(&ada, &format!("?limit={limit}")).await, (newest_first.clone(), None));
    }
}

#[tokio::test]
async fn bad_page_parameters_are_named() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let bad =
        [("limit", "0"), ("limit", "101"), ("limit", "-1"), ("limit", "x"), ("cursor", "x"), ("cursor", "")];
    for (name, value) in bad {
        let answer = ada.get(&format!("{PATH}?{name}={value}")).await;
        assert_eq!(answer.refused(400, "VALIDATION_ERROR")["details"]["field"], name, "{value}");
    }
}

/// G66, G67.
#[tokio::test]
async fn a_person_ends_one_of_their_sessions() {
    let app = TestApp::new().with_user("ada").await;
    let (phone, desk) = (app.log_in("ada").await, app.log_in("ada").await);
    let id = phone.session_id();
    let (answer, events) = app.events_of(desk.delete(&format!("{PATH}/{id}"))).await;
    assert_eq!(answer.data(200), json!({ "message": "Session ended." }));
    assert_eq!(events, ["session.ended success revoked"]);
    let record = app.records().pop().unwrap();
    assert_eq!(record.session.map(|id| uuid::Uuid::from_bytes(id).to_string()), Some(id));
    assert_eq!([phone.is_in().await, desk.is_in().await], [false, true]);
    app.anonymous().refresh(&phone.refresh).await.refused(401, "TOKEN_INVALID");
    let own = format!("{PATH}/{}", desk.session_id());
    let (answer, events) = app.events_of(desk.delete(&own)).await;
    answer.data(200);
    assert_eq!(events, ["session.ended success logout"]);
    assert!(!desk.is_in().await);
}

/// R39, R59: somebody else's session is one that does not exist.
#[tokio::test]
async fn a_foreign_session_answers_like_an_unknown_one() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let (ada, eve) = (app.log_in("ada").await, app.log_in("eve").await);
    let gone = app.log_in("ada").await;
    gone.post("/api/v1/auth/logout", json!({})).await.data(200);
    let foreign = eve.session_id();
    let unknown = format!("{}0000", &foreign[..32]);
    let not_ids =
        ["x", "00000000-0000-0000-0000-000000000000", &foreign.replace('-', ""), &format!("{{{foreign}}}")];
    let mut answers: Vec<Value> = Vec::new();
    for id in [foreign.as_str(), &unknown, &gone.session_id()].into_iter().chain(not_ids) {
        let path = format!("{PATH}/{}", id.replace('{', "%7B").replace('}', "%7D"));
        let (answer, events) = app.events_of(ada.delete(&path)).await;
        let mut error = answer.refused(404, "NOT_FOUND");
        error["request_id"] = Value::Null;
        answers.push(error);
        assert_eq!(events, NONE, "{id}");
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert!(eve.is_in().await);
    let from_eve = listed(&ada, &format!("?cursor={foreign}")).await;
    assert!(!from_eve.0.contains(&foreign));
}

#[tokio::test]
async fn a_stranger_sees_and_ends_no_session() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.anonymous().get(PATH).await.refused(401, "UNAUTHORIZED");
    let own = format!("{PATH}/{}", ada.session_id());
    app.anonymous().delete(&own).await.refused(401, "UNAUTHORIZED");
    let with_id = app.anonymous().header("authorization", &format!("Bearer {}", ada.session_id()));
    with_id.get(PATH).await.refused(401, "TOKEN_INVALID");
    assert!(ada.is_in().await);
}
