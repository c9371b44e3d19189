//! Logging out: rules G66 to G68; SECURITY R32.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, LoggedIn, TestApp};

const LOGOUT: &str = "/api/v1/auth/logout";
const ALL: &str = "/api/v1/auth/logout-all";
const NONE: [&str; 0] = [];

async fn leave(who: &LoggedIn<'_>, app: &TestApp, path: &str) -> (Answer, Vec<String>) {
    app.events_of(who.post_raw(path, "")).await
}

async fn refresh_is_dead(app: &TestApp, who: &LoggedIn<'_>) {
    let (answer, events) = app.events_of(app.anonymous().refresh(&who.refresh)).await;
    answer.refused(401, "TOKEN_INVALID");
    assert_eq!(events, NONE, "an ended session is no theft");
}

/// G66, G67, R32.
#[tokio::test]
async fn a_logout_ends_this_session_and_no_other() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let (phone, desk, eve) = (app.log_in("ada").await, app.log_in("ada").await, app.log_in("eve").await);
    let pair = app.anonymous().refresh(&phone.refresh).await.data(200);
    let newer = LoggedIn::with(&app, &pair);
    let (answer, events) = leave(&phone, &app, LOGOUT).await;
    assert_eq!(answer.data(200), json!({ "message": "Logged out successfully." }));
    assert_eq!(events, ["session.ended success logout"]);
    let record = app.records().pop().unwrap();
    assert_eq!(record.session.map(|id| uuid::Uuid::from_bytes(id).to_string()), Some(phone.session_id()));
    assert_eq!([phone.is_in().await, newer.is_in().await], [false, false]);
    refresh_is_dead(&app, &phone).await;
    refresh_is_dead(&app, &newer).await;
    assert_eq!([desk.is_in().await, eve.is_in().await], [true, true]);
    app.anonymous().refresh(&desk.refresh).await.data(200);
    let (again, events) = leave(&phone, &app, LOGOUT).await;
    again.refused(401, "TOKEN_INVALID");
    assert_eq!(events, NONE);
}

/// G68, R32.
#[tokio::test]
async fn logging_out_everywhere_ends_every_session_of_the_account() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let mut devices = Vec::new();
    for _ in 0..25 {
        devices.push(app.log_in("ada").await);
    }
    let eve = app.log_in("eve").await;
    leave(&devices[3], &app, LOGOUT).await.0.data(200);
    let (answer, events) = leave(&devices[7], &app, ALL).await;
    assert_eq!(answer.data(200), json!({ "message": "Logged out of all sessions.", "sessions_ended": 24 }));
    assert_eq!(events, ["session.all_ended success logout_all"]);
    assert_eq!(app.records().pop().unwrap().detail, [("sessions_ended".to_owned(), "24".to_owned())]);
    for device in &devices {
        assert!(!device.is_in().await);
        refresh_is_dead(&app, device).await;
    }
    assert!(eve.is_in().await);
    let fresh = app.log_in("ada").await;
    assert!(fresh.is_in().await);
    let (answer, _) = leave(&fresh, &app, ALL).await;
    assert_eq!(answer.data(200)["sessions_ended"], 1);
}

/// Sessions that ended by themselves are not counted.
#[tokio::test]
async fn logging_out_everywhere_counts_live_sessions() {
    let app = TestApp::new().with_user("ada").await;
    app.log_in("ada").await;
    app.advance(Duration::from_secs(7 * 86_400));
    let ada = app.log_in("ada").await;
    assert_eq!(leave(&ada, &app, ALL).await.0.data(200)["sessions_ended"], 1);
}

/// Neither takes a body: nothing and `{}` are the same, anything else is refused and ends nothing.
#[tokio::test]
async fn a_logout_takes_no_body() {
    let app = TestApp::new().with_user("ada").await;
    for path in [LOGOUT, ALL] {
        let ada = app.log_in("ada").await;
        for body in [r#"{"all":true}"#, "[]", "null", "{", "x", "{}{}", "\"\""] {
            let (answer, events) = app.events_of(ada.post_raw(path, body)).await;
            answer.refused(400, "VALIDATION_ERROR");
            assert_eq!(events, NONE, "{body}");
        }
        assert!(ada.is_in().await);
        for body in ["", "{}", " {\n} "] {
            app.log_in("ada").await.post_raw(path, body).await.data(200);
        }
    }
}

#[tokio::test]
async fn a_stranger_logs_nobody_out() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    for path in [LOGOUT, ALL] {
        let (bare, events) = app.events_of(app.anonymous().post(path, json!({}))).await;
        assert_eq!(bare.refused(401, "UNAUTHORIZED")["details"], Value::Null);
        assert_eq!(events, NONE);
        let refresh = app.anonymous().header("authorization", &format!("Bearer {}", ada.refresh));
        refresh.post(path, json!({})).await.refused(401, "TOKEN_INVALID");
        ada.get(path).await.refused(405, "METHOD_NOT_ALLOWED");
    }
    app.advance(Duration::from_secs(3_600));
    leave(&ada, &app, LOGOUT).await.0.refused(401, "TOKEN_EXPIRED");
    app.anonymous().refresh(&ada.refresh).await.data(200);
}
