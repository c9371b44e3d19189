//! `/account/security`: the authenticator app and the phone; SECURITY R36, R48, R49, R50; rule G41.

use latchkey::domain::role::Role;

use super::{NONE, page, refused};
use crate::harness::{Authenticator, PASSWORD, STEP, TestApp, between};
use crate::http::sms_factor::{NUMBER, texted, wrong};

#[tokio::test]
async fn an_app_is_set_up_used_renewed_and_taken_away() {
    let app = TestApp::new().with_user("ada").await;
    let (mut ada, mut other) = (app.surf_as("ada").await, app.surf_as("ada").await);
    assert!(page(&ada.get("/account/security").await, 200).contains("<dd>Off</dd>"));
    assert!(!ada.get("/account/security").await.text.contains("/account/phone"), "no gateway, no phone");
    page(&ada.get("/account/app").await, 200);
    assert_eq!(ada.get("/account/app/code").await.goes_to(), "/account/app", "nothing waits yet");
    let (begun, events) = app.events_of(ada.act("/account/app/start", &[])).await;
    assert_eq!(begun.goes_to(), "/account/app/code?return_to=%2Faccount%2Fsecurity");
    assert_eq!(events, ["mfa.setup success"]);

    let (shown, events) = app.events_of(ada.get(begun.goes_to())).await;
    let html = page(&shown, 200);
    assert!(html.contains("<svg class=\"qr\"") && html.contains("M4 4h1v1h-1z") && events == NONE);
    let secret: String = between(html, "<p class=\"well\"><code>", "</code>").split(' ').collect();
    let phone = Authenticator::of_secret(&secret);
    let (bad, events) =
        app.events_of(ada.act("/account/app/code", &[("code", &phone.wrong_code(&app))])).await;
    refused(&bad, 401, "This code is wrong");
    assert!(bad.text.contains(&secret[..4]), "the picture is still there");
    assert_eq!(events, ["mfa.enabled denied wrong_code"]);
    let spaced = phone.code(&app);
    let spaced = format!("{} {}", &spaced[..3], &spaced[3..]);
    let fields = [("code", spaced.as_str()), ("return_to", "/account/keys")];
    let (done, events) = app.events_of(ada.act("/account/app/code", &fields)).await;
    assert_eq!(events, ["mfa.enabled success"]);
    let html = page(&done, 200);
    assert_eq!(html.matches("<li><code>").count(), 5);
    assert!(html.contains("href=\"/account/keys\"") && html.contains("not shown again"));
    assert!(ada.is_in().await && !other.is_in().await);
    assert_eq!(
        ada.act("/account/app/code", &fields).await.goes_to(),
        "/account/app",
        "nothing waits any more"
    );

    app.advance(STEP);
    assert!(page(&ada.get("/account/app").await, 200).contains("<strong>5</strong>"));
    refused(&ada.act("/account/app/codes", &[("password", "wrong")]).await, 401, "The password is wrong.");
    let (renewed, events) = app.events_of(ada.act("/account/app/codes", &[("password", PASSWORD)])).await;
    assert_eq!(events, ["mfa.backup_codes_renewed success"]);
    assert!(page(&renewed, 200).contains("The old ones work no more."));
    refused(&ada.act("/account/app/remove", &[("password", "wrong")]).await, 401, "The password is wrong.");
    let (gone, events) = app.events_of(ada.act("/account/app/remove", &[("password", PASSWORD)])).await;
    assert_eq!(gone.goes_to(), "/account/security?done=app_removed");
    assert_eq!(events, ["mfa.disabled success"]);
    assert!(page(&ada.get(gone.goes_to()).await, 200).contains("The authenticator app is taken away."));
}

/// G41: whose role needs a factor is led to it, and then to where they wanted to go.
#[tokio::test]
async fn who_owes_a_second_factor_is_led_to_it() {
    let app = TestApp::with_policy(|policy| policy.factor.required_for = vec![Role::Developer]);
    let app = app.with_user("ada").await;
    let mut ada = app.surf();
    let fields = [("email", "ada"), ("password", PASSWORD), ("return_to", "/account/keys")];
    let led = ada.send("/login", &fields).await;
    assert_eq!(led.goes_to(), "/account/app?return_to=%2Faccount%2Fkeys&problem=owed");
    let html = ada.get(led.goes_to()).await;
    assert!(page(&html, 200).contains("Your role needs a second factor. Set one up to go on."));
    assert!(html.text.contains("value=\"/account/keys\""));
    let phone = ada.enrol().await;
    refused(&ada.act("/account/app/remove", &[("password", PASSWORD)]).await, 403, "cannot be switched off");
    let mut again = app.surf();
    again.send("/login", &fields).await;
    let code = phone.code(&app);
    let done = again.send("/login/code", &[("code", &code), ("return_to", "/account/keys")]).await;
    assert_eq!(done.goes_to(), "/account/keys");
}

#[tokio::test]
async fn a_phone_is_set_up_and_taken_away() {
    let app = TestApp::with_sms().with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    assert!(page(&ada.get("/account/security").await, 200).contains("/account/phone"));
    page(&ada.get("/account/phone").await, 200);
    refused(&ada.act("/account/phone/start", &[("phone_number", "12")]).await, 400, "The number ");
    let (sent, events) = app.events_of(ada.act("/account/phone/start", &[("phone_number", NUMBER)])).await;
    assert_eq!(sent.goes_to(), "/account/phone/code");
    assert_eq!(events, ["mfa.setup success"]);
    page(&ada.act("/account/phone/start", &[("phone_number", NUMBER)]).await, 429);
    let code = texted(&app).await;
    assert!(page(&ada.get("/account/phone/code").await, 200).contains("one-time-code"));
    refused(&ada.act("/account/phone/code", &[("code", &wrong(&code))]).await, 401, "This code is wrong");
    let (on, events) = app.events_of(ada.act("/account/phone/code", &[("code", &code)])).await;
    assert_eq!(on.goes_to(), "/account/security?done=phone_on");
    assert_eq!(events, ["mfa.enabled success"]);
    assert!(page(&ada.get("/account/security").await, 200).contains("<dd>On, "));
    assert_eq!(ada.get("/account/phone/code").await.goes_to(), "/account/phone");
    refused(&ada.act("/account/phone/remove", &[("password", "wrong")]).await, 401, "The password is wrong.");
    let (gone, events) = app.events_of(ada.act("/account/phone/remove", &[("password", PASSWORD)])).await;
    assert_eq!(gone.goes_to(), "/account/security?done=phone_removed");
    assert_eq!(events, ["mfa.disabled success"]);
    page(&TestApp::new().with_user("ada").await.surf_as("ada").await.get("/account/phone").await, 404);
}
