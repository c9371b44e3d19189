//! How safe an account is: what is counted, how the risk is reckoned, and who may know; T60.

use std::time::Duration;

use serde_json::json;

use super::diagnosis::{MFA, REPORT, id_of};
use super::lockout::fail;
use super::user_creation::staffed;
use crate::harness::{Anonymous, text_at};

/// T60, X25: both kinds of sessions count.
#[tokio::test]
async fn a_report_counts_sessions_and_keys_and_reckons_the_risk() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    let report = async |caller: &Anonymous<'_>| caller.get(REPORT).await.data(200);
    let told = report(&ada).await;
    let expected = json!({
        "user_id": id_of(&app, "ada"),
        "timestamp": "2027-01-15T08:00:00.000Z",
        "security_checks": {
            "authentication": {
                "password_auth": true,
                "mfa_available": true,
                "api_keys_available": true,
                "last_password_change": "2027-01-15T08:00:00.000Z",
            },
            "sessions": {
                "active_sessions": 1,
                "recent_logins": [
                    { "at": "2027-01-15T08:00:00.000Z", "kind": "tokens", "ip_address": "198.51.100.7" }
                ],
                "suspicious_activity": false,
            },
            "mfa": { "enabled": false, "backup_codes_available": false },
            "api_keys": { "total_keys": 0, "active_keys": 0, "recently_used": [] },
        },
        "recommendations": ["Enable multi-factor authentication for enhanced security"],
        "risk_score": 30,
        "risk_level": "MEDIUM",
    });
    assert_eq!(told, expected);

    app.advance(Duration::from_secs(60));
    for _ in 0..3 {
        app.log_in("ada").await;
    }
    app.browse("ada").await;
    assert_eq!(report(&ada).await["risk_score"], 30, "five sessions are not too many");
    app.advance(Duration::from_secs(60));
    app.browse("ada").await;
    let key = ada.make_key(&["metrics:write"]).await;
    let short = json!({ "expires_at": "2027-01-15T08:03:00Z" });
    let dead = ada.make_key_with(&["metrics:write"], short).await;
    for _ in 0..2 {
        ada.make_key(&["metrics:write"]).await;
    }
    let told = report(&ada).await;
    assert_eq!((&told["risk_score"], &told["risk_level"]), (&json!(60), &json!("HIGH")));
    assert!(dead.is_in().await);
    app.advance(Duration::from_secs(60));
    assert!(key.is_in().await && !dead.is_in().await);
    let told = report(&ada).await;
    assert_eq!((&told["risk_score"], &told["risk_level"]), (&json!(50), &json!("HIGH")));
    let checks = &told["security_checks"];
    assert_eq!(checks["sessions"]["active_sessions"], 6);
    let kinds: Vec<_> =
        checks["sessions"]["recent_logins"].as_array().unwrap().iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["cookie", "cookie", "tokens", "tokens", "tokens"]);
    assert_eq!(
        (&checks["api_keys"]["total_keys"], &checks["api_keys"]["active_keys"]),
        (&json!(4), &json!(3))
    );
    let used = checks["api_keys"]["recently_used"].as_array().unwrap();
    assert_eq!((used.len(), &used[0]["name"]), (1, &json!("Sensor")), "{used:?}");
    let advice =
        ["Enable multi-factor authentication for enhanced security", "Review and remove unused sessions"];
    assert_eq!(told["recommendations"], json!(advice));
}

/// T60.
#[tokio::test]
async fn a_report_knows_the_second_factor_and_what_looks_like_an_attack() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    app.enrol(&ada).await;
    fail(&app, "203.0.113.1", "ada", 5).await;
    let boss = app.log_in("boss").await;
    let place = format!("{REPORT}?user_id={}", id_of(&app, "ada"));
    let (answer, events) = app.events_of(boss.get(&place)).await;
    let told = answer.data(200);
    assert_eq!(events, ["diagnosis.security success"]);
    assert_eq!(app.records().pop().unwrap().subject, Some(*app.account("ada").unwrap().id.as_bytes()));
    let checks = &told["security_checks"];
    assert_eq!(checks["mfa"], json!({ "enabled": true, "backup_codes_available": true }));
    assert_eq!(checks["sessions"]["suspicious_activity"], true);
    assert_eq!((&told["risk_level"], &told["recommendations"]), (&json!("LOW"), &json!([])));
    let seen = boss.get("/api/v1/audit/suspicious").await.data(200);
    let seen = format!("/api/v1/audit/suspicious/{}/acknowledge", text_at(&seen["events"][0], "/id"));
    boss.post(&seen, json!({})).await.data(200);
    let told = boss.get(&place).await.data(200);
    assert_eq!(told["security_checks"]["sessions"]["suspicious_activity"], false);
}

/// R53: a key is less than its owner.
#[tokio::test]
async fn a_report_of_others_is_for_administrators_and_no_key_reads_that_of_its_owner() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let (answer, events) = app.events_of(ada.get(REPORT)).await;
    answer.data(200);
    assert_eq!(events, ["diagnosis.security success"]);
    let key = ada.make_key(&["metrics:write"]).await;
    for (caller, place) in [
        (&*key, REPORT.to_owned()),
        (&*key, MFA.to_owned()),
        (&*ada, format!("{REPORT}?user_id={}", id_of(&app, "boss"))),
    ] {
        let (answer, events) = app.events_of(caller.get(&place)).await;
        assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "audit:read");
        assert_eq!(events, ["access.denied denied permission_missing"]);
    }
    let key = boss.make_key(&["audit:read"]).await;
    key.get(&format!("{REPORT}?user_id={}", id_of(&app, "ada"))).await.data(200);
    app.anonymous().get(REPORT).await.refused(401, "UNAUTHORIZED");
}
