//! What API keys open: rules G49 to G51, P12 to P15, T12, T17, T20 to T22, X29; SECURITY R18, R26, R52 to R54.

use std::time::Duration;

use latchkey::domain::limit::Budget;
use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::http::OPENAPI;
use latchkey::services::api_key::usage::write_uses;
use poem::http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, KEYS, KeyHolder, LoggedIn, TestApp, filled, shipped_limits, text_at};

const INGEST: &str = "/api/v1/metrics/ingest";
const ME: &str = "/api/v1/auth/me";
const USERS: &str = "/api/v1/users";

fn measurement() -> Value {
    json!({ "provider": "openai", "model": "gpt-4", "tokens_input": 150, "tokens_output": 75 })
}

/// G49, G50, P12, P13, T22: and nothing beyond the scope.
#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_no_more() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let (writer, reader) = (ada.make_key(&["metrics:write"]).await, ada.make_key(&["metrics:read"]).await);
    let (answer, events) = app.events_of(writer.post(INGEST, measurement())).await;
    assert_eq!((answer.data(201), events.len()), (measurement(), 0), "a use is no event");
    let (answer, events) = app.events_of(reader.post(INGEST, measurement())).await;
    let error = answer.refused(403, "FORBIDDEN");
    let details = json!({ "required_permission": "metrics:create", "user_permissions": ["metrics:read"] });
    assert_eq!(error["details"], details);
    assert_eq!(events, ["access.denied denied permission_missing"]);
    let record = app.records().pop().unwrap();
    assert!(record.detail.contains(&("api_key".to_owned(), reader.id.clone())), "{:?}", record.detail);
    writer.get(USERS).await.refused(403, "FORBIDDEN");
    ada.post(INGEST, measurement()).await.data(201);
}

/// T12, X29.
#[tokio::test]
async fn a_key_is_taken_in_three_headers_one_at_a_time() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let key = ada.make_key(&["metrics:write"]).await.key;
    let ways = [
        ("x-api-key", key.clone()),
        ("authorization", format!("ApiKey {key}")),
        ("authorization", format!("Bearer {key}")),
    ];
    for (name, value) in &ways {
        app.anonymous().header(name, value).post(INGEST, measurement()).await.data(201);
    }
    for (first, second) in [(0, 0), (0, 1), (0, 2), (1, 2)] {
        let both =
            app.anonymous().header(ways[first].0, &ways[first].1).header(ways[second].0, &ways[second].1);
        both.post(INGEST, measurement()).await.refused(401, "TOKEN_INVALID");
    }
    let both =
        app.anonymous().header("authorization", &format!("Bearer {}", ada.access)).header("x-api-key", &key);
    both.get(ME).await.refused(401, "TOKEN_INVALID");
    app.anonymous().get(&format!("{ME}?api_key={key}")).await.refused(401, "UNAUTHORIZED");
    app.anonymous().header("cookie", &format!("api_key={key}")).get(ME).await.refused(401, "UNAUTHORIZED");
}

/// G51, P14, R26: and all of them alike.
#[tokio::test]
async fn what_is_no_live_key_is_refused_in_one_way() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let key = ada.make_key(&["metrics:write"]).await;
    let elsewhere = ada.make_key_with(&["metrics:write"], json!({ "ip_allowlist": ["192.0.2.1"] })).await;
    let canary = ada.make_key_with(&["metrics:write"], json!({ "canary": true })).await;
    let gone = ada.make_key(&["metrics:write"]).await;
    ada.delete(&gone.place()).await.data(200);
    let text = &key.key;
    let unknown = "lk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwch9RCU";
    let mut shown = Vec::new();
    for bad in [
        unknown,
        &gone.key,
        &elsewhere.key,
        &canary.key,
        "x",
        "lk_",
        &text[..50],
        &text.to_uppercase(),
        &format!("{text}A"),
        &text.replacen("lk_", "pyn_", 1),
        &"lk_".repeat(3_000),
        &ada.access,
        &ada.refresh,
    ] {
        let answer = app.anonymous().header("x-api-key", bad).post(INGEST, measurement()).await;
        let mut error = answer.refused(401, "TOKEN_INVALID");
        error.as_object_mut().unwrap().remove("request_id");
        shown.push((error, answer.header("www-authenticate").map(str::to_owned)));
    }
    assert!(shown.iter().all(|one| *one == shown[0]), "{shown:#?}");
    assert_eq!(shown[0].0["message"], "Invalid API key");
    for wrong_door in [format!("Bearer {}", ada.refresh), format!("ApiKey {}", ada.access)] {
        app.anonymous().header("authorization", &wrong_door).get(ME).await.refused(401, "TOKEN_INVALID");
    }
    assert!(key.is_in().await);
}

