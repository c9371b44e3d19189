//! The second step of a login: rules G31 to G37, G40, X16, T55; SECURITY R8, R26, R33, R38, R42, R66.

use std::sync::Arc;
use std::time::Duration;

use latchkey::domain::user::Status;
use latchkey::services::pending_login::{Browser, verify};
use latchkey::services::sweep::sweep;
use poem::http::HeaderMap;
use serde_json::{Value, json};

use crate::harness::{Answer, Authenticator, LoggedIn, PASSWORD, STEP, TestApp, text_at};

const VERIFY: &str = "/api/v1/auth/mfa/verify";
const ASKED: &str = "login.mfa_required success";
const GONE: &str = "login.failed denied no_pending_login";
const WRONG: &str = "login.failed denied wrong_code";

/// Ada, with a second factor, and a session of hers.
async fn with_ada() -> (TestApp, Authenticator, String) {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let phone = app.enrol(&ada).await;
    let access = ada.access.clone();
    (app, phone, access)
}

async fn log_in_with(app: &TestApp, password: &str, code: &str) -> Answer {
    let body = json!({ "email": "ada", "password": password, "mfa_code": code });
    app.anonymous().post("/api/v1/auth/login", body).await
}

/// G31.
#[tokio::test]
async fn the_right_password_answers_a_handle_and_no_tokens() {
    let (app, _, _) = with_ada().await;
    let (answer, events) = app.events_of(app.anonymous().log_in("ada", PASSWORD)).await;
    let data = answer.data(200);
    let handle = text_at(&data, "/session_id");
    let expected =
        json!({ "requires_mfa": true, "session_id": handle, "message": "MFA verification required" });
    assert_eq!((data, events), (expected, vec![ASKED.to_owned()]));
    // A UUID of random bits: no time in it, and no two alike.
    assert!(handle.len() == 36 && handle.as_bytes()[14] == b'4', "{handle}");
    assert_ne!(app.first_step("ada").await, handle);
    assert!(!app.at_rest(&handle) && !app.at_rest(&handle.replace('-', "")));
    // R26: it opens nothing else.
    app.anonymous().refresh(&handle).await.refused(401, "TOKEN_INVALID");
    let bearer = app.anonymous().header("authorization", &format!("Bearer {handle}"));
    bearer.get("/api/v1/auth/me").await.refused(401, "TOKEN_INVALID");
    let record = app.records().pop().unwrap();
    assert_eq!((record.actor, record.session), (None, None), "nobody is logged in yet");
}

