//! A phone as second factor: rules P23 to P26 and C21 in canonical form; SECURITY R36, R38, R48, R50, R65.

use std::sync::Arc;
use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::store::check::check;
use serde_json::{Value, json};

use crate::harness::{Anonymous, Answer, LoggedIn, PASSWORD, TestApp};

pub const NUMBER: &str = "+4915112345678";
const MINUTE: Duration = Duration::from_secs(60);

pub async fn set_up(caller: &Anonymous<'_>, number: &str) -> Answer {
    caller.post("/api/v1/auth/mfa/sms/setup", json!({ "phone_number": number })).await
}

pub async fn enable(caller: &Anonymous<'_>, code: &str) -> Answer {
    caller.post("/api/v1/auth/mfa/sms/enable", json!({ "code": code })).await
}

/// The code of the newest text message.
pub async fn texted(app: &TestApp) -> String {
    let (to, text) = app.texts().await.into_iter().next().unwrap();
    assert_eq!(to, "4915112345678@sms.invalid");
    text[..6].to_owned()
}

/// Another code.
pub fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// Ada with her phone on; a minute has gone since the last message.
pub async fn with_phone(app: &TestApp) -> LoggedIn<'_> {
    let ada = app.log_in("ada").await;
    set_up(&ada, NUMBER).await.data(200);
    enable(&ada, &texted(app).await).await.data(200);
    app.advance(MINUTE);
    ada
}

pub async fn first_step(app: &TestApp) -> String {
    let data = app.anonymous().log_in("ada", PASSWORD).await.data(200);
    assert_eq!((&data["requires_mfa"], data.get("access_token")), (&json!(true), None), "{data:#}");
    data["session_id"].as_str().unwrap().to_owned()
}

pub async fn send(app: &TestApp, handle: &str) -> Answer {
    app.anonymous().post("/api/v1/auth/mfa/sms/send", json!({ "session_id": handle })).await
}

pub async fn verify(app: &TestApp, handle: &str, code: &str) -> Answer {
    let body = json!({ "session_id": handle, "code": code });
    app.anonymous().post("/api/v1/auth/mfa/verify", body).await
}

async fn status(caller: &Anonymous<'_>) -> Value {
    caller.get("/api/v1/auth/mfa/sms").await.data(200)
}

/// P23, P25.
#[tokio::test]
async fn a_code_that_came_back_switches_the_phone_on_and_a_login_asks_for_one() {
    let app = TestApp::with_sms().with_user("ada").await;
    let (other, ada) = (app.log_in("ada").await, app.log_in("ada").await);
    assert_eq!(status(&ada).await, json!({ "enabled": false, "pending": false, "phone_number": null }));
    let (answer, events) = app.events_of(set_up(&ada, NUMBER)).await;
    assert_eq!(answer.data(200), json!({ "message": "A code is on its way.", "expires_in": 300 }));
    assert_eq!(events, ["mfa.setup success"]);
    assert_eq!(app.records().pop().unwrap().detail, [("method".to_owned(), "sms".to_owned())]);
    let texts = app.texts().await;
    let (to, text) = &texts[0];
    assert_eq!((texts.len(), to.as_str()), (1, "4915112345678@sms.invalid"));
    let code = &text[..6];
    assert_eq!(text[6..], *" is your code for Latchkey. It works once, for 5 minutes. Give it to nobody.");
    let masked = "*********5678";
    assert_eq!(status(&ada).await, json!({ "enabled": false, "pending": true, "phone_number": masked }));
    // R50: until the code comes back, nothing is asked for.
    app.log_in("ada").await;

    let (answer, events) = app.events_of(enable(&ada, code)).await;
    assert_eq!(answer.data(200), json!({ "message": "Phone enabled.", "mfa_enabled": true }));
    assert_eq!(events, ["mfa.enabled success"]);
    assert_eq!(status(&ada).await, json!({ "enabled": true, "pending": false, "phone_number": masked }));
    assert!(ada.is_in().await && !other.is_in().await, "R36");
    assert_eq!(app.mails().await.iter().filter(|mail| mail.to == "ada@example.com").count(), 1);

    app.advance(MINUTE);
    let handle = first_step(&app).await;
    let (answer, events) = app.events_of(send(&app, &handle)).await;
    answer.data(200);
    assert_eq!(events, ["mfa.code_sent success"]);
    let code = texted(&app).await;
    let (answer, events) = app.events_of(verify(&app, &handle, &code)).await;
    assert_eq!(answer.data(200)["user"]["mfa_enabled"], true);
    assert_eq!(events, ["login.succeeded success"]);
    assert_eq!(app.records().pop().unwrap().detail, [("factor".to_owned(), "sms".to_owned())]);
    assert!(check(app.store()).unwrap().is_clean());
}