/// R53: deny by default, swept over the whole description.
#[tokio::test]
async fn a_key_of_a_super_administrator_opens_only_the_listed_operations() {
    const OPEN_TO_KEYS: [&str; 55] = [
        "me",
        "list_users",
        "update_user",
        "list_audit_logs",
        "list_suspicious",
        "follow_events",
        "stats",
        "list_outbox",
        "list_api_keys",
        "list_user_factors",
        "list_user_sessions",
        "list_user_api_keys",
        "retry_mail",
        "delete_mail",
        "list_webhooks",
        "test_webhook",
        "resume_webhook",
        "list_dead_letters",
        "redeliver_event",
        "drop_event",
        "acknowledge_suspicious",
        "list_all_sessions",
        "end_any_session",
        "end_sessions",
        "list_lockouts",
        "explain_lockout",
        "lift_lockout",
        "list_limits",
        "server",
        "server_config",
        "server_counts",
        "look_up_users",
        "list_incidents",
        "try_lockout_rules",
        "diagnose_login",
        "test_token",
        "test_mfa",
        "security_report",
        "register_resource",
        "list_resources",
        "find_resource",
        "remove_resource",
        "hand_over_resource",
        "add_grant",
        "list_grants",
        "remove_grant",
        "check_authz",
        "get_user",
        "user_permissions",
        "list_roles",
        "get_role",
        "list_services",
        "list_signing_keys",
        "introspect_token",
        "revoke_token",
    ];
    let app = TestApp::new();
    app.add("root", Role::SuperAdmin).await;
    let root = app.log_in("root").await;
    let scopes = ["users", "policies", "metrics", "costs", "audit", "integrations"]
        .map(|it| ["read", "write", "delete"].map(|act| format!("{it}:{act}")))
        .concat();
    let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
    let key = root.make_key(&scopes).await;
    let spec: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut opened = Vec::new();
    for (path, operations) in spec["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation.get("security").is_none() {
                continue;
            }
            let id = text_at(operation, "/operationId");
            let path = filled(path);
            let method: Method = method.to_ascii_uppercase().parse().unwrap();
            let (answer, events) = app.events_of(key.raw(method, &path, None, "")).await;
            let takes_keys = operation["security"].to_string().contains("ApiKey");
            assert_eq!(takes_keys, OPEN_TO_KEYS.contains(&id.as_str()), "{id}");
            if takes_keys {
                assert!(![401, 403].contains(&answer.status.as_u16()), "{id}: {}", answer.text);
                opened.push(id);
            } else {
                let error = answer.refused(403, "FORBIDDEN");
                assert_eq!(error["details"]["reason"], "session_required", "{id}");
                assert_eq!(events, ["access.denied denied session_required"], "{id}");
            }
        }
    }
    assert_eq!(opened.len(), OPEN_TO_KEYS.len(), "{opened:?}");
    assert_eq!(root.get(KEYS).await.data(200)["api_keys"].as_array().unwrap().len(), 1);
}

/// R53, R35: scopes and what the owner may do now, whichever is less.
#[tokio::test]
async fn a_key_loses_what_its_owner_loses_at_once() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    let key = boss.make_key(&["users:write", "metrics:write"]).await;
    let place = format!("{USERS}/019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11");
    key.put(&place, json!({ "name": "New Name" })).await.refused(404, "NOT_FOUND");
    app.set_roles("boss", &[Role::Developer]).await;
    let error = key.put(&place, json!({ "name": "New Name" })).await.refused(403, "FORBIDDEN");
    assert_eq!(error["details"]["user_permissions"], json!(["metrics:create", "metrics:update"]));
    key.post(INGEST, measurement()).await.data(201);
}

