//! Questions about tokens: RFC 7662, with R26, R27, R33, R35 and R53 as a service sees them.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::services::api_key::usage::write_uses;
use serde_json::{Value, json};

use crate::harness::{INTROSPECT, LoggedIn, TestApp, decoded, forged, text_at};

async fn staffed() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app
}

/// RFC 7662, 2.2.
#[tokio::test]
async fn a_good_access_token_is_told_with_what_it_allows_now() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    let (found, events) = app.events_of(service.introspected(&format!("token={}", ada.access))).await;
    let claims = decoded(&ada.access).1;
    let expected = json!({
        "active": true,
        "scope": "policies:read metrics:create metrics:read metrics:update costs:read integrations:read",
        "username": "ada",
        "token_type": "Bearer",
        "exp": 1_800_003_600,
        "iat": 1_800_000_000,
        "sub": app.account("ada").unwrap().id.to_string(),
        "aud": "latchkey",
        "iss": "https://auth.example.com",
        "jti": claims["jti"],
        "sid": claims["sid"],
    });
    assert_eq!((found, events), (expected, vec![]), "a question is no event");

    app.set_roles("ada", &[Role::Viewer]).await;
    let found = service.introspected(&format!("token={}&token_type_hint=access_token", ada.access)).await;
    assert_eq!(found["scope"], "policies:read metrics:read costs:read integrations:read", "R35");
    app.set_roles("ada", &[]).await;
    assert_eq!(service.introspected(&format!("token={}", ada.access)).await["scope"], "");
}

#[tokio::test]
async fn a_role_without_its_second_factor_allows_nothing() {
    let app = TestApp::with_policy(|policy| policy.factor.required_for = vec![Role::Manager]);
    app.add("mia", Role::Manager).await;
    app.add("boss", Role::Admin).await;
    let (mia, boss) = (app.log_in("mia").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    let found = service.introspected(&format!("token={}", mia.access)).await;
    assert_eq!((&found["active"], &found["scope"]), (&json!(true), &json!("")));
}

/// RFC 7662, 2.2: of a token that is not good nothing is told, and least of all why.
#[tokio::test]
async fn whatever_is_not_good_now_is_not_active_and_nothing_else_is_said() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    let (header, claims) = decoded(&ada.access);
    let mut other = claims.clone();
    other["iss"] = json!("https://evil.example");
    let (wrong_issuer, none) =
        (forged(&header, &other), forged(&json!({ "alg": "none", "typ": "JWT" }), &claims));
    let mut nobody = claims.clone();
    nobody["sid"] = nobody["jti"].clone();
    for dead in [
        "x",
        "mF_9.B5f-4.1JqM",
        &"x".repeat(20_000),
        &ada.refresh,
        &ada.access[..ada.access.len() - 1],
        &wrong_issuer,
        &none,
        &forged(&header, &nobody),
        &service.secret,
        "lk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwch9RCU",
    ] {
        assert!(!service.finds_active(dead).await, "{dead}");
    }
    assert!(service.finds_active(&forged(&header, &claims)).await, "the forger has the secret");

    let ends = [("logout", "/api/v1/auth/logout"), ("all", "/api/v1/auth/logout-all")];
    for (what, path) in ends {
        let ada = app.log_in("ada").await;
        assert!(service.finds_active(&ada.access).await);
        ada.post(path, json!({})).await.data(200);
        assert!(!service.finds_active(&ada.access).await, "{what}");
    }
    let ada = app.log_in("ada").await;
    app.advance(Duration::from_secs(3_599));
    assert!(service.finds_active(&ada.access).await);
    app.advance(Duration::from_secs(1));
    assert!(!service.finds_active(&ada.access).await, "expired");

    let ada = app.log_in("ada").await;
    app.set_status("ada", Status::Suspended).await;
    assert!(!service.finds_active(&ada.access).await, "R33");
    app.set_status("ada", Status::Active).await;
    assert!(!service.finds_active(&ada.access).await, "for good");
}

