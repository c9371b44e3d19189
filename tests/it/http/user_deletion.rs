//! Deleting one's own account; SECURITY R33, R58, R66.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::services::audit_log;
use latchkey::store::check::check;
use serde_json::json;

use crate::harness::{PASSWORD, TestApp};

const PATH: &str = "/api/v1/users/me";

#[tokio::test]
async fn a_deleted_account_opens_nothing_any_more() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let mut others = Vec::new();
    for _ in 0..45 {
        others.push(app.log_in("ada").await);
    }
    let ada = app.log_in("ada").await;
    let eve = app.log_in("eve").await;
    let reset = json!({ "email": "ada@example.com" });
    app.anonymous().post("/api/v1/auth/password-reset/initiate", reset).await.data(200);
    let reset = app.reset_token("ada@example.com").await;
    let (answer, events) = app.events_of(ada.delete(PATH)).await;
    assert_eq!(answer.data(200), json!({ "message": "Account deleted." }));
    assert_eq!(events, ["user.deleted success"]);
    for session in others.iter().chain([&ada]) {
        assert!(!session.is_in().await);
        app.anonymous().refresh(&session.refresh).await.refused(401, "TOKEN_INVALID");
    }
    assert!(eve.is_in().await);
    app.anonymous().log_in("ada", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    let body = json!({ "token": reset, "new_password": "seven silent paper lanterns" });
    let answer = app.anonymous().post("/api/v1/auth/password-reset/confirm", body).await;
    answer.refused(400, "VALIDATION_ERROR");
    ada.delete(PATH).await.refused(401, "TOKEN_INVALID");
    assert!(check(app.store()).unwrap().is_clean());
}

/// Nothing at rest names the person or says where they came from, and the chain still verifies.
#[tokio::test]
async fn the_person_is_forgotten_and_the_chain_still_verifies() {
    let app = TestApp::new();
    app.add("auditor", Role::Admin).await;
    let app = app.with_user("zuleika").await;
    let auditor = app.log_in("auditor").await;
    let zuleika = app.anonymous().header("user-agent", "Zeppelin/9").log_in("zuleika", PASSWORD).await;
    let zuleika = crate::harness::LoggedIn::with(&app, &zuleika.data(200));
    let mut keys = Vec::new();
    for number in 0..15 {
        keys.push(
            zuleika.make_key_with(&["metrics:write"], json!({ "name": format!("Zeppelin {number}") })).await,
        );
    }
    assert!(keys[0].is_in().await);
    let id = app.account("zuleika").unwrap().id.to_string();
    let events = format!("/api/v1/audit/logs?user_id={id}");
    let shown = auditor.get(&events).await;
    assert!(shown.text.contains("Zeppelin/9"), "{}", shown.text);
    zuleika.delete(PATH).await.data(200);
    for key in &keys {
        assert!(!key.is_in().await, "a key dies with its owner");
    }
    let mails = app.all_mails().await;
    assert!(mails.iter().any(|mail| mail.to == "zuleika@example.com" && mail.text.contains("was deleted")));
    for trace in ["zuleika", "Zuleika", "Zeppelin"] {
        assert!(!app.at_rest(trace), "{trace}");
    }
    let shown = auditor.get(&events).await;
    shown.data(200);
    assert!(shown.text.contains("user.deleted") && !shown.text.contains("Zeppelin/9"), "{}", shown.text);
    audit_log::seal(&app.services).await.unwrap();
    audit_log::verify(app.store(), &app.services.keys.seals.public_key()).unwrap();
    assert!(check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn the_names_are_free_for_somebody_new() {
    let app = TestApp::new().with_user("ada").await;
    let before = app.account("ada").unwrap().id;
    app.log_in("ada").await.delete(PATH).await.data(200);
    assert!(app.account("ada").is_none() && app.account("ada@example.com").is_none());
    let app = app.with_user("ada").await;
    assert_ne!(app.account("ada").unwrap().id, before);
    app.log_in("ada").await;
    assert!(check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn it_needs_a_fresh_proof() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.advance(Duration::from_secs(59 * 60));
    let ada = crate::harness::LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    app.advance(Duration::from_secs(2 * 60));
    let (answer, events) = app.events_of(ada.delete(PATH)).await;
    answer.refused(401, "STEP_UP_REQUIRED");
    assert_eq!(events, [""; 0]);
    ada.post("/api/v1/auth/step-up", json!({ "password": PASSWORD })).await.data(200);
    ada.delete(PATH).await.data(200);
    app.anonymous().delete(PATH).await.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn where_it_is_switched_off_administrators_do_it() {
    let app = TestApp::with_policy(|policy| policy.self_deletion = false).with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let (answer, events) = app.events_of(ada.delete(PATH)).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied self_deletion_off"]);
    assert!(ada.is_in().await);
    let id = app.account("ada").unwrap().id;
    boss.delete(&format!("/api/v1/users/{id}")).await.data(200);
    assert!(app.account("ada").is_none());
}

/// R58.
#[tokio::test]
async fn the_last_super_administrator_stays() {
    let app = TestApp::new();
    app.add("root", Role::SuperAdmin).await;
    let root = app.log_in("root").await;
    let (answer, events) = app.events_of(root.delete(PATH)).await;
    answer.refused(409, "CONFLICT");
    assert_eq!(events, ["access.denied denied last_super_admin"]);
    app.add("second", Role::SuperAdmin).await;
    root.delete(PATH).await.data(200);
    app.log_in("second").await.delete(PATH).await.refused(409, "CONFLICT");
}

/// R58: of two who go at the same moment, one stays.
#[tokio::test]
async fn two_super_administrators_cannot_leave_at_the_same_moment() {
    let app = TestApp::new();
    app.add("root", Role::SuperAdmin).await;
    app.add("second", Role::SuperAdmin).await;
    let (root, second) = (app.log_in("root").await, app.log_in("second").await);
    let (one, two) = tokio::join!(root.delete(PATH), second.delete(PATH));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}
