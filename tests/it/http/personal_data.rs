//! All that is held of somebody, as one document.

use std::time::Duration;

use latchkey::domain::limit::Class;
use latchkey::domain::role::Role;
use serde_json::{Value, json};

use crate::harness::{LoggedIn, PASSWORD, TestApp, shipped_limits, text_at};
use crate::http::sms_factor::{NUMBER, with_phone};

const PATH: &str = "/api/v1/users/me/export";
const EVENTS: &str = "/api/v1/users/me/events";

fn list<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    document[name].as_array().unwrap_or_else(|| panic!("no {name}: {document:#}"))
}

#[tokio::test]
async fn the_owner_gets_all_that_is_held_and_no_secret() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let stranger = app.anonymous().header("user-agent", "Mosaic/1");
    stranger.log_in("ada", "a wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    let ada = app.log_in("ada").await;
    let key = ada.make_key_with(&["metrics:write"], json!({ "name": "Roof" })).await;
    let eve = app.log_in("eve").await;
    let id = app.account("ada").unwrap().id.to_string();
    app.put_resource("policies/of-eve", "eve", "policies:update").await;
    let reset = json!({ "email": "ada@example.com" });
    app.anonymous().post("/api/v1/auth/password-reset/initiate", reset).await.data(200);
    let (answer, events) = app.events_of(ada.get(PATH)).await;
    assert_eq!(events, ["user.exported success"]);
    let document = answer.data(200);
    assert_eq!(
        (text_at(&document, "/user/id"), text_at(&document, "/user/email")),
        (id, "ada@example.com".into())
    );
    assert_eq!(document["password_set_at"], "2027-01-15T08:00:00.000Z");
    let sessions = list(&document, "sessions");
    assert_eq!((sessions.len(), &sessions[0]["current"]), (1, &json!(true)));
    assert_eq!(list(&document, "api_keys")[0]["name"], "Roof");
    assert_eq!(list(&document, "mails")[0]["kind"], "reset_password");
    let acts: Vec<_> = list(&document, "audit_logs").iter().map(|log| text_at(log, "/action")).collect();
    let expected =
        ["password.reset_requested", "api_key.created", "login.succeeded", "login.failed", "user.registered"];
    assert_eq!(acts, expected);
    let failed = &list(&document, "audit_logs")[3];
    assert_eq!((&failed["user_agent"], &failed["ip_address"]), (&json!("Mosaic/1"), &json!("198.51.100.7")));
    assert_eq!(document["cut"], json!([]));
    for secret in [&key.key, &ada.access, &ada.refresh, "$argon2", "lkp_", "eve@example.com"] {
        assert!(!answer.text.contains(secret), "{secret}");
    }
    assert!(eve.is_in().await);
}

#[tokio::test]
async fn the_phone_and_what_one_owns_and_was_granted_are_in_it() {
    let app = TestApp::with_sms().with_user("ada").await.with_user("eve").await;
    let ada = with_phone(&app).await;
    app.put_resource("policies/of-ada", "ada", "policies:update").await;
    let eve = app.log_in("eve").await;
    app.set_roles("eve", &[Role::Manager]).await;
    app.put_resource("policies/of-eve", "eve", "policies:update").await;
    eve.grant("policies/of-eve", "ada", "policies:read").await.data(201);
    let document = ada.get(PATH).await.data(200);
    assert_eq!(document["phone_number"], NUMBER);
    assert_eq!(document["mfa"]["factors"][0]["type"], "sms");
    assert_eq!(list(&document, "resources")[0]["resource"], "policies/of-ada");
    let granted = json!({ "resource": "policies/of-eve", "permission": "policies:read" });
    assert!(list(&document, "grants").contains(&granted), "{:#}", document["grants"]);
    let document = eve.get(PATH).await.data(200);
    assert_eq!(document["mfa"]["factors"], json!([]));
    assert!(document.get("phone_number").is_none());
}

/// The document goes to the person: who the administrator was is not the person's.
#[tokio::test]
async fn what_an_administrator_did_is_told_without_who_that_was() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let app = app.with_user("ada").await;
    let boss = app.anonymous().at("192.0.2.9").header("user-agent", "Netscape/4");
    let boss = boss.header("x-audit-note", "a ticket").header("authorization", &{
        let tokens = app.anonymous().at("192.0.2.9").log_in("boss", PASSWORD).await.data(200);
        format!("Bearer {}", text_at(&tokens, "/access_token"))
    });
    let id = app.account("ada").unwrap().id;
    boss.post(&format!("/api/v1/users/{id}/logout-all"), json!({})).await.data(200);
    let answer = app.log_in("ada").await.get(PATH).await;
    let document = answer.data(200);
    let ended = list(&document, "audit_logs").iter().find(|log| log["action"] == "session.all_ended");
    let ended = ended.unwrap();
    assert_eq!(ended["reason"], "administrator");
    for name in ["actor_id", "ip_address", "user_agent", "note"] {
        assert!(ended.get(name).is_none(), "{ended:#}");
    }
    let boss_id = app.account("boss").unwrap().id.to_string();
    for trace in ["192.0.2.9", "Netscape", "a ticket", &boss_id] {
        assert!(!answer.text.contains(trace), "{trace}");
    }
}

