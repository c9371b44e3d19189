//! Changing one's own password: rules G56 to G58; SECURITY R4, R36, R66.

use std::sync::mpsc::channel;
use std::time::Duration;

use latchkey::domain::password_policy::PolicyKind;
use latchkey::domain::user::Status;
use latchkey::services::password_change::{ChangeFault, change};
use latchkey::services::password_proof::ProofFault;
use latchkey::services::session::{AuthFault, authenticate};
use latchkey::store::Abort;
use serde_json::json;

use crate::harness::{Anonymous, Answer, LoggedIn, PASSWORD, START, TestApp};

const PATH: &str = "/api/v1/auth/password/change";
const NEW: &str = "seven silent paper lanterns";
const ADA: &str = "ada@example.com";

async fn ask(caller: &Anonymous<'_>, current: &str, new: &str) -> Answer {
    caller.post(PATH, json!({ "current_password": current, "new_password": new })).await
}

async fn with_ada() -> TestApp {
    TestApp::new().with_user("ada").await
}

/// G56, G57.
#[tokio::test]
async fn the_new_password_opens_what_the_old_one_opened() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(ask(&ada, PASSWORD, NEW)).await;
    assert_eq!(answer.data(200), json!({ "message": "Password changed successfully." }));
    assert_eq!(events, ["password.changed success"]);
    let id = *app.account("ada").unwrap().id.as_bytes();
    let record = app.records().pop().unwrap();
    assert_eq!((record.actor, record.subject), (Some(id), Some(id)));
    assert!(record.session.is_some());
    assert_eq!(record.detail, [("sessions_ended".to_owned(), "0".to_owned())]);
    app.anonymous().log_in("ada", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    app.anonymous().log_in("ada", NEW).await.data(200);
}

#[tokio::test]
async fn the_owner_is_told_when_and_from_where() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    ask(&ada, PASSWORD, NEW).await.data(200);
    let mails = app.mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, ADA));
    assert_eq!(mails[0].subject, "Your password at Latchkey was changed");
    for needed in [
        "15 January 2027, 08:00 UTC",
        "198.51.100.7",
        "knew the old password",
        "https://auth.example.com/forgot-password",
    ] {
        assert!(mails[0].text.contains(needed), "{needed}: {}", mails[0].text);
    }
    assert!(!mails[0].text.contains("token") && !mails[0].text.contains(NEW));
}

/// R4: who has a session but not the password changes nothing, at the cost of one hash.
#[tokio::test]
async fn a_wrong_current_password_changes_nothing_and_is_recorded() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let other = app.log_in("ada").await;
    for wrong in ["", "wrong password", "Correct horse battery", &PASSWORD.repeat(200)] {
        let before = app.hashes();
        let (answer, events) = app.events_of(ask(&ada, wrong, NEW)).await;
        let error = answer.refused(401, "AUTHENTICATION_FAILED");
        assert_eq!(error["message"], "The current password is wrong.");
        assert_eq!(events, ["password.changed denied wrong_password"]);
        assert_eq!(app.hashes() - before, 1);
    }
    assert!(app.mails().await.is_empty());
    assert!(ada.is_in().await && other.is_in().await);
    app.anonymous().log_in("ada", PASSWORD).await.data(200);
}

/// G58, R36: sessions beyond the few whose rows are removed at once end too.
#[tokio::test]
async fn this_session_goes_on_and_every_other_one_ends() {
    let app = with_ada().await.with_user("eve").await;
    let mut others = Vec::new();
    for _ in 0..15 {
        others.push(app.log_in("ada").await);
    }
    let ada = app.log_in("ada").await;
    for _ in 0..10 {
        others.push(app.log_in("ada").await);
    }
    let eve = app.log_in("eve").await;
    ask(&ada, PASSWORD, NEW).await.data(200);
    assert_eq!(app.records().pop().unwrap().detail, [("sessions_ended".to_owned(), "25".to_owned())]);
    for other in &others {
        assert!(!other.is_in().await);
        app.anonymous().refresh(&other.refresh).await.refused(401, "TOKEN_INVALID");
    }
    assert!(ada.is_in().await && eve.is_in().await);
    let listed = ada.get("/api/v1/auth/sessions").await.data(200);
    let listed = listed["sessions"].as_array().unwrap();
    assert_eq!((listed.len(), &listed[0]["current"]), (1, &json!(true)));
    let ada = LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    assert!(ada.is_in().await);
    ask(&ada, NEW, "another five quiet rivers").await.data(200);
    assert!(ada.is_in().await);
}

