//! A lost password: rules G59 to G63, S18 to S21; SECURITY R10, R26, R33, R36, R61 to R64.

use std::time::Duration;

use latchkey::domain::user::Status;
use serde_json::json;

use crate::harness::{Answer, PASSWORD, TestApp};

pub(super) const INITIATE: &str = "/api/v1/auth/password-reset/initiate";
const CONFIRM: &str = "/api/v1/auth/password-reset/confirm";
const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const NEW: &str = "seven silent paper lanterns";
pub(super) const ADA: &str = "ada@example.com";

pub(super) async fn initiate(app: &TestApp, email: &str) -> (Answer, Vec<String>) {
    let caller = app.anonymous().header("x-request-id", "same");
    app.events_of(caller.post(INITIATE, json!({ "email": email }))).await
}

pub(super) async fn confirm(app: &TestApp, token: &str, new: &str) -> (Answer, Vec<String>) {
    app.events_of(app.anonymous().post(CONFIRM, json!({ "token": token, "new_password": new }))).await
}

/// A server where Ada asked for a link, and the token in it.
async fn asked() -> (TestApp, String) {
    let app = TestApp::new().with_user("ada").await;
    initiate(&app, ADA).await.0.data(200);
    let token = app.reset_token(ADA).await;
    (app, token)
}

async fn refused(app: &TestApp, token: &str) {
    let (answer, events) = confirm(app, token, NEW).await;
    let error = answer.refused(400, "VALIDATION_ERROR");
    assert_eq!(error["message"], "This reset link is not valid any more.", "{token}");
    assert_eq!(error["details"], json!({ "field": "token", "reason": "invalid" }));
    assert_eq!(events, ["password.reset denied invalid_token"], "{token}");
}

/// G60, G61, G63, S19, S21.
#[tokio::test]
async fn a_mailed_link_sets_a_new_password_once_and_ends_every_session() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let (ada, again, eve) = (app.log_in("ada").await, app.log_in("ada").await, app.log_in("eve").await);
    let (answer, events) = initiate(&app, ADA).await;
    assert_eq!(answer.data(200), json!({ "message": "Password reset email sent. Please check your inbox." }));
    assert_eq!(events, ["password.reset_requested success"]);
    let token = app.reset_token(ADA).await;
    let (answer, events) = confirm(&app, &token, NEW).await;
    assert_eq!(answer.data(200), json!({ "message": "Password reset successfully. Please log in." }));
    assert_eq!(events, ["password.reset success"]);
    let record = app.records().pop().unwrap();
    let id = *app.account("ada").unwrap().id.as_bytes();
    assert_eq!((record.actor, record.subject, record.session), (Some(id), Some(id), None));
    assert_eq!(record.detail, [("sessions_ended".to_owned(), "2".to_owned())]);

    for dead in [&ada, &again] {
        assert!(!dead.is_in().await);
        app.anonymous().refresh(&dead.refresh).await.refused(401, "TOKEN_INVALID");
    }
    assert!(eve.is_in().await);
    app.anonymous().log_in("ada", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    app.anonymous().log_in("ada", NEW).await.data(200);
    refused(&app, &token).await;
}

#[tokio::test]
async fn the_letters_go_to_the_address_of_the_account() {
    let app = TestApp::new().with_user("ada").await;
    initiate(&app, " ADA@Example.com ").await.0.data(200);
    let token = app.reset_token(ADA).await;
    let link = app.mails().await.remove(0);
    assert_eq!((link.to.as_str(), link.subject.as_str()), (ADA, "Set a new password for Latchkey"));
    assert!(link.text.contains(&format!("https://auth.example.com/reset-password?token={token}\n")));
    assert!(link.text.contains("once and for 1 hour"));
    confirm(&app, &token, NEW).await.0.data(200);
    let mails = app.mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (2, ADA));
    assert_eq!(mails[0].subject, "Your password at Latchkey was changed");
    for needed in ["with a link that was mailed", "15 January 2027, 08:00 UTC", "198.51.100.7"] {
        assert!(mails[0].text.contains(needed), "{}", mails[0].text);
    }
    assert!(!mails[0].text.contains("token"));
}

