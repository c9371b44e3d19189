//! The trading profile, rule by rule: diagnosis.

use std::time::Duration;

use serde_json::{Value, json};

use super::trading_actor::{InBrowser, at, is, says, token, with_everybody, with_token};
use crate::harness::{Anonymous, Answer, PASSWORD, TestApp, text_at};

async fn diagnosed(caller: &Anonymous<'_>, name: &str, password: &str) -> Answer {
    let body = json!({ "username": name, "password": password });
    caller.post(&at("/diagnostics/authentication"), body).await
}

fn id(app: &TestApp, name: &str) -> String {
    app.account(name).unwrap().id.to_string()
}

/// T58, X27.
#[tokio::test]
async fn an_administrator_learns_by_four_tests_why_a_login_does_not_work() {
    let app = with_everybody().await;
    let boss = with_token(&app, "boss").await;
    let (answer, events) = app.events_of(diagnosed(&boss, "ada", "Tr4ding-Desk!9")).await;
    let good =
        |message: &str, details: Value| json!({ "passed": true, "message": message, "details": details });
    let expected = json!({
        "issues": [],
        "recommendations": [],
        "tests": {
            "user_exists": good("User found", json!({ "user_id": id(&app, "ada") })),
            "password_format": good("Password format is valid", json!({ "issues": [] })),
            "account_status": good("Account status is good", json!({ "issues": [] })),
            "rate_limiting": good("Not rate limited", json!({ "is_limited": false })),
        },
    });
    is(&answer, 200, expected);
    assert_eq!(events, ["diagnosis.login success"]);

    let bad = diagnosed(&boss, "nobody", "short").await.json();
    let all = json!([
        "Password must be at least 8 characters long",
        "Password must contain at least one uppercase letter",
        "Password must contain at least one digit",
        "Password must contain at least one special character",
    ]);
    let tests = &bad["tests"];
    let not_found =
        |details: Value| json!({ "passed": false, "message": "User not found", "details": details });
    assert_eq!(tests["user_exists"], not_found(json!({ "user_id": null })));
    assert_eq!(tests["account_status"], not_found(json!({})));
    let form =
        json!({ "passed": false, "message": "Password format issues found", "details": { "issues": all } });
    assert_eq!(tests["password_format"], form);
    let recommended = json!([
        "Check if username is correct",
        "Consider registering a new account",
        "Update password to meet security requirements",
        "Use a mix of uppercase, lowercase, numbers, and special characters",
    ]);
    assert_eq!(bad["recommendations"], recommended);

    let ada = with_token(&app, "ada").await;
    let (answer, events) = app.events_of(diagnosed(&ada, "ada", "any")).await;
    says(&answer, 403, "Permission 'read:admin' required");
    assert_eq!(events, ["access.denied denied permission_missing"]);
}

/// T59.
#[tokio::test]
async fn a_token_is_tested_without_being_used() {
    let app = with_everybody().await;
    let tokens = token(&app, "ada", PASSWORD).await.json();
    let test = |text: String| {
        let app = &app;
        async move {
            let boss = with_token(app, "boss").await;
            boss.post(&at("/diagnostics/token"), json!({ "token": text })).await
        }
    };
    let access = text_at(&tokens, "/access_token");
    let good = test(access.clone()).await.json();
    assert_eq!((&good["valid"], &good["payload"]["sub"]), (&json!(true), &json!("ada")));
    assert_eq!(good["payload"]["permissions"], json!(["read:signals", "create:signals", "read:users"]));
    assert!(good["expires_at"].is_string());
    let invalid = json!({
        "valid": false, "issue": "Invalid token format", "recommendation": "Check token format and secret key",
    });
    is(&test("nonsense".to_owned()).await, 200, invalid);
    app.advance(Duration::from_secs(1_801));
    let expired =
        json!({ "valid": false, "issue": "Token has expired", "recommendation": "Refresh the token" });
    is(&test(access).await, 200, expired);
}

/// T59: by the number of the account, too.
#[tokio::test]
async fn the_second_factor_of_an_account_is_tested() {
    let app = with_everybody().await;
    let (ada, boss) = (with_token(&app, "ada").await, with_token(&app, "boss").await);
    let off = json!({ "mfa_enabled": false, "recommendation": "Enable MFA for enhanced security" });
    is(&ada.get(&at("/diagnostics/mfa")).await, 200, off.clone());
    let number = app.account("ada").unwrap().number;
    let path = at(&format!("/diagnostics/mfa?user_id={number}"));
    is(&boss.get(&path).await, 200, off);
    says(&with_token(&app, "bob").await.get(&path).await, 403, "Permission 'read:admin' required");
    app.enrol(&app.log_in("ada").await).await;
    let on = json!({ "mfa_enabled": true, "recommendation": "MFA is properly configured" });
    is(&boss.get(&path).await, 200, on);
    assert_eq!(boss.get(&at("/diagnostics/mfa?user_id=77")).await.status, 404);
}

/// T60, X25: sessions of both kinds count.
#[tokio::test]
async fn a_security_report_adds_up_the_risk() {
    let app = with_everybody().await;
    let ada = with_token(&app, "ada").await;
    let report = || async { ada.get(&at("/security-report")).await.json() };
    let first = report().await;
    assert_eq!((&first["user_id"], &first["risk_level"]), (&json!(id(&app, "ada")), &json!("MEDIUM")));
    let checks = first["security_checks"].as_object().unwrap();
    let names: Vec<_> = checks.keys().map(String::as_str).collect();
    assert_eq!(names, ["api_keys", "authentication", "mfa", "sessions"]);
    assert_eq!(checks["mfa"], json!({ "enabled": false, "backup_codes_available": false }));
    for _ in 0..5 {
        InBrowser::of(&app, "ada").await;
    }
    let risky = report().await;
    assert_eq!((&risky["risk_level"], &risky["risk_score"]), (&json!("HIGH"), &json!(50)));
    for _ in 0..4 {
        assert_eq!(ada.post(&at("/api-keys"), json!({ "name": "Bot" })).await.status, 201);
    }
    let worst = report().await;
    assert_eq!(worst["risk_score"], 60);
    let advice = json!([
        "Enable multi-factor authentication for enhanced security",
        "Review and remove unused sessions",
        "Review and revoke unused API keys",
    ]);
    assert_eq!(worst["recommendations"], advice);
    let foreign = at(&format!("/security-report?user_id={}", id(&app, "bob")));
    says(&ada.get(&foreign).await, 403, "Permission 'read:admin' required");
    assert_eq!(with_token(&app, "boss").await.get(&foreign).await.json()["risk_level"], "MEDIUM");
}
