//! What has expired leaves the store, in small steps, and what lives stays.

use std::time::Duration;

use latchkey::services::mail::deliver_due;
use latchkey::services::mail_transport::MailFault;
use latchkey::services::sweep::sweep;
use latchkey::store::{expiry, outbox, tables};
use serde_json::json;

use crate::harness::{LoggedIn, TestApp};
use crate::mail::Relay;

const DAY: Duration = Duration::from_secs(86_400);
const SESSIONS: u8 = 0x20;
const USER_SESSIONS: u8 = 0x21;
const EXPIRY: u8 = 0x04;
const OUTBOX: u8 = 0x30;

/// Sweeps until nothing is left to do; answers how many steps that took.
async fn sweep_all(app: &TestApp) -> usize {
    let mut steps = 1;
    while sweep(&app.services).await.unwrap() {
        steps += 1;
        assert!(steps < 1_000, "the sweep does not end");
    }
    steps
}

/// Moves a day at a time and sweeps, as a server that runs does.
async fn pass(app: &TestApp, days: u32) {
    for _ in 0..days {
        app.advance(DAY);
        sweep_all(app).await;
    }
}

/// R103.
#[tokio::test]
async fn after_a_thousand_logins_and_their_end_the_store_is_as_before() {
    let app = TestApp::unlimited().with_user("ada").await;
    let before = app.row_counts();
    for _ in 0..1_000 {
        app.log_in("ada").await;
    }
    let full = app.row_counts();
    assert_eq!((full[&SESSIONS], full[&USER_SESSIONS], full[&EXPIRY]), (1_000, 1_000, 1_000));
    sweep_all(&app).await;
    assert_eq!(app.row_counts(), full, "nothing that lives is touched");
    app.advance(7 * DAY);
    let steps = sweep_all(&app).await;
    assert_eq!(steps, 63, "sixteen rows a step");
    assert_eq!(app.row_counts(), before);
    assert_eq!(sweep_all(&app).await, 1);
}

/// R89: nothing of the audit log is ever dropped unless that is configured.
#[tokio::test]
async fn a_sweep_writes_no_audit_record_and_leaves_the_log_alone() {
    let app = TestApp::new().with_user("ada").await;
    app.log_in("ada").await;
    let before = app.records();
    pass(&app, 8).await;
    assert_eq!(app.records(), before);
}

