//! Another address for one's account; SECURITY R9, R10, R61, R62, R66.

use std::time::Duration;

use latchkey::domain::user::Status;
use latchkey::store::check::check;
use serde_json::json;

use crate::harness::{Anonymous, Answer, PASSWORD, TestApp};

const PATH: &str = "/api/v1/auth/email/change";
const NEW: &str = "countess@example.com";
const HOUR: Duration = Duration::from_secs(3_600);

async fn ask(caller: &Anonymous<'_>, new: &str) -> Answer {
    caller.post(PATH, json!({ "new_email": new })).await
}

async fn hiding() -> TestApp {
    TestApp::with_policy(|policy| policy.registration.hides_existing = true).with_user("ada").await
}

#[tokio::test]
async fn the_link_in_the_new_mailbox_moves_the_account() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(ask(&ada, " Countess@Example.com ".trim())).await;
    assert_eq!(answer.data(200), json!({ "message": "Follow the link in the mail to the new address." }));
    assert_eq!(events, ["email.change_requested success"]);
    assert_eq!(ada.get("/api/v1/auth/me").await.data(200)["email"], "ada@example.com");
    let token = app.mailed_token(NEW).await;
    assert!(token.starts_with("lke_"));
    let (answer, events) = app.events_of(app.verify(&token)).await;
    answer.data(200);
    assert_eq!(events, ["email.changed success"]);
    assert_eq!(ada.get("/api/v1/auth/me").await.data(200)["email"], NEW);
    app.anonymous().log_in(NEW, PASSWORD).await.data(200);
    app.anonymous().log_in("ada@example.com", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    app.anonymous().register("ada@example.com").await.data(201);
    app.verify(&token).await.refused(400, "VALIDATION_ERROR");
    assert!(check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn the_old_address_is_told_when_it_is_asked_for_and_when_it_is_done() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    ask(&ada, NEW).await.data(200);
    let token = app.mailed_token(NEW).await;
    let told = |mails: &[latchkey::outbound::mail::CapturedMail]| -> Vec<String> {
        let old = mails.iter().filter(|mail| mail.to == "ada@example.com");
        old.map(|mail| mail.text.clone()).collect()
    };
    let before = told(&app.mails().await);
    assert_eq!(before.len(), 1);
    assert!(before[0].contains("was asked for") && before[0].contains("198.51.100.7"), "{}", before[0]);
    // R62, and no words of a stranger under our sender.
    assert!(!before[0].contains("token") && !before[0].contains(NEW));
    app.verify(&token).await.data(200);
    let after = told(&app.mails().await);
    assert_eq!(after.len(), 2);
    assert!(after[0].contains("took effect"), "{}", after[0]);
}

#[tokio::test]
async fn only_the_newest_link_counts_and_only_for_a_day() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    ask(&ada, NEW).await.data(200);
    let first = app.mailed_token(NEW).await;
    ask(&ada, "second@example.com").await.data(200);
    let second = app.mailed_token("second@example.com").await;
    app.verify(&first).await.refused(400, "VALIDATION_ERROR");
    app.advance(24 * HOUR);
    let (answer, events) = app.events_of(app.verify(&second)).await;
    answer.refused(400, "VALIDATION_ERROR");
    assert_eq!(events, [""; 0]);
    assert_eq!(app.account("ada").unwrap().email.as_str(), "ada@example.com");
}

#[tokio::test]
async fn the_page_of_the_link_asks_before_it_acts() {
    let app = TestApp::new().with_user("ada").await;
    ask(&*app.log_in("ada").await, NEW).await.data(200);
    let token = app.mailed_token(NEW).await;
    let page = app.anonymous().get(&format!("/verify-email?token={token}")).await;
    assert_eq!(page.status, 200);
    assert_eq!(app.account("ada").unwrap().email.as_str(), "ada@example.com");
    let done = app.anonymous().post_form("/verify-email", &format!("token={token}")).await;
    assert_eq!(done.status, 200);
    assert_eq!(app.account("ada").unwrap().email.as_str(), NEW);
}

#[tokio::test]
async fn a_taken_address_is_refused_where_that_is_no_secret() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(ask(&ada, "EVE@example.com")).await;
    assert_eq!(answer.refused(409, "ALREADY_EXISTS")["details"]["field"], "new_email");
    assert_eq!(events, [""; 0]);
    assert!(app.mails().await.is_empty());
}

