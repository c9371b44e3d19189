//! The cirtusai profile, rule by rule: accounts, logins and tokens.

use std::time::Duration;

use latchkey::domain::profile::Profile;
use serde_json::{Value, json};

use super::cirtusai_actor::{
    Client, GOOD, enrolled, form, get, log_in, login_form, post, registered, says, second_step,
};
use crate::harness::{Authenticator, PASSWORD, STEP, TestApp, decoded, shipped_limits, text_at};

/// C1, C2, C3, C25, X39.
#[tokio::test]
async fn registration_answers_the_model_of_the_guide_and_that_of_the_package() {
    let app = TestApp::unlimited();
    for (name, method) in [("ada", None), ("bob", Some("totp")), ("cy", Some("sms"))] {
        let mut form = form(name);
        if let Some(method) = method {
            form["preferred_2fa_method"] = method.into();
        }
        let answer = post(&app, "/auth/register", form).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let setup = answer.json();
        assert_eq!((&setup["secret"], &setup["qr_code_uri"]), (&setup["secret_key"], &setup["qr_code_url"]));
        assert_eq!(setup["manual_entry_key"], setup["secret_key"]);
        assert!(text_at(&setup, "/qr_code_url").starts_with("otpauth://totp/"), "{setup}");
        assert!(text_at(&setup, "/qr_code_image").starts_with("iVBORw0KGgo"), "a PNG in base64");
        let codes = setup["backup_codes"].as_array().unwrap();
        assert_eq!(codes.len(), 8);
        let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        assert!(codes.iter().all(|code| {
            let code = code.as_str().unwrap();
            code.len() == 8 && code.chars().all(is_plain)
        }));
    }
    assert_eq!(
        app.events(),
        [["user.registered success", "mfa.setup success"]; 3].concat(),
        "one transaction each, with both"
    );
    let mut other = form("dan");
    other["preferred_2fa_method"] = "pigeon".into();
    assert_eq!(post(&app, "/auth/register", other).await.status, 422);
}

/// C4, C5, C30, X33: the guide's password is long enough, and seven characters are not.
#[tokio::test]
async fn what_is_taken_answers_400_and_what_is_not_valid_422() {
    let app = TestApp::new();
    assert_eq!(GOOD, "secure_password");
    registered(&app).await;
    let mut same_name = form("ada");
    same_name["email"] = "other@example.com".into();
    says(&post(&app, "/auth/register", same_name).await, 400, "Username already registered");
    let mut same_address = form("ada");
    same_address["username"] = "other".into();
    says(&post(&app, "/auth/register", same_address).await, 400, "Email already registered");
    for (field, value) in [("email", "no address"), ("password", "seven77")] {
        let mut bad = form("bob");
        bad[field] = value.into();
        let answer = post(&app, "/auth/register", bad).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert_eq!(answer.json()["detail"][0]["loc"], json!(["body", field]));
    }
    let (answer, events) = app.events_of(post(&app, "/auth/register", json!({ "username": "x" }))).await;
    assert_eq!((answer.status.as_u16(), events.len()), (422, 0));
}

/// C6, C7, C14, C26: what waits for its first code asks for nothing at login.
#[tokio::test]
async fn a_login_answers_a_token_at_once_until_the_second_factor_is_confirmed() {
    let app = TestApp::new();
    registered(&app).await;
    for name in ["ada", "ada@example.com", "ADA"] {
        let answer = app.anonymous().post_form("/cirtusai/auth/login", &login_form(name, GOOD)).await;
        let token = answer.json();
        assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("bearer"), &json!(3600)));
        assert!(token["refresh_token"].is_string() && token.get("requires_2fa").is_none(), "{token}");
        let (_, claims) = decoded(&text_at(&token, "/access_token"));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
        let me = get(&app, &token, "/auth/me").await.json();
        assert_eq!((&me["username"], &me["email"]), (&json!("ada"), &json!("ada@example.com")));
        assert_eq!(me["is_2fa_enabled"], false);
    }
    let json = post(&app, "/auth/login", json!({ "username": "ada", "password": GOOD })).await;
    assert_eq!(json.status, 200, "JSON does as well as a form");
}

/// C12.
#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_answer_alike() {
    let app = TestApp::new();
    registered(&app).await;
    for form in [login_form("ada", "wrong password"), login_form("eve", GOOD)] {
        let (answer, events) = app.events_of(app.anonymous().post_form("/cirtusai/auth/login", &form)).await;
        says(&answer, 401, "Invalid credentials");
        assert_eq!(events.len(), 1, "{events:?}");
    }
    assert_eq!(app.anonymous().post_form("/cirtusai/auth/login", "username=ada").await.status, 422);
}

