//! The scribes profile, rule by rule.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, TestApp, decoded, text_at};

const GOOD: &str = "SecurePass123!";

fn form() -> Value {
    json!({ "email": "ada@example.com", "username": "ada", "password": GOOD, "full_name": "Ada Lovelace" })
}

async fn post(app: &TestApp, path: &str, body: Value) -> Answer {
    app.anonymous().post(&format!("/scribes{path}"), body).await
}

async fn log_in(app: &TestApp) -> Answer {
    post(app, "/auth/login", json!({ "email": "ada@example.com", "password": GOOD })).await
}

/// Ada, whose address is proved.
async fn with_ada() -> TestApp {
    let app = TestApp::new();
    assert_eq!(post(&app, "/auth/register", form()).await.status, 201);
    let token = token_of(&app).await;
    assert_eq!(post(&app, "/auth/verify-email", json!({ "token": token })).await.status, 200);
    app
}

/// The token of the link in the newest mail.
async fn token_of(app: &TestApp) -> String {
    let mail = app.mails().await.remove(0);
    let (_, rest) = mail.text.split_once("token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

/// The answer, which has this status and says this in `detail`.
#[track_caller]
fn says(answer: &Answer, status: u16, detail: &str) {
    assert_eq!((answer.status.as_u16(), answer.json()), (status, json!({ "detail": detail })));
}

fn bearer(answer: &Answer) -> String {
    format!("Bearer {}", text_at(&answer.json(), "/access_token"))
}

/// S1, S2, X8.
#[tokio::test]
async fn registration_answers_exactly_the_fields_of_the_guide() {
    let app = TestApp::new();
    let answer = post(&app, "/auth/register", form()).await;
    assert_eq!(answer.status, 201);
    let mut user = answer.json();
    assert!(user["id"].is_u64() && user["created_at"].is_string(), "{user}");
    for name in ["id", "created_at"] {
        user.as_object_mut().unwrap().remove(name);
    }
    let expected = json!({
        "email": "ada@example.com", "username": "ada", "full_name": "Ada Lovelace",
        "role": "user", "is_active": true, "is_verified": false,
    });
    assert_eq!(user, expected);
    for (email, username, full_name) in
        [("b@example.com", "bob", Value::Null), ("c@example.com", "cy", json!("C Y"))]
    {
        let mut form = form();
        form["email"] = email.into();
        form["username"] = username.into();
        form["full_name"] = full_name.clone();
        assert_eq!(post(&app, "/auth/register", form).await.json()["full_name"], full_name);
    }
}

/// S3, S4, S23, X33.
#[tokio::test]
async fn what_is_taken_answers_400_and_what_is_not_valid_422() {
    let app = TestApp::new();
    assert_eq!(post(&app, "/auth/register", form()).await.status, 201);
    says(&post(&app, "/auth/register", form()).await, 400, "Email already registered");
    let mut other = form();
    other["email"] = "other@example.com".into();
    says(&post(&app, "/auth/register", other).await, 400, "Username already taken");
    for (field, value) in
        [("email", "no address"), ("password", "short1A!x".get(..7).unwrap()), ("password", "alllowercase1!")]
    {
        let mut bad = form();
        bad[field] = value.into();
        let answer = post(&app, "/auth/register", bad).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert_eq!(answer.json()["detail"][0]["loc"], json!(["body", field]));
    }
    let missing = post(&app, "/auth/register", json!({ "email": "x@example.com" })).await;
    assert_eq!(missing.status, 422, "{}", missing.text);
    let unread = app.anonymous().post_raw("/scribes/auth/register", "{").await;
    assert_eq!(unread.status, 422, "{}", unread.text);
}

/// S5, S8.
#[tokio::test]
async fn a_login_waits_for_the_mailed_link() {
    let app = TestApp::new();
    assert_eq!(post(&app, "/auth/register", form()).await.status, 201);
    says(&log_in(&app).await, 403, "Email not verified");
    says(
        &post(&app, "/auth/verify-email", json!({ "token": "nonsense" })).await,
        400,
        "Invalid or expired verification token",
    );
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(
        post(&app, "/auth/resend-verification", json!({ "email": "ada@example.com" })).await.status,
        200
    );
    let token = token_of(&app).await;
    assert_eq!(post(&app, "/auth/verify-email", json!({ "token": token })).await.status, 200);
    assert_eq!(log_in(&app).await.status, 200);
}

/// S6, S10, S17, X11.
#[tokio::test]
async fn a_login_answers_the_shape_of_the_guide_and_its_token_opens() {
    let app = with_ada().await;
    let answer = log_in(&app).await;
    let tokens = answer.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(1800)));
    let me = app.anonymous().header("authorization", &bearer(&answer)).get("/scribes/auth/me").await.json();
    for name in ["id", "email", "username", "full_name", "role"] {
        assert_eq!(tokens["user"][name], me[name], "{name}");
    }
    assert_eq!((&me["is_verified"], &me["is_active"]), (&json!(true), &json!(true)));
    let (_, claims) = decoded(tokens["access_token"].as_str().unwrap());
    assert_eq!((&claims["role"], &claims["type"]), (&json!("user"), &json!("access")));
    assert_eq!(claims["sub"], me["id"].to_string());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 1800);
}