/// G62, S20: a link lives an hour.
#[tokio::test]
async fn a_link_dies_after_its_hour() {
    for (waits, works) in [(Duration::from_millis(3_599_999), true), (HOUR, false), (HOUR * 10_000, false)] {
        let (app, token) = asked().await;
        app.advance(waits);
        if works {
            confirm(&app, &token, NEW).await.0.data(200);
        } else {
            refused(&app, &token).await;
        }
    }
}

/// R61.
#[tokio::test]
async fn only_the_newest_link_counts() {
    let (app, old) = asked().await;
    app.advance(Duration::from_secs(60));
    initiate(&app, ADA).await.0.data(200);
    let new = app.reset_token(ADA).await;
    assert_ne!(old, new);
    refused(&app, &old).await;
    confirm(&app, &new, NEW).await.0.data(200);
}

/// R26, R61: no other token opens this door, none of this kind another, and no guess burns the real one.
#[tokio::test]
async fn nothing_but_the_mailed_token_sets_a_password() {
    let (app, token) = asked().await;
    app.anonymous().register("new@example.com").await.data(201);
    let verify = app.mailed_token("new@example.com").await;
    let ada = app.log_in("ada").await;
    let (front, last) = token.split_at(token.len() - 1);
    let other_secret = format!("{front}{}", if last == "A" { "E" } else { "A" });
    let before = app.hashes();
    for bad in [
        "",
        "x",
        "lkr_",
        front,
        &format!("{token}A"),
        &format!(" {token}"),
        &other_secret,
        &token.to_uppercase(),
        &token.replace("lkr_", "lkv_"),
        &verify,
        &verify.replace("lkv_", "lkr_"),
        &format!("lkr_{}", "A".repeat(64)),
        &ada.access,
        &ada.refresh,
        "\0",
    ] {
        refused(&app, bad).await;
    }
    assert_eq!(app.hashes(), before, "a dead token costs no hash");
    app.verify(&token).await.refused(400, "VALIDATION_ERROR");
    app.verify(&token.replace("lkr_", "lkv_")).await.refused(400, "VALIDATION_ERROR");
    assert!(ada.is_in().await);
    confirm(&app, &token, NEW).await.0.data(200);
}

/// R61: whoever has to think of a better password does not need a new mail.
#[tokio::test]
async fn a_refused_password_does_not_burn_the_token() {
    let (app, token) = asked().await;
    for (new, says) in [
        ("seven77", "at least 8"),
        (&"x".repeat(129), "at most 128"),
        ("iloveyou1", "most common"),
        ("ada@example.com", "little more than your name"),
        ("Ada-Latchkey-1", "little more than your name"),
    ] {
        let (answer, events) = confirm(&app, &token, new).await;
        let error = answer.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], "new_password");
        assert!(error["message"].as_str().unwrap().contains(says), "{error:#}");
        assert_eq!(events, [""; 0]);
    }
    let full = app.fill_hash_pool().await;
    let (answer, events) = confirm(&app, &token, NEW).await;
    answer.refused(503, "SERVICE_BUSY");
    assert_eq!(events, [""; 0]);
    drop(full);
    while app.services.hashing.stats().running > 0 {
        tokio::task::yield_now().await;
    }
    confirm(&app, &token, NEW).await.0.data(200);
}

/// T50: the present password is one of the last five.
#[tokio::test]
async fn a_password_that_was_used_before_is_refused_and_does_not_burn_the_token() {
    let (app, token) = asked().await;
    let (answer, events) = confirm(&app, &token, PASSWORD).await;
    let error = answer.refused(400, "VALIDATION_ERROR");
    let message = "must not be one of your last passwords";
    let field = json!({ "field": "new_password", "reason": "reused", "message": message });
    assert_eq!(error["details"], json!({ "field": "new_password", "reason": "reused", "fields": [field] }));
    assert_eq!(events, [""; 0]);
    assert!(app.mails().await.len() == 1);
    confirm(&app, &token, NEW).await.0.data(200);
}

