//! The pynomaly profile, rule by rule: second factors and the second step of a login.

use std::time::Duration;

use serde_json::{Value, json};

use super::pynomaly::{at, blames, log_in, post, says, session};
use crate::harness::{Anonymous, Answer, Authenticator, PASSWORD, STEP, TestApp, text_at};

const NUMBER: &str = "+4915112345678";
const MINUTE: Duration = Duration::from_secs(60);

async fn set_up(caller: &Anonymous<'_>) -> Value {
    let form = json!({ "app_name": "Pynomaly", "issuer": "Pynomaly Security" });
    let answer = caller.post(&at("/mfa/totp/setup"), form).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn verify_totp(caller: &Anonymous<'_>, code: &str) -> Answer {
    caller.post(&at("/mfa/totp/verify"), json!({ "totp_code": code })).await
}

/// Ada's authenticator app, which is on; the step of its first code has passed.
async fn enrolled(app: &TestApp) -> Authenticator {
    let ada = session(app, "ada").await;
    let phone = Authenticator::of(&set_up(&ada).await);
    assert_eq!(verify_totp(&ada, &phone.code(app)).await.status, 200);
    app.advance(STEP);
    phone
}

/// The bearer token of a login that waits, which takes these methods.
async fn first_step(app: &TestApp, methods: &[&str]) -> String {
    let answer = log_in(app, "ada").await;
    let wait = answer.json();
    let token = text_at(&wait, "/mfa_token");
    let expected =
        json!({ "detail": "MFA required", "mfa_required": true, "mfa_token": token, "methods": methods });
    assert_eq!((answer.status.as_u16(), wait), (403, expected));
    token
}

async fn second_step(app: &TestApp, token: &str, method: &str, code: &str) -> Answer {
    let body = json!({ "method_type": method, "verification_code": code, "remember_device": true });
    let caller = app.anonymous().header("authorization", &format!("Bearer {token}"));
    caller.post(&at("/mfa/verify"), body).await
}

/// P17, P18, X17.
#[tokio::test]
async fn an_enrolment_names_the_issuer_that_was_asked_for() {
    let app = TestApp::new().with_user("ada").await;
    let ada = session(&app, "ada").await;
    let (setup, events) = app.events_of(set_up(&ada)).await;
    assert_eq!(events, ["mfa.setup success"]);
    let secret = text_at(&setup, "/secret");
    let uri = format!(
        "otpauth://totp/Pynomaly%20Security:ada%40example.com?secret={secret}&issuer=Pynomaly%20Security"
    );
    assert_eq!((&setup["qr_code_url"], &setup["totp_uri"]), (&json!(uri), &json!(uri)));
    assert_eq!(setup["manual_entry_key"], setup["secret"]);
    let codes = setup["backup_codes"].as_array().unwrap();
    let is_digits = |code: &Value| {
        let code = code.as_str().unwrap();
        code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit())
    };
    assert!(codes.len() == 10 && codes.iter().all(is_digits), "{codes:?}");

    let named = |form: Value| {
        let ada = &ada;
        async move { ada.post(&at("/mfa/totp/setup"), form).await }
    };
    for (form, issuer) in [(json!({ "app_name": "Detector" }), "Detector"), (json!({}), "Latchkey")] {
        let uri = text_at(&named(form).await.json(), "/totp_uri");
        assert!(uri.ends_with(&format!("&issuer={issuer}")), "{uri}");
    }
    for bad in ["", "a:b", "a\nb", &"x".repeat(65)] {
        let (answer, events) = app.events_of(named(json!({ "issuer": bad }))).await;
        blames(&answer, "issuer");
        assert_eq!(events, [""; 0]);
    }
}

