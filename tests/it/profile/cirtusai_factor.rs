//! The cirtusai profile, rule by rule: the second factor of one's own account, and the cookie of a registration.

use std::time::Duration;

use latchkey::domain::factor::FIRST_ENROLMENT_TTL;
use latchkey::domain::user::Status;
use serde_json::json;

use super::cirtusai_actor::{
    Client, GOOD, both_steps, confirm, enrolled, form, get, log_in, post, registered, says, second_step,
};
use crate::harness::{Authenticator, STEP, TestApp, text_at};

/// C8, X26: register, confirm without a login, and log in with the same code.
#[tokio::test]
async fn whoever_registered_confirms_by_cookie_and_logs_in_with_the_same_code() {
    let app = TestApp::new();
    let (phone, cookie) = registered(&app).await;
    let code = phone.code(&app);
    let (answer, events) = app.events_of(confirm(&app, &cookie, &code)).await;
    assert_eq!(answer.json(), json!({ "message": "2FA has been successfully enabled", "enabled": true }));
    assert_eq!(events, ["mfa.enabled success"]);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"), "it opens nothing any more");
    let token = both_steps(&app, &code).await;
    assert_eq!(get(&app, &token, "/auth/2fa/status").await.json()["enabled"], true);
    let temporary = text_at(&log_in(&app).await, "/temporary_token");
    says(&second_step(&app, &temporary, &code).await, 401, "Invalid 2FA code");
}

/// R37: what the cookie is, and that the store keeps its hash alone.
#[tokio::test]
async fn the_cookie_is_for_this_mount_and_no_script_and_is_nowhere_at_rest() {
    let app = TestApp::new();
    let (_, cookie) = registered(&app).await;
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Max-Age=900; Path=/cirtusai; Secure; HttpOnly; SameSite=Strict");
    let (name, value) = pair.split_once('=').unwrap();
    assert_eq!(name, "__Secure-latchkey-enrolment");
    assert!(value.starts_with("lkf_") && value.len() == 68, "{value}");
    assert!(!app.at_rest(value), "it is in the store");
}

/// The cookie opens the confirmation alone, once, for a quarter of an hour.
#[tokio::test]
async fn the_cookie_opens_the_confirmation_alone() {
    let app = TestApp::unlimited();
    let (phone, cookie) = registered(&app).await;
    let (pair, _) = cookie.split_once(';').unwrap();
    let stranger = || app.anonymous().header("cookie", pair);
    for path in ["2fa/status", "2fa/setup", "2fa/qr", "debug-2fa", "me"] {
        assert_eq!(stranger().get(&format!("/cirtusai/auth/{path}")).await.status, 401, "{path}");
    }
    let both = json!({ "totp_code": phone.code(&app), "password": GOOD });
    for path in ["2fa/disable", "2fa/request-sms", "logout"] {
        let answer = stranger().post(&format!("/cirtusai/auth/{path}"), both.clone()).await;
        assert_eq!(answer.status, 401, "{path}");
    }
    let canonical = stranger().post("/api/v1/auth/mfa/enable", json!({ "code": phone.code(&app) })).await;
    canonical.refused(401, "UNAUTHORIZED");

    let (answer, events) = app.events_of(confirm(&app, &cookie, &phone.wrong_code(&app))).await;
    says(&answer, 400, "Invalid 2FA code");
    assert_eq!(events, ["mfa.enabled denied wrong_code"]);
    // A header beside it counts, and the cookie does not.
    let with_header = stranger().header("authorization", "Bearer garbage");
    assert_eq!(with_header.post("/cirtusai/auth/2fa/confirm", both).await.status, 401);
    assert_eq!(confirm(&app, "__Secure-latchkey-enrolment=nonsense;", "123456").await.status, 401);

    app.advance(FIRST_ENROLMENT_TTL - Duration::from_millis(1));
    assert_eq!(confirm(&app, &cookie, &phone.code(&app)).await.status, 200);
    assert_eq!(confirm(&app, &cookie, &phone.code(&app)).await.status, 401, "it was used");
}

