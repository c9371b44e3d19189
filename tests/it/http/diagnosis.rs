//! Diagnosis: why a login does not work, whether a token and a second factor are in order; T58, T59.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::services::caller::Caller;
use latchkey::services::diagnosis::{DiagnosisFault, diagnose, report, test_mfa};
use latchkey::services::role::Refused;
use latchkey::services::session::{AuthFault, authenticate};
use serde_json::{Value, json};

use super::lockout::{address, fail};
use super::user_creation::staffed;
use crate::harness::{Anonymous, Answer, PASSWORD, START, TestApp, decoded, forged};

const LOGIN: &str = "/api/v1/diagnostics/authentication";
const TOKEN: &str = "/api/v1/diagnostics/token";
pub(super) const MFA: &str = "/api/v1/diagnostics/mfa";
pub(super) const REPORT: &str = "/api/v1/security-report";

async fn diagnosed(caller: &Anonymous<'_>, name: &str, password: &str) -> Answer {
    caller.post(LOGIN, json!({ "username": name, "password": password })).await
}

async fn tested(caller: &Anonymous<'_>, token: &str) -> Answer {
    caller.post(TOKEN, json!({ "token": token })).await
}

pub(super) fn id_of(app: &TestApp, name: &str) -> String {
    app.account(name).unwrap().id.to_string()
}

/// T58.
#[tokio::test]
async fn a_login_without_a_fault_passes_the_four_tests() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let id = id_of(&app, "ada");
    for name in ["ada", "ADA@example.com"] {
        let hashes = app.hashes();
        let (answer, events) = app.events_of(diagnosed(&boss, name, "quite another one")).await;
        let expected = json!({
            "issues": [],
            "recommendations": [],
            "tests": {
                "user_exists": { "passed": true, "message": "User found", "details": { "user_id": id } },
                "password_format": {
                    "passed": true, "message": "Password format is valid", "details": { "issues": [] }
                },
                "account_status": {
                    "passed": true, "message": "Account status is good", "details": { "issues": [] }
                },
                "rate_limiting": {
                    "passed": true, "message": "Not rate limited", "details": { "is_limited": false }
                },
            },
        });
        assert_eq!((answer.data(200), events), (expected, vec!["diagnosis.login success".to_owned()]));
        // X27: compared with nothing.
        assert_eq!(app.hashes(), hashes);
        let record = app.records().pop().unwrap();
        assert_eq!(record.subject, Some(*app.account("ada").unwrap().id.as_bytes()));
        assert_eq!(record.actor, Some(*app.account("boss").unwrap().id.as_bytes()));
        assert!(record.session.is_some() && record.detail.is_empty());
    }
    assert!(!app.at_rest("quite another one"));
}

/// T58.
#[tokio::test]
async fn an_unknown_name_and_a_short_password_are_told_with_what_helps() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let (answer, events) = app.events_of(diagnosed(&boss, "Nobody", "short")).await;
    let nobody = json!({ "passed": false, "message": "User not found", "details": {} });
    let short = "Password must be at least 8 characters long";
    let expected = json!({
        "issues": ["User not found", short],
        "recommendations": [
            "Check if username is correct",
            "Consider registering a new account",
            "Update password to meet security requirements",
            "Use a mix of uppercase, lowercase, numbers, and special characters",
        ],
        "tests": {
            "user_exists": nobody,
            "password_format": {
                "passed": false, "message": "Password format issues found", "details": { "issues": [short] }
            },
            "account_status": nobody,
            "rate_limiting": {
                "passed": true, "message": "Not rate limited", "details": { "is_limited": false }
            },
        },
    });
    assert_eq!((answer.data(200), events), (expected, vec!["diagnosis.login success".to_owned()]));
    let record = app.records().pop().unwrap();
    assert_eq!((record.subject, record.detail.len()), (None, 1));
    assert_eq!(record.detail[0].0, "name_hash");
    assert!(!record.detail[0].1.contains("obody") && !app.at_rest("Nobody"));
}

#[tokio::test]
async fn what_keeps_an_account_from_logging_in_is_told() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let issues = async |name: &str| {
        let told = diagnosed(&boss, name, PASSWORD).await.data(200);
        assert_eq!(told["issues"], told["tests"]["account_status"]["details"]["issues"], "{told:#}");
        (told["issues"].clone(), told["recommendations"].clone())
    };
    for off in [Status::Inactive, Status::Suspended] {
        app.set_status("ada", off).await;
        let expected = (json!(["Account is deactivated"]), json!(["Contact support to reactivate account"]));
        assert_eq!(issues("ada").await, expected);
    }
    app.set_status("ada", Status::Active).await;
    let place = format!("/api/v1/users/{}/password-reset", id_of(&app, "ada"));
    boss.post(&place, json!({})).await.data(200);
    assert_eq!(issues("ada").await.0, json!(["Account has no password"]));
    app.anonymous().register("zoe@example.com").await.data(201);
    let expected =
        (json!(["Email address is not verified"]), json!(["Verify the email address with the mailed link"]));
    assert_eq!(issues("zoe@example.com").await, expected);
}

