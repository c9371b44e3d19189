//! Step-up where a second factor is on: a code is the proof, and a password is none.

use std::time::Duration;

use serde_json::json;

use super::sms_factor::{texted, with_phone};
use crate::harness::{Anonymous, Answer, LoggedIn, PASSWORD, TestApp};

const PATH: &str = "/api/v1/auth/step-up";
const MINUTE: Duration = Duration::from_secs(60);

async fn prove(caller: &Anonymous<'_>, code: &str) -> Answer {
    caller.post(PATH, json!({ "code": code })).await
}

/// The same session an hour later.
async fn stale<'a>(app: &'a TestApp, caller: LoggedIn<'a>) -> LoggedIn<'a> {
    app.advance(30 * MINUTE);
    let caller = LoggedIn::with(app, &app.anonymous().refresh(&caller.refresh).await.data(200));
    app.advance(31 * MINUTE);
    LoggedIn::with(app, &app.anonymous().refresh(&caller.refresh).await.data(200))
}

async fn act(caller: &Anonymous<'_>) -> Answer {
    caller.post("/api/v1/auth/email/change", json!({ "new_email": "no address" })).await
}

#[tokio::test]
async fn a_code_of_the_app_makes_the_session_fresh() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let phone = app.enrol(&ada).await;
    let ada = stale(&app, ada).await;
    let error = act(&ada).await.refused(401, "STEP_UP_REQUIRED");
    assert_eq!(error["details"], json!({ "max_age": 3600, "proof": "code" }));
    let (answer, events) = app.events_of(prove(&ada, &phone.wrong_code(&app))).await;
    answer.refused(401, "MFA_INVALID");
    assert_eq!(events, ["session.stepped_up denied wrong_code"]);
    let code = phone.code(&app);
    let (answer, events) = app.events_of(prove(&ada, &code)).await;
    assert_eq!(answer.data(200)["expires_in"], 3600);
    assert_eq!(events, ["session.stepped_up success totp"]);
    act(&ada).await.refused(400, "VALIDATION_ERROR");
    // R45: it was used.
    prove(&ada, &code).await.refused(401, "MFA_INVALID");
    let (answer, events) = app.events_of(prove(&ada, &phone.backup_codes[0])).await;
    answer.data(200);
    assert_eq!(events, ["mfa.backup_code_used success", "session.stepped_up success backup_code"]);
}

/// Not even compared: with a factor on, this is no door at which to guess the password.
#[tokio::test]
async fn a_password_is_not_enough() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.enrol(&ada).await;
    let ada = stale(&app, ada).await;
    let before = app.hashes();
    for password in [PASSWORD, "wrong password"] {
        let (answer, events) = app.events_of(ada.post(PATH, json!({ "password": password }))).await;
        let error = answer.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"], json!({ "field": "code", "reason": "required" }));
        assert_eq!(events, [""; 0]);
    }
    assert_eq!(app.hashes(), before);
    act(&ada).await.refused(401, "STEP_UP_REQUIRED");
}

#[tokio::test]
async fn a_code_sent_to_the_phone_makes_the_session_fresh() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = with_phone(&app).await;
    let ada = stale(&app, ada).await;
    let (answer, events) = app.events_of(ada.post("/api/v1/auth/step-up/sms", json!({}))).await;
    answer.data(200);
    assert_eq!(events, ["mfa.code_sent success"]);
    let (answer, events) = app.events_of(prove(&ada, &texted(&app).await)).await;
    answer.data(200);
    assert_eq!(events, ["session.stepped_up success sms"]);
    act(&ada).await.refused(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn who_has_no_factor_proves_none() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = app.log_in("ada").await;
    prove(&ada, "123456").await.refused(400, "VALIDATION_ERROR");
    ada.post("/api/v1/auth/step-up/sms", json!({})).await.refused(400, "VALIDATION_ERROR");
    let both = json!({ "code": "123456", "password": PASSWORD });
    ada.post(PATH, both).await.refused(400, "VALIDATION_ERROR");
}

/// R47: the budget of wrong codes is one, at every door.
#[tokio::test]
async fn guesses_at_codes_end() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let phone = app.enrol(&ada).await;
    let mut answers = Vec::new();
    for _ in 0..21 {
        answers.push(prove(&ada, &phone.wrong_code(&app)).await);
    }
    answers.pop().unwrap().refused(423, "ACCOUNT_LOCKED");
    for answer in answers {
        answer.refused(401, "MFA_INVALID");
    }
    let (answer, events) = app.events_of(prove(&ada, &phone.code(&app))).await;
    answer.refused(423, "ACCOUNT_LOCKED");
    assert_eq!(events, ["session.stepped_up denied locked"]);
}
