//! How the server is, and whose budgets are used up, as an operator sees it.

use std::time::Duration;

use latchkey::domain::limit::Budget;
use latchkey::domain::limit::Class;
use latchkey::domain::role::Role;
use latchkey::services::audit_log;
use latchkey::services::oversight::server::{
    CertificateSeen, Changing, ListenerSeen, SettingSeen, Surroundings,
};
use serde_json::json;

use crate::harness::{START, TestApp, text_at};

const SERVER: &str = "/api/v1/server";
const LIMITS: &str = "/api/v1/limits";

#[tokio::test]
async fn the_server_tells_how_it_is_and_no_path_and_no_secret() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    let bare = boss.get(SERVER).await.data(200);
    assert!(bare.get("started_at").is_none() && bare["listeners"] == json!([]), "{bare:#}");
    app.services.around.tell(Surroundings {
        started_at: START,
        listeners: vec![ListenerSeen { address: "127.0.0.1:8443".to_owned(), tls: true }],
        config_warnings: 2,
        settings: vec![SettingSeen {
            key: "data_dir".to_owned(),
            value: Some("\"/var/lib/latchkey\"".to_owned()),
            source: "default",
            is_path: true,
        }],
        mail_transport: "smtp",
        sms_transport: None,
        is_dev: false,
        changing: Box::new(|| Changing {
            certificate: Some(CertificateSeen {
                expires_at: Some(START.plus(Duration::from_secs(86_400))),
                fingerprint: "AB:CD".to_owned(),
                is_self_signed: true,
            }),
            store_bytes: Some(4_096),
            memory_bytes: Some(48 << 20),
            disk_bytes: Some((100 << 30, 40 << 30)),
            connections: 3,
        }),
    });
    app.advance(Duration::from_secs(90));
    audit_log::seal(&app.services).await.unwrap();
    let (answer, events) = app.events_of(boss.get(SERVER)).await;
    assert_eq!(events, [""; 0]);
    let mut told = answer.data(200);
    assert_eq!(told["hashing"]["runs"], json!(app.hashes()));
    assert_eq!(told["counts"]["limited"]["login"], json!(0));
    assert_eq!(told["audit"]["sealed_at"], json!("2027-01-15T08:01:30.000Z"));
    assert_eq!(
        text_at(&told, "/as_of"),
        format!("0-{}-{}", told["audit"]["head"], &text_at(&told, "/audit/checksum")[..16])
    );
    for varying in ["hashing", "counts", "audit", "as_of", "store"] {
        told[varying].take();
    }
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": "2027-01-15T08:00:00.000Z",
        "uptime_seconds": 90,
        "dev": false,
        "listeners": [{ "address": "127.0.0.1:8443", "tls": true }],
        "certificate": { "expires_at": "2027-01-16T08:00:00.000Z", "fingerprint": "AB:CD", "self_signed": true },
        "config_warnings": 2,
        "mail_transport": "smtp",
        "memory_bytes": 48 << 20,
        "disk_bytes": 100_u64 << 30,
        "disk_free_bytes": 40_u64 << 30,
        "connections": 3,
        "streams": 0,
        "hashing": null,
        "counts": null,
        "audit": null,
        "as_of": null,
        "store": null,
    });
    assert_eq!(told, expected);
    assert!(!answer.text.contains('/') && !answer.text.contains(&boss.access), "{}", answer.text);
}

#[tokio::test]
async fn budgets_that_are_used_up_are_listed_with_whose_they_are() {
    let app = TestApp::with_policy(|policy| {
        *policy.limits.budgets.get_mut(Class::Login) = Budget::new(20, Duration::from_secs(60)).unwrap();
        *policy.limits.budgets.get_mut(Class::Authenticated) =
            Budget::new(10, Duration::from_secs(10)).unwrap();
    });
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    assert_eq!(boss.get(LIMITS).await.data(200), json!({ "limits": [], "capped": false }));
    for number in 0..20 {
        app.anonymous().at("203.0.113.9").log_in(&format!("nobody{number}"), "wrong").await;
    }
    for number in 0..18 {
        app.anonymous().at("203.0.113.10").log_in(&format!("nobody{number}"), "wrong").await;
    }
    app.anonymous().at("203.0.113.11").log_in("nobody", "wrong").await;
    let used_up = json!({
        "class": "login",
        "key_kind": "ip_address",
        "key": "203.0.113.9",
        "limit": 20,
        "period_seconds": 60,
        "remaining": 0,
        "resets_at": "2027-01-15T08:01:00.000Z",
    });
    let mut nearly = used_up.clone();
    nearly["key"] = json!("203.0.113.10");
    nearly["remaining"] = json!(2);
    nearly["resets_at"] = json!("2027-01-15T08:00:54.000Z");
    let (answer, events) = app.events_of(boss.get(LIMITS)).await;
    assert_eq!(events, [""; 0]);
    assert_eq!(answer.data(200), json!({ "limits": [used_up.clone(), nearly], "capped": false }));
    let one = boss.get(&format!("{LIMITS}?limit=1&class=login")).await.data(200);
    assert_eq!(one, json!({ "limits": [used_up], "capped": true }));
    for _ in 0..6 {
        boss.get("/api/v1/auth/me").await.data(200);
    }
    app.advance(Duration::from_secs(60));
    let lead = boss.get(&format!("{LIMITS}?class=register")).await.data(200);
    assert_eq!(lead["limits"], json!([]));
    for _ in 0..8 {
        boss.get("/api/v1/auth/me").await.data(200);
    }
    let own = boss.get(&format!("{LIMITS}?class=authenticated")).await.data(200);
    assert_eq!(text_at(&own, "/limits/0/key"), app.account("boss").unwrap().id.to_string());
    assert_eq!((&own["limits"][0]["key_kind"], &own["limits"][0]["remaining"]), (&json!("user"), &json!(0)));
    app.advance(Duration::from_secs(10));
    let error = boss.get(&format!("{LIMITS}?class=x")).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(error["details"]["field"], "class");
}

#[tokio::test]
async fn everything_is_counted_and_what_is_over_is_not() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    let ada = app.log_in("ada").await;
    app.log_in("ada").await;
    ada.post("/api/v1/auth/logout", json!({})).await.data(200);
    for _ in 0..5 {
        app.anonymous().at("203.0.113.9").log_in("nobody", "wrong").await;
    }
    let (counts, events) = app.events_of(boss.get("/api/v1/server/counts")).await;
    assert_eq!(events, [""; 0]);
    let counted = |count: u64| json!({ "count": count, "capped": false });
    let expected = json!({
        "users": counted(2),
        "sessions": counted(2),
        "api_keys": counted(0),
        "lockouts": counted(1),
        "mails": counted(0),
        "as_of": boss.get("/api/v1/users").await.data(200)["as_of"],
    });
    assert_eq!(counts.data(200), expected);
    // Whoever is switched off has no session; who did so has one.
    app.set_status("ada", latchkey::domain::user::Status::Suspended).await;
    assert_eq!(boss.get("/api/v1/server/counts").await.data(200)["sessions"], counted(2));
}
