//! The trading profile, rule by rule: sessions that live by a cookie.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey::crypto::digest::{sha256, to_hex};
use poem::http::Method;
use serde_json::{Value, json};

use super::trading_actor::{
    AGENT, HOME, InBrowser, at, is, log_in, says, send, token, with_everybody, with_token,
};
use crate::harness::{PASSWORD, TestApp, text_at};

const HOUR: Duration = Duration::from_secs(3_600);

fn error(text: &str) -> Value {
    json!({ "error": text })
}

/// T23, T27, X8.
#[tokio::test]
async fn a_login_sets_a_cookie_that_opens_the_page() {
    let app = TestApp::new().with_user("ada").await;
    let (answer, events) = app.events_of(log_in(&app, "ada", PASSWORD)).await;
    assert_eq!((answer.status.as_u16(), events), (200, vec!["login.succeeded success".to_owned()]));
    let body = answer.json();
    let names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["csrf_token", "session_id", "success"]);
    assert_eq!(body["success"], true);
    let set = answer.header("set-cookie").unwrap();
    let value = text_at(&body, "/session_id");
    assert_eq!(set, format!("session_id={value}; Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Strict"));
    let session = InBrowser { cookie: value, csrf: text_at(&body, "/csrf_token") };
    let id = app.account("ada").unwrap().id.to_string();
    is(&session.page(&app).await, 200, json!({ "message": "Access granted", "user_id": id }));
}

/// T24, X10.
#[tokio::test]
async fn a_failed_login_says_so_in_the_words_of_the_guide() {
    let app = TestApp::new().with_user("ada").await;
    for name in ["ada", "nobody"] {
        let answer = log_in(&app, name, "wrong").await;
        is(&answer, 401, json!({ "success": false, "error": "Invalid credentials" }));
        assert_eq!(answer.header("set-cookie"), None);
    }
}

/// T25, T26: and a token is no cookie.
#[tokio::test]
async fn without_a_session_and_with_an_unknown_one_the_page_is_closed() {
    let app = TestApp::new().with_user("ada").await;
    is(&app.anonymous().get(&at("/protected")).await, 401, error("No session found"));
    let ada = with_token(&app, "ada").await;
    is(&ada.get(&at("/protected")).await, 401, error("No session found"));
    let good = InBrowser::of(&app, "ada").await.cookie;
    for cookie in ["nonsense".to_owned(), format!("{good}x"), good.replace("lkc_", "lkx_")] {
        let stranger = InBrowser { cookie, csrf: String::new() };
        is(&stranger.page(&app).await, 401, error("Invalid session"));
    }
}

/// T28.
#[tokio::test]
async fn every_login_makes_a_new_session_id() {
    let app = TestApp::unlimited().with_user("ada").await;
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let id = InBrowser::of(&app, "ada").await.cookie;
        assert!(id.len() >= 32 && seen.insert(id));
    }
    let first = seen.first().unwrap().clone();
    let again = InBrowser { cookie: first, csrf: String::new() };
    let form = json!({ "username": "ada", "password": PASSWORD });
    let (answer, events) = app.events_of(again.home(&app).post(&at("/login"), form)).await;
    assert!(seen.insert(text_at(&answer.json(), "/session_id")));
    assert_eq!(events, ["session.ended success replaced", "login.succeeded success"]);
}

/// T29, T38.
#[tokio::test]
async fn the_list_of_sessions_has_what_the_guide_keeps() {
    let app = TestApp::unlimited().with_user("ada").await;
    let session = InBrowser::of(&app, "ada").await;
    app.advance(HOUR);
    let ada = with_token(&app, "ada").await;
    let list = ada.get(&at("/sessions")).await.json();
    let kinds: Vec<_> = list.as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds, ["token", "cookie"]);
    let mut one = list[1].clone();
    let mut take = |name: &str| text_at(&json!([one.as_object_mut().unwrap().remove(name).unwrap()]), "/0");
    assert_ne!(take("session_id"), session.cookie, "a list shows no live cookie");
    let (created, expires, absolute) = (take("created_at"), take("expires_at"), take("absolute_expires_at"));
    assert_eq!(take("last_accessed"), created);
    assert!(created < expires && expires < absolute);
    let fingerprint = to_hex(&sha256(format!("{AGENT}:{HOME}").as_bytes()));
    let rest = json!({
        "kind": "cookie", "ip_address": HOME, "user_agent": AGENT, "is_active": true, "fingerprint": fingerprint,
    });
    assert_eq!(one, rest);
}