/// R33, R52: for good, as its sessions are.
#[tokio::test]
async fn a_key_dies_when_its_owner_is_switched_off() {
    for off in [Status::Suspended, Status::Inactive] {
        let app = TestApp::new().with_user("ada").await.with_user("eve").await;
        let (ada, eve) = (app.log_in("ada").await, app.log_in("eve").await);
        let (of_ada, of_eve) = (ada.make_key(&["metrics:read"]).await, eve.make_key(&["metrics:read"]).await);
        app.set_status("ada", off).await;
        assert_eq!([of_ada.is_in().await, of_eve.is_in().await], [false, true]);
        app.set_status("ada", Status::Active).await;
        assert!(!of_ada.is_in().await, "ended is ended");
        let ada = app.log_in("ada").await;
        assert_eq!(ada.get(KEYS).await.data(200)["api_keys"], json!([]));
        assert!(ada.make_key(&["metrics:read"]).await.is_in().await);
    }
}

/// A key is for machines: its owner's comings and goings do not concern it.
#[tokio::test]
async fn a_key_outlives_its_owners_sessions() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let key = ada.make_key(&["metrics:read"]).await;
    ada.post("/api/v1/auth/logout-all", json!({})).await.data(200);
    assert!(key.is_in().await);
    let (key, id) = (key.key.clone(), key.id.clone());
    let app = app.restarted();
    assert!(KeyHolder::with(&app, &json!({ "api_key": key, "id": id })).is_in().await);
}

/// T20, R16, R17, R54: the client's address is the real one.
#[tokio::test]
async fn a_list_of_networks_is_held_against_the_real_client() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let allowed = json!({ "ip_allowlist": ["192.0.2.0/24", "2001:db8::/32"] });
    let key = ada.make_key_with(&["metrics:write"], allowed).await.key;
    let at = |peer: &str| app.anonymous().at(peer).header("x-api-key", &key);
    for good in ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::9"] {
        at(good).get(ME).await.data(200);
    }
    at("10.0.0.1").header("x-forwarded-for", "192.0.2.8").get(ME).await.data(200);
    for lie in [at("203.0.113.9").header("x-forwarded-for", "192.0.2.8"), at("203.0.113.9"), at("10.0.0.1")] {
        let (answer, events) = app.events_of(lie.get(ME)).await;
        answer.refused(401, "TOKEN_INVALID");
        assert_eq!(events, ["access.denied denied address_not_allowed"]);
    }
}

#[tokio::test]
async fn a_canary_looks_like_an_unknown_key_and_is_seen_inside() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let canary = ada.make_key_with(&["metrics:write"], json!({ "canary": true })).await;
    let thief =
        app.anonymous().at("203.0.113.9").header("x-api-key", &canary.key).header("user-agent", "Thief/1");
    for answer in [thief.get(ME), thief.get("/api/v1/auth/sessions")] {
        let (answer, events) = app.events_of(answer).await;
        assert_eq!(answer.refused(401, "TOKEN_INVALID")["message"], "Invalid API key");
        assert_eq!(events, ["access.denied denied canary_used"]);
    }
    let seen = boss.get("/api/v1/audit/suspicious").await.data(200)["events"].clone();
    assert_eq!((seen.as_array().unwrap().len(), text_at(&seen, "/0/type")), (2, "canary_used".to_owned()));
    assert_eq!(text_at(&seen, "/0/user_id"), app.account("ada").unwrap().id.to_string());
    assert_eq!(text_at(&seen, "/0/details/api_key"), canary.id);
    assert_eq!(text_at(&seen, "/0/details/ip_address"), "203.0.113.9");
    assert!(ada.get(KEYS).await.data(200)["api_keys"][0]["last_used_at"].is_null(), "nothing was opened");
}

fn limited(change: impl FnOnce(&mut latchkey::services::Policy)) -> TestApp {
    TestApp::with_policy(|policy| {
        policy.limits = shipped_limits();
        change(policy);
    })
}

#[track_caller]
fn left(answer: &Answer) -> (&str, &str, &str) {
    let header = |name| answer.header(name).unwrap();
    (header("x-ratelimit-limit"), header("x-ratelimit-remaining"), header("ratelimit-policy"))
}