/// T56: a lock of one network is told, and ends.
#[tokio::test]
async fn a_locked_account_is_told_as_locked_and_limited_until_the_lock_ends() {
    let app = staffed().await;
    fail(&app, "203.0.113.1", "ada", 5).await;
    let boss = app.log_in("boss").await;
    let told = diagnosed(&boss, "ada", PASSWORD).await.data(200);
    assert_eq!(told["tests"]["account_status"]["details"]["issues"], json!(["Account is locked"]));
    assert_eq!(told["tests"]["rate_limiting"]["message"], "User is rate limited");
    assert_eq!(told["tests"]["rate_limiting"]["details"], json!({ "is_limited": true }));
    assert_eq!(told["issues"], json!(["Account is locked", "User is rate limited"]));
    let advice = [
        "Wait for lockout period or contact support",
        "Wait for rate limit to reset",
        "Consider reducing request frequency",
    ];
    assert_eq!(told["recommendations"], json!(advice));
    app.advance(Duration::from_secs(30 * 60));
    assert_eq!(diagnosed(&boss, "ada", PASSWORD).await.data(200)["issues"], json!([]));
}

#[tokio::test]
async fn an_account_that_is_locked_everywhere_is_not_limited_anywhere() {
    let app = staffed().await;
    for number in 0..25 {
        fail(&app, &address(number), "ada", 4).await;
    }
    let boss = app.log_in("boss").await;
    let told = diagnosed(&boss, "ada", PASSWORD).await.data(200);
    assert_eq!(told["issues"], json!(["Account is locked"]));
    assert_eq!(told["tests"]["rate_limiting"]["passed"], true);
}

#[tokio::test]
async fn an_account_whose_budget_of_requests_is_used_up_is_limited() {
    let app = TestApp::with_policy(|policy| {
        let budget = latchkey::domain::limit::Budget::new(3, Duration::from_secs(60)).unwrap();
        *policy.limits.budgets.get_mut(latchkey::domain::limit::Class::Authenticated) = budget;
    });
    app.add("boss", Role::Admin).await;
    let app = app.with_user("ada").await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    for _ in 0..3 {
        ada.get("/api/v1/auth/me").await.data(200);
    }
    ada.get("/api/v1/auth/me").await.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(diagnosed(&boss, "ada", PASSWORD).await.data(200)["issues"], json!(["User is rate limited"]));
    app.advance(Duration::from_secs(60));
    assert_eq!(diagnosed(&boss, "ada", PASSWORD).await.data(200)["issues"], json!([]));
}

/// X27: who may read accounts may not ask whether a name has one.
#[tokio::test]
async fn a_login_is_diagnosed_for_administrators_alone() {
    let app = staffed().await;
    app.add("lead", Role::Manager).await;
    for name in ["lead", "ada"] {
        let caller = app.log_in(name).await;
        for about in [name, "boss", "nobody"] {
            let (answer, events) = app.events_of(diagnosed(&caller, about, PASSWORD)).await;
            let error = answer.refused(403, "FORBIDDEN");
            assert_eq!(error["details"]["required_permission"], "audit:read");
            assert_eq!(events, ["access.denied denied permission_missing"]);
        }
    }
    app.anonymous()
        .post(LOGIN, json!({ "username": "ada", "password": "x" }))
        .await
        .refused(401, "UNAUTHORIZED");
    let boss = app.log_in("boss").await;
    let key = boss.make_key(&["audit:read"]).await;
    diagnosed(&key, "ada", PASSWORD).await.data(200);
    let key = boss.make_key(&["users:read"]).await;
    diagnosed(&key, "ada", PASSWORD).await.refused(403, "FORBIDDEN");
}

/// T59.
#[tokio::test]
async fn a_good_token_says_what_it_says_to_its_owner_and_to_administrators() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    for (caller, token) in
        [(&ada, &ada.access), (&boss, &ada.access), (&ada, &ada.refresh), (&boss, &ada.refresh)]
    {
        let (answer, events) = app.events_of(tested(caller, token)).await;
        let payload = decoded(token).1;
        let end = payload["exp"].as_i64().unwrap();
        let end = latchkey::domain::time::Timestamp::from_seconds(end).to_string();
        let expected = json!({ "valid": true, "payload": payload, "expires_at": end });
        assert_eq!((answer.data(200), events), (expected, vec!["diagnosis.token success valid".to_owned()]));
        assert_eq!(app.records().pop().unwrap().subject, Some(*app.account("ada").unwrap().id.as_bytes()));
    }
    // It was looked at, and not used.
    app.anonymous().refresh(&ada.refresh).await.data(200);

    let (answer, events) = app.events_of(tested(&ada, &boss.access)).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "audit:read");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    app.anonymous().post(TOKEN, json!({ "token": ada.access })).await.refused(401, "UNAUTHORIZED");
}