#[tokio::test]
async fn a_new_password_that_breaks_a_rule_is_refused_before_anything_is_hashed() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let before = app.hashes();
    for (new, says) in [
        ("seven77", "at least 8"),
        ("", "at least 8"),
        (&"x".repeat(129), "at most 128"),
        ("iloveyou1", "most common"),
        ("ada@example.com", "little more than your name"),
    ] {
        for current in [PASSWORD, "wrong password"] {
            let (answer, events) = app.events_of(ask(&ada, current, new)).await;
            let error = answer.refused(400, "VALIDATION_ERROR");
            assert_eq!(error["details"]["field"], "new_password");
            assert!(error["message"].as_str().unwrap().contains(says), "{error:#}");
            assert_eq!(events, [""; 0]);
        }
    }
    assert_eq!(app.hashes(), before);
    app.anonymous().log_in("ada", PASSWORD).await.data(200);
}

/// Every rule that a password breaks is named, for people and for programs.
#[tokio::test]
async fn every_broken_rule_is_named() {
    let app = TestApp::with_policy(|policy| policy.password.kind = PolicyKind::Classes);
    let app = app.with_user_of("ada", "Correct-horse-7").await;
    let tokens = app.anonymous().log_in("ada", "Correct-horse-7").await.data(200);
    let error = ask(&LoggedIn::with(&app, &tokens), "Correct-horse-7", "lowercase").await;
    let error = error.refused(400, "VALIDATION_ERROR");
    let fields = error["details"]["fields"].as_array().unwrap();
    let reasons: Vec<_> = fields.iter().map(|field| field["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["uppercase", "digit", "special"]);
    assert!(fields.iter().all(|field| field["field"] == "new_password"));
    assert_eq!(error["message"], "new_password: must have an uppercase letter");
}

/// T50.
#[tokio::test]
async fn none_of_the_last_five_passwords_comes_back() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let all =
        [PASSWORD, NEW, "two quiet rivers", "three quiet rivers", "four quiet rivers", "five quiet rivers"];
    for pair in all.windows(2) {
        let (answer, events) = app.events_of(ask(&ada, pair[0], pair[0])).await;
        assert_eq!(answer.refused(400, "VALIDATION_ERROR")["details"]["reason"], "reused");
        assert_eq!(events, [""; 0]);
        ask(&ada, pair[0], pair[1]).await.data(200);
    }
    let current = all[5];
    for used in &all[1..] {
        ask(&ada, current, used).await.refused(400, "VALIDATION_ERROR");
    }
    ask(&ada, current, PASSWORD).await.data(200);
}

/// Asked with a wrong current password, no answer tells whether another one was ever used.
#[tokio::test]
async fn the_history_answers_only_who_knows_the_password() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    ask(&ada, "wrong password", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    ask(&ada, "wrong password", NEW).await.refused(401, "AUTHENTICATION_FAILED");
}

/// R4: guesses here and at the login take from one budget, before anything is hashed; the session lives on.
#[tokio::test]
async fn wrong_guesses_lock_this_door_and_the_login() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    for guess in 0..5 {
        let (answer, events) = app.events_of(ask(&ada, "wrong password", NEW)).await;
        answer.refused(401, "AUTHENTICATION_FAILED");
        let expected = ["password.changed denied wrong_password", "lockout.set success network"];
        assert_eq!(events, expected[..if guess == 4 { 2 } else { 1 }]);
    }
    let hashes = app.hashes();
    let (answer, events) = app.events_of(ask(&ada, PASSWORD, NEW)).await;
    let error = answer.refused(423, "ACCOUNT_LOCKED");
    assert_eq!(
        (answer.header("retry-after"), &error["details"]),
        (Some("1800"), &json!({ "retry_after": 1800 }))
    );
    assert_eq!(events, ["password.changed denied locked"]);
    assert_eq!(app.hashes(), hashes);
    let (answer, events) = app.events_of(app.anonymous().log_in("ada", PASSWORD)).await;
    answer.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(
        events,
        ["login.failed denied locked"],
        "nobody failed under this name: the lock does not show"
    );
    assert!(ada.is_in().await);
    app.advance(Duration::from_secs(1_800));
    ask(&ada, PASSWORD, NEW).await.data(200);
}