/// T30, X24: use moves the end by a day, and nothing moves it beyond the seventh.
#[tokio::test]
async fn a_session_lives_a_day_without_use_and_seven_at_most() {
    let app = TestApp::unlimited().with_user("ada").await;
    let unused = InBrowser::of(&app, "ada").await;
    app.advance(24 * HOUR);
    is(&unused.page(&app).await, 401, error("Invalid session"));

    let used = InBrowser::of(&app, "ada").await;
    for _ in 0..7 {
        app.advance(23 * HOUR);
        assert_eq!(used.page(&app).await.status, 200);
    }
    app.advance(7 * HOUR);
    is(&used.page(&app).await, 401, error("Invalid session"));
}

/// T30: refresh_session.
#[tokio::test]
async fn a_session_is_refreshed_on_request_and_a_token_is_not() {
    let app = TestApp::unlimited().with_user("ada").await;
    let session = InBrowser::of(&app, "ada").await;
    app.advance(23 * HOUR);
    let (answer, events) =
        app.events_of(session.changing(&app).post(&at("/sessions/refresh"), json!({}))).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["success"]), (200, &json!(true)));
    assert_eq!(events, ["session.refreshed success"]);
    app.advance(23 * HOUR);
    assert_eq!(session.page(&app).await.status, 200);
    let ada = with_token(&app, "ada").await;
    let answer = ada.post(&at("/sessions/refresh"), json!({})).await;
    says(&answer, 400, "This session has no cookie. Use its refresh token.");
}

/// T31, X25: the sixth cookie is refused; tokens are not counted, and another account is not concerned.
#[tokio::test]
async fn the_sixth_session_is_refused() {
    let app = TestApp::unlimited().with_user("ada").await.with_user("bob").await;
    let mut sessions = Vec::new();
    for _ in 0..5 {
        assert_eq!(token(&app, "ada", PASSWORD).await.status, 200);
        sessions.push(InBrowser::of(&app, "ada").await);
    }
    let sixth = log_in(&app, "ada", PASSWORD).await;
    is(&sixth, 409, json!({ "success": false, "error": "Maximum concurrent sessions exceeded" }));
    assert_eq!(sixth.header("set-cookie"), None);
    assert_eq!(log_in(&app, "bob", PASSWORD).await.status, 200);
    for session in &sessions {
        assert_eq!(session.page(&app).await.status, 200, "the five go on");
    }
    assert_eq!(sessions[0].changing(&app).post(&at("/logout"), json!({})).await.status, 200);
    assert_eq!(log_in(&app, "ada", PASSWORD).await.status, 200);
}

/// T32, T33: the same network is home, another is recorded and refused, and the session goes on at home.
#[tokio::test]
async fn a_session_is_at_home_in_its_network() {
    let app = TestApp::unlimited().with_user("ada").await;
    let session = InBrowser::of(&app, "ada").await;
    let near = session.from(&app, "203.0.113.200", AGENT);
    assert_eq!(near.get(&at("/protected")).await.status, 200);
    let (answer, events) =
        app.events_of(session.from(&app, "198.51.100.1", AGENT).get(&at("/protected"))).await;
    is(&answer, 401, error("Suspicious session activity"));
    assert_eq!(events, ["access.denied denied ip_address_mismatch"]);
    let record = app.records().pop().unwrap();
    assert!(record.detail.iter().any(|(_, text)| text == "IP address mismatch"), "{record:?}");
    assert_eq!(session.page(&app).await.status, 200);
}

/// T34.
#[tokio::test]
async fn a_session_is_at_home_in_its_browser() {
    let app = TestApp::unlimited().with_user("ada").await;
    let session = InBrowser::of(&app, "ada").await;
    let (answer, events) = app.events_of(session.from(&app, HOME, "Browser/2").get(&at("/protected"))).await;
    is(&answer, 401, error("Suspicious session activity"));
    assert_eq!(events, ["access.denied denied user_agent_mismatch"]);
    let record = app.records().pop().unwrap();
    assert!(record.detail.iter().any(|(_, text)| text == "User agent mismatch"), "{record:?}");
    let elsewhere = session.from(&app, HOME, "Browser/2").get(&at("/signals")).await;
    says(&elsewhere, 401, "Suspicious session activity");
}

/// The binding is the guide's: the same cookie is nothing at the other doors, nor theirs here.
#[tokio::test]
async fn a_cookie_opens_only_the_door_that_gave_it_out() {
    let app = TestApp::unlimited().with_user("ada").await;
    let session = InBrowser::of(&app, "ada").await;
    let moved = app.anonymous().cookie(&session.cookie).get("/api/v1/auth/me").await;
    moved.refused(401, "TOKEN_INVALID");
    let theirs = app.browse("ada").await;
    let moved = InBrowser { cookie: theirs.cookie.clone(), csrf: theirs.csrf.clone() };
    is(&moved.page(&app).await, 401, error("Invalid session"));
    assert!(theirs.is_in().await);
    app.anonymous()
        .header("cookie", &format!("session_id={}", session.cookie))
        .get("/api/v1/auth/me")
        .await
        .refused(401, "UNAUTHORIZED");
}