/// T59.
#[tokio::test]
async fn a_bad_token_is_told_with_what_helps() {
    let app = staffed().await;
    let old = app.log_in("ada").await;
    let (header, payload) = decoded(&old.access);
    app.advance(Duration::from_secs(3_600));
    let (ada, gone) = (app.log_in("ada").await, app.log_in("ada").await);
    gone.post("/api/v1/auth/logout", json!({})).await.data(200);
    app.anonymous().refresh(&old.refresh).await.data(200);
    app.advance(Duration::from_secs(60));
    let mut longer = payload.clone();
    longer["exp"] = json!(payload["exp"].as_i64().unwrap() + 10_000_000);
    let told = |issue: &str, help: &str| json!({ "valid": false, "issue": issue, "recommendation": help });
    let invalid = || told("Invalid token format", "Check token format and secret key");
    for (token, name, expected) in [
        (old.access.as_str(), "expired", told("Token has expired", "Refresh the token")),
        (gone.access.as_str(), "revoked", told("Token has been revoked", "Log in again")),
        (gone.refresh.as_str(), "revoked", told("Token has been revoked", "Log in again")),
        // Its successor was given out, and the grace for a lost answer is over.
        (old.refresh.as_str(), "revoked", told("Token has been revoked", "Log in again")),
        ("", "invalid", invalid()),
        ("a.b.c", "invalid", invalid()),
        (&format!("{}x", ada.access), "invalid", invalid()),
        (&forged(&header, &longer), "invalid", invalid()),
        (&forged(&json!({ "alg": "none", "typ": "JWT" }), &payload), "invalid", invalid()),
    ] {
        let (answer, events) = app.events_of(tested(&ada, token)).await;
        assert_eq!((answer.data(200), events), (expected, vec![format!("diagnosis.token success {name}")]));
    }
    assert!(ada.is_in().await, "no test of a token ends a session");
}

/// T59.
#[tokio::test]
async fn whether_there_is_a_second_factor_is_told_of_oneself_and_to_administrators() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let off = json!({ "mfa_enabled": false, "recommendation": "Enable MFA for enhanced security" });
    let (answer, events) = app.events_of(ada.get(MFA)).await;
    assert_eq!((answer.data(200), events), (off.clone(), vec!["diagnosis.mfa success".to_owned()]));
    let of = |name: &str| format!("{MFA}?user_id={}", id_of(&app, name));
    assert_eq!(ada.get(&of("ada")).await.data(200), off);
    app.enrol(&ada).await;
    let on = json!({ "mfa_enabled": true, "recommendation": "MFA is properly configured" });
    let (answer, events) = app.events_of(boss.get(&of("ada"))).await;
    assert_eq!((answer.data(200), events), (on, vec!["diagnosis.mfa success".to_owned()]));
    let (answer, events) = app.events_of(ada.get(&of("boss"))).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    for unknown in ["x", "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11"] {
        let (answer, events) = app.events_of(boss.get(&format!("{MFA}?user_id={unknown}"))).await;
        answer.refused(404, "NOT_FOUND");
        assert_eq!(events, [""; 0]);
        boss.get(&format!("{REPORT}?user_id={unknown}")).await.refused(404, "NOT_FOUND");
    }
}

/// R35: the transaction that records it asks again.
#[tokio::test]
async fn whoever_lost_the_right_meanwhile_is_told_nothing() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let caller = Caller::from(authenticate(&app.services, &boss.access, START).unwrap());
    let (services, ctx, ada) =
        (&app.services, app.services.own_context("test"), app.account("ada").unwrap().id);
    app.set_roles("boss", &[Role::Developer]).await;
    let (refused, events) = app
        .events_of(async {
            let login = diagnose(services, &ctx, &caller, ("ada", PASSWORD)).await.unwrap_err();
            let factor = test_mfa(services, &ctx, &caller, ada).await.unwrap_err();
            [login, factor, report(services, &ctx, &caller, ada).await.unwrap_err()]
        })
        .await;
    for fault in refused {
        assert!(matches!(fault, DiagnosisFault::Refused(Refused::Missing { .. })), "{fault:?}");
    }
    assert_eq!(events, [""; 0]);
    boss.post("/api/v1/auth/logout", json!({})).await.data(200);
    let gone = test_mfa(services, &ctx, &caller, caller.user.id).await.unwrap_err();
    assert!(matches!(gone, DiagnosisFault::Caller(AuthFault::Invalid)), "{gone:?}");
}

#[tokio::test]
async fn no_diagnosis_tells_a_secret() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let key = ada.make_key(&["metrics:write"]).await;
    let phone = app.enrol(&ada).await;
    let id = id_of(&app, "ada");
    let answers = [
        diagnosed(&boss, "ada", PASSWORD).await,
        tested(&boss, &ada.access).await,
        boss.get(&format!("{MFA}?user_id={id}")).await,
        boss.get(&format!("{REPORT}?user_id={id}")).await,
    ];
    let code = phone.code(&app);
    for answer in answers {
        answer.data(200);
        for secret in [PASSWORD, &key.key, &code, &ada.access, &ada.refresh, "$argon2"] {
            assert!(!answer.text.contains(secret), "{}", answer.text);
        }
    }
    let bad: Value = json!({ "username": "ada", "password": PASSWORD, "more": 1 });
    let error = boss.post(LOGIN, bad).await;
    error.refused(400, "VALIDATION_ERROR");
    assert!(!error.text.contains(PASSWORD));
}
