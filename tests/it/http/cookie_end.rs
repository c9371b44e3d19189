//! How sessions that live by a cookie end: rules T37 and T39 of the contract; SECURITY R32, R33 and R36.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::services::sweep::sweep;
use serde_json::json;

use crate::harness::{InBrowser, PASSWORD, TestApp};

const LIST: &str = "/api/v1/auth/sessions";
const ME: &str = "/api/v1/auth/me";
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// The tables of sessions.
const TABLES: [u8; 3] = [0x20, 0x21, 0x25];

/// T37, R32.
#[tokio::test]
async fn sessions_are_ended_one_by_one_and_all_at_once() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let eve = app.browse("eve").await;
    let (phone, desk, tokens) = (app.browse("ada").await, app.browse("ada").await, app.log_in("ada").await);
    let (answer, events) = app.events_of(phone.act("logout", json!({}))).await;
    assert_eq!(answer.data(200), json!({ "message": "Logged out successfully." }));
    assert!(answer.clears_cookie());
    assert_eq!(events, ["session.ended success logout"]);
    assert_eq!([phone.is_in().await, desk.is_in().await], [false, true]);
    let phone = app.browse("ada").await;
    let place = format!("{LIST}/{}", phone.session_id().await);
    eve.delete(&place).await.refused(404, "NOT_FOUND");
    let (answer, events) = app.events_of(desk.delete(&place)).await;
    assert!(!answer.clears_cookie(), "this one goes on");
    assert_eq!(events, ["session.ended success revoked"]);
    assert!(!phone.is_in().await);
    let (answer, events) = app.events_of(desk.act("logout-all", json!({}))).await;
    assert_eq!(answer.data(200)["sessions_ended"], 2);
    assert!(answer.clears_cookie());
    assert_eq!(events, ["session.all_ended success logout_all"]);
    assert!(!desk.is_in().await && !tokens.is_in().await && eve.is_in().await);
    let own = format!("{LIST}/{}", eve.session_id().await);
    assert!(eve.delete(&own).await.clears_cookie());
    assert!(!eve.is_in().await);
}

/// R33, R36: whatever ends sessions ends these.
#[tokio::test]
async fn a_new_password_a_reset_a_factor_and_switching_off_end_them_too() {
    let app = TestApp::new().with_user("ada").await;
    let (desk, other) = (app.browse("ada").await, app.browse("ada").await);
    let body = json!({ "current_password": PASSWORD, "new_password": "seven silent paper lanterns" });
    desk.act("password/change", body).await.data(200);
    assert_eq!([desk.is_in().await, other.is_in().await], [true, false]);
    app.anonymous()
        .post("/api/v1/auth/password-reset/initiate", json!({ "email": "ada@example.com" }))
        .await
        .data(200);
    let token = app.reset_token("ada@example.com").await;
    let body = json!({ "token": token, "new_password": "nine noisy copper kettles" });
    app.anonymous().post("/api/v1/auth/password-reset/confirm", body).await.data(200);
    assert!(!desk.is_in().await);
    let log_in = async || {
        let client = app.anonymous();
        InBrowser::with(&app, &client.log_in_for_cookie("ada", "nine noisy copper kettles").await)
    };
    let (desk, other) = (log_in().await, log_in().await);
    app.enrol_in_browser(&desk).await;
    assert_eq!([desk.is_in().await, other.is_in().await], [true, false]);
    app.set_status("ada", Status::Suspended).await;
    assert!(!desk.is_in().await);
    app.set_status("ada", Status::Active).await;
    assert!(!desk.is_in().await, "switching on again brings nothing back");
}

/// As many as there may be, with more beside, in one transaction.
#[tokio::test]
async fn twenty_sessions_end_at_once() {
    let app = TestApp::with_policy(|policy| policy.cookies.max = 20).with_user("ada").await;
    let mut browsers = Vec::new();
    for _ in 0..20 {
        app.log_in("ada").await;
        browsers.push(app.browse("ada").await);
    }
    let body = json!({ "current_password": PASSWORD, "new_password": "seven silent paper lanterns" });
    browsers[0].act("password/change", body).await.data(200);
    assert_eq!(browsers[0].act("logout-all", json!({})).await.data(200)["sessions_ended"], 1);
    for browser in &browsers {
        assert!(!browser.is_in().await);
    }
}

#[tokio::test]
async fn an_account_that_is_deleted_leaves_no_session() {
    let app = TestApp::new().with_user("ada").await;
    let (ada, other) = (app.browse("ada").await, app.browse("ada").await);
    let answer = ada.delete("/api/v1/users/me").await;
    answer.data(200);
    assert!(answer.clears_cookie());
    assert!(!ada.is_in().await && !other.is_in().await);
    let rows = app.row_counts();
    assert_eq!(TABLES.map(|table| rows.get(&table).copied()), [None; 3]);
}

/// T39.
#[tokio::test]
async fn sessions_outlive_a_restart_and_are_swept_when_they_are_over() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.browse("ada").await;
    let (cookie, csrf) = (ada.cookie.clone(), ada.csrf.clone());
    let app = app.restarted();
    let ada = InBrowser::of(&app, &cookie, &csrf);
    assert_eq!(ada.session().await["csrf_token"], csrf.as_str());
    ada.act("session/refresh", json!({})).await.data(200);
    for _ in 0..6 {
        app.advance(23 * HOUR);
        assert!(ada.is_in().await);
        while sweep(&app.services).await.unwrap() {}
    }
    app.advance(DAY);
    assert_eq!(TABLES.map(|table| app.row_counts()[&table]), [1; 3]);
    while sweep(&app.services).await.unwrap() {}
    assert_eq!(TABLES.map(|table| app.row_counts().get(&table).copied()), [None; 3]);
    let (app, other) = (app.with_other_keys(), cookie);
    app.anonymous().cookie(&other).get(ME).await.refused(401, "TOKEN_INVALID");
}

/// A page of ours may follow the feed, for as long as its session lives.
#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let (boss, other) = (app.browse("boss").await, app.browse("boss").await);
    let (mut stream, _) = boss.followed("").await;
    other.act("logout", json!({})).await.data(200);
    assert_eq!(stream.next().await.action(), "session.ended");
    boss.act("logout", json!({})).await.data(200);
    let end = stream.next().await;
    assert_eq!((end.event.as_str(), end.data), ("end", json!({ "reason": "session_ended" })));
    let list = app.log_in("boss").await.get(LIST).await.data(200);
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
}
