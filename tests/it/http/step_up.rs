//! Step-up: sensitive acts ask for a fresh proof, in the terms of RFC 9470.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Anonymous, Answer, LoggedIn, PASSWORD, TestApp};

const PATH: &str = "/api/v1/auth/step-up";
const CHANGE: &str = "/api/v1/auth/email/change";
const MINUTE: Duration = Duration::from_secs(60);

async fn prove(caller: &Anonymous<'_>, password: &str) -> Answer {
    caller.post(PATH, json!({ "password": password })).await
}

/// An act that needs a fresh proof; the address is none, so that it comes to nothing.
async fn act(caller: &Anonymous<'_>) -> Answer {
    caller.post(CHANGE, json!({ "new_email": "no address" })).await
}

#[track_caller]
fn is_fresh(answer: &Answer) {
    answer.refused(400, "VALIDATION_ERROR");
}

#[track_caller]
fn is_stale(answer: &Answer) {
    let error = answer.refused(401, "STEP_UP_REQUIRED");
    assert_eq!(error["details"], json!({ "max_age": 3600, "proof": "password" }));
    assert_eq!(
        answer.header("www-authenticate"),
        Some(
            "Bearer error=\"insufficient_user_authentication\", \
             error_description=\"A more recent authentication is required\", max_age=\"3600\""
        )
    );
}

#[tokio::test]
async fn a_login_is_fresh_for_an_hour_and_a_refresh_renews_nothing() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.advance(59 * MINUTE);
    is_fresh(&act(&ada).await);
    let ada = LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    app.advance(MINUTE);
    is_fresh(&act(&ada).await);
    app.advance(Duration::from_millis(1));
    let (answer, events) = app.events_of(act(&ada)).await;
    is_stale(&answer);
    assert_eq!(events, [""; 0]);
}

#[tokio::test]
async fn the_password_makes_this_session_fresh_and_no_other() {
    let app = TestApp::new().with_user("ada").await;
    let (ada, other) = (app.log_in("ada").await, app.log_in("ada").await);
    app.advance(59 * MINUTE);
    let tokens = |answer: Answer| answer.data(200);
    let ada = LoggedIn::with(&app, &tokens(app.anonymous().refresh(&ada.refresh).await));
    let other = LoggedIn::with(&app, &tokens(app.anonymous().refresh(&other.refresh).await));
    app.advance(2 * MINUTE);
    is_stale(&act(&ada).await);
    let (answer, events) = app.events_of(prove(&ada, PASSWORD)).await;
    assert_eq!(answer.data(200), json!({ "message": "Proved.", "expires_in": 3600 }));
    assert_eq!(events, ["session.stepped_up success password"]);
    let record = app.records().pop().unwrap();
    assert_eq!(record.actor, record.subject);
    assert!(record.session.is_some());
    is_fresh(&act(&ada).await);
    is_stale(&act(&other).await);
}

#[tokio::test]
async fn a_proof_outlives_a_restart() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.advance(50 * MINUTE);
    prove(&ada, PASSWORD).await.data(200);
    let (access, refresh) = (ada.access.clone(), ada.refresh.clone());
    let app = app.restarted();
    let ada = LoggedIn::with(&app, &json!({ "access_token": access, "refresh_token": refresh }));
    app.advance(9 * MINUTE);
    let ada = LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    app.advance(50 * MINUTE);
    is_fresh(&act(&ada).await);
    app.advance(2 * MINUTE);
    is_stale(&act(&ada).await);
}

#[tokio::test]
async fn wrong_passwords_are_recorded_and_lock_this_door_and_the_login() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    for n in 1..=5 {
        let (answer, events) = app.events_of(prove(&ada, "wrong password")).await;
        assert_eq!(answer.refused(401, "AUTHENTICATION_FAILED")["message"], "The password is wrong.");
        let mut expected = vec!["session.stepped_up denied wrong_password"];
        if n == 5 {
            expected.push("lockout.set success network");
        }
        assert_eq!(events, expected);
    }
    let (answer, events) = app.events_of(prove(&ada, PASSWORD)).await;
    answer.refused(423, "ACCOUNT_LOCKED");
    assert_eq!(answer.header("retry-after"), Some("1800"));
    assert_eq!(events, ["session.stepped_up denied locked"]);
    let (answer, events) = app.events_of(app.anonymous().log_in("ada", PASSWORD)).await;
    answer.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(
        events,
        ["login.failed denied locked"],
        "nobody failed under this name: the lock does not show"
    );
    assert!(ada.is_in().await);
}

#[tokio::test]
async fn a_server_may_ask_for_no_proof() {
    let app = TestApp::with_policy(|policy| policy.step_up_ttl = Duration::ZERO).with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.advance(59 * MINUTE);
    is_fresh(&act(&ada).await);
    assert_eq!(prove(&ada, PASSWORD).await.data(200)["expires_in"], 0);
}

#[tokio::test]
async fn a_stranger_proves_nothing() {
    let app = TestApp::new().with_user("ada").await;
    let (answer, events) = app.events_of(prove(&app.anonymous(), PASSWORD)).await;
    answer.refused(401, "UNAUTHORIZED");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert_eq!(events, [""; 0]);
    let ada = app.log_in("ada").await;
    ada.post(PATH, json!({})).await.refused(400, "VALIDATION_ERROR");
    ada.post(PATH, json!({ "password": PASSWORD, "more": 1 })).await.refused(400, "VALIDATION_ERROR");
}