/// P19, P20.
#[tokio::test]
async fn a_right_code_switches_it_on_a_wrong_one_answers_400_and_what_is_no_code_422() {
    let app = TestApp::new().with_user("ada").await;
    let ada = session(&app, "ada").await;
    const WRONG: &str = "Invalid TOTP code or setup not initiated";
    says(&verify_totp(&ada, "123456").await, 400, WRONG);
    let phone = Authenticator::of(&set_up(&ada).await);
    let (answer, events) = app.events_of(verify_totp(&ada, &phone.wrong_code(&app))).await;
    says(&answer, 400, WRONG);
    assert_eq!(events, ["mfa.enabled denied wrong_code"]);
    for malformed in ["", "12345", "1234567", "12345x", "\u{661}\u{662}\u{663}"] {
        let (answer, events) = app.events_of(verify_totp(&ada, malformed)).await;
        blames(&answer, "totp_code");
        assert_eq!(events, [""; 0]);
    }
    assert_eq!(log_in(&app, "ada").await.status, 200, "it is not on yet");
    let (answer, events) = app.events_of(verify_totp(&ada, &phone.code(&app))).await;
    assert_eq!(answer.json(), json!({ "message": "TOTP authentication enabled successfully" }));
    assert_eq!((answer.status.as_u16(), events), (200, vec!["mfa.enabled success".to_owned()]));
    first_step(&app, &["totp", "backup_codes"]).await;
    says(&ada.post(&at("/mfa/totp/setup"), json!({})).await, 400, "The second factor is on already.");
}

/// P21, P22, X16.
#[tokio::test]
async fn a_login_waits_for_a_code_under_a_bearer_token_that_works_once() {
    let app = TestApp::new().with_user("ada").await;
    let phone = enrolled(&app).await;
    let token = first_step(&app, &["totp", "backup_codes"]).await;
    let me = app.anonymous().header("authorization", &format!("Bearer {token}")).get(&at("/auth/me")).await;
    assert_eq!(me.status, 401, "it opens nothing else");
    let (answer, events) = app.events_of(second_step(&app, &token, "totp", &phone.wrong_code(&app))).await;
    says(&answer, 400, "Invalid MFA code");
    assert_eq!(events, ["login.failed denied wrong_code"]);
    blames(&second_step(&app, &token, "carrier_pigeon", "123456").await, "method_type");
    let (answer, events) = app.events_of(second_step(&app, &token, "totp", &phone.code(&app))).await;
    assert_eq!((answer.status.as_u16(), events), (200, vec!["login.succeeded success".to_owned()]));
    let tokens = answer.json();
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"], &tokens["device_remembered"]),
        (&json!("bearer"), &json!(3600), &json!(false))
    );
    for name in ["/access_token", "/refresh_token"] {
        assert_eq!(text_at(&tokens, name).split('.').count(), 3);
    }
    const OVER: &str = "This login is not open any more. Log in again.";
    app.advance(STEP);
    says(&second_step(&app, &token, "totp", &phone.code(&app)).await, 401, OVER);
    says(&second_step(&app, "nonsense", "totp", "123456").await, 401, OVER);
    let bare = json!({ "method_type": "totp", "verification_code": "123456" });
    says(&post(&app, "/mfa/verify", bare).await, 401, "Authentication required");
}

/// P22, X17.
#[tokio::test]
async fn a_backup_code_finishes_a_login_once_and_a_password_draws_new_ones() {
    let app = TestApp::new().with_user("ada").await;
    let phone = enrolled(&app).await;
    let code = &phone.backup_codes[0];
    let token = first_step(&app, &["totp", "backup_codes"]).await;
    let (answer, events) = app.events_of(second_step(&app, &token, "backup_codes", code)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(events, ["mfa.backup_code_used success", "login.succeeded success"]);
    let bearer = format!("Bearer {}", text_at(&answer.json(), "/access_token"));
    let ada = app.anonymous().header("authorization", &bearer);
    let count = ada.get(&at("/mfa/backup-codes")).await.json();
    assert_eq!(count, json!({ "backup_codes": [], "codes_remaining": 9 }));
    let token = first_step(&app, &["totp", "backup_codes"]).await;
    says(&second_step(&app, &token, "backup_codes", code).await, 400, "Invalid MFA code");

    let renew = |password: &'static str| {
        let ada = &ada;
        async move { ada.post(&at("/mfa/backup-codes/regenerate"), json!({ "password": password })).await }
    };
    says(&renew("wrong password").await, 401, "The password is wrong.");
    let (answer, events) = app.events_of(renew(PASSWORD)).await;
    assert_eq!(events, ["mfa.backup_codes_renewed success"]);
    let new = answer.json();
    assert_eq!((new["backup_codes"].as_array().unwrap().len(), &new["codes_remaining"]), (10, &json!(10)));
    let token = first_step(&app, &["totp", "backup_codes"]).await;
    says(&second_step(&app, &token, "backup_codes", &phone.backup_codes[1]).await, 400, "Invalid MFA code");
    let fresh = text_at(&new, "/backup_codes/0");
    assert_eq!(second_step(&app, &token, "backup_codes", &fresh).await.status, 200);
}