/// R10: from outside a taken address looks like a free one.
#[tokio::test]
async fn where_taken_addresses_are_hidden_their_owner_gets_the_letter() {
    let app = hiding().await.with_user("eve").await;
    let ada = app.log_in("ada").await;
    let (taken, events) = app.events_of(ask(&ada, "eve@example.com")).await;
    assert_eq!(events, ["email.change_requested denied taken"]);
    let letters = app.mails().await;
    let letter = letters.iter().find(|mail| mail.to == "eve@example.com").unwrap();
    assert!(letter.text.contains("already is an account") && !letter.text.contains("token"));
    let free = ask(&ada, NEW).await;
    assert_eq!(taken.data(200), free.data(200));
    assert_eq!(taken.headers_but_limits().len(), free.headers_but_limits().len());
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_is_not_given() {
    let app = TestApp::new().with_user("ada").await;
    ask(&*app.log_in("ada").await, NEW).await.data(200);
    let token = app.mailed_token(NEW).await;
    app.anonymous().register(NEW).await.data(201);
    app.verify(&token).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(app.account("ada").unwrap().email.as_str(), "ada@example.com");
    assert!(check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn whatever_ends_the_sessions_ends_the_link() {
    let app = TestApp::new().with_user("ada").await;
    for (path, body) in [
        ("/api/v1/auth/logout-all", json!({})),
        (
            "/api/v1/auth/password/change",
            json!({ "current_password": PASSWORD, "new_password": "seven silent paper lanterns" }),
        ),
    ] {
        let ada = app.log_in("ada").await;
        ask(&ada, NEW).await.data(200);
        let token = app.mailed_token(NEW).await;
        ada.post(path, body).await.data(200);
        app.verify(&token).await.refused(400, "VALIDATION_ERROR");
    }
    let tokens = app.anonymous().log_in("ada", "seven silent paper lanterns").await.data(200);
    ask(&crate::harness::LoggedIn::with(&app, &tokens), NEW).await.data(200);
    let token = app.mailed_token(NEW).await;
    app.set_status("ada", Status::Suspended).await;
    app.verify(&token).await.refused(400, "VALIDATION_ERROR");
}

/// A link that sets a new password goes to the mailbox that was left, so it dies with the move.
#[tokio::test]
async fn links_mailed_to_the_old_address_die_with_the_move() {
    let app = TestApp::new().with_user("ada").await;
    ask(&*app.log_in("ada").await, NEW).await.data(200);
    let token = app.mailed_token(NEW).await;
    let reset = json!({ "email": "ada@example.com" });
    app.anonymous().post("/api/v1/auth/password-reset/initiate", reset).await.data(200);
    let reset = app.reset_token("ada@example.com").await;
    app.verify(&token).await.data(200);
    let body = json!({ "token": reset, "new_password": "seven silent paper lanterns" });
    let answer = app.anonymous().post("/api/v1/auth/password-reset/confirm", body).await;
    answer.refused(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn what_is_no_address_or_no_change_is_refused() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    for (new, reason) in
        [("ada@example.com", "unchanged"), ("ADA@example.com", "unchanged"), ("ada", "invalid")]
    {
        let details = ask(&ada, new).await.refused(400, "VALIDATION_ERROR")["details"].clone();
        assert_eq!(details, json!({ "field": "new_email", "reason": reason }));
    }
    ask(&app.anonymous(), NEW).await.refused(401, "UNAUTHORIZED");
    assert!(app.mails().await.is_empty());
}

/// No address gets more letters than its budget, and the answer does not tell.
#[tokio::test]
async fn a_mailbox_is_not_flooded() {
    let app = TestApp::with_policy(|policy| policy.limits = crate::harness::shipped_limits())
        .with_user("ada")
        .await;
    let ada = app.log_in("ada").await;
    for _ in 0..5 {
        ask(&ada, NEW).await.data(200);
    }
    let (answer, events) = app.events_of(ask(&ada, NEW)).await;
    answer.data(200);
    assert_eq!(events, ["email.change_requested denied too_many_mails"]);
    assert_eq!(app.all_mails().await.iter().filter(|mail| mail.to == NEW).count(), 5);
}

#[tokio::test]
async fn of_twenty_four_clicks_at_once_one_moves_the_account() {
    let app = std::sync::Arc::new(TestApp::new().with_user("ada").await);
    ask(&*app.log_in("ada").await, NEW).await.data(200);
    let token = app.mailed_token(NEW).await;
    let clicks = (0..24).map(|_| {
        let (app, token) = (app.clone(), token.clone());
        tokio::spawn(async move { app.verify(&token).await.status.as_u16() })
    });
    let mut moved = 0;
    for click in clicks.collect::<Vec<_>>() {
        moved += usize::from(click.await.unwrap() == 200);
    }
    assert_eq!(moved, 1);
    let done = app.events().iter().filter(|event| *event == "email.changed success").count();
    assert_eq!(done, 1);
}
