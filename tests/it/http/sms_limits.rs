//! How often a text message is sent, and who can have one sent.

use std::time::Duration;

use serde_json::json;

use super::sms_factor::{NUMBER, first_step, send, set_up, texted, with_phone};
use crate::harness::TestApp;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_account_gets_one_message_a_minute_and_five_an_hour() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = app.log_in("ada").await;
    set_up(&ada, NUMBER).await.data(200);
    app.advance(Duration::from_secs(59));
    let (answer, events) = app.events_of(set_up(&ada, "+12025550123")).await;
    answer.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(events, [""; 0]);
    for sent in 1..5 {
        assert_eq!(app.texts().await.len(), sent);
        app.advance(MINUTE);
        set_up(&ada, NUMBER).await.data(200);
    }
    app.advance(MINUTE);
    let answer = set_up(&ada, NUMBER).await;
    answer.refused(429, "RATE_LIMIT_EXCEEDED");
    // 59 seconds and five minutes are gone of the hour.
    assert_eq!(answer.header("retry-after"), Some("3241"));
    assert_eq!(app.texts().await.len(), 5);
}

#[tokio::test]
async fn a_number_is_not_called_by_one_account_after_another() {
    let app = TestApp::with_sms().with_user("ada").await.with_user("eve").await;
    set_up(&*app.log_in("ada").await, NUMBER).await.data(200);
    let eve = app.log_in("eve").await;
    set_up(&eve, NUMBER).await.refused(429, "RATE_LIMIT_EXCEEDED");
    // What was not sent costs the account nothing.
    set_up(&eve, "+12025550123").await.data(200);
    assert_eq!(app.texts().await.len(), 2);
}

#[tokio::test]
async fn a_login_has_as_few_messages() {
    let app = TestApp::with_sms().with_user("ada").await;
    with_phone(&app).await;
    for n in 0..4 {
        if n > 0 {
            app.advance(MINUTE);
        }
        let handle = first_step(&app).await;
        send(&app, &handle).await.data(200);
        send(&app, &handle).await.refused(429, "RATE_LIMIT_EXCEEDED");
    }
    app.advance(MINUTE);
    send(&app, &first_step(&app).await).await.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(app.texts().await.len(), 5);
}

#[tokio::test]
async fn only_a_login_that_waits_has_a_code_sent() {
    let app = TestApp::with_sms().with_user("ada").await;
    with_phone(&app).await;
    let handle = first_step(&app).await;
    send(&app, &handle).await.data(200);
    let code = texted(&app).await;
    super::sms_factor::verify(&app, &handle, &code).await.data(200);
    app.advance(MINUTE);
    let old = first_step(&app).await;
    app.advance(5 * MINUTE);
    for gone in ["", "x", "1c7b1ea5-9f43-4f6f-8f4f-9b11019a1f0c", handle.as_str(), old.as_str()] {
        let (answer, events) = app.events_of(send(&app, gone)).await;
        answer.refused(401, "AUTHENTICATION_FAILED");
        assert_eq!(events, ["login.failed denied no_pending_login"], "{gone}");
    }
    assert_eq!(app.texts().await.len(), 2);
}

/// A message that could not be queued costs nothing.
#[tokio::test]
async fn a_store_that_cannot_write_sends_nothing() {
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.engine.fail_commit(1, latchkey::store::StoreError::Closed);
    set_up(&ada, NUMBER).await.refused(503, "SERVICE_UNAVAILABLE");
    set_up(&ada, NUMBER).await.data(200);
    assert_eq!(app.texts().await.len(), 1);
}

/// A gateway that is down is tried again soon, while the code is worth it.
#[tokio::test]
async fn a_code_is_given_up_when_it_is_worth_nothing() {
    let app = TestApp::new().with_user("ada").await;
    assert_eq!(app.services.mail_counts.dead(), 0);
    let app = TestApp::with_sms().with_user("ada").await;
    let ada = app.log_in("ada").await;
    set_up(&ada, NUMBER).await.data(200);
    app.advance(5 * MINUTE);
    assert!(app.texts().await.is_empty());
    assert_eq!(app.services.mail_counts.dead(), 1);
    ada.post("/api/v1/auth/mfa/sms/enable", json!({ "code": "000000" })).await.refused(401, "MFA_INVALID");
}