/// P23, P24, P25, P26, and P22 with a text message.
#[tokio::test]
async fn a_phone_is_set_up_by_a_code_that_is_sent_to_it_and_finishes_logins() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = session(&app, "ada").await;
    let sms = |path: &'static str, body: Value| {
        let ada = &ada;
        async move { ada.post(&at(path), body).await }
    };
    for bad in ["0151", "+49 151 12345678", "+0123456789", ""] {
        blames(&sms("/mfa/sms/setup", json!({ "phone_number": bad })).await, "phone_number");
    }
    let (answer, events) = app.events_of(sms("/mfa/sms/setup", json!({ "phone_number": NUMBER }))).await;
    assert_eq!(answer.json(), json!({ "message": "SMS verification code sent successfully" }));
    assert_eq!((answer.status.as_u16(), events), (200, vec!["mfa.setup success".to_owned()]));
    let code = texted(&app).await;
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    says(&sms("/mfa/sms/verify", json!({ "sms_code": wrong })).await, 400, "Invalid SMS code or expired");
    blames(&sms("/mfa/sms/verify", json!({ "sms_code": "12345" })).await, "sms_code");
    let (answer, events) = app.events_of(sms("/mfa/sms/verify", json!({ "sms_code": code }))).await;
    assert_eq!(answer.json(), json!({ "message": "SMS authentication enabled successfully" }));
    assert_eq!((answer.status.as_u16(), events), (200, vec!["mfa.enabled success".to_owned()]));

    app.advance(MINUTE);
    let token = first_step(&app, &["sms"]).await;
    let waiting = app.anonymous().header("authorization", &format!("Bearer {token}"));
    let (answer, events) = app.events_of(waiting.post(&at("/mfa/sms/send"), json!({}))).await;
    assert_eq!((answer.status.as_u16(), events), (200, vec!["mfa.code_sent success".to_owned()]));
    let again = waiting.post(&at("/mfa/sms/send"), json!({})).await;
    says(&again, 429, "Too many messages");
    assert!(again.header("retry-after").is_some());
    assert_eq!(second_step(&app, &token, "sms", &texted(&app).await).await.status, 200);
}

/// P24: a code that is over is as wrong as any other.
#[tokio::test]
async fn a_sent_code_is_over_after_five_minutes_and_without_a_gateway_there_is_none() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = session(&app, "ada").await;
    let sent = ada.post(&at("/mfa/sms/setup"), json!({ "phone_number": NUMBER })).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    let code = texted(&app).await;
    app.advance(5 * MINUTE);
    let late = ada.post(&at("/mfa/sms/verify"), json!({ "sms_code": code })).await;
    says(&late, 400, "Invalid SMS code or expired");
    let silent = TestApp::new().with_user("ada").await;
    let ada = session(&silent, "ada").await;
    let none = ada.post(&at("/mfa/sms/setup"), json!({ "phone_number": NUMBER })).await;
    says(&none, 404, "This server sends no text messages.");
}

/// The code of the newest text message.
async fn texted(app: &TestApp) -> String {
    let (to, text) = app.texts().await.into_iter().next().unwrap();
    assert_eq!(to, "4915112345678@sms.invalid");
    text[..6].to_owned()
}
