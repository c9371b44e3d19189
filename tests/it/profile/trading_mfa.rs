//! The trading profile, rule by rule: second factors.

use poem::http::Method;
use serde_json::{Value, json};

use super::trading_actor::{AGENT, HOME, InBrowser, at, bearer, is, log_in, says, send, token, with_token};
use crate::harness::{Anonymous, Answer, Authenticator, PASSWORD, STEP, TestApp, text_at};

/// Switches the factor of `caller` on; the codes are those that stay.
async fn enrol(app: &TestApp, caller: &Anonymous<'_>) -> Authenticator {
    let mut phone = Authenticator::of(&caller.post(&at("/mfa/setup"), json!({})).await.json());
    let answer = caller.post(&at("/mfa/enable"), json!({ "totp_token": phone.code(app) })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let codes = answer.json()["backup_codes"].as_array().unwrap().clone();
    phone.backup_codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    app.advance(STEP);
    phone
}

async fn authenticate(app: &TestApp, code: Option<&str>) -> Answer {
    let mut form = json!({ "username": "ada", "password": PASSWORD });
    if let Some(code) = code {
        form["mfa_token"] = code.into();
    }
    app.anonymous().post(&at("/authenticate"), form).await
}

fn needed() -> Value {
    json!({ "success": false, "requires_mfa": true, "message": "MFA verification required" })
}

fn refused(error: &str) -> Value {
    json!({ "success": false, "error": error })
}

/// T52: what is shown, and that a code of a step before and behind is right.
#[tokio::test]
async fn a_setup_has_a_secret_of_32_characters_and_the_picture_of_it() {
    let app = TestApp::unlimited().with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    let setup = ada.post_form(&at("/mfa/setup"), "").await;
    assert_eq!(setup.status, 200, "{}", setup.text);
    let secret = text_at(&setup.json(), "/secret");
    assert_eq!(secret.len(), 32);
    assert!(secret.bytes().all(|c| matches!(c, b'A'..=b'Z' | b'2'..=b'7')), "{secret}");
    assert!(text_at(&setup.json(), "/qr_code").starts_with("data:image/png;base64,"));
    let picture = app.services.policy.of_profile(
        latchkey::domain::profile::Profile::Trading,
        &latchkey::domain::profile::Profile::Trading.rules(),
    );
    assert_eq!(picture.factor.issuer, "Trading System");
    let phone = Authenticator::of(&setup.json());
    let wrong = json!({ "totp_token": phone.code_of(&app, -2) });
    is(&ada.post(&at("/mfa/enable"), wrong).await, 400, refused("Invalid TOTP token"));
    let before = json!({ "totp_token": phone.code_of(&app, -1) });
    assert_eq!(ada.post(&at("/mfa/enable"), before).await.status, 200);
    let next = phone.code_of(&app, 1);
    assert_eq!(authenticate(&app, Some(&next)).await.status, 200);
}

/// T53, X17, X22.
#[tokio::test]
async fn enabling_answers_ten_codes_of_eight_digits_and_a_wrong_code_none() {
    let app = TestApp::unlimited().with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    let none = json!({ "totp_token": "123456" });
    is(&ada.post(&at("/mfa/enable"), none).await, 400, refused("Invalid TOTP token"));
    let setup = ada.post(&at("/mfa/setup"), json!({})).await.json();
    let phone = Authenticator::of(&setup);
    assert_eq!(authenticate(&app, None).await.json()["mfa_enabled"], false, "a setup alone is nothing");
    let wrong = json!({ "totp_token": phone.wrong_code(&app) });
    let (answer, events) = app.events_of(ada.post(&at("/mfa/enable"), wrong)).await;
    is(&answer, 400, refused("Invalid TOTP token"));
    assert_eq!(events, ["mfa.enabled denied wrong_code"]);
    let right = json!({ "totp_token": phone.code(&app) });
    let (answer, events) = app.events_of(ada.post(&at("/mfa/enable"), right)).await;
    assert_eq!((answer.status.as_u16(), events), (200, vec!["mfa.enabled success".to_owned()]));
    let body = answer.json();
    assert_eq!((&body["success"], &body["message"]), (&json!(true), &json!("MFA enabled successfully")));
    let codes = body["backup_codes"].as_array().unwrap();
    assert_eq!((codes.len(), setup["backup_codes"].as_array().unwrap().len()), (10, 10));
    for code in codes {
        let code = code.as_str().unwrap();
        assert!(code.len() == 8 && code.bytes().all(|c| c.is_ascii_digit()), "{code}");
    }
    app.advance(STEP);
    let replaced = text_at(&setup, "/backup_codes/0");
    is(&authenticate(&app, Some(&replaced)).await, 401, refused("Invalid MFA token"));
    assert_eq!(authenticate(&app, codes[0].as_str()).await.status, 200);
}

/// T54: the three answers, and those of the other two doors.
#[tokio::test]
async fn a_login_with_a_second_factor_has_three_answers() {
    let app = TestApp::unlimited().with_user("ada").await;
    is(
        &app.anonymous().post(&at("/authenticate"), json!({ "username": "ada", "password": "wrong" })).await,
        401,
        refused("Invalid credentials"),
    );
    let phone = enrol(&app, &with_token(&app, "ada").await).await;
    is(&authenticate(&app, None).await, 401, needed());
    is(&authenticate(&app, Some(&phone.wrong_code(&app))).await, 401, refused("Invalid MFA token"));
    let done = authenticate(&app, Some(&phone.code(&app))).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let body = done.json();
    let names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["access_token", "mfa_enabled", "refresh_token", "success"]);
    assert_eq!((&body["success"], &body["mfa_enabled"]), (&json!(true), &json!(true)));
    let me = bearer(&app, &text_at(&body, "/access_token")).get(&at("/users/me")).await;
    assert_eq!(me.status, 200);

    is(&token(&app, "ada", PASSWORD).await, 401, needed());
    is(&log_in(&app, "ada", PASSWORD).await, 401, needed());
    app.advance(STEP);
    let code = phone.code(&app);
    let form =
        serde_urlencoded::to_string([("username", "ada"), ("password", PASSWORD), ("mfa_token", &code)]);
    let form = form.unwrap();
    assert_eq!(app.anonymous().post_form(&at("/token"), &form).await.status, 200);
    says(&app.anonymous().post_form(&at("/token"), &form).await, 401, "Invalid MFA token");
}