/// R26: a resource server that passes on what it was shown must not take a refresh token for an access token.
#[tokio::test]
async fn a_refresh_token_is_good_only_for_who_asks_for_one() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    let hinted = |token: &str| format!("token={token}&token_type_hint=refresh_token");
    let found = service.introspected(&hinted(&ada.refresh)).await;
    let claims = decoded(&ada.refresh).1;
    assert_eq!((&found["active"], &found["token_type"]), (&json!(true), &json!("refresh_token")));
    for name in ["jti", "sid", "exp", "iat"] {
        assert_eq!(found[name], claims[name], "{name}");
    }
    for hint in ["", "&token_type_hint=", "&token_type_hint=access_token", "&token_type_hint=whatever"] {
        let found = service.introspected(&format!("token={}{hint}", ada.refresh)).await;
        assert_eq!(found, json!({ "active": false }), "{hint}");
    }
    let found = service.introspected(&hinted(&ada.access)).await;
    assert_eq!(
        (&found["active"], &found["token_type"]),
        (&json!(true), &json!("Bearer")),
        "a hint is a hint"
    );

    let next = LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    let is_good = async |token: &str| service.introspected(&hinted(token)).await["active"] == true;
    assert!(is_good(&ada.refresh).await && is_good(&next.refresh).await, "a retry would be answered");
    app.advance(Duration::from_secs(11));
    assert!(!is_good(&ada.refresh).await && is_good(&next.refresh).await, "the grace is over");
    assert!(next.is_in().await, "asking is no use: the family lives");
}

/// R53, and nothing of it is a use of the key.
#[tokio::test]
async fn an_api_key_is_judged_as_if_it_were_used_and_is_not_used() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    let key = ada
        .make_key_with(&["metrics:write", "costs:read"], json!({ "expires_at": "2027-01-15T09:00:00Z" }))
        .await;
    let found = service.introspected(&format!("token={}", key.key)).await;
    let expected = json!({
        "active": true,
        "scope": "metrics:create metrics:update costs:read",
        "username": "ada",
        "token_type": "api_key",
        "exp": 1_800_003_600,
        "iat": 1_800_000_000,
        "sub": app.account("ada").unwrap().id.to_string(),
        "iss": "https://auth.example.com",
        "jti": key.id,
    });
    assert_eq!(found, expected);
    write_uses(&app.services).await.unwrap();
    let keys = ada.get("/api/v1/users/me/api-keys").await.data(200);
    assert!(keys["api_keys"][0]["last_used_at"].is_null(), "{keys}");

    app.set_roles("ada", &[Role::Viewer]).await;
    assert_eq!(service.introspected(&format!("token={}", key.key)).await["scope"], "costs:read");
    let rotated =
        ada.post(&format!("{}/rotate", key.place()), json!({ "grace_seconds": 60 })).await.data(200);
    let found = service.introspected(&format!("token={}", key.key)).await;
    assert_eq!(
        (&found["exp"], &found["iat"]),
        (&json!(1_800_000_060), &Value::Null),
        "until its grace is over"
    );
    app.advance(Duration::from_secs(60));
    assert!(!service.finds_active(&key.key).await);
    let next = text_at(&rotated, "/api_key");
    assert!(service.finds_active(&next).await);
    app.advance(Duration::from_secs(3_540));
    assert!(!service.finds_active(&next).await, "expired");
}

/// R54 at a service: the list of networks means something only where the address is known.
#[tokio::test]
async fn a_key_for_some_networks_is_good_only_from_an_address_of_theirs() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    let key = ada.make_key_with(&["metrics:read"], json!({ "ip_allowlist": ["203.0.113.0/24"] })).await.key;
    let asked = async |ip: &str| {
        let form = format!("token={key}&client_ip={ip}");
        let (found, events) = app.events_of(service.introspected(&form)).await;
        (found["active"] == true, events)
    };
    let elsewhere = || vec!["access.denied denied address_not_allowed".to_owned()];
    assert_eq!(asked("203.0.113.7").await, (true, vec![]));
    assert_eq!(asked("%3A%3Affff%3A203.0.113.7").await, (true, vec![]));
    assert_eq!(asked("198.51.100.7").await, (false, elsewhere()));
    assert_eq!(asked("").await, (false, vec![]), "it was not said from where");
    let answer = service.post_form(INTROSPECT, &format!("token={key}&client_ip=here")).await;
    answer.told(400, "invalid_request");
}

#[tokio::test]
async fn a_canary_is_dead_for_services_too_and_rings() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    let bait = ada.make_key_with(&["metrics:read"], json!({ "canary": true })).await.key;
    let (is_active, events) = app.events_of(service.finds_active(&bait)).await;
    assert!(!is_active);
    assert_eq!(events, ["access.denied denied canary_used"]);
    let acts = boss.get("/api/v1/audit/suspicious").await.data(200);
    assert!(acts.to_string().contains("canary_used"), "{acts}");
}