/// G33.
#[tokio::test]
async fn the_right_code_answers_tokens_and_user() {
    let (app, phone, _) = with_ada().await;
    let handle = app.first_step("ada").await;
    let (answer, events) = app.events_of(app.second_step(&handle, &phone.code(&app))).await;
    let data = answer.data(200);
    assert_eq!(events, ["login.succeeded success"]);
    let record = app.records().pop().unwrap();
    assert_eq!(record.detail, [("factor".to_owned(), "totp".to_owned())]);
    assert!(record.actor.is_some() && record.session.is_some());
    assert_eq!((&data["token_type"], &data["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!((&data["requires_mfa"], &data["user"]["mfa_enabled"]), (&json!(false), &json!(true)));
    assert!(LoggedIn::with(&app, &data).is_in().await);
    let ada =
        LoggedIn::with(&app, &app.anonymous().refresh(&text_at(&data, "/refresh_token")).await.data(200));
    assert!(ada.is_in().await);
}

/// X16: both steps in one call.
#[tokio::test]
async fn a_login_with_the_code_inline_is_done_in_one_call() {
    let (app, phone, _) = with_ada().await;
    let (answer, events) = app.events_of(log_in_with(&app, PASSWORD, &phone.code(&app))).await;
    assert_eq!(events, ["login.succeeded success"]);
    assert!(LoggedIn::with(&app, &answer.data(200)).is_in().await);
    // The step is burnt here as there.
    let (answer, events) = app.events_of(log_in_with(&app, PASSWORD, &phone.code(&app))).await;
    assert_eq!(answer.refused(401, "MFA_INVALID")["message"], "Invalid MFA code");
    assert_eq!(events, [WRONG]);
    let (answer, events) = app.events_of(log_in_with(&app, PASSWORD, &phone.backup_codes[0])).await;
    answer.data(200);
    assert_eq!(events, ["mfa.backup_code_used success", "login.succeeded success"]);
    // Without a factor the field is not looked at.
    let app = app.with_user("eve").await;
    let body = json!({ "email": "eve", "password": PASSWORD, "mfa_code": "whatever" });
    app.anonymous().post("/api/v1/auth/login", body).await.data(200);
}

fn seen(answer: &Answer) -> (u16, String, HeaderMap) {
    (answer.status.as_u16(), answer.text.clone(), answer.headers_but_limits())
}

/// R8: who does not know the password does not learn that there is a second factor, whatever code they send.
#[tokio::test]
async fn a_wrong_password_looks_like_any_other_and_no_code_is_looked_at() {
    let (app, phone, _) = with_ada().await;
    let app = app.with_user("eve").await;
    let log_in = async |name: &str, body: Value| {
        let hashes = app.hashes();
        let client = app.anonymous().header("x-request-id", "same");
        let answer = client.post("/api/v1/auth/login", body).await;
        assert_eq!(app.hashes() - hashes, 1, "{name}");
        seen(&answer)
    };
    let code = phone.code(&app);
    let mut all = Vec::new();
    for name in ["ada", "eve", "nobody"] {
        all.push(log_in(name, json!({ "email": name, "password": "wrong" })).await);
        all.push(log_in(name, json!({ "email": name, "password": "wrong", "mfa_code": code })).await);
    }
    assert!(all.iter().all(|answer| *answer == all[0]), "{all:#?}");
    log_in_with(&app, PASSWORD, &code).await.data(200);
}

/// G34.
#[tokio::test]
async fn a_handle_works_once_and_unknown_ones_never() {
    let (app, phone, _) = with_ada().await;
    let handle = app.first_step("ada").await;
    app.second_step(&handle, &phone.code(&app)).await.data(200);
    app.advance(STEP);
    let unknown = "5c9a4b1e-0f7d-4c55-9a36-8d2b7e41c0fa";
    for handle in [&handle, unknown, "", "x", &unknown.replace('-', ""), &format!("{{{unknown}}}")] {
        let (answer, events) = app.events_of(app.second_step(handle, &phone.code(&app))).await;
        let error = answer.refused(401, "AUTHENTICATION_FAILED");
        assert_eq!(error["message"], "This login is not open any more. Log in again.");
        assert_eq!(events, [GONE], "{handle}");
    }
    let body = json!({ "session_id": handle, "code": "123456", "is_admin": true });
    app.anonymous().post(VERIFY, body).await.refused(400, "VALIDATION_ERROR");
}

/// G35, R38.
#[tokio::test]
async fn a_handle_dies_after_five_minutes_swept_or_not() {
    let (app, phone, _) = with_ada().await;
    let (early, late) = (app.first_step("ada").await, app.first_step("ada").await);
    app.advance(Duration::from_secs(300) - Duration::from_millis(1));
    app.second_step(&early, &phone.code(&app)).await.data(200);
    app.advance(Duration::from_millis(1));
    app.second_step(&late, &phone.code_of(&app, 1)).await.refused(401, "AUTHENTICATION_FAILED");
    assert!(app.row_counts().contains_key(&0x24));
    while sweep(&app.services).await.unwrap() {}
    assert!(!app.row_counts().contains_key(&0x24));
}

/// G35: five wrong codes end the login, the right one after them too; over a restart as well.
#[tokio::test]
async fn a_handle_dies_after_five_wrong_codes() {
    let (app, phone, _) = with_ada().await;
    let (handle, other) = (app.first_step("ada").await, app.first_step("ada").await);
    let wrong = phone.wrong_code(&app);
    for _ in 0..3 {
        let (answer, events) = app.events_of(app.second_step(&handle, &wrong)).await;
        answer.refused(401, "MFA_INVALID");
        assert_eq!(events, [WRONG]);
    }
    let app = app.restarted();
    for malformed in ["", "12345a"] {
        app.second_step(&handle, malformed).await.refused(401, "MFA_INVALID");
    }
    let (answer, events) = app.events_of(app.second_step(&handle, &phone.code(&app))).await;
    answer.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(events, [GONE]);
    app.second_step(&other, &phone.code(&app)).await.data(200);
}

/// R33, R38: whatever ends the sessions ends what waits.
#[tokio::test]
async fn a_handle_dies_with_the_password_and_with_the_account() {
    let (app, phone, access) = with_ada().await;
    let ada = app.anonymous().header("authorization", &format!("Bearer {access}"));
    let handle = app.first_step("ada").await;
    let new = "seven silent paper lanterns";
    let body = json!({ "current_password": PASSWORD, "new_password": new });
    ada.post("/api/v1/auth/password/change", body).await.data(200);
    app.second_step(&handle, &phone.code(&app)).await.refused(401, "AUTHENTICATION_FAILED");

    let wait = async |password: &str| {
        text_at(&app.anonymous().log_in("ada", password).await.data(200), "/session_id")
    };
    let handle = wait(new).await;
    app.set_status("ada", Status::Suspended).await;
    app.second_step(&handle, &phone.code(&app)).await.refused(401, "AUTHENTICATION_FAILED");
    app.set_status("ada", Status::Active).await;
    app.second_step(&handle, &phone.code(&app)).await.refused(401, "AUTHENTICATION_FAILED");

    let handle = wait(new).await;
    app.anonymous().post("/api/v1/auth/password-reset/initiate", json!({ "email": "ada@example.com" })).await;
    let body =
        json!({ "token": app.reset_token("ada@example.com").await, "new_password": PASSWORD.repeat(2) });
    app.anonymous().post("/api/v1/auth/password-reset/confirm", body).await.data(200);
    app.second_step(&handle, &phone.code(&app)).await.refused(401, "AUTHENTICATION_FAILED");

    // Nothing of this used the code up.
    app.second_step(&wait(&PASSWORD.repeat(2)).await, &phone.code(&app)).await.data(200);
}

#[tokio::test]
async fn logging_out_everywhere_ends_what_waits() {
    let (app, phone, access) = with_ada().await;
    let handle = app.first_step("ada").await;
    let ada = app.anonymous().header("authorization", &format!("Bearer {access}"));
    ada.post("/api/v1/auth/logout-all", json!({})).await.data(200);
    app.second_step(&handle, &phone.code(&app)).await.refused(401, "AUTHENTICATION_FAILED");
}

/// A handle of one account takes no code of another.
#[tokio::test]
async fn a_handle_is_its_accounts() {
    let (app, phone, _) = with_ada().await;
    let app = app.with_user("eve").await;
    let theirs = app.enrol(&app.log_in("eve").await).await;
    let handle = app.first_step("ada").await;
    app.second_step(&handle, &theirs.code(&app)).await.refused(401, "MFA_INVALID");
    app.second_step(&handle, &theirs.backup_codes[0]).await.refused(401, "MFA_INVALID");
    app.second_step(&handle, &phone.code(&app)).await.data(200);
}

/// A right password alone clears nothing: or whoever has it could go on guessing behind a clean record.
#[tokio::test]
async fn wrong_passwords_stay_counted_until_the_second_step_is_done() {
    let (app, phone, _) = with_ada().await;
    for _ in 0..4 {
        app.anonymous().log_in("ada", "wrong").await.refused(401, "AUTHENTICATION_FAILED");
    }
    let handle = app.first_step("ada").await;
    app.first_step("ada").await;
    let (answer, events) = app.events_of(app.anonymous().log_in("ada", "wrong")).await;
    answer.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(events, ["login.failed denied wrong_password", "lockout.set success network"]);
    app.anonymous().log_in("ada", PASSWORD).await.refused(423, "ACCOUNT_LOCKED");
    // Whoever was let in before goes on, and the second step ends the lock.
    let (answer, events) = app.events_of(app.second_step(&handle, &phone.code(&app))).await;
    answer.data(200);
    assert_eq!(events, ["login.succeeded success", "lockout.cleared success login"]);
    app.first_step("ada").await;
    assert_eq!(app.row_counts().get(&0x40), None, "the row of wrong passwords is over");
}

/// R42 for handles, a thousand rounds: of 24 callers with one handle and three right codes, one comes in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_24_callers_with_one_handle_one_comes_in() {
    let app = TestApp::unlimited().with_user("ada").await;
    let phone = app.enrol(&app.log_in("ada").await).await;
    let app = Arc::new(app);
    for round in 0..1_000 {
        app.advance(3 * STEP);
        let handle = app.first_step("ada").await;
        let race: Vec<_> = (0..24)
            .map(|number| {
                let (app, handle) = (app.clone(), handle.clone());
                let code = phone.code_of(&app, number % 3 - 1);
                tokio::spawn(async move {
                    let ctx = app.services.own_context("race");
                    let browser = Browser { presented: None, forged: None };
                    verify(&app.services, &ctx, &handle, &code, browser).await.is_ok()
                })
            })
            .collect();
        let mut granted = 0;
        for racer in race {
            granted += usize::from(racer.await.unwrap());
        }
        assert_eq!(granted, 1, "round {round}");
    }
}