/// T21: a thousand an hour as shipped, for each key alone; and a key may have its own.
#[tokio::test]
async fn each_key_has_a_limit_of_its_own() {
    let app = limited(|_| {}).with_user("ada").await;
    let ada = app.log_in("ada").await;
    let usual = ada.make_key(&["metrics:read"]).await;
    let own = json!({ "rate_limit": 2, "rate_limit_period": 60 });
    let (slow, other) = (
        ada.make_key_with(&["metrics:read"], own.clone()).await,
        ada.make_key_with(&["metrics:read"], own).await,
    );
    assert_eq!(left(&usual.get(ME).await), ("1000", "999", "\"api_key\";q=1000;w=3600"));
    assert_eq!(left(&slow.get(ME).await), ("2", "1", "\"api_key\";q=2;w=60"));
    assert_eq!(left(&slow.get(ME).await), ("2", "0", "\"api_key\";q=2;w=60"));
    let refused = slow.get(ME).await;
    refused.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!((left(&refused).1, refused.header("retry-after")), ("0", Some("30")));
    other.get(ME).await.data(200);
    usual.get(ME).await.data(200);
    ada.get(ME).await.data(200);
    app.advance(Duration::from_secs(30));
    slow.get(ME).await.data(200);
    let keys = ada.get(KEYS).await.data(200)["api_keys"].clone();
    let shown = keys.as_array().unwrap().iter().find(|key| key["id"] == usual.id).unwrap();
    assert_eq!((&shown["rate_limit"], &shown["rate_limit_period"]), (&json!(1_000), &json!(3_600)));
}

/// R18: guesses cost the address that makes them, canaries and wrong addresses too, and nobody makes the server write
/// without end.
#[tokio::test]
async fn guesses_of_keys_are_limited_by_address() {
    let app = limited(|policy| {
        let anonymous = policy.limits.budgets.get_mut(latchkey::services::limits::Class::Anonymous);
        *anonymous = Budget::new(3, Duration::from_secs(60)).unwrap();
    });
    let app = app.with_user("ada").await;
    let ada = app.log_in("ada").await;
    let canary = ada.make_key_with(&["metrics:read"], json!({ "canary": true })).await.key;
    let good = ada.make_key(&["metrics:read"]).await.key;
    let guess = |key: &str| app.anonymous().at("203.0.113.9").header("x-api-key", key);
    for bad in ["lk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwch9RCU", "nonsense", &canary] {
        guess(bad).get(ME).await.refused(401, "TOKEN_INVALID");
    }
    let (answer, events) = app.events_of(guess(&canary).get(ME)).await;
    answer.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(events, [""; 0]);
    guess(&good).get(ME).await.data(200);
}

async fn last_used(caller: &LoggedIn<'_>) -> Value {
    caller.get(KEYS).await.data(200)["api_keys"][0]["last_used_at"].clone()
}

/// T17: seen at once, written later, and never on the way of a request.
#[tokio::test]
async fn the_last_use_is_seen_at_once_and_written_by_the_job() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let key = ada.make_key(&["metrics:read"]).await;
    assert_eq!(last_used(&ada).await, Value::Null);
    let id = key.id.parse().unwrap();
    let stored =
        || app.services.read(|read| latchkey::store::api_key::by_id(read, id)).unwrap().unwrap().last_used_at;
    app.advance(Duration::from_secs(5));
    assert!(key.is_in().await);
    assert_eq!((last_used(&ada).await, stored()), (json!("2027-01-15T08:00:05.000Z"), None));
    write_uses(&app.services).await.unwrap();
    assert_eq!((last_used(&ada).await, stored()), (json!("2027-01-15T08:00:05.000Z"), Some(app.clock_now())));
    let (_, events) = app.events_of(write_uses(&app.services)).await;
    assert_eq!(events, [""; 0]);
    app.advance(Duration::from_secs(5));
    assert!(key.is_in().await);
    ada.put(&key.place(), json!({ "name": "Changed" })).await.data(200);
    write_uses(&app.services).await.unwrap();
    assert_eq!(stored(), Some(app.clock_now()));
    assert_eq!(ada.get(KEYS).await.data(200)["api_keys"][0]["name"], "Changed");
    assert!(key.is_in().await);
    ada.delete(&key.place()).await.data(200);
    write_uses(&app.services).await.unwrap();
    assert_eq!(ada.get(KEYS).await.data(200)["api_keys"], json!([]));
}
