//! `/login/code`; SECURITY R38, R45, R47, R48.

use super::{NONE, page, refused};
use crate::harness::{PASSWORD, SESSION_COOKIE, STEP, TestApp, WAITING_COOKIE};
use crate::http::sms_factor::{texted, with_phone};

const OVER: &str = "/login?problem=over";

#[tokio::test]
async fn a_second_factor_is_asked_for_in_the_same_browser_and_no_other() {
    let app = TestApp::new().with_user("ada").await;
    let phone = app.surf_as("ada").await.enrol().await;
    let mut ada = app.surf();
    let fields = [("email", "ada"), ("password", PASSWORD), ("return_to", "/account/keys")];
    let (first, events) = app.events_of(ada.send("/login", &fields)).await;
    assert_eq!(first.goes_to(), "/login/code?return_to=%2Faccount%2Fkeys");
    assert_eq!(events, ["login.mfa_required success"]);
    let cookies = first.set_cookies();
    assert_eq!(cookies.len(), 1);
    let (value, attributes) = cookies[0].split_once("; ").unwrap();
    assert!(value.starts_with("__Host-latchkey-login="), "{value}");
    assert_eq!(attributes, "Max-Age=300; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(ada.get("/account").await.goes_to(), "/login?return_to=%2Faccount", "not in yet");
    let asked = ada.get("/login/code?return_to=%2Faccount%2Fkeys").await;
    let html = page(&asked, 200);
    assert!(html.contains("autocomplete=\"one-time-code\"") && html.contains("backup codes"), "{html}");
    assert!(!html.contains(&ada.jar[WAITING_COOKIE]), "no page shows the handle");

    let mut other = app.surf();
    assert_eq!(other.get("/login/code").await.goes_to(), OVER);
    let code = phone.code(&app);
    assert_eq!(other.send("/login/code", &[("code", &code)]).await.goes_to(), OVER);

    let (wrong, events) = app.events_of(ada.send("/login/code", &[("code", &phone.wrong_code(&app))])).await;
    refused(&wrong, 401, "This code is wrong, or was used before.");
    assert_eq!(events, ["login.failed denied wrong_code"]);
    let fields = [("code", code.as_str()), ("return_to", "/account/keys")];
    let (done, events) = app.events_of(ada.send("/login/code", &fields)).await;
    assert_eq!(done.goes_to(), "/account/keys");
    assert_eq!(events, ["login.succeeded success"]);
    assert!(ada.jar.contains_key(SESSION_COOKIE) && !ada.jar.contains_key(WAITING_COOKIE));
    assert!(ada.is_in().await);
}

#[tokio::test]
async fn five_wrong_codes_end_the_login_and_a_backup_code_opens_once() {
    let app = TestApp::new().with_user("ada").await;
    let phone = app.surf_as("ada").await.enrol().await;
    let mut ada = app.surf();
    ada.log_in("ada", PASSWORD).await;
    for _ in 0..4 {
        page(&ada.send("/login/code", &[("code", &phone.wrong_code(&app))]).await, 401);
    }
    let last = ada.send("/login/code", &[("code", &phone.wrong_code(&app))]).await;
    assert_eq!(last.goes_to(), OVER);
    let (late, events) = app.events_of(ada.send("/login/code", &[("code", &phone.code(&app))])).await;
    assert_eq!(late.goes_to(), OVER);
    assert_eq!(events, ["login.failed denied no_pending_login"]);
    assert!(page(&ada.get(OVER).await, 200).contains("This login is not open any more."));

    ada.log_in("ada", PASSWORD).await;
    let code = phone.backup_codes[0].as_str();
    let (done, events) = app.events_of(ada.send("/login/code", &[("code", code)])).await;
    assert_eq!(done.goes_to(), "/account");
    assert_eq!(events, ["mfa.backup_code_used success", "login.succeeded success"]);
    let mut again = app.surf();
    again.log_in("ada", PASSWORD).await;
    page(&again.send("/login/code", &[("code", code)]).await, 401);
}

#[tokio::test]
async fn a_login_that_waited_too_long_begins_again() {
    let app = TestApp::new().with_user("ada").await;
    let phone = app.surf_as("ada").await.enrol().await;
    let mut ada = app.surf();
    ada.log_in("ada", PASSWORD).await;
    app.advance(STEP * 10);
    assert_eq!(ada.get("/login/code").await.goes_to(), OVER);
    ada.log_in("ada", PASSWORD).await;
    assert_eq!(ada.send("/login/code", &[("code", &phone.code(&app))]).await.goes_to(), "/account");
}

#[tokio::test]
async fn a_code_is_sent_to_the_phone_on_a_button() {
    let app = TestApp::with_sms().with_user("ada").await;
    with_phone(&app).await;
    let mut ada = app.surf();
    assert_eq!(ada.log_in("ada", PASSWORD).await.goes_to(), "/login/code");
    assert!(page(&ada.get("/login/code").await, 200).contains("Have a code sent to your phone"));
    let sent = ada.send("/login/code/send", &[("return_to", "/account/keys")]).await;
    assert_eq!(sent.goes_to(), "/login/code?return_to=%2Faccount%2Fkeys&done=sent");
    assert!(page(&ada.get(sent.goes_to()).await, 200).contains("A code is on its way to your phone."));
    let again = ada.send("/login/code/send", &[]).await;
    assert!(page(&again, 429).contains("Come back in"), "one a minute");
    let code = texted(&app).await;
    assert_eq!(ada.send("/login/code", &[("code", &code)]).await.goes_to(), "/account");
    assert!(app.surf().send("/login/code/send", &[]).await.goes_to() == OVER);
    let (_, events) = app.events_of(ada.get("/login/code")).await;
    assert_eq!(events, NONE);
}
