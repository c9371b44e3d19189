//! Closed unless listed as open: every operation of the reviewed description, each role, each trick.

use std::collections::BTreeSet;

use latchkey::domain::role::Role;
use latchkey::http::OPENAPI;
use poem::http::Method;
use serde_json::Value;

use crate::harness::{Anonymous, Answer, LoggedIn, TestApp, filled, text_at};

/// The operations that strangers may call.
pub const OPEN: [&str; 20] = [
    "register",
    "verify_email",
    "resend_verification",
    "request_password_reset",
    "reset_password",
    "set_up",
    "login",
    "open_session",
    "send_sms",
    "validate_password",
    "verify_mfa",
    "refresh",
    "health",
    "health_live",
    "health_ready",
    "jwks",
    "oauth_metadata",
    "list_providers",
    "begin_oauth",
    "finish_oauth",
];

/// The operations that registered services may call, and API keys: their tables are in `introspection_client` and `revocation`.
pub const FOR_SERVICES: [&str; 2] = ["introspect_token", "revoke_token"];

/// What an operation answers to whoever is logged in as viewer, developer, manager, admin and super admin. The test
/// below fails for an operation of the description without a row here, and for a row without an operation.
///
/// `{id}` is an account of a viewer, or for `/roles/{id}` a custom role that the account has, and `{role_id}` too.
pub const GUARDED: [(&str, &str, [u16; 5]); 109] = [
    ("change_password", r#"{"current_password":"x","new_password":"a new password"}"#, [401; 5]),
    ("logout", "", [200; 5]),
    ("logout_all", "", [200; 5]),
    ("list_sessions", "", [200; 5]),
    ("this_session", "", [200; 5]),
    ("refresh_session", "", [409; 5]),
    ("end_session", "", [404; 5]),
    ("mfa_status", "", [200; 5]),
    ("set_up_mfa", "", [200; 5]),
    ("mfa_qr", "", [400; 5]),
    ("mfa_debug", "", [400; 5]),
    ("enable_mfa", r#"{"code":"123456"}"#, [400; 5]),
    ("disable_mfa", r#"{"password":"x"}"#, [400; 5]),
    ("renew_backup_codes", r#"{"password":"x"}"#, [400; 5]),
    ("me", "", [200; 5]),
    ("step_up", r#"{"password":"x"}"#, [401; 5]),
    ("sms_status", "", [200; 5]),
    ("set_up_sms", r#"{"phone_number":"x"}"#, [400; 5]),
    ("enable_sms", r#"{"code":"123456"}"#, [400; 5]),
    ("disable_sms", r#"{"password":"x"}"#, [400; 5]),
    ("send_step_up_sms", "", [400; 5]),
    ("change_email", r#"{"new_email":"x"}"#, [400; 5]),
    ("delete_me", "", [200, 200, 200, 200, 409]),
    ("export_me", "", [200; 5]),
    ("list_own_events", "", [200; 5]),
    ("update_me", r#"{"name":"New Name"}"#, [200; 5]),
    ("export_user", "", [403, 403, 403, 200, 200]),
    ("list_identities", "", [200; 5]),
    ("link_identity", r#"{"provider":"x"}"#, [404; 5]),
    ("unlink_identity", "", [404; 5]),
    ("list_users", "", [403, 403, 200, 200, 200]),
    ("update_user", r#"{"name":"New Name"}"#, [403, 403, 403, 200, 200]),
    ("create_user", r#"{"email":"new@example.com","name":"New Name"}"#, [403, 403, 403, 201, 409]),
    ("delete_user", "", [403, 403, 403, 200, 200]),
    ("invite_user", "", [403, 403, 403, 409, 409]),
    ("force_password_reset", "", [403, 403, 403, 200, 200]),
    ("logout_user", "", [403, 403, 403, 200, 200]),
    ("unlock_user", "", [403, 403, 403, 200, 200]),
    ("list_user_factors", "", [403, 403, 200, 200, 200]),
    ("remove_user_factor", "", [403, 403, 403, 404, 404]),
    ("list_user_sessions", "", [403, 403, 403, 200, 200]),
    ("list_user_api_keys", "", [403, 403, 403, 200, 200]),
    ("get_user", "", [403, 403, 200, 200, 200]),
    ("user_permissions", "", [403, 403, 200, 200, 200]),
    ("list_roles", "", [200; 5]),
    ("get_role", "", [200; 5]),
    ("create_role", r#"{"name":"x","permissions":[]}"#, [403, 403, 403, 400, 400]),
    ("update_role", r#"{"description":"x"}"#, [403, 403, 403, 200, 200]),
    ("delete_role", "", [403, 403, 403, 409, 409]),
    ("take_role", "", [403, 403, 403, 200, 404]),
    ("give_role", "", [403, 403, 403, 200, 200]),
    ("give_permission", r#"{"permission":"audit:delete"}"#, [403, 403, 403, 403, 200]),
    // Now the account holds what an admin lacks, so it outranks one.
    ("take_permission", "", [403, 403, 403, 403, 200]),
    ("create_api_key", r#"{"name":"x","scopes":["metrics:write"]}"#, [403, 201, 201, 201, 201]),
    ("list_own_api_keys", "", [200; 5]),
    ("update_api_key", "{}", [404; 5]),
    ("rotate_api_key", "{}", [404; 5]),
    ("revoke_api_key", "", [404; 5]),
    ("list_api_keys", "", [403, 403, 403, 200, 200]),
    ("revoke_any_api_key", "", [403, 403, 403, 404, 404]),
    ("list_audit_logs", "", [403, 403, 403, 200, 200]),
    ("list_suspicious", "", [403, 403, 403, 200, 200]),
    ("follow_events", "", [403, 403, 403, 200, 200]),
    ("stats", "", [403, 403, 403, 200, 200]),
    ("diagnose_login", r#"{"username":"x","password":"x"}"#, [403, 403, 403, 200, 200]),
    ("explain_request", "", [403, 403, 403, 404, 404]),
    ("list_explained", "", [403, 403, 403, 200, 200]),
    (
        "simulate_request",
        r#"{"user":"x","method":"GET","path":"/api/v1/users","ip_address":"192.0.2.1"}"#,
        [403, 403, 403, 200, 200],
    ),
    ("test_token", r#"{"token":"x"}"#, [200; 5]),
    ("test_mfa", "", [200; 5]),
    ("security_report", "", [200; 5]),
    ("create_service", r#"{"name":"x"}"#, [403, 403, 403, 201, 201]),
    ("list_services", "", [403, 403, 403, 200, 200]),
    ("list_signing_keys", "", [403, 403, 403, 200, 200]),
    ("rotate_signing_keys", r#"{}"#, [403, 403, 403, 409, 409]),
    ("rotate_service", "{}", [403, 403, 403, 404, 404]),
    ("delete_service", "", [403, 403, 403, 404, 404]),
    ("list_outbox", "", [403, 403, 403, 200, 200]),
    ("retry_mail", "", [403, 403, 403, 404, 404]),
    ("delete_mail", "", [403, 403, 403, 404, 404]),
    ("list_webhooks", "", [403, 403, 403, 200, 200]),
    ("test_webhook", "", [403, 403, 403, 404, 404]),
    ("resume_webhook", "", [403, 403, 403, 404, 404]),
    ("list_dead_letters", "", [403, 403, 403, 404, 404]),
    ("redeliver_event", "", [403, 403, 403, 404, 404]),
    ("drop_event", "", [403, 403, 403, 404, 404]),
    ("acknowledge_suspicious", "", [403, 403, 403, 404, 404]),
    ("list_all_sessions", "", [403, 403, 403, 200, 200]),
    ("end_any_session", "", [403, 403, 403, 404, 404]),
    ("end_sessions", r#"{"ids":["019a1f0c-9d20-7b11-8a52-5d1f2c3b4a59"]}"#, [403, 403, 403, 200, 200]),
    ("list_lockouts", "", [403, 403, 403, 200, 200]),
    ("explain_lockout", "", [403, 403, 403, 404, 404]),
    ("lift_lockout", "", [403, 403, 403, 404, 404]),
    ("list_limits", "", [403, 403, 403, 200, 200]),
    ("server", "", [403, 403, 403, 200, 200]),
    ("server_counts", "", [403, 403, 403, 200, 200]),
    ("look_up_users", "", [403, 403, 200, 200, 200]),
    ("server_config", "", [403, 403, 403, 200, 200]),
    ("list_incidents", "", [403, 403, 403, 200, 200]),
    ("try_lockout_rules", "", [403, 403, 403, 200, 200]),
    ("register_resource", r#"{"resource":"policies/new"}"#, [403, 403, 201, 409, 409]),
    ("list_resources", "", [200; 5]),
    ("find_resource", "", [404, 404, 200, 200, 200]),
    ("remove_resource", "", [404, 404, 200, 200, 200]),
    ("hand_over_resource", r#"{"user_id":"{id}"}"#, [404, 404, 403, 200, 200]),
    ("add_grant", r#"{"user_id":"{id}","permission":"policies:update"}"#, [404, 404, 201, 201, 201]),
    ("list_grants", "", [404, 404, 200, 200, 200]),
    ("remove_grant", "", [404, 404, 200, 200, 200]),
    ("check_authz", r#"{"permission":"policies:create"}"#, [200; 5]),
];

/// Method, path and id of every operation.
pub fn operations() -> Vec<(Method, String, String)> {
    let spec: Value = serde_json::from_str(OPENAPI).unwrap();
    let paths = spec["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap();
        operations.iter().map(|(method, operation)| {
            let method = method.to_ascii_uppercase().parse().unwrap();
            (method, path.clone(), text_at(operation, "/operationId"))
        })
    });
    all.collect()
}

pub async fn call(caller: &Anonymous<'_>, method: &Method, path: &str, body: &str) -> Answer {
    let kind = (!body.is_empty()).then_some("application/json");
    caller.raw(method.clone(), path, kind, body).await
}

#[tokio::test]
async fn every_operation_but_the_listed_few_is_closed_to_strangers() {
    let app = TestApp::new().with_user("ada").await;
    let operations = operations();
    let known: BTreeSet<_> = operations.iter().map(|(.., id)| id.as_str()).collect();
    assert!(OPEN.iter().all(|id| known.contains(id)), "an open operation is gone: {known:?}");
    for (method, path, id) in &operations {
        let path = filled(path);
        let (answer, events) = app.events_of(app.anonymous().raw(method.clone(), &path, None, "")).await;
        if OPEN.contains(&id.as_str()) {
            assert_ne!(answer.status, 401, "{id} is listed as open");
            continue;
        }
        if FOR_SERVICES.contains(&id.as_str()) {
            answer.told(401, "invalid_client");
            continue;
        }
        answer.refused(401, "UNAUTHORIZED");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{id}");
        assert_eq!(events, [""; 0], "{id}");
        for token in ["Bearer x", "Bearer ", "Basic YTpi", "Bearer eyJhbGciOiJub25lIn0.e30."] {
            let caller = app.anonymous().header("authorization", token);
            caller.raw(method.clone(), &path, None, "").await.refused(401, "TOKEN_INVALID");
        }
    }
}

#[tokio::test]
async fn every_guarded_operation_answers_each_role_as_the_table_says() {
    hold_the_table(false).await;
}

/// What a cookie and its token open is what an access token opens.
#[tokio::test]
async fn with_cookie_and_token_every_operation_answers_as_with_an_access_token() {
    hold_the_table(true).await;
}

async fn hold_the_table(by_cookie: bool) {
    let app = TestApp::new();
    for role in Role::ALL {
        app.add(role.name(), role).await;
    }
    let has_row = |id: &str| !OPEN.contains(&id) && !FOR_SERVICES.contains(&id);
    let custom = app.make_role("Reader", &["costs:read"], None).await;
    let all = operations();
    let stale = GUARDED.iter().find(|row| !all.iter().any(|(.., id)| id == row.0));
    assert_eq!(stale, None, "a row of no operation");
    for (method, path, id) in all.iter().filter(|(.., id)| has_row(id)) {
        let row = GUARDED.iter().find(|row| row.0 == id);
        let (_, body, expected) = row.unwrap_or_else(|| panic!("{id} has no row in the table"));
        let path = path.replace("/roles/{id}", &format!("/roles/{custom}")).replace("{role_id}", &custom);
        let path = path.replace("/dead-letters/{id}", "/dead-letters/1-0");
        let path = path.replace("/factors/{kind}", "/factors/totp").replace("{kind}", "policies");
        let path = path.replace("{user_id}/{permission}", "{id}/policies:update");
        let path = path.replace("{permission}", "audit:delete").replace("{request_id}", "none");
        for (role, expected) in Role::ALL.iter().zip(expected) {
            if app.account(role.name()).is_none() {
                app.add(role.name(), *role).await;
            }
            if app.account("target").is_none() {
                app.add("target", Role::Viewer).await;
                app.give_role("target", &custom).await;
            }
            let target = app.account("target").unwrap().id.to_string();
            let (path, body) = (path.replace("{id}", &target), body.replace("{id}", &target));
            app.put_resource(&format!("policies/{target}"), "target", "policies:update").await;
            let expected = if by_cookie && id == "refresh_session" { 200 } else { *expected };
            let answer = if by_cookie {
                let caller = app.browse(role.name()).await;
                call(&caller, method, &path, &body).await
            } else {
                let caller = app.log_in(role.name()).await;
                call(&caller, method, &path, &body).await
            };
            assert_eq!(answer.status, expected, "{id} by {role}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_role_is_judged_by_the_store_and_not_by_the_token() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    boss.get("/api/v1/outbox").await.data(200);
    app.set_roles("boss", &[Role::Developer]).await;
    boss.get("/api/v1/outbox").await.refused(403, "FORBIDDEN");
    let tokens = app.anonymous().refresh(&boss.refresh).await.data(200);
    let boss = LoggedIn::with(&app, &tokens);
    assert_eq!(boss.get("/api/v1/auth/me").await.data(200)["roles"], serde_json::json!(["developer"]));
}

#[tokio::test]
async fn tricks_with_paths_open_no_door() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    for path in [
        "//api/v1/users",
        "/api//v1/users",
        "/api/v1//users",
        "/api/v1/users/",
        "/api/v1/users//",
        "/api/v1/./users",
        "/api/v1/auth/../users",
        "/api/v1/auth/%2e%2e/users",
        "/api/v1/auth/..%2fusers",
        "/api/v1/users%2f",
        "/api/v1/users%00",
        "/api/v1/users;role=admin",
        "/api/v1/users.json",
        "/API/V1/USERS",
        "/api/v1/%75sers",
        "/health/../api/v1/users",
        "/healthapi/v1/users",
        "/setup/../api/v1/users",
        "/api/v1",
        "/api/",
        "/dev/mailbox",
        "/dev/clock",
        "/.env",
        "/auth.toml",
    ] {
        let bare = app.anonymous().get(path).await;
        let known = ada.get(path).await;
        for answer in [&bare, &known] {
            assert!([401, 403, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
            assert_eq!(answer.json()["success"], false, "{path}");
        }
    }
}

#[tokio::test]
async fn tricks_with_headers_open_no_door() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    for (name, value) in [
        ("x-original-url", "/api/v1/users"),
        ("x-rewrite-url", "/api/v1/users"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-user", "admin"),
        ("x-real-ip", "127.0.0.1"),
        ("x-user-id", "1"),
        ("x-role", "super_admin"),
        ("cookie", "session=admin; role=super_admin"),
    ] {
        let sneaky =
            || app.anonymous().header("authorization", &format!("Bearer {}", ada.access)).header(name, value);
        assert_eq!(text_at(&sneaky().get("/api/v1/auth/me").await.data(200), "/username"), "ada", "{name}");
        sneaky().get("/api/v1/outbox").await.refused(403, "FORBIDDEN");
        app.anonymous().header(name, value).get("/api/v1/outbox").await.refused(401, "UNAUTHORIZED");
    }
    let override_ = app.anonymous().header("authorization", &format!("Bearer {}", ada.access));
    let override_ = override_.header("x-http-method-override", "GET");
    override_.post("/api/v1/auth/me", serde_json::json!({})).await.refused(405, "METHOD_NOT_ALLOWED");
    let in_query = format!("/api/v1/auth/me?access_token={}", ada.access);
    app.anonymous().get(&in_query).await.refused(401, "UNAUTHORIZED");
    let cookie = app.anonymous().header("cookie", &format!("access_token={}", ada.access));
    cookie.get("/api/v1/auth/me").await.refused(401, "UNAUTHORIZED");
}