/// T55.
#[tokio::test]
async fn a_backup_code_is_good_once_wherever_a_code_is() {
    let app = TestApp::unlimited().with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    let phone = enrol(&app, &ada).await;
    assert_eq!(authenticate(&app, Some(&phone.backup_codes[0])).await.status, 200);
    is(&authenticate(&app, Some(&phone.backup_codes[0])).await, 401, refused("Invalid MFA token"));
    let verify = |code: &str| send(&ada, Method::POST, "/mfa/verify", json!({ "credential": code }));
    let (answer, events) = app.events_of(verify(&phone.backup_codes[1])).await;
    is(&answer, 200, json!({ "verified": true }));
    assert_eq!(events, ["mfa.backup_code_used success", "session.stepped_up success backup_code"]);
    let (answer, events) = app.events_of(verify(&phone.backup_codes[1])).await;
    is(&answer, 200, json!({ "verified": false }));
    assert_eq!(events, ["session.stepped_up denied wrong_code"]);
    let code = phone.code(&app);
    is(&verify(&code).await, 200, json!({ "verified": true }));
    is(&verify(&code).await, 200, json!({ "verified": false }));
}

/// T28, T35: a session that was proved again has another id, and another token beside it.
#[tokio::test]
async fn a_proof_in_a_browser_answers_the_next_cookie() {
    let app = TestApp::unlimited().with_user("ada").await;
    let phone = enrol(&app, &with_token(&app, "ada").await).await;
    let form = json!({ "username": "ada", "password": PASSWORD, "mfa_token": phone.backup_codes[0] });
    let home = || app.anonymous().at(HOME).header("user-agent", AGENT);
    let opened = home().post(&at("/login"), form).await.json();
    let session =
        InBrowser { cookie: text_at(&opened, "/session_id"), csrf: text_at(&opened, "/csrf_token") };
    let answer =
        session.changing(&app).post(&at("/mfa/verify"), json!({ "credential": phone.code(&app) })).await;
    let set = answer.header("set-cookie").unwrap();
    let cookie = set.strip_prefix("session_id=").unwrap().split(';').next().unwrap().to_owned();
    let next = InBrowser { cookie, csrf: text_at(&answer.json(), "/csrf_token") };
    assert_ne!((&next.cookie, &next.csrf), (&session.cookie, &session.csrf));
    assert_eq!((session.page(&app).await.status.as_u16(), next.page(&app).await.status.as_u16()), (401, 200));
    assert_eq!(next.changing(&app).delete(&at("/sessions")).await.status, 200);
}

/// The class method's first line: without a second factor every credential is good.
#[tokio::test]
async fn where_no_factor_is_on_every_credential_is_good() {
    let app = TestApp::unlimited().with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    is(&ada.post(&at("/mfa/verify"), json!({ "credential": "any" })).await, 200, json!({ "verified": true }));
}

/// X23: a code or a backup code, and no password.
#[tokio::test]
async fn a_code_switches_the_factor_off() {
    let app = TestApp::unlimited().with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    let disable = |code: String| {
        let ada = &ada;
        async move { ada.post(&at("/mfa/disable"), json!({ "credential": code })).await }
    };
    is(&disable("123456".to_owned()).await, 400, refused("Invalid MFA token"));
    let phone = enrol(&app, &ada).await;
    let (answer, events) = app.events_of(disable(phone.wrong_code(&app))).await;
    is(&answer, 400, refused("Invalid MFA token"));
    assert_eq!(events, ["mfa.disabled denied wrong_code"]);
    let (answer, events) = app.events_of(disable(phone.code(&app))).await;
    is(&answer, 200, json!({ "success": true }));
    assert_eq!(events, ["mfa.disabled success"]);
    assert_eq!(authenticate(&app, None).await.json()["mfa_enabled"], false);

    let phone = enrol(&app, &ada).await;
    let (answer, events) = app.events_of(disable(phone.backup_codes[3].clone())).await;
    is(&answer, 200, json!({ "success": true }));
    assert_eq!(events, ["mfa.backup_code_used success", "mfa.disabled success"]);
}

/// X23: where a role must have one, it stays.
#[tokio::test]
async fn a_demanded_factor_is_not_switched_off() {
    use latchkey::domain::role::Role;
    let app = TestApp::with_policy(|policy| policy.factor.required_for = vec![Role::Developer]);
    let app = app.with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    says(&ada.get(&at("/signals")).await, 403, "Your role needs a second factor for this. Set one up first.");
    let phone = enrol(&app, &ada).await;
    assert_eq!(ada.get(&at("/signals")).await.status, 200);
    let answer = ada.post(&at("/mfa/disable"), json!({ "credential": phone.code(&app) })).await;
    says(&answer, 403, "Your role needs a second factor: it cannot be switched off.");
}