#[tokio::test]
async fn a_refreshed_session_is_kept_and_goes_when_its_own_end_comes() {
    let app = TestApp::unlimited().with_user("ada").await;
    let baseline = app.row_counts();
    let (idle, mut active) = (app.log_in("ada").await, app.log_in("ada").await);
    for _ in 0..4 {
        pass(&app, 5).await;
        let tokens = app.anonymous().refresh(&active.refresh).await.data(200);
        active = LoggedIn::with(&app, &tokens);
        active.get("/api/v1/auth/me").await.data(200);
    }
    assert_eq!(app.row_counts()[&SESSIONS], 1, "the idle one went after seven days");
    idle.get("/api/v1/auth/me").await.refused(401, "TOKEN_EXPIRED");
    app.anonymous().refresh(&idle.refresh).await.refused(401, "TOKEN_EXPIRED");
    pass(&app, 5).await;
    let tokens = app.anonymous().refresh(&active.refresh).await.data(200);
    active = LoggedIn::with(&app, &tokens);
    pass(&app, 4).await;
    assert_eq!(app.row_counts()[&SESSIONS], 1, "a day before the family ends");
    pass(&app, 1).await;
    assert_eq!(app.row_counts(), baseline, "no refresh carries a family past thirty days");
    app.anonymous().refresh(&active.refresh).await.refused(401, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn an_ended_session_leaves_nothing() {
    let app = TestApp::unlimited().with_user("ada").await;
    let baseline = app.row_counts();
    let ada = app.log_in("ada").await;
    ada.post("/api/v1/auth/logout", json!({})).await.data(200);
    assert_eq!(app.row_counts().get(&SESSIONS), None, "at once");
    for _ in 0..30 {
        app.log_in("ada").await;
    }
    let ada = app.log_in("ada").await;
    let ended = ada.post("/api/v1/auth/logout-all", json!({})).await.data(200);
    assert_eq!(ended["sessions_ended"], 31);
    pass(&app, 8).await;
    assert_eq!(app.row_counts(), baseline);
}

#[tokio::test]
async fn one_time_tokens_go_when_they_expire_when_used_and_when_replaced() {
    let app = TestApp::new();
    let one_time = |app: &TestApp| {
        let counts = app.row_counts();
        [0x22, 0x23, EXPIRY].map(|table| counts.get(&table).copied().unwrap_or(0))
    };
    for at in 0..45 {
        app.anonymous().register(&format!("ada{at}@example.com")).await.data(201);
    }
    app.all_mails().await;
    assert_eq!(one_time(&app), [45, 45, 45]);
    app.advance(DAY.saturating_sub(Duration::from_millis(1)));
    sweep_all(&app).await;
    assert_eq!(one_time(&app), [45, 45, 45]);
    let resend = json!({ "email": "ada0@example.com" });
    app.anonymous().post("/api/v1/auth/resend-verification", resend).await.data(200);
    assert_eq!(one_time(&app), [45, 45, 46], "one token a person");
    app.advance(Duration::from_millis(1));
    assert_eq!(sweep_all(&app).await, 3);
    assert_eq!(one_time(&app), [1, 1, 1], "the replaced one's end did not take the new one along");
    let mails = app.all_mails().await;
    let newest = mails.iter().find(|mail| mail.to == "ada0@example.com").unwrap();
    let token = newest.text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap();
    app.anonymous().get(&format!("/api/v1/auth/verify-email/{token}")).await.data(200);
    pass(&app, 2).await;
    assert_eq!(one_time(&app), [0, 0, 0]);
}

#[tokio::test]
async fn a_dead_letter_goes_thirty_days_after_it_died() {
    let app = TestApp::new();
    for name in ["ada", "bob"] {
        app.anonymous().register(&format!("{name}@example.com")).await.data(201);
    }
    let left = |app: &TestApp| app.row_counts().get(&OUTBOX).copied().unwrap_or(0);
    pass(&app, 3).await;
    let relay = Relay::answering(["ada", "bob"], &MailFault::permanent("550 no such user"));
    assert_eq!(deliver_due(&app.services, &relay).await.unwrap().dead, 2);
    pass(&app, 29).await;
    app.advance(DAY.saturating_sub(Duration::from_millis(1)));
    sweep_all(&app).await;
    assert_eq!(left(&app), 2, "a millisecond early");
    app.advance(Duration::from_millis(1));
    sweep_all(&app).await;
    assert_eq!(left(&app), 0);
    assert_eq!(app.row_counts().get(&EXPIRY), None);
}

#[tokio::test]
async fn a_mail_that_waits_outlives_an_end_planned_for_it() {
    let app = TestApp::new();
    app.anonymous().register("ada@example.com").await.data(201);
    let waiting = app.services.read(|read| outbox::list(read, None, 9)).unwrap().0.remove(0);
    let (ctx, id) = (app.services.own_context("test"), waiting.id);
    let at = ctx.now;
    let plan = app.services.write("plan", &ctx, move |txn| expiry::schedule(txn, at, &tables::OUTBOX, &id));
    plan.await.unwrap();
    sweep_all(&app).await;
    assert_eq!(app.services.read(|read| outbox::by_id(read, id)).unwrap(), Some(waiting));
    assert_eq!(app.row_counts()[&EXPIRY], 1, "only the token's");
}

#[tokio::test]
async fn a_late_sweep_lets_nothing_expired_work() {
    let app = TestApp::new().with_user("ada").await;
    app.anonymous().register("zoe@example.com").await.data(201);
    let mails = app.mails().await;
    let token = mails[0].text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap();
    let ada = app.log_in("ada").await;
    app.advance(7 * DAY);
    app.anonymous().get(&format!("/api/v1/auth/verify-email/{token}")).await.refused(400, "VALIDATION_ERROR");
    app.anonymous().refresh(&ada.refresh).await.refused(401, "TOKEN_EXPIRED");
    let again = app.log_in("ada").await;
    let sessions = again.get("/api/v1/auth/sessions").await.data(200);
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "{sessions:#}");
}

/// Wrong passwords are forgotten thirty days after the last one, a known place half a year after it was used, what
/// was suspicious after ninety days.
#[tokio::test]
async fn what_guesses_leave_behind_goes_when_its_time_comes() {
    let app = TestApp::new().with_user("ada").await;
    let baseline = app.row_counts();
    let left = |app: &TestApp| {
        let counts = app.row_counts();
        [0x40, 0x41, 0x42, 0x43].map(|table| counts.get(&table).copied().unwrap_or(0))
    };
    app.log_in("ada").await;
    for name in ["ada", "ada", "ada", "ada", "ada", "nobody"] {
        app.anonymous().log_in(name, "wrong").await.refused(401, "AUTHENTICATION_FAILED");
    }
    assert_eq!(left(&app), [4, 1, 1, 1], "two rows of failures: of the name, and of whom it reaches");
    pass(&app, 20).await;
    app.anonymous().log_in("ada", "wrong").await.refused(401, "AUTHENTICATION_FAILED");
    pass(&app, 10).await;
    assert_eq!(left(&app), [2, 1, 1, 1], "the name of nobody went, the account was guessed at since");
    pass(&app, 20).await;
    assert_eq!(left(&app), [0, 1, 1, 1]);
    pass(&app, 40).await;
    assert_eq!(left(&app), [0, 1, 0, 0]);
    app.log_in("ada").await;
    pass(&app, 179).await;
    assert_eq!(left(&app), [0, 1, 0, 0], "used again after ninety days");
    pass(&app, 1).await;
    assert_eq!(app.row_counts(), baseline);
}