/// The cookie ends with its time, with a new password, with a confirmation in a session, and with the account.
#[tokio::test]
async fn the_cookie_ends_with_its_time_and_with_what_ends_sessions() {
    let late = TestApp::new();
    let (phone, cookie) = registered(&late).await;
    late.advance(FIRST_ENROLMENT_TTL);
    says(&confirm(&late, &cookie, &phone.code(&late)).await, 401, "Invalid access token");

    let changed = TestApp::new();
    let (phone, cookie) = registered(&changed).await;
    let ada = Client::with(&changed, &log_in(&changed).await);
    let new = json!({ "current_password": GOOD, "new_password": "another long password" });
    ada.0.post("/api/v1/auth/password/change", new).await.data(200);
    assert_eq!(confirm(&changed, &cookie, &phone.code(&changed)).await.status, 401);

    let switched_off = TestApp::new();
    let (phone, cookie) = registered(&switched_off).await;
    switched_off.set_status("ada", Status::Suspended).await;
    assert_eq!(confirm(&switched_off, &cookie, &phone.code(&switched_off)).await.status, 401);

    let confirmed = TestApp::new();
    let (phone, cookie) = registered(&confirmed).await;
    let ada = Client::with(&confirmed, &log_in(&confirmed).await);
    let code = json!({ "totp_code": phone.code(&confirmed) });
    assert_eq!(ada.post("/auth/2fa/confirm", code).await.status, 200);
    assert_eq!(confirm(&confirmed, &cookie, &phone.code(&confirmed)).await.status, 401);
}

/// A confirmation without a session ends every session: an account whose login changes keeps none.
#[tokio::test]
async fn a_confirmation_by_cookie_ends_the_sessions_from_before() {
    let app = TestApp::new();
    let (phone, cookie) = registered(&app).await;
    let before = log_in(&app).await;
    assert_eq!(confirm(&app, &cookie, &phone.code(&app)).await.status, 200);
    assert_eq!(get(&app, &before, "/auth/me").await.status, 401);
}

