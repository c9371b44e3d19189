//! The pynomaly profile, rule by rule: API keys and what they open.

use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use super::pynomaly::{at, blames, says, session};
use crate::harness::{Anonymous, Answer, START, TestApp, text_at};

/// The body of the guide, but for its date, which is over.
fn form() -> Value {
    json!({
        "name": "Production API Key",
        "scopes": ["detection:read", "detection:write", "health:read"],
        "expires_at": START.plus(Duration::from_secs(3_600)).to_string(),
    })
}

async fn with_boss() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app
}

async fn make(boss: &Anonymous<'_>, scopes: &[&str]) -> (String, String) {
    let answer = boss.post(&at("/api-keys"), json!({ "name": "Sensor", "scopes": scopes })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    (text_at(&answer.json(), "/id"), text_at(&answer.json(), "/api_key"))
}

fn holding<'a>(app: &'a TestApp, key: &str) -> Anonymous<'a> {
    app.anonymous().header("x-api-key", key)
}

/// The sample resources in the order of the guide's scopes.
async fn tried(holder: &Anonymous<'_>) -> [Answer; 3] {
    [
        holder.get(&at("/detection")).await,
        holder.post(&at("/detection"), json!({ "data": [[1.0, 2.0]], "algorithm": "any" })).await,
        holder.get(&at("/health")).await,
    ]
}

/// P10, P12.
#[tokio::test]
async fn an_administrator_makes_a_key_that_opens_what_its_scopes_say() {
    let app = with_boss().await;
    let boss = session(&app, "boss").await;
    let (answer, events) = app.events_of(boss.post(&at("/api-keys"), form())).await;
    assert_eq!((answer.status.as_u16(), events), (201, vec!["api_key.created success".to_owned()]));
    let key = answer.json();
    let names: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["api_key", "created_at", "expires_at", "id", "name", "scopes"]);
    assert_eq!((&key["name"], &key["scopes"]), (&form()["name"], &form()["scopes"]));
    assert_eq!(key["expires_at"], form()["expires_at"]);
    let text = text_at(&key, "/api_key");
    assert!(text.starts_with("pyn_"), "{text}");
    let [read, written, health] = tried(&holding(&app, &text)).await;
    assert_eq!([read.status, written.status, health.status], [200, 201, 200]);
    assert_eq!(written.json(), json!({ "data": [[1.0, 2.0]], "algorithm": "any" }));
    assert_eq!(health.json()["status"], "healthy");
}

/// P11: nobody else makes, sees or revokes keys here.
#[tokio::test]
async fn keys_are_for_administrators() {
    let app = with_boss().await;
    let boss = session(&app, "boss").await;
    let (id, key) = make(&boss, &["detection:read"]).await;
    for role in [Role::Viewer, Role::Developer, Role::Manager] {
        app.set_roles("ada", &[role]).await;
        let ada = session(&app, "ada").await;
        let (answer, events) = app.events_of(ada.post(&at("/api-keys"), form())).await;
        says(&answer, 403, "Insufficient permissions");
        assert_eq!(events, ["access.denied denied permission_missing"], "{role}");
        says(&ada.get(&at("/api-keys")).await, 403, "Insufficient permissions");
        says(&ada.delete(&at(&format!("/api-keys/{id}"))).await, 403, "Insufficient permissions");
    }
    let by_key = holding(&app, &key).post(&at("/api-keys"), form()).await;
    assert_eq!(by_key.status, 403, "{}", by_key.text);
    // The rule is this guide's: at the door of the others everybody makes their own.
    app.set_roles("ada", &[Role::Developer]).await;
    app.log_in("ada").await.make_key(&["metrics:read"]).await;
}

/// P13.
#[tokio::test]
async fn a_scope_that_a_key_does_not_hold_answers_403() {
    let app = with_boss().await;
    let boss = session(&app, "boss").await;
    for (scope, open) in [("detection:read", 0), ("detection:write", 1), ("health:read", 2)] {
        let (_, key) = make(&boss, &[scope]).await;
        for (place, answer) in tried(&holding(&app, &key)).await.iter().enumerate() {
            if place == open {
                assert!(answer.status.is_success(), "{scope}: {}", answer.text);
            } else {
                says(answer, 403, "Insufficient permissions");
            }
        }
    }
}

