//! The trading profile, rule by rule: API keys.

use latchkey::crypto::digest::{sha256, to_hex};
use poem::http::Method;
use serde_json::{Value, json};

use super::trading_actor::{HOME, at, bearer, holder, is, says, send, with_everybody, with_token};
use crate::harness::{Anonymous, START, TestApp, text_at};

async fn make(caller: &Anonymous<'_>, more: Value) -> Value {
    let mut form = json!({ "name": "Bot" });
    form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = caller.post(&at("/api-keys"), form).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

async fn key(caller: &Anonymous<'_>, more: Value) -> String {
    text_at(&make(caller, more).await, "/api_key")
}

/// T12, T13, T14, T15, T16.
#[tokio::test]
async fn a_new_key_names_its_owner_and_reads_signals() {
    let app = TestApp::new().with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    let (made, events) = app.events_of(make(&ada, json!({}))).await;
    assert_eq!(events, ["api_key.created success"]);
    let names: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["api_key", "created_at", "key_hash", "name", "permissions"]);
    let text = text_at(&made, "/api_key");
    let owner = app.account("ada").unwrap().id.to_string();
    let secret = text.strip_prefix(&format!("ts_{}_", &owner[..8])).unwrap();
    assert_eq!(secret.len(), 43);
    assert!(secret.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_')));
    assert_eq!(made["key_hash"], to_hex(&sha256(text.as_bytes())));
    assert_eq!(made["permissions"], json!(["read:signals"]));
    assert_eq!(made["created_at"].as_f64().unwrap() as i64, START.seconds());
    let program = holder(&app, &text);
    assert_eq!(program.get(&at("/signals")).await.json(), json!({ "signals": "signal data" }));
    for header in [("x-api-key", text.clone()), ("authorization", format!("Bearer {text}"))] {
        let program = app.anonymous().header(header.0, &header.1);
        assert_eq!(program.get(&at("/signals")).await.status, 200, "X29");
    }
    says(&holder(&app, "ts_00000000_nonsense").get(&at("/signals")).await, 401, "Invalid API key");
}

/// T14, T16, T17: a list has no text of a key, and its use shows.
#[tokio::test]
async fn keys_are_listed_without_their_text_and_with_their_last_use() {
    let app = TestApp::new().with_user("ada").await.with_user("bob").await;
    let (ada, bob) = (with_token(&app, "ada").await, with_token(&app, "bob").await);
    let made = make(&ada, json!({ "ip_whitelist": ["203.0.113.7", "192.0.2.0/24"] })).await;
    let text = text_at(&made, "/api_key");
    let list = ada.get(&at("/api-keys")).await;
    assert!(!list.text.contains(&text), "{}", list.text);
    let expected = json!([{
        "name": "Bot", "permissions": ["read:signals"], "created_at": made["created_at"], "last_used": null,
        "is_active": true, "ip_whitelist": ["203.0.113.7", "192.0.2.0/24"], "key_hash": made["key_hash"],
    }]);
    assert_eq!(list.json(), expected);
    assert_eq!(holder(&app, &text).at(HOME).get(&at("/signals")).await.status, 200);
    assert_eq!(ada.get(&at("/api-keys")).await.json()[0]["last_used"], made["created_at"]);
    assert_eq!(bob.get(&at("/api-keys")).await.json(), json!([]));
}

/// T18.
#[tokio::test]
async fn a_revoked_key_opens_nothing_and_is_gone() {
    let app = TestApp::new().with_user("ada").await.with_user("bob").await;
    let (ada, bob) = (with_token(&app, "ada").await, with_token(&app, "bob").await);
    let made = make(&ada, json!({})).await;
    let path = at(&format!("/api-keys/{}", text_at(&made, "/key_hash")));
    says(&bob.delete(&path).await, 404, "There is no such API key.");
    let (answer, events) = app.events_of(ada.delete(&path)).await;
    is(&answer, 200, json!({ "success": true }));
    assert_eq!(events, ["api_key.revoked success"]);
    says(&holder(&app, &text_at(&made, "/api_key")).get(&at("/signals")).await, 401, "Invalid API key");
    assert_eq!(ada.get(&at("/api-keys")).await.json(), json!([]));
    for gone in [path, at("/api-keys/nonsense")] {
        says(&ada.delete(&gone).await, 404, "There is no such API key.");
    }
}

/// T19, T22.
#[tokio::test]
async fn the_permissions_of_a_key_bound_it_and_can_be_changed() {
    let app = TestApp::new().with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    let made = make(&ada, json!({})).await;
    let program = holder(&app, &text_at(&made, "/api_key"));
    let post = || send(&program, Method::POST, "/signals", json!({}));
    says(&post().await, 403, "Permission 'create:signals' required");
    let mine = program.get(&at("/permissions")).await.json();
    assert_eq!(mine, json!({ "role": "user", "permissions": ["read:signals"] }));
    let path = format!("/api-keys/{}", text_at(&made, "/key_hash"));
    let change = |all: Value| {
        let (ada, path) = (&ada, &path);
        async move { send(ada, Method::PATCH, path, json!({ "permissions": all })).await }
    };
    is(&change(json!(["create:signals"])).await, 200, json!({ "success": true }));
    assert_eq!(post().await.status, 201);
    says(&program.get(&at("/signals")).await, 403, "Permission 'read:signals' required");
    assert_eq!(change(json!(["signals:read"])).await.status, 422);
    let other =
        send(&ada, Method::PATCH, "/api-keys/nonsense", json!({ "permissions": ["read:signals"] })).await;
    says(&other, 404, "There is no such API key.");
}

/// T22, G54: nobody makes a key that may do more than they do.
#[tokio::test]
async fn a_key_is_not_given_what_its_owner_lacks() {
    let app = with_everybody().await;
    for (name, lacks) in [("ada", "delete:signals"), ("ada", "system:admin"), ("boss", "delete:users")] {
        let caller = with_token(&app, name).await;
        let form = json!({ "name": "Bot", "permissions": ["read:signals", lacks] });
        let (answer, events) = app.events_of(caller.post(&at("/api-keys"), form)).await;
        says(&answer, 403, &format!("Permission '{lacks}' required"));
        assert_eq!(events, ["access.denied denied permission_missing"]);
    }
    let root = with_token(&app, "root").await;
    let all: Vec<_> = latchkey::domain::profile::trading::TradingPermission::ALL.map(|own| own.name()).into();
    assert_eq!(make(&root, json!({ "permissions": all })).await["permissions"], json!(all));
}

/// T20.
#[tokio::test]
async fn a_key_with_addresses_is_good_there_alone() {
    let app = TestApp::new().with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    let bound = key(&ada, json!({ "ip_whitelist": [HOME] })).await;
    let free = key(&ada, json!({ "ip_whitelist": [] })).await;
    let signals = at("/signals");
    assert_eq!(holder(&app, &bound).at(HOME).get(&signals).await.status, 200);
    assert_eq!(holder(&app, &free).at("192.0.2.1").get(&signals).await.status, 200);
    let (answer, events) = app.events_of(holder(&app, &bound).at("203.0.113.8").get(&signals)).await;
    says(&answer, 401, "Invalid API key");
    assert_eq!(events, ["access.denied denied address_not_allowed"]);
    let bad = json!({ "name": "Bot", "ip_whitelist": ["somewhere"] });
    assert_eq!(ada.post(&at("/api-keys"), bad).await.status, 422);
}

/// T21, X31.
#[tokio::test]
async fn a_key_has_a_limit_of_its_own_of_a_thousand_an_hour_unless_it_says_otherwise() {
    let app = TestApp::new().with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    let usual = holder(&app, &key(&ada, json!({})).await).get(&at("/signals")).await;
    assert_eq!(usual.header("x-ratelimit-limit"), Some("1000"));
    assert!(usual.header("ratelimit-policy").unwrap().ends_with(";w=3600"));
    let few = key(&ada, json!({ "rate_limit": { "requests": 2, "window": 60 } })).await;
    for expected in [200, 200, 429] {
        assert_eq!(holder(&app, &few).get(&at("/signals")).await.status, expected);
    }
}

/// Keys are for programs: they make no keys, end no session and change no role.
#[tokio::test]
async fn a_key_is_no_session() {
    let app = with_everybody().await;
    let root = with_token(&app, "root").await;
    let program = holder(&app, &key(&root, json!({ "permissions": ["system:admin"] })).await);
    for (method, path) in [
        (Method::GET, "/api-keys"),
        (Method::GET, "/sessions"),
        (Method::POST, "/mfa/setup"),
        (Method::POST, "/sessions/cleanup"),
        (Method::PUT, "/users/1/role"),
    ] {
        let answer = send(&program, method, path, json!({ "role": "user" })).await;
        says(&answer, 403, "This takes the access token of a session.");
    }
    let stranger = bearer(&app, "nonsense").get(&at("/api-keys")).await;
    says(&stranger, 401, "Invalid token: Invalid token");
}