/// P24.
#[tokio::test]
async fn a_wrong_code_switches_nothing_on_and_the_fifth_ends_the_code() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = app.log_in("ada").await;
    set_up(&ada, NUMBER).await.data(200);
    let code = texted(&app).await;
    for bad in [&*wrong(&code), "", "12345", "abcdef", "\u{0661}23456"] {
        let (answer, events) = app.events_of(enable(&ada, bad)).await;
        answer.refused(401, "MFA_INVALID");
        assert_eq!(events, ["mfa.enabled denied wrong_code"]);
    }
    enable(&ada, &code).await.refused(401, "MFA_INVALID");
    app.log_in("ada").await;
    app.advance(MINUTE);
    set_up(&ada, NUMBER).await.data(200);
    enable(&ada, &texted(&app).await).await.data(200);
}

#[tokio::test]
async fn only_the_newest_code_counts_once_and_for_five_minutes() {
    let app = TestApp::with_sms().with_user("ada").await;
    with_phone(&app).await;
    let handle = first_step(&app).await;
    send(&app, &handle).await.data(200);
    let first = texted(&app).await;
    app.advance(MINUTE);
    send(&app, &handle).await.data(200);
    let second = texted(&app).await;
    verify(&app, &handle, &first).await.refused(401, "MFA_INVALID");
    verify(&app, &handle, &second).await.data(200);
    let handle = first_step(&app).await;
    verify(&app, &handle, &second).await.refused(401, "MFA_INVALID");
    app.advance(MINUTE);
    let early = first_step(&app).await;
    send(&app, &early).await.data(200);
    let code = texted(&app).await;
    app.advance(4 * MINUTE);
    let handle = first_step(&app).await;
    app.advance(MINUTE);
    verify(&app, &handle, &code).await.refused(401, "MFA_INVALID");
}

#[tokio::test]
async fn five_wrong_codes_end_the_code_that_was_sent_through_a_restart() {
    let app = TestApp::with_sms().with_user("ada").await;
    with_phone(&app).await;
    let handle = first_step(&app).await;
    send(&app, &handle).await.data(200);
    let code = texted(&app).await;
    for _ in 0..3 {
        let (answer, events) = app.events_of(verify(&app, &handle, &wrong(&code))).await;
        answer.refused(401, "MFA_INVALID");
        assert_eq!(events, ["login.failed denied wrong_code"]);
    }
    let app = app.restarted();
    let handle = first_step(&app).await;
    for _ in 0..2 {
        verify(&app, &handle, &wrong(&code)).await.refused(401, "MFA_INVALID");
    }
    verify(&app, &handle, &code).await.refused(401, "MFA_INVALID");
}

/// Of 24 callers with one code, each with a login of its own, one gets in.
#[tokio::test]
async fn a_code_shown_by_many_at_once_opens_one_session() {
    let app = Arc::new(TestApp::with_sms().with_user("ada").await);
    with_phone(&app).await;
    for _ in 0..20 {
        app.advance(20 * MINUTE);
        let mut handles = Vec::new();
        for _ in 0..24 {
            handles.push(first_step(&app).await);
        }
        send(&app, &handles[0]).await.data(200);
        let code = texted(&app).await;
        let tries = handles.into_iter().map(|handle| {
            let (app, code) = (app.clone(), code.clone());
            tokio::spawn(async move { verify(&app, &handle, &code).await.status.as_u16() })
        });
        let mut let_in = 0;
        for one in tries.collect::<Vec<_>>() {
            let_in += usize::from(one.await.unwrap() == 200);
        }
        assert_eq!(let_in, 1);
        // The losers count as wrong codes of the hour.
        app.advance(60 * MINUTE);
    }
}