/// R4, R12: whoever proves the mailbox is let in again.
#[tokio::test]
async fn a_reset_ends_the_locks_of_the_account() {
    let (app, token) = asked().await;
    for _ in 0..5 {
        app.anonymous().log_in("ada", "wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    }
    app.anonymous().log_in("ada", PASSWORD).await.refused(423, "ACCOUNT_LOCKED");
    let (answer, events) = confirm(&app, &token, NEW).await;
    answer.data(200);
    assert_eq!(events, ["password.reset success", "lockout.cleared success password_reset"]);
    app.anonymous().log_in("ada", NEW).await.data(200);
}

/// R61: of many who use one link at once, one sets the password.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_used_many_times_at_once_works_once() {
    let (app, token) = asked().await;
    let app = std::sync::Arc::new(app);
    let use_it = |number: usize| {
        let (app, token) = (app.clone(), token.clone());
        let new = format!("{NEW} {number}");
        tokio::spawn(async move { (confirm(&app, &token, &new).await.0.status.as_u16(), new) })
    };
    let mut outcomes = Vec::new();
    for task in (0..12).map(use_it).collect::<Vec<_>>() {
        outcomes.push(task.await.unwrap());
    }
    outcomes.sort_unstable();
    let statuses: Vec<_> = outcomes.iter().map(|outcome| outcome.0).collect();
    assert_eq!((statuses[0], statuses[1..].iter().all(|status| *status == 400)), (200, true), "{statuses:?}");
    let events = app.events();
    assert_eq!(events.iter().filter(|event| *event == "password.reset success").count(), 1);
    assert_eq!(events.iter().filter(|event| *event == "password.reset denied invalid_token").count(), 11);
    app.anonymous().log_in("ada", &outcomes[0].1).await.data(200);
}

/// R33: a link of an account that was switched off is dead, also when the account is back.
#[tokio::test]
async fn a_switched_off_account_is_not_reset() {
    for off in [Status::Suspended, Status::Inactive] {
        let (app, token) = asked().await;
        app.set_status("ada", off).await;
        refused(&app, &token).await;
        assert_eq!(app.account("ada").unwrap().status, off);
        app.set_status("ada", Status::Active).await;
        refused(&app, &token).await;
        app.anonymous().log_in("ada", PASSWORD).await.data(200);
    }
}

/// A link was asked for in a state of the account; whatever ends that state ends the link.
#[tokio::test]
async fn a_new_password_and_a_logout_everywhere_void_the_link() {
    let (app, token) = asked().await;
    let ada = app.log_in("ada").await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    ada.post("/api/v1/auth/password/change", body).await.data(200);
    refused(&app, &token).await;
    // Of two mails of one moment none is the newer.
    app.advance(Duration::from_secs(1));
    initiate(&app, ADA).await.0.data(200);
    let token = app.reset_token(ADA).await;
    ada.post("/api/v1/auth/logout-all", json!({})).await.data(200);
    refused(&app, &token).await;
}

/// A session that ends, and a login, leave it alone.
#[tokio::test]
async fn logging_in_and_out_leaves_the_link_alive() {
    let (app, token) = asked().await;
    app.log_in("ada").await.post("/api/v1/auth/logout", json!({})).await.data(200);
    confirm(&app, &token, NEW).await.0.data(200);
}

/// The link went to the address, so whoever used it has shown what verification asks for.
#[tokio::test]
async fn a_reset_proves_the_address_of_a_pending_account() {
    let app = TestApp::new();
    app.anonymous().register(ADA).await.data(201);
    let verify = app.mailed_token(ADA).await;
    initiate(&app, ADA).await.0.data(200);
    let token = app.reset_token(ADA).await;
    let (answer, events) = confirm(&app, &token, NEW).await;
    answer.data(200);
    assert_eq!(events, ["password.reset success", "email.verified success password_reset"]);
    let ada = app.account(ADA).unwrap();
    assert_eq!((ada.status, ada.email_verified_at.is_some()), (Status::Active, true));
    app.verify(&verify).await.refused(400, "VALIDATION_ERROR");
    app.anonymous().log_in(ADA, PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    app.anonymous().log_in(ADA, NEW).await.data(200);
}

/// R61, R84.
#[tokio::test]
async fn the_token_is_nowhere_at_rest() {
    let app = TestApp::new().with_user("ada").await;
    initiate(&app, ADA).await.0.data(200);
    let rows = app.row_counts();
    let token = app.reset_token(ADA).await;
    for part in [token.as_str(), &token[4..], &token[34..]] {
        assert!(!app.at_rest(part), "{part}");
    }
    confirm(&app, &token, NEW).await.0.data(200);
    app.mails().await;
    let left = app.row_counts();
    assert_eq!((rows.get(&0x22), left.get(&0x22)), (Some(&1), None), "the row of a used token is gone");
}