/// T35.
#[tokio::test]
async fn a_change_by_cookie_needs_the_token_of_its_session() {
    let app = TestApp::unlimited().with_user("ada").await;
    let (session, other) = (InBrowser::of(&app, "ada").await, InBrowser::of(&app, "ada").await);
    let forged = session.home(&app).header("x-csrf-token", &other.csrf);
    for request in [session.home(&app), forged] {
        let (answer, events) = app.events_of(request.delete(&at("/sessions"))).await;
        says(&answer, 403, "This request was not sent by a page of this server.");
        assert_eq!(events, ["access.denied denied csrf"]);
    }
    let foreign = app.anonymous().header("origin", "https://evil.example");
    let form = json!({ "username": "ada", "password": PASSWORD });
    assert_eq!(foreign.post(&at("/login"), form).await.status, 403);
    let signal = send(&session.changing(&app), Method::POST, "/signals", json!({})).await;
    assert_eq!(signal.status, 201, "{}", signal.text);
}

/// T36.
#[tokio::test]
async fn use_moves_the_time_of_the_last_access() {
    let app = TestApp::unlimited().with_user("ada").await;
    let session = InBrowser::of(&app, "ada").await;
    app.advance(HOUR);
    assert_eq!(session.page(&app).await.status, 200);
    let one = &session.home(&app).get(&at("/sessions")).await.json()[0];
    let time = |name: &str| text_at(one, name).parse::<latchkey::domain::time::Timestamp>().unwrap();
    assert_eq!(time("/last_accessed"), time("/created_at").plus(HOUR));
    assert_eq!(time("/expires_at"), time("/last_accessed").plus(24 * HOUR));
}

/// T37.
#[tokio::test]
async fn one_session_or_all_are_terminated() {
    let app = TestApp::unlimited().with_user("ada").await.with_user("bob").await;
    let (first, second) = (InBrowser::of(&app, "ada").await, InBrowser::of(&app, "ada").await);
    let bob = InBrowser::of(&app, "bob").await;
    app.advance(HOUR);
    let ada = with_token(&app, "ada").await;
    for foreign in [bob.cookie.as_str(), "nonsense"] {
        says(&ada.delete(&at(&format!("/sessions/{foreign}"))).await, 404, "There is no such session.");
    }
    let (answer, events) = app.events_of(ada.delete(&at(&format!("/sessions/{}", first.cookie)))).await;
    is(&answer, 200, json!({ "success": true }));
    assert_eq!(events, ["session.ended success revoked"]);
    is(&first.page(&app).await, 401, error("Invalid session"));
    let listed = ada.get(&at("/sessions")).await.json();
    let own = text_at(&listed, "/1/session_id");
    let ended = second.changing(&app).delete(&at(&format!("/sessions/{own}"))).await;
    assert_eq!(ended.status, 200);
    assert!(ended.header("set-cookie").unwrap().starts_with("session_id=; Max-Age=0;"));

    let third = InBrowser::of(&app, "ada").await;
    let (answer, events) = app.events_of(third.changing(&app).delete(&at("/sessions"))).await;
    is(&answer, 200, json!({ "terminated": 2 }));
    assert_eq!(events, ["session.all_ended success logout_all"]);
    is(&third.page(&app).await, 401, error("Invalid session"));
    assert_eq!(ada.get(&at("/sessions")).await.status, 401);
    assert_eq!(bob.page(&app).await.status, 200);
}

/// T39: expired sessions are removed on request, by whoever runs the system.
#[tokio::test]
async fn expired_sessions_are_removed_by_whoever_runs_the_system() {
    let app = with_everybody().await;
    for _ in 0..3 {
        InBrowser::of(&app, "ada").await;
    }
    app.advance(25 * HOUR);
    let clean = |name: &'static str| {
        let app = &app;
        async move { with_token(app, name).await.post(&at("/sessions/cleanup"), json!({})).await }
    };
    for name in ["ada", "boss"] {
        says(&clean(name).await, 403, "Permission 'system:admin' required");
    }
    is(&clean("root").await, 200, json!({ "removed": 3 }));
    is(&clean("root").await, 200, json!({ "removed": 0 }));
}
