//! The pynomaly profile, rule by rule: accounts and tokens.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use serde_json::{Value, json};

use crate::harness::{Anonymous, Answer, PASSWORD, TestApp, decoded, shipped_limits, text_at};

/// Below the mount.
pub fn at(path: &str) -> String {
    format!("/pynomaly/api/v1{path}")
}

pub async fn post(app: &TestApp, path: &str, body: Value) -> Answer {
    app.anonymous().post(&at(path), body).await
}

pub async fn log_in(app: &TestApp, username: &str) -> Answer {
    post(app, "/auth/login", json!({ "username": username, "password": PASSWORD })).await
}

/// Whoever got these tokens.
pub fn with<'a>(app: &'a TestApp, tokens: &Answer) -> Anonymous<'a> {
    let token = text_at(&tokens.json(), "/access_token");
    app.anonymous().header("authorization", &format!("Bearer {token}"))
}

/// Somebody who has just logged in.
pub async fn session<'a>(app: &'a TestApp, username: &str) -> Anonymous<'a> {
    let tokens = log_in(app, username).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    with(app, &tokens)
}

/// The answer, which has this status and says this in `detail`, and nothing else.
#[track_caller]
pub fn says(answer: &Answer, status: u16, detail: &str) {
    assert_eq!((answer.status.as_u16(), answer.json()), (status, json!({ "detail": detail })));
}

/// The answer, which refuses this field.
#[track_caller]
pub fn blames(answer: &Answer, field: &str) {
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert_eq!(answer.json()["detail"][0]["loc"], json!(["body", field]), "{}", answer.text);
}

fn form() -> Value {
    json!({ "username": "ada", "email": "ada@example.com", "password": PASSWORD, "full_name": "Ada Lovelace" })
}

/// Endpoint table, X21, X33.
#[tokio::test]
async fn registration_answers_the_account_and_its_owner_may_log_in_at_once() {
    let app = TestApp::new();
    let answer = post(&app, "/auth/register", form()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let mut user = answer.json();
    for name in ["id", "created_at"] {
        assert!(user.as_object_mut().unwrap().remove(name).unwrap().is_string());
    }
    let expected = json!({
        "username": "ada", "email": "ada@example.com", "full_name": "Ada Lovelace",
        "is_active": true, "roles": ["user"],
    });
    assert_eq!(user, expected);
    let (tokens, events) = app.events_of(log_in(&app, "ada")).await;
    assert_eq!((tokens.status.as_u16(), events), (200, vec!["login.succeeded success".to_owned()]));
    assert_eq!(with(&app, &tokens).get(&at("/auth/me")).await.json(), answer.json());
}

/// P31, X33.
#[tokio::test]
async fn what_is_taken_answers_400_and_what_is_not_valid_422() {
    let app = TestApp::new();
    assert_eq!(post(&app, "/auth/register", form()).await.status, 201);
    says(&post(&app, "/auth/register", form()).await, 400, "Email already registered");
    let mut other = form();
    other["email"] = "other@example.com".into();
    says(&post(&app, "/auth/register", other).await, 400, "Username already registered");
    for (field, value) in [("email", "none"), ("username", "a b"), ("password", "short")] {
        let mut bad = form();
        bad[field] = value.into();
        blames(&post(&app, "/auth/register", bad).await, field);
    }
}

/// P1, P3, P4, P5.
#[tokio::test]
async fn a_login_by_username_or_address_answers_flat_tokens_that_open() {
    let app = TestApp::new().with_user("ada").await;
    for username in ["ada", "ada@example.com"] {
        let answer = log_in(&app, username).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let tokens = answer.json();
        let names: Vec<_> = tokens.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["access_token", "expires_in", "refresh_token", "token_type"]);
        assert_eq!(tokens["token_type"], "bearer");
        let (_, claims) = decoded(tokens["access_token"].as_str().unwrap());
        let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!((&tokens["expires_in"], lifetime), (&json!(3600), 3600));
        assert_eq!(with(&app, &answer).get(&at("/auth/me")).await.json()["username"], "ada");
    }
}