/// R14.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_once_are_never_more_than_the_budget() {
    let app = with_ada().await;
    let access = app.log_in("ada").await.access;
    let app = std::sync::Arc::new(app);
    let hashes = app.hashes();
    let guess = |_| {
        let (app, access) = (app.clone(), access.clone());
        tokio::spawn(async move {
            let ada = app.anonymous().header("authorization", &format!("Bearer {access}"));
            ask(&ada, "wrong password", NEW).await.status.as_u16()
        })
    };
    let mut heard = 0;
    for task in (0..80).map(guess).collect::<Vec<_>>() {
        heard += usize::from(task.await.unwrap() == 401);
    }
    assert_eq!((heard, app.hashes() - hashes), (5, 5));
}

/// A right password that comes to nothing is no guess: it costs its owner nothing.
#[tokio::test]
async fn a_refused_new_password_counts_as_no_guess() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    for _ in 0..8 {
        ask(&ada, PASSWORD, PASSWORD).await.refused(400, "VALIDATION_ERROR");
        ask(&ada, "wrong password", "short").await.refused(400, "VALIDATION_ERROR");
    }
    ask(&ada, PASSWORD, NEW).await.data(200);
}

#[tokio::test]
async fn a_stranger_changes_no_password() {
    let app = with_ada().await;
    let (answer, events) = app.events_of(ask(&app.anonymous(), PASSWORD, NEW)).await;
    answer.refused(401, "UNAUTHORIZED");
    assert_eq!(events, [""; 0]);
    let ada = app.log_in("ada").await;
    for body in [
        json!({ "new_password": NEW }),
        json!({ "current_password": PASSWORD }),
        json!({ "current_password": PASSWORD, "new_password": [NEW] }),
        json!({ "current_password": PASSWORD, "new_password": NEW, "user_id": "1" }),
    ] {
        ada.post(PATH, body).await.refused(400, "VALIDATION_ERROR");
    }
    app.anonymous().log_in("ada", PASSWORD).await.data(200);
}

/// The account may change while passwords are hashed: the transaction reads again.
#[tokio::test]
async fn of_two_changes_at_the_same_moment_one_wins() {
    let app = with_ada().await;
    let (here, there) = (app.log_in("ada").await, app.log_in("ada").await);
    let (go, wait) = channel::<()>();
    let stamp = app.services.stamp(&app.services.own_context("test"));
    // The writer rests until both requests have hashed.
    let hold = app.services.store.transact("hold", stamp, move |_| {
        let _ = wait.recv();
        Ok::<_, Abort<()>>(())
    });
    let hashed = app.hashes();
    let release = async {
        while app.services.hashing.stats().running > 0 || app.hashes() < hashed + 4 {
            tokio::task::yield_now().await;
        }
        drop(go);
    };
    let change = async {
        tokio::join!(
            hold,
            ask(&here, PASSWORD, NEW),
            ask(&there, PASSWORD, "another five quiet rivers"),
            release
        )
    };
    let ((_, first, second, ()), events) = app.events_of(change).await;
    let statuses = [first.status.as_u16(), second.status.as_u16()];
    assert!(statuses == [200, 401] || statuses == [401, 200], "{statuses:?}");
    assert_eq!(events, ["password.changed success"], "the session of the other one ended");
    let new = if statuses[0] == 200 { NEW } else { "another five quiet rivers" };
    app.anonymous().log_in("ada", new).await.data(200);
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_changes_nothing() {
    for off in [true, false] {
        let app = with_ada().await;
        let ada = app.log_in("ada").await;
        let caller = authenticate(&app.services, &ada.access, START).unwrap();
        if off {
            app.set_status("ada", Status::Suspended).await;
        } else {
            ada.post("/api/v1/auth/logout", json!({})).await.data(200);
        }
        let ctx = app.services.own_context("test");
        let (outcome, events) = app.events_of(change(&app.services, &ctx, &caller, PASSWORD, NEW)).await;
        assert!(
            matches!(outcome, Err(ChangeFault::Current(ProofFault::Caller(AuthFault::Invalid)))),
            "{outcome:?}"
        );
        assert_eq!(events, [""; 0]);
        assert!(app.mails().await.is_empty());
    }
}

/// R100: a full hash queue is no verdict on the password.
#[tokio::test]
async fn a_full_hash_queue_answers_busy_and_records_nothing() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let full = app.fill_hash_pool().await;
    let (answer, events) = app.events_of(ask(&ada, PASSWORD, NEW)).await;
    answer.refused(503, "SERVICE_BUSY");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(events, [""; 0]);
    drop(full);
}
