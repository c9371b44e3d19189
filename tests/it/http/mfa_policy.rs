//! Who must have a second factor, and what an owner may see of it: rules G41, P27, X23, C22, C23.

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use crate::harness::{LoggedIn, PASSWORD, STEP, TestApp, shipped_limits};

const DEBUG: &str = "/api/v1/auth/mfa/debug";

async fn demanding() -> TestApp {
    let app = TestApp::with_policy(|policy| policy.factor.required_for = vec![Role::Admin, Role::SuperAdmin]);
    for (name, role) in [("root", Role::SuperAdmin), ("boss", Role::Admin), ("ada", Role::Developer)] {
        app.add(name, role).await;
    }
    app
}

/// G41, P27.
#[tokio::test]
async fn an_administrator_without_a_second_factor_administers_nothing_where_it_is_demanded() {
    let app = demanding().await;
    for name in ["root", "boss"] {
        let boss = app.log_in(name).await;
        for path in ["/api/v1/users", "/api/v1/audit/logs", "/api/v1/audit/suspicious", "/api/v1/outbox"] {
            let (answer, events) = app.events_of(boss.get(path)).await;
            let error = answer.refused(403, "FORBIDDEN");
            assert_eq!(error["details"], json!({ "mfa_required": true }), "{path}");
            assert_eq!(events, ["access.denied denied mfa_required"], "{path}");
        }
        let id = app.account("ada").unwrap().id;
        let answer = boss.put(&format!("/api/v1/users/{id}"), json!({ "name": "Eve" })).await;
        assert_eq!(answer.refused(403, "FORBIDDEN")["details"], json!({ "mfa_required": true }));
        // Their own account is theirs.
        boss.get("/api/v1/auth/me").await.data(200);
        boss.get("/api/v1/auth/sessions").await.data(200);
        app.enrol(&boss).await;
        boss.get("/api/v1/users").await.data(200);
    }
    // Who lacks the permission is told so, factor or not.
    let ada = app.log_in("ada").await;
    let error = ada.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    assert_eq!(error["details"]["required_permission"], "users:read");
}

#[tokio::test]
async fn nothing_is_demanded_by_default() {
    let app = TestApp::new();
    app.add("root", Role::SuperAdmin).await;
    app.log_in("root").await.get("/api/v1/users").await.data(200);
}

/// X23.
#[tokio::test]
async fn a_demanded_factor_cannot_be_switched_off() {
    let app = demanding().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    app.enrol(&boss).await;
    app.enrol(&ada).await;
    let hashes = app.hashes();
    let disable = async |caller: &LoggedIn<'_>| {
        caller.post("/api/v1/auth/mfa/disable", json!({ "password": PASSWORD })).await
    };
    let (answer, events) = app.events_of(disable(&boss)).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"], json!({ "mfa_required": true }));
    assert_eq!((events, app.hashes()), (vec![], hashes));
    disable(&ada).await.data(200);
    assert!(app.account("boss").unwrap().has_factor && !app.account("ada").unwrap().has_factor);
}

fn codes(data: &Value) -> Vec<String> {
    serde_json::from_value(data["valid_codes"].clone()).unwrap()
}

/// C22, C23.
#[tokio::test]
async fn an_owner_sees_the_codes_that_fit_now_and_it_is_recorded() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(ada.get(DEBUG)).await;
    answer.refused(400, "VALIDATION_ERROR");
    assert_eq!(events, [""; 0]);
    let phone = app.enrol(&ada).await;
    app.advance(STEP);
    let (answer, events) = app.events_of(ada.get(DEBUG)).await;
    let data = answer.data(200);
    assert_eq!(events, ["totp.debug_viewed success"]);
    assert_eq!(codes(&data), [phone.code_of(&app, -1), phone.code(&app), phone.code_of(&app, 1)]);
    assert_eq!(
        (&data["server_time"], &data["time_window"]),
        (&json!("2027-01-15T08:01:00.000Z"), &json!(30))
    );
    assert_eq!(data.get("clock_skew"), None);
    for (client, skew) in [("1800000060", 0), ("1799999965", -95), ("1800000150", 90)] {
        let data = ada.get(&format!("{DEBUG}?client_time={client}")).await.data(200);
        assert_eq!(data["clock_skew"], skew, "C22: how far the client's clock is off");
    }
    let error = ada.get(&format!("{DEBUG}?client_time=noon")).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(error["details"]["field"], "client_time");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    // Looking uses nothing up, and no record tells a code.
    app.second_step(&app.first_step("ada").await, &codes(&data)[1]).await.data(200);
    let logged = format!("{:?}", app.records());
    assert!(codes(&data).iter().all(|code| !logged.contains(code.as_str())));
}

/// C23: limited, and switched off it is not there.
#[tokio::test]
async fn the_codes_are_shown_ten_times_an_hour_and_not_at_all_where_that_is_switched_off() {
    let app = TestApp::with_policy(|policy| {
        *policy.limits.budgets.get_mut(latchkey::domain::limit::Class::MfaDebug) =
            *shipped_limits().budgets.get(latchkey::domain::limit::Class::MfaDebug);
    });
    let app = app.with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.enrol(&ada).await;
    for _ in 0..10 {
        ada.get(DEBUG).await.data(200);
    }
    let (answer, events) = app.events_of(ada.get(DEBUG)).await;
    answer.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!((answer.header("retry-after"), events), (Some("360"), vec![]));

    let app = TestApp::with_policy(|policy| policy.factor.debug_codes = false).with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.enrol(&ada).await;
    ada.get(DEBUG).await.refused(404, "NOT_FOUND");
}
