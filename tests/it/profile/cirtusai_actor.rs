//! A client of the cirtusai profile.

use serde_json::{Value, json};

use crate::harness::{Anonymous, Answer, Authenticator, STEP, TestApp, text_at};

/// The password of the guide's own example (C30).
pub const GOOD: &str = "secure_password";

/// The registration of `name`.
pub fn form(name: &str) -> Value {
    json!({ "username": name, "email": format!("{name}@example.com"), "password": GOOD })
}

pub fn login_form(name: &str, password: &str) -> String {
    format!("username={}&password={}", name.replace('@', "%40"), password.replace(' ', "+"))
}

/// Posts as a stranger.
pub async fn post(app: &TestApp, path: &str, body: Value) -> Answer {
    app.anonymous().post(&format!("/cirtusai{path}"), body).await
}

/// Gets with the access token of `token`.
pub async fn get(app: &TestApp, token: &Value, path: &str) -> Answer {
    Client::with(app, token).0.get(&format!("/cirtusai{path}")).await
}

/// Registers Ada; answers the cookie that was set, whole.
pub async fn registered(app: &TestApp) -> (Authenticator, String) {
    let answer = post(app, "/auth/register", form("ada")).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    (Authenticator::of(&answer.json()), cookie)
}

/// A server with Ada, whose second factor is on; the step of the confirmation is over.
pub async fn enrolled() -> (TestApp, Authenticator) {
    let app = TestApp::new();
    let (phone, cookie) = registered(&app).await;
    assert_eq!(confirm(&app, &cookie, &phone.code(&app)).await.status, 200);
    app.advance(STEP);
    (app, phone)
}

/// Ada's login.
pub async fn log_in(app: &TestApp) -> Value {
    let answer = app.anonymous().post_form("/cirtusai/auth/login", &login_form("ada", GOOD)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Finishes a login.
pub async fn second_step(app: &TestApp, temporary: &str, code: &str) -> Answer {
    post(app, "/auth/verify-2fa", json!({ "temporary_token": temporary, "totp_code": code })).await
}

/// Ada's login with both steps.
pub async fn both_steps(app: &TestApp, code: &str) -> Value {
    let temporary = text_at(&log_in(app).await, "/temporary_token");
    let answer = second_step(app, &temporary, code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Confirms with the cookie of a registration, as a client that keeps cookies.
pub async fn confirm(app: &TestApp, set_cookie: &str, code: &str) -> Answer {
    let (pair, _) = set_cookie.split_once(';').unwrap();
    let client = app.anonymous().header("cookie", pair);
    client.post("/cirtusai/auth/2fa/confirm", json!({ "totp_code": code })).await
}

/// The answer, which has this status and says this in `detail`.
#[track_caller]
pub fn says(answer: &Answer, status: u16, detail: &str) {
    assert_eq!((answer.status.as_u16(), answer.json()), (status, json!({ "detail": detail })));
}

/// Somebody with an access token.
pub struct Client<'a>(pub Anonymous<'a>);

impl<'a> Client<'a> {
    /// From what a login answered.
    pub fn with(app: &'a TestApp, token: &Value) -> Self {
        let header = format!("Bearer {}", text_at(token, "/access_token"));
        Self(app.anonymous().header("authorization", &header))
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.0.post(&format!("/cirtusai{path}"), body).await
    }
}