/// C9, C10, C13: the temporary token is no access token, works once and for five minutes.
#[tokio::test]
async fn with_a_second_factor_a_login_has_two_steps() {
    let (app, phone) = enrolled().await;
    let first = log_in(&app).await;
    let temporary = text_at(&first, "/temporary_token");
    let mut rest = first.clone();
    rest.as_object_mut().unwrap().remove("temporary_token");
    let expected = json!({
        "requires_2fa": true, "preferred_method": "totp", "message": "2FA verification required",
    });
    assert_eq!(rest, expected);
    let as_access = json!({ "access_token": temporary });
    assert_eq!(get(&app, &as_access, "/auth/me").await.status, 401);

    let answer = second_step(&app, &temporary, &phone.code(&app)).await;
    let token = answer.json();
    assert_eq!((answer.status.as_u16(), &token["token_type"]), (200, &json!("bearer")), "{token}");
    assert_eq!(get(&app, &token, "/auth/me").await.json()["is_2fa_enabled"], true);
    app.advance(STEP);
    let again = second_step(&app, &temporary, &phone.code(&app)).await;
    says(&again, 401, "Invalid or expired temporary token");

    let late = text_at(&log_in(&app).await, "/temporary_token");
    app.advance(Duration::from_secs(300));
    let answer = second_step(&app, &late, &phone.code(&app)).await;
    says(&answer, 401, "Invalid or expired temporary token");
}

/// C11: never 422, and no text lists the codes that would do.
#[tokio::test]
async fn whatever_is_wrong_with_the_second_step_answers_401() {
    let (app, phone) = enrolled().await;
    let temporary = text_at(&log_in(&app).await, "/temporary_token");
    for code in ["invalid_code", "", "12345", &phone.wrong_code(&app)] {
        says(&second_step(&app, &temporary, code).await, 401, "Invalid 2FA code");
    }
    for body in
        ["", "{", "[]", "{}", "{\"temporary_token\":1,\"totp_code\":\"123456\"}", "{\"totp_code\":null}"]
    {
        let answer = app.anonymous().post_raw("/cirtusai/auth/verify-2fa", body).await;
        says(&answer, 401, "Invalid 2FA code");
    }
    let plain = app.anonymous().header("content-type", "text/html");
    says(&plain.post_form("/cirtusai/auth/verify-2fa", "x").await, 401, "Invalid 2FA code");
    says(&second_step(&app, "nonsense", "123456").await, 401, "Invalid or expired temporary token");
    // The fifth wrong code ends the login, whatever comes then.
    says(&second_step(&app, &temporary, "invalid_code").await, 401, "Invalid 2FA code");
    let dead = second_step(&app, &temporary, &phone.code(&app)).await;
    says(&dead, 401, "Invalid or expired temporary token");
}

