//! What all acts on somebody's account have in common: who may, on whom, and with what proof; SECURITY R56, R58, R59.

use std::time::Duration;

use latchkey::domain::role::Role;
use poem::http::Method;
use serde_json::json;

use super::user_care::place;
use super::user_creation::{USERS, staff, staffed};
use crate::harness::{PASSWORD, TestApp};

/// Method and path of every act here on the account at `id`, and whether it is done to oneself elsewhere only.
fn acts(id: &str) -> Vec<(Method, String, bool)> {
    let post = |act: &str, own| (Method::POST, format!("{USERS}/{id}/{act}"), own);
    vec![
        post("invite", false),
        post("password-reset", true),
        post("logout-all", false),
        post("unlock", true),
        (Method::DELETE, format!("{USERS}/{id}/factors/all"), true),
        (Method::DELETE, format!("{USERS}/{id}"), true),
    ]
}

/// R56.
#[tokio::test]
async fn nobody_acts_on_an_account_of_a_higher_rank() {
    let app = staffed().await;
    let (root, boss) = (app.log_in("root").await, app.log_in("boss").await);
    for (method, path, _) in acts(&app.account("root").unwrap().id.to_string()) {
        let (answer, events) = app.events_of(boss.raw(method, &path, None, "")).await;
        answer.refused(403, "FORBIDDEN");
        assert_eq!(events, ["access.denied denied outranked"], "{path}");
    }
    assert!(root.is_in().await);
    app.log_in("root").await;
    assert!(app.mails().await.is_empty());
}

/// R59.
#[tokio::test]
async fn unknown_accounts_and_malformed_ids_look_alike() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    for id in ["019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11", "nonsense", "%00"] {
        let mut paths = acts(id);
        for list in ["sessions", "api-keys", "factors"] {
            paths.push((Method::GET, format!("{USERS}/{id}/{list}"), false));
        }
        for (method, path, _) in paths {
            let (answer, events) = app.events_of(boss.raw(method, &path, None, "")).await;
            let error = answer.refused(404, "NOT_FOUND");
            assert_eq!(
                (error["message"].as_str(), events.len()),
                (Some("There is no such user."), 0),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn what_would_weaken_ones_own_account_is_refused_with_the_way_to_go() {
    let app = staffed().await;
    let root = app.log_in("root").await;
    app.add("root2", Role::SuperAdmin).await;
    for (method, path, own) in acts(&app.account("root").unwrap().id.to_string()) {
        if own {
            let (answer, events) = app.events_of(root.raw(method, &path, None, "")).await;
            let error = answer.refused(409, "CONFLICT");
            assert!(error["message"].as_str().unwrap().starts_with("This is your own account."), "{path}");
            assert_eq!(events, [""; 0], "{path}");
        }
    }
    assert!(root.is_in().await);
}

#[tokio::test]
async fn acts_that_give_an_account_away_need_a_fresh_proof() {
    let app = TestApp::with_policy(|policy| policy.step_up_ttl = Duration::from_secs(60));
    staff(&app).await;
    let boss = app.log_in("boss").await;
    app.advance(Duration::from_secs(61));
    for (method, path, _) in acts(&app.account("ada").unwrap().id.to_string()) {
        let is_sensitive = method == Method::DELETE || path.ends_with("password-reset");
        let (answer, events) = app.events_of(boss.raw(method, &path, None, "")).await;
        if is_sensitive {
            answer.refused(401, "STEP_UP_REQUIRED");
            assert_eq!(events, [""; 0], "{path}");
        } else {
            assert_ne!(answer.status, 401, "{path}");
        }
    }
    boss.post("/api/v1/auth/step-up", json!({ "password": PASSWORD })).await.data(200);
    boss.delete(&place(&app, "ada", "")).await.data(200);
}

/// R58.
#[tokio::test]
async fn two_super_administrators_who_delete_each_other_leave_one() {
    for _ in 0..20 {
        let app = staffed().await;
        app.add("root2", Role::SuperAdmin).await;
        let (first, second) = (app.log_in("root").await, app.log_in("root2").await);
        let places = (place(&app, "root2", ""), place(&app, "root", ""));
        let both = tokio::join!(first.delete(&places.0), second.delete(&places.1));
        let done = [&both.0, &both.1].iter().filter(|answer| answer.status == 200).count();
        assert_eq!(done, 1, "{both:?}");
        assert!(app.account("root").is_some() != app.account("root2").is_some());
    }
}