/// P14, P15.
#[tokio::test]
async fn an_unknown_an_expired_and_a_revoked_key_answer_401() {
    let app = with_boss().await;
    let boss = session(&app, "boss").await;
    says(&holding(&app, "pyn_nonsense").get(&at("/health")).await, 401, "Invalid API key");
    says(&app.anonymous().get(&at("/health")).await, 401, "Authentication required");
    let key = text_at(&boss.post(&at("/api-keys"), form()).await.json(), "/api_key");
    app.advance(Duration::from_secs(3_599));
    assert_eq!(holding(&app, &key).get(&at("/health")).await.status, 200);
    app.advance(Duration::from_secs(1));
    says(&holding(&app, &key).get(&at("/health")).await, 401, "Invalid API key");
}

/// P16, with the guide's own date. And other fields that are not acceptable.
#[tokio::test]
async fn a_key_that_is_over_before_it_begins_is_refused() {
    let app = with_boss().await;
    let boss = session(&app, "boss").await;
    for (field, value) in [
        ("expires_at", json!("2024-12-31T23:59:59Z")),
        ("expires_at", json!(START.to_string())),
        ("expires_at", json!("soon")),
        ("scopes", json!(["detection:everything"])),
        ("scopes", json!([])),
        ("name", json!("")),
    ] {
        let mut bad = form();
        bad[field] = value;
        let (answer, events) = app.events_of(boss.post(&at("/api-keys"), bad)).await;
        blames(&answer, field);
        assert_eq!(events, [""; 0]);
    }
}

/// P33.
#[tokio::test]
async fn keys_are_listed_without_their_text_and_revoked() {
    let app = with_boss().await;
    let boss = session(&app, "boss").await;
    let (id, key) = make(&boss, &["health:read"]).await;
    let page = boss.get(&at("/api-keys?limit=10")).await.json();
    let listed = &page["api_keys"][0];
    assert_eq!((&listed["id"], &listed["scopes"]), (&json!(id), &json!(["health:read"])));
    assert!(key.starts_with(listed["prefix"].as_str().unwrap()) && !page.to_string().contains(&key));
    assert!(page["as_of"].is_string() && page["next_cursor"].is_null(), "{page:#}");
    let path = at(&format!("/api-keys/{id}"));
    let (answer, events) = app.events_of(boss.delete(&path)).await;
    assert_eq!(answer.json(), json!({ "message": "API key revoked successfully" }));
    assert_eq!(events, ["api_key.revoked success"]);
    says(&holding(&app, &key).get(&at("/health")).await, 401, "Invalid API key");
    for gone in [path, at("/api-keys/nonsense")] {
        says(&boss.delete(&gone).await, 404, "There is no such API key.");
    }
}

/// P27: where administrators must have a second factor, one without makes no key.
#[tokio::test]
async fn an_administrator_who_lacks_the_demanded_factor_makes_no_key() {
    let app = TestApp::with_policy(|policy| policy.factor.required_for = vec![Role::Admin]);
    app.add("boss", Role::Admin).await;
    let boss = session(&app, "boss").await;
    let (answer, events) = app.events_of(boss.post(&at("/api-keys"), form())).await;
    says(&answer, 403, "Your role needs a second factor for this. Set one up first.");
    assert_eq!(events, ["access.denied denied mfa_required"]);
}

/// X29: one record, whatever its prefix and wherever it was made.
#[tokio::test]
async fn a_key_of_another_door_opens_here_and_is_shown_in_the_words_of_the_guide() {
    let app = with_boss().await;
    let made = app.log_in("boss").await.make_key(&["metrics:read", "audit:read"]).await.key;
    let [read, written, _] = tried(&holding(&app, &made)).await;
    assert_eq!([read.status, written.status], [200, 403]);
    let boss = session(&app, "boss").await;
    let page = boss.get(&at("/api-keys")).await.json();
    assert_eq!(page["api_keys"][0]["scopes"], json!(["detection:read", "audit:read"]));
}