/// P2, P31.
#[tokio::test]
async fn a_login_that_fails_is_not_200_and_says_why_it_may() {
    let app = TestApp::new().with_user("ada").await;
    let wrong = json!({ "username": "ada", "password": "wrong password" });
    let (answer, events) = app.events_of(post(&app, "/auth/login", wrong)).await;
    says(&answer, 401, "Invalid credentials");
    assert_eq!(events, ["login.failed denied wrong_password"]);
    says(&log_in(&app, "nobody").await, 401, "Invalid credentials");
    app.set_status("ada", Status::Suspended).await;
    says(&log_in(&app, "ada").await, 401, "Invalid credentials");
    blames(&post(&app, "/auth/login", json!({ "username": "ada", "password": 1 })).await, "password");
    let nowhere = app.anonymous().get(&at("/nowhere")).await;
    says(&nowhere, 404, "There is nothing here.");
    let wrong_method = app.anonymous().get(&at("/auth/login")).await;
    assert_eq!((wrong_method.status.as_u16(), wrong_method.header("allow")), (405, Some("POST")));
    assert!(wrong_method.json()["detail"].is_string());
}

/// P5, P14 of tokens.
#[tokio::test]
async fn a_missing_a_forged_and_an_expired_token_answer_401() {
    let app = TestApp::new().with_user("ada").await;
    let ada = session(&app, "ada").await;
    says(&app.anonymous().get(&at("/auth/me")).await, 401, "Authentication required");
    let forged = app.anonymous().header("authorization", "Bearer a.b.c").get(&at("/auth/me")).await;
    says(&forged, 401, "Invalid access token");
    app.advance(Duration::from_secs(3_600));
    says(&ada.get(&at("/auth/me")).await, 401, "Token has expired");
}

/// P6, P7, P8, X18.
#[tokio::test]
async fn the_first_refresh_token_goes_on_working_for_a_client_that_stores_no_other() {
    let app = TestApp::new().with_user("ada").await;
    let first = text_at(&log_in(&app, "ada").await.json(), "/refresh_token");
    let refresh = |token: String| {
        let app = &app;
        async move { post(app, "/auth/refresh", json!({ "refresh_token": token })).await }
    };
    let mut successor = String::new();
    for _ in 0..5 {
        app.advance(Duration::from_secs(3_700));
        let answer = refresh(first.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let tokens = answer.json();
        assert_eq!((&tokens["expires_in"], &tokens["token_type"]), (&json!(3600), &json!("bearer")));
        assert_eq!(with(&app, &answer).get(&at("/auth/me")).await.status, 200);
        successor = text_at(&tokens, "/refresh_token");
    }
    assert_eq!(refresh(successor).await.status, 200);
    says(&refresh(first).await, 401, "Invalid refresh token");
    says(&refresh("nonsense".to_owned()).await, 401, "Invalid refresh token");
}

/// P28.
#[tokio::test]
async fn one_login_too_many_answers_429_with_the_time_to_come_back() {
    let app = TestApp::with_policy(|policy| policy.limits = shipped_limits()).with_user("ada").await;
    for _ in 0..5 {
        assert_eq!(log_in(&app, "ada").await.status, 200);
    }
    let answer = log_in(&app, "ada").await;
    says(&answer, 429, "Too many requests");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    app.advance(Duration::from_secs(seconds));
    assert_eq!(log_in(&app, "ada").await.status, 200);
}

/// P29.
#[tokio::test]
async fn the_id_of_a_request_comes_back_and_is_in_the_record() {
    let app = TestApp::new().with_user("ada").await;
    let caller = app.anonymous().header("x-request-id", "unique-request-id").header("x-debug", "true");
    let body = json!({ "username": "ada", "password": PASSWORD });
    let answer = caller.post(&at("/auth/login"), body).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-request-id")), (200, Some("unique-request-id")));
    assert_eq!(app.records().pop().unwrap().request_id, "unique-request-id");
}

/// X13.
#[tokio::test]
async fn roles_have_the_names_of_the_guide() {
    let app = TestApp::new();
    for (role, shown) in Role::ALL.into_iter().zip(["viewer", "user", "user", "admin", "admin"]) {
        app.add(role.name(), role).await;
        let me = session(&app, role.name()).await.get(&at("/auth/me")).await.json();
        assert_eq!(me["roles"], json!([shown]), "{role}");
    }
}