/// P26.
#[tokio::test]
async fn what_is_no_number_gets_no_message() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = app.log_in("ada").await;
    for bad in [
        "",
        "4915112345678",
        "004915112345678",
        "+49 151 12345678",
        "+0151",
        "+49151123456789012",
        "+49\r\n151",
    ] {
        let (answer, events) = app.events_of(set_up(&ada, bad)).await;
        let error = answer.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"], json!({ "field": "phone_number", "reason": "invalid" }));
        assert_eq!(events, [""; 0]);
    }
    assert!(app.texts().await.is_empty());
}

#[tokio::test]
async fn without_a_gateway_there_are_no_text_messages() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(set_up(&ada, NUMBER)).await;
    assert_eq!(answer.refused(404, "NOT_FOUND")["message"], "This server sends no text messages.");
    assert_eq!(events, [""; 0]);
    enable(&ada, "123456").await.refused(400, "VALIDATION_ERROR");
    assert_eq!(status(&ada).await["enabled"], false);
}

#[tokio::test]
async fn the_password_takes_the_phone_away() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = with_phone(&app).await;
    set_up(&ada, NUMBER).await.refused(409, "CONFLICT");
    let disable =
        |password: &'static str| ada.post("/api/v1/auth/mfa/sms/disable", json!({ "password": password }));
    let (answer, events) = app.events_of(disable("wrong password")).await;
    answer.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(events, ["mfa.disabled denied wrong_password"]);
    let (answer, events) = app.events_of(disable(PASSWORD)).await;
    assert_eq!(answer.data(200), json!({ "message": "Phone disabled." }));
    assert_eq!(events, ["mfa.disabled success"]);
    app.log_in("ada").await;
    disable(PASSWORD).await.refused(400, "VALIDATION_ERROR");
    assert!(check(app.store()).unwrap().is_clean());
}

/// G41.
#[tokio::test]
async fn the_last_factor_of_a_role_that_needs_one_stays() {
    let app = TestApp::with_sms_and_policy(|policy| policy.factor.required_for = vec![Role::Developer]);
    let app = app.with_user("ada").await;
    let ada = with_phone(&app).await;
    let answer = ada.post("/api/v1/auth/mfa/sms/disable", json!({ "password": PASSWORD })).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["mfa_required"], true);
}

/// Whichever of two factors goes, the other is still asked for.
#[tokio::test]
async fn an_app_and_a_phone_stand_in_for_each_other() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let phone = app.enrol(&ada).await;
    set_up(&ada, NUMBER).await.data(200);
    enable(&ada, &texted(&app).await).await.data(200);
    app.advance(MINUTE);
    let handle = first_step(&app).await;
    verify(&app, &handle, &phone.code(&app)).await.data(200);
    ada.post("/api/v1/auth/mfa/disable", json!({ "password": PASSWORD })).await.data(200);
    let handle = first_step(&app).await;
    send(&app, &handle).await.data(200);
    verify(&app, &handle, &texted(&app).await).await.data(200);
    ada.post("/api/v1/auth/mfa/sms/disable", json!({ "password": PASSWORD })).await.data(200);
    app.log_in("ada").await;
    assert!(check(app.store()).unwrap().is_clean());
}

/// R65: what is at rest shows neither number nor code, before and after it was sent.
#[tokio::test]
async fn numbers_and_codes_are_sealed_at_rest() {
    let app = TestApp::with_sms().with_user("ada").await;
    app.add("root", Role::SuperAdmin).await;
    let (root, ada) = (app.log_in("root").await, app.log_in("ada").await);
    set_up(&ada, NUMBER).await.data(200);
    assert!(!app.at_rest("15112345678"));
    let waiting = root.get("/api/v1/outbox").await;
    assert!(
        waiting.text.contains("xxxxxxxxx5678@sms.invalid") && waiting.text.contains("sms_code"),
        "{}",
        waiting.text
    );
    let code = texted(&app).await;
    assert!(!app.at_rest("15112345678") && !app.at_rest(&format!("{code} is your code")));
    enable(&ada, &code).await.data(200);
    assert!(!app.at_rest("15112345678"));
    ada.delete("/api/v1/users/me").await.data(200);
    assert!(check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn a_stale_session_sets_nothing_up() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.advance(59 * MINUTE);
    let ada = LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    app.advance(2 * MINUTE);
    let (answer, events) = app.events_of(set_up(&ada, NUMBER)).await;
    answer.refused(401, "STEP_UP_REQUIRED");
    assert_eq!(events, [""; 0]);
    set_up(&app.anonymous(), NUMBER).await.refused(401, "UNAUTHORIZED");
}