/// C25, T55: each once.
#[tokio::test]
async fn a_backup_code_is_accepted_once_and_fewer_are_left() {
    let (app, phone) = enrolled().await;
    let backup = &phone.backup_codes[0];
    let temporary = text_at(&log_in(&app).await, "/temporary_token");
    let answer = second_step(&app, &temporary, &backup.to_lowercase()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let status = get(&app, &answer.json(), "/auth/2fa/status").await.json();
    assert_eq!(status["backup_codes_remaining"], 7);
    let temporary = text_at(&log_in(&app).await, "/temporary_token");
    says(&second_step(&app, &temporary, backup).await, 401, "Invalid 2FA code");
}

/// C24, C29, X18: the client never stores the new refresh token.
#[tokio::test]
async fn the_first_refresh_token_works_on_for_a_client_that_never_replaces_it() {
    let app = TestApp::new();
    registered(&app).await;
    let token = log_in(&app).await;
    let refresh = |token: &str| {
        let body = json!({ "refresh_token": token });
        post(&app, "/auth/refresh", body)
    };
    let first = text_at(&token, "/refresh_token");
    for _ in 0..3 {
        app.advance(Duration::from_secs(3_601));
        says(&get(&app, &token, "/auth/me").await, 401, "Token has expired");
        let fresh = refresh(&first).await;
        assert_eq!((fresh.status.as_u16(), &fresh.json()["expires_in"]), (200, &json!(3600)));
        assert_eq!(get(&app, &fresh.json(), "/auth/me").await.status, 200);
    }
    assert_eq!(refresh("nonsense").await.status, 401);
    let other_kind = text_at(&log_in(&app).await, "/access_token");
    assert_eq!(refresh(&other_kind).await.status, 401);
}

/// C27, C32: every operation that needs a token says so in the shape of the profile.
#[tokio::test]
async fn without_a_token_everything_of_ones_own_is_closed() {
    let app = TestApp::unlimited();
    registered(&app).await;
    let token = log_in(&app).await;
    let code = json!({ "totp_code": "123456", "password": GOOD });
    for path in ["/auth/2fa/status", "/auth/2fa/setup", "/auth/2fa/qr", "/auth/debug-2fa", "/auth/me"] {
        assert!(app.anonymous().get(&format!("/cirtusai{path}")).await.json()["detail"].is_string());
        let garbage = json!({ "access_token": "garbage" });
        for wrong in [&json!({ "access_token": "" }), &garbage] {
            assert_eq!(get(&app, wrong, path).await.status, 401, "{path}");
        }
        assert_eq!(get(&app, &token, path).await.status, 200, "{path}");
    }
    for path in ["/auth/2fa/confirm", "/auth/2fa/disable", "/auth/2fa/request-sms", "/auth/logout"] {
        assert_eq!(post(&app, path, code.clone()).await.status, 401, "{path}");
    }
}

/// X36: the README of the package names it.
#[tokio::test]
async fn a_logout_ends_both_tokens() {
    let app = TestApp::new();
    registered(&app).await;
    let token = log_in(&app).await;
    let client = Client::with(&app, &token);
    let (answer, events) = app.events_of(client.post("/auth/logout", json!({}))).await;
    assert_eq!((answer.status.as_u16(), events), (200, vec!["session.ended success logout".to_owned()]));
    assert_eq!(get(&app, &token, "/auth/me").await.status, 401);
    let refresh = json!({ "refresh_token": token["refresh_token"] });
    assert_eq!(post(&app, "/auth/refresh", refresh).await.status, 401);
}

/// X34: a failure that no operation words is told in the shape of the profile too.
#[tokio::test]
async fn failures_outside_the_operations_have_the_shape_of_the_profile() {
    let app = TestApp::new();
    let nothing = app.anonymous().get("/cirtusai/auth/nothing").await;
    let method = app.anonymous().get("/cirtusai/auth/login").await;
    let kind =
        app.anonymous().header("content-type", "text/html").post_form("/cirtusai/auth/register", "x").await;
    for (answer, status) in [(nothing, 404), (method, 405), (kind, 415)] {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.json()["detail"].is_string(), "{}", answer.text);
    }
    let app = TestApp::with_policy(|policy| policy.limits = shipped_limits());
    for number in 0..6 {
        let form = login_form(&format!("eve{number}"), "x");
        let answer = app.anonymous().post_form("/cirtusai/auth/login", &form).await;
        assert_eq!(answer.status, if number < 5 { 401 } else { 429 });
        assert!(answer.json()["detail"].is_string(), "{}", answer.text);
    }
}

/// X6, X26 by what the profile is: no other profile keeps the step of the confirmation, and this one sets no common
/// password.
#[tokio::test]
async fn the_policy_differs_where_the_guide_does() {
    let app = TestApp::new();
    let of = |profile: Profile| app.services.policy.of_profile(profile, &profile.rules());
    for profile in Profile::ALL {
        assert_eq!(of(profile).factor.enrolment_burns_step, profile != Profile::Cirtusai, "{profile}");
    }
    let mut common = form("bob");
    common["password"] = "password".into();
    assert_eq!(post(&app, "/auth/register", common).await.status, 422);
}

/// One account in every profile: what was switched on here asks for a code there, and a member of another profile logs in
/// here.
#[tokio::test]
async fn accounts_and_factors_are_those_of_the_whole_server() {
    let (app, phone) = enrolled().await;
    let mails = app.mails().await;
    let link = mails.iter().find_map(|mail| mail.text.split_once("/verify-email?token=")).unwrap().1;
    let token = link.split_whitespace().next().unwrap();
    app.anonymous().get(&format!("/api/v1/auth/verify-email/{token}")).await.data(200);
    let canonical = app.anonymous().log_in("ada", GOOD).await.data(200);
    assert_eq!(canonical["requires_mfa"], true);
    let answer = app.second_step(&text_at(&canonical, "/session_id"), &phone.code(&app)).await;
    assert_eq!(answer.data(200)["user"]["mfa_enabled"], true);
    let app = TestApp::new().with_user("boss").await;
    let token: Value =
        app.anonymous().post_form("/cirtusai/auth/login", &login_form("boss", PASSWORD)).await.json();
    let setup = get(&app, &token, "/auth/2fa/setup").await.json();
    let phone = Authenticator::of(&setup);
    let client = Client::with(&app, &token);
    let on = client.post("/auth/2fa/confirm", json!({ "totp_code": phone.code(&app) })).await;
    assert_eq!(on.json(), json!({ "message": "2FA has been successfully enabled", "enabled": true }));
    assert_eq!(app.anonymous().log_in("boss", PASSWORD).await.data(200)["requires_mfa"], true);
}