/// The same rule as in the document, and no proof: where one is logged in is told without one, too.
#[tokio::test]
async fn what_happened_is_listed_page_by_page_and_names_nobody_else() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let app = app.with_user("ada").await;
    app.log_in("ada").await;
    let all_of_ada = format!("/api/v1/users/{}/logout-all", app.id_of("ada"));
    app.log_in("boss").await.post(&all_of_ada, json!({})).await.data(200);
    let login = app.anonymous().header("user-agent", "Mosaic/1").log_in("ada", PASSWORD).await;
    let ada = LoggedIn::with(&app, &login.data(200));
    let (answer, events) = app.events_of(ada.get(EVENTS)).await;
    assert_eq!(events, [""; 0]);
    let whole = answer.data(200);
    let acts: Vec<_> = list(&whole, "logs").iter().map(|log| text_at(log, "/action")).collect();
    assert_eq!(acts, ["login.succeeded", "session.all_ended", "login.succeeded", "user.registered"]);
    assert_eq!(list(&whole, "logs")[0]["user_agent"], "Mosaic/1");
    assert!(!answer.text.contains(&app.id_of("boss")) && list(&whole, "logs")[1].get("ip_address").is_none());
    let document = ada.get(PATH).await.data(200);
    assert_eq!(list(&whole, "logs"), list(&document, "audit_logs"));
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..2 {
        let page = ada.get(&format!("{EVENTS}?limit=3{cursor}")).await.data(200);
        found.extend(list(&page, "logs").iter().map(|log| text_at(log, "/action")));
        cursor = page
            .get("next_cursor")
            .map(|_| format!("&cursor={}", text_at(&page, "/next_cursor")))
            .unwrap_or_default();
    }
    assert_eq!(found[0], "user.exported");
    assert_eq!((&found[1..], cursor.as_str()), (&acts[..], ""));
    for bad in ["cursor=x", "limit=0", "limit=101"] {
        ada.get(&format!("{EVENTS}?{bad}")).await.refused(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn older_events_come_page_by_page() {
    let app = TestApp::unlimited().with_user("ada").await;
    for _ in 0..510 {
        app.log_in("ada").await;
    }
    let ada = app.log_in("ada").await;
    let first = ada.get(PATH).await.data(200);
    let before = text_at(&first, "/next_before");
    let last = ada.get(&format!("{PATH}?before={before}")).await.data(200);
    assert!(last.get("next_before").is_none());
    let ids: std::collections::BTreeSet<_> = [&first, &last]
        .iter()
        .flat_map(|page| list(page, "audit_logs"))
        .map(|log| text_at(log, "/id"))
        .collect();
    assert_eq!((list(&first, "audit_logs").len(), ids.len()), (500, 512), "each once");
    ada.get(&format!("{PATH}?before=x")).await.refused(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn an_export_needs_a_fresh_proof() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.advance(Duration::from_secs(59 * 60));
    let ada = LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    app.advance(Duration::from_secs(2 * 60));
    let (answer, events) = app.events_of(ada.get(PATH)).await;
    answer.refused(401, "STEP_UP_REQUIRED");
    assert_eq!(events, [""; 0]);
    ada.post("/api/v1/auth/step-up", json!({ "password": PASSWORD })).await.data(200);
    ada.get(PATH).await.data(200);
}

#[tokio::test]
async fn exports_are_limited_by_account() {
    let app = TestApp::with_policy(|policy| {
        *policy.limits.budgets.get_mut(Class::Export) = *shipped_limits().budgets.get(Class::Export);
    });
    let app = app.with_user("ada").await.with_user("eve").await;
    let (ada, eve) = (app.log_in("ada").await, app.log_in("eve").await);
    for _ in 0..10 {
        ada.get(PATH).await.data(200);
    }
    let (answer, events) = app.events_of(ada.get(PATH)).await;
    answer.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(events, [""; 0]);
    eve.get(PATH).await.data(200);
}

#[tokio::test]
async fn an_administrator_exports_for_somebody_who_does_not_outrank_them() {
    let app = TestApp::new();
    app.add("root", Role::SuperAdmin).await;
    app.add("boss", Role::Admin).await;
    let app = app.with_user("ada").await;
    app.log_in("ada").await;
    let (boss, ada) = (app.log_in("boss").await, app.account("ada").unwrap().id);
    let of = |id: &str| format!("/api/v1/users/{id}/export");
    let (answer, events) = app.events_of(boss.get(&of(&ada.to_string()))).await;
    assert_eq!(events, ["user.exported success"]);
    let document = answer.data(200);
    assert_eq!(text_at(&document, "/user/username"), "ada");
    assert_eq!(list(&document, "sessions")[0]["current"], false);
    let record = app.records().pop().unwrap();
    assert_eq!(
        (record.actor, record.subject),
        (Some(*app.account("boss").unwrap().id.as_bytes()), Some(*ada.as_bytes()),)
    );
    let root = app.account("root").unwrap().id.to_string();
    let (answer, events) = app.events_of(boss.get(&of(&root))).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied outranked"]);
    for id in ["x", "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11"] {
        boss.get(&of(id)).await.refused(404, "NOT_FOUND");
    }
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(ada.get(&of(&root))).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "audit:read");
    assert_eq!(events, ["access.denied denied permission_missing"]);
}