/// S7, S9.
#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_answer_alike_and_an_inactive_account_403() {
    let app = with_ada().await;
    let live = bearer(&log_in(&app).await);
    let wrong =
        post(&app, "/auth/login", json!({ "email": "ada@example.com", "password": "Wrong123!x" })).await;
    let unknown = post(&app, "/auth/login", json!({ "email": "eve@example.com", "password": GOOD })).await;
    says(&wrong, 401, "Invalid credentials");
    says(&unknown, 401, "Invalid credentials");
    app.set_status("ada", Status::Inactive).await;
    says(&log_in(&app).await, 403, "Account is inactive");
    let me = app.anonymous().header("authorization", &live).get("/scribes/auth/me").await;
    assert_eq!(me.status, 401);
}

/// S11, S12, S13.
#[tokio::test]
async fn a_header_without_bearer_an_expired_and_a_forged_token_answer_401() {
    let app = with_ada().await;
    let answer = log_in(&app).await;
    let me = |header: String| {
        let app = &app;
        async move { app.anonymous().header("authorization", &header).get("/scribes/auth/me").await }
    };
    let bare = text_at(&answer.json(), "/access_token");
    assert_eq!(me(bare.clone()).await.status, 401);
    assert_eq!(me(format!("Bearer {bare}x")).await.status, 401);
    assert_eq!(me("Bearer abc".to_owned()).await.status, 401);
    app.clock.advance(Duration::from_secs(1801));
    says(&me(format!("Bearer {bare}")).await, 401, "Token has expired");
}

/// S14, S15, X18.
#[tokio::test]
async fn the_first_refresh_token_works_on_until_its_successor_is_used() {
    let app = with_ada().await;
    let first = text_at(&log_in(&app).await.json(), "/refresh_token");
    let refresh = |token: String| {
        let app = &app;
        async move { post(app, "/auth/refresh", json!({ "refresh_token": token })).await }
    };
    let mut successor = String::new();
    for _ in 0..3 {
        app.clock.advance(Duration::from_secs(3_600));
        let answer = refresh(first.clone()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["expires_in"]), (200, &json!(1800)));
        successor = text_at(&answer.json(), "/refresh_token");
    }
    assert_eq!(refresh(successor).await.status, 200);
    assert_eq!(refresh(first).await.status, 401, "its successor was used");
    assert_eq!(refresh("nonsense".to_owned()).await.status, 401);
}

/// S16.
#[tokio::test]
async fn a_logout_ends_both_tokens() {
    let app = with_ada().await;
    let answer = log_in(&app).await;
    let (token, refresh) = (bearer(&answer), text_at(&answer.json(), "/refresh_token"));
    let caller = app.anonymous().header("authorization", &token);
    let out = app
        .anonymous()
        .header("authorization", &token)
        .post("/scribes/auth/logout", json!({ "refresh_token": refresh.clone() }))
        .await;
    assert_eq!(out.status, 200, "{}", out.text);
    assert_eq!(caller.get("/scribes/auth/me").await.status, 401);
    assert_eq!(post(&app, "/auth/refresh", json!({ "refresh_token": refresh })).await.status, 401);
}

/// S18, S19, S20, S21.
#[tokio::test]
async fn a_mailed_link_sets_a_new_password_once_and_ends_the_sessions() {
    let app = with_ada().await;
    let refresh = text_at(&log_in(&app).await.json(), "/refresh_token");
    let ask = |email: &'static str| post(&app, "/auth/password-reset/request", json!({ "email": email }));
    let (known, unknown) = (ask("ada@example.com").await, ask("eve@example.com").await);
    assert_eq!((known.status.as_u16(), &known.text), (200, &unknown.text));
    let token = token_of(&app).await;
    let confirm = |new: &'static str| {
        post(&app, "/auth/password-reset/confirm", json!({ "token": token, "new_password": new }))
    };
    assert_eq!(confirm("weak").await.status, 422);
    assert_eq!(confirm("NewSecure456!").await.status, 200);
    says(&confirm("NewSecure789!").await, 400, "Invalid or expired reset token");
    assert_eq!(post(&app, "/auth/refresh", json!({ "refresh_token": refresh })).await.status, 401);
    says(&log_in(&app).await, 401, "Invalid credentials");
    let new = json!({ "email": "ada@example.com", "password": "NewSecure456!" });
    assert_eq!(post(&app, "/auth/login", new).await.status, 200);
}

/// S22.
#[tokio::test]
async fn the_sample_of_administrators_refuses_users() {
    let app = TestApp::new();
    for (name, role, status) in [("dev", Role::Developer, 403), ("boss", Role::Admin, 200)] {
        app.add(name, role).await;
        let answer = post(
            &app,
            "/auth/login",
            json!({ "email": format!("{name}@example.com"), "password": PASSWORD }),
        )
        .await;
        let caller = app.anonymous().header("authorization", &bearer(&answer));
        assert_eq!(caller.get("/scribes/admin").await.status, status);
        assert_eq!(caller.get("/scribes/notes").await.status, 200);
    }
    assert_eq!(app.anonymous().get("/scribes/notes").await.status, 401);
}

/// S27, X30.
#[tokio::test]
async fn health_says_what_the_guide_shows() {
    let app = TestApp::new();
    let health = app.anonymous().get("/scribes/health").await.json();
    assert_eq!((&health["status"], &health["database"]), (&json!("healthy"), &json!("connected")));
    assert!(health["redis"].is_string() && health["timestamp"].is_string());
}