/// R42, R45: of eight confirmations at once, one is the one.
#[tokio::test]
async fn of_many_confirmations_at_once_one_is_the_one() {
    let app = TestApp::unlimited();
    let (phone, cookie) = registered(&app).await;
    let code = phone.code(&app);
    let answers = futures_util::future::join_all((0..8).map(|_| confirm(&app, &cookie, &code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(app.events().iter().filter(|event| event.starts_with("mfa.enabled success")).count(), 1);
}

/// C15.
#[tokio::test]
async fn the_status_answers_both_sets_of_fields() {
    let app = TestApp::new();
    let (phone, cookie) = registered(&app).await;
    let off = get(&app, &log_in(&app).await, "/auth/2fa/status").await.json();
    let expected = json!({
        "enabled": false, "method": null, "backup_codes_remaining": 0,
        "is_2fa_enabled": false, "preferred_2fa_method": null, "is_sms_enabled": false,
    });
    assert_eq!(off, expected);
    assert_eq!(confirm(&app, &cookie, &phone.code(&app)).await.status, 200);
    let on = get(&app, &both_steps(&app, &phone.code(&app)).await, "/auth/2fa/status").await.json();
    let expected = json!({
        "enabled": true, "method": "totp", "backup_codes_remaining": 8,
        "is_2fa_enabled": true, "preferred_2fa_method": "totp", "is_sms_enabled": false,
    });
    assert_eq!(on, expected);
}

/// C16, C17, C18: an account that has none sets one up, sees its picture and confirms it.
#[tokio::test]
async fn somebody_logged_in_sets_a_second_factor_up() {
    let app = TestApp::new();
    registered(&app).await;
    let token = log_in(&app).await;
    let ada = Client::with(&app, &token);
    let (answer, events) = app.events_of(get(&app, &token, "/auth/2fa/setup")).await;
    assert_eq!(events, ["mfa.setup success"]);
    let phone = Authenticator::of(&answer.json());
    let picture = get(&app, &token, "/auth/2fa/qr").await;
    assert_eq!(picture.header("content-type"), Some("image/png"));
    assert!(picture.text.contains("PNG"));

    let (answer, events) =
        app.events_of(ada.post("/auth/2fa/confirm", json!({ "totp_code": "invalid_code" }))).await;
    says(&answer, 400, "Invalid 2FA code");
    assert_eq!(events, ["mfa.enabled denied wrong_code"]);
    let code = json!({ "totp_code": phone.code(&app) });
    let answer = ada.post("/auth/2fa/confirm", code.clone()).await;
    assert_eq!(answer.json(), json!({ "message": "2FA has been successfully enabled", "enabled": true }));
    assert_eq!(answer.header("set-cookie"), None);
    says(&ada.post("/auth/2fa/confirm", code).await, 400, "TOTP not set up for this user");
    says(&get(&app, &token, "/auth/2fa/qr").await, 400, "TOTP not set up for this user");
    assert_eq!(get(&app, &token, "/auth/2fa/setup").await.status, 400, "it is on");
}

/// C19, C20, X23, X26: both are needed, and both are judged before anything changes.
#[tokio::test]
async fn switching_off_needs_the_code_and_the_password() {
    let (app, phone) = enrolled().await;
    let ada = Client::with(&app, &both_steps(&app, &phone.code(&app)).await);
    app.advance(STEP);
    let code = phone.code(&app);
    let disable = |code: &str, password: &str| {
        let body = json!({ "totp_code": code, "password": password });
        ada.post("/auth/2fa/disable", body)
    };
    let (answer, events) = app.events_of(disable(&code, "wrong password")).await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    assert_eq!(events, ["mfa.disabled denied wrong_password"]);
    let (answer, events) = app.events_of(disable(&phone.wrong_code(&app), GOOD)).await;
    says(&answer, 400, "Invalid 2FA code");
    assert_eq!(events, ["mfa.disabled denied wrong_code"]);
    assert_eq!(ada.post("/auth/2fa/disable", json!({ "password": GOOD })).await.status, 422);

    let (answer, events) = app.events_of(disable(&code, GOOD)).await;
    assert_eq!(answer.json(), json!({ "message": "2FA has been successfully disabled", "enabled": false }));
    assert_eq!(events, ["mfa.disabled success"]);
    assert!(log_in(&app).await.get("requires_2fa").is_none(), "the login is direct again");
    let status = ada.0.get("/cirtusai/auth/2fa/status").await.json();
    assert_eq!((&status["enabled"], &status["backup_codes_remaining"]), (&json!(false), &json!(0)));
    says(&disable(&code, GOOD).await, 400, "TOTP not set up for this user");
}

/// R45, X26: the code of a login does not switch off; a backup code does.
#[tokio::test]
async fn a_used_code_switches_nothing_off_and_a_backup_code_does() {
    let (app, phone) = enrolled().await;
    let used = phone.code(&app);
    let ada = Client::with(&app, &both_steps(&app, &used).await);
    let body = |code: &str| json!({ "totp_code": code, "password": GOOD });
    says(&ada.post("/auth/2fa/disable", body(&used)).await, 400, "Invalid 2FA code");
    assert_eq!(ada.post("/auth/2fa/disable", body(&phone.backup_codes[3])).await.status, 200);
}

/// R47: wrong codes at this door count with those at every other.
#[tokio::test]
async fn too_many_wrong_codes_lock_the_door_for_an_hour() {
    let (app, phone) = enrolled().await;
    let ada = Client::with(&app, &both_steps(&app, &phone.code(&app)).await);
    app.advance(STEP);
    let wrong = json!({ "totp_code": phone.wrong_code(&app), "password": GOOD });
    for _ in 0..20 {
        assert_eq!(ada.post("/auth/2fa/disable", wrong.clone()).await.status, 400);
    }
    let right = json!({ "totp_code": phone.code(&app), "password": GOOD });
    let (answer, events) = app.events_of(ada.post("/auth/2fa/disable", right)).await;
    assert_eq!(answer.status, 423, "{}", answer.text);
    assert!(answer.json()["detail"].is_string() && answer.header("retry-after").is_some());
    assert_eq!(events, ["mfa.disabled denied locked"]);
    // C11: at the second step of a login that is 401 too.
    let temporary = text_at(&log_in(&app).await, "/temporary_token");
    let answer = second_step(&app, &temporary, &phone.code(&app)).await;
    says(&answer, 401, "Too many failed attempts. Try again later.");
    assert!(answer.header("retry-after").is_some());
}

/// C21: nothing is sent without a number.
#[tokio::test]
async fn a_text_message_is_asked_for_with_a_number_and_without() {
    let silent = TestApp::new();
    registered(&silent).await;
    let ada = Client::with(&silent, &log_in(&silent).await);
    let answer = ada.post("/auth/2fa/request-sms", json!({})).await;
    says(&answer, 400, "No phone number is set up for this user");

    let app = TestApp::with_sms();
    assert_eq!(post(&app, "/auth/register", form("ada")).await.status, 201);
    let token = log_in(&app).await;
    let ada = Client::with(&app, &token);
    says(&ada.post("/auth/2fa/request-sms", json!({})).await, 400, "No phone number is set up for this user");
    let number = json!({ "phone_number": "+15551234567" });
    ada.0.post("/api/v1/auth/mfa/sms/setup", number).await.data(200);
    let code = |text: &str| {
        text.split(|c: char| !c.is_ascii_digit()).find(|part| part.len() == 6).unwrap().to_owned()
    };
    let (_, text) = app.texts().await.remove(0);
    ada.0.post("/api/v1/auth/mfa/sms/enable", json!({ "code": code(&text) })).await.data(200);
    let status = get(&app, &token, "/auth/2fa/status").await.json();
    assert_eq!((&status["method"], &status["is_sms_enabled"]), (&json!("sms"), &json!(true)));
    app.advance(Duration::from_secs(61));
    let (answer, events) = app.events_of(ada.post("/auth/2fa/request-sms", json!({}))).await;
    assert_eq!(answer.json(), json!({ "message": "SMS code sent", "expires_in": 300 }));
    assert_eq!(events, ["mfa.code_sent success"]);
    let waiting = log_in(&app).await;
    assert_eq!(waiting["preferred_method"], "sms");
    let (_, text) = app.texts().await.remove(0);
    assert_eq!(second_step(&app, &text_at(&waiting, "/temporary_token"), &code(&text)).await.status, 200);
}

/// C22, C23, X27: the owner sees the codes, it is recorded, and it can be switched off.
#[tokio::test]
async fn the_owner_is_helped_with_the_codes_of_now() {
    let app = TestApp::new();
    let (phone, _) = registered(&app).await;
    let token = log_in(&app).await;
    let (answer, events) = app.events_of(get(&app, &token, "/auth/debug-2fa")).await;
    assert_eq!(events, ["totp.debug_viewed success"]);
    let debug = answer.json();
    let codes: Vec<_> = (-1..=1).map(|steps| phone.code_of(&app, steps)).collect();
    let expected = json!({ "time_step_-1": codes[0], "time_step_+0": codes[1], "time_step_+1": codes[2] });
    assert_eq!(debug["valid_codes"], expected);
    assert_eq!((&debug["time_window"], &debug["totp_secret_exists"]), (&json!(30), &json!(true)));
    assert_eq!(debug["current_server_time"], app.clock_now().seconds());
    assert_eq!(debug["server_time"], app.clock_now().to_string());
    assert_eq!((&debug["user_email"], &debug["is_2fa_enabled"]), (&json!("ada@example.com"), &json!(false)));
    assert!(debug["usage_note"].is_string() && debug["message"].is_string());
    assert!(debug.as_object().unwrap().contains_key("preferred_2fa_method"));

    let off = TestApp::with_policy(|policy| policy.factor.debug_codes = false);
    registered(&off).await;
    assert_eq!(get(&off, &log_in(&off).await, "/auth/debug-2fa").await.status, 404);
}

/// C23: without a factor there is nothing to see.
#[tokio::test]
async fn without_a_factor_the_help_says_so() {
    let app = TestApp::new().with_user("bob").await;
    let tokens = app.log_in("bob").await;
    let answer = tokens.get("/cirtusai/auth/debug-2fa").await;
    says(&answer, 400, "TOTP not set up for this user");
}
