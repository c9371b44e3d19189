//! Looking up why requests were denied: who may, how they are found, and what is supposed.

use std::time::Duration;

use latchkey::domain::operation::{OPERATIONS, Operation, Who};
use latchkey::domain::role::Role;
use latchkey::domain::time::Timestamp;
use latchkey::domain::user::Status;
use latchkey::http::OPENAPI;
use latchkey::services::explain::keeping;
use latchkey::store::trace::{self, Wanted};
use serde_json::{Value, json};

use super::access::{GUARDED, call, operations};
use super::lockout::fail;
use super::user_creation::staffed;
use crate::harness::{Anonymous, TestApp, text_at};

pub(super) const PATH: &str = "/api/v1/explain";
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

pub(super) async fn found(caller: &Anonymous<'_>, query: &str) -> Vec<String> {
    let page = caller.get(&format!("{PATH}?{query}")).await.data(200);
    page["requests"].as_array().unwrap().iter().map(|request| text_at(request, "/request_id")).collect()
}

/// A wrong password of `name` from `from`, in the request `id`.
pub(super) async fn deny(app: &TestApp, (id, name, from): (&str, &str, &str)) {
    let stranger = app.anonymous().at(from).header("x-request-id", id);
    stranger.log_in(name, "wrong password").await.refused(401, "AUTHENTICATION_FAILED");
}

pub(super) fn kept(app: &TestApp) -> usize {
    usize::try_from(app.services.read(|read| trace::count(read)).unwrap()).unwrap()
}

#[tokio::test]
async fn denials_are_found_by_account_address_request_and_time_page_by_page() {
    let app = staffed().await;
    for (n, (name, from)) in
        [("ada", "192.0.2.1"), ("boss", "192.0.2.2"), ("ada", "192.0.2.2"), ("nobody", "192.0.2.1")]
            .into_iter()
            .enumerate()
    {
        deny(&app, (&format!("r{n}"), name, from)).await;
        app.advance(HOUR);
    }
    let root = app.in_session_of("root").await;
    let ada = app.account("ada").unwrap().id.to_string();
    for (query, expected) in [
        ("", &["r3", "r2", "r1", "r0"][..]),
        ("user=ada", &["r2", "r0"]),
        ("user=ADA@example.com", &["r2", "r0"]),
        (&format!("user={ada}"), &["r2", "r0"]),
        ("address=192.0.2.1", &["r3", "r0"]),
        ("address=192.0.2.2&user=ada", &["r2"]),
        ("request_id=r1", &["r1"]),
        ("since=2027-01-15T10:00:00Z", &["r3", "r2"]),
        ("address=198.51.100.99", &[]),
    ] {
        assert_eq!(found(&root, query).await, expected, "{query}");
    }
    let page = root.get(&format!("{PATH}?limit=3")).await.data(200);
    let next = text_at(&page, "/next_cursor");
    assert_eq!(found(&root, &format!("limit=3&cursor={next}")).await, ["r0"]);
    root.get(&format!("{PATH}?user=nobody")).await.refused(404, "NOT_FOUND");
    for bad in ["address=x", "since=x", "cursor=x", "limit=0"] {
        root.get(&format!("{PATH}?{bad}")).await.refused(400, "VALIDATION_ERROR");
    }
    let (_, events) = app.events_of(root.get(&format!("{PATH}/r1"))).await;
    assert_eq!(events, ["diagnosis.request success request"]);
    let (_, events) = app.events_of(root.get(&format!("{PATH}?user=ada"))).await;
    assert_eq!(events, ["diagnosis.request success search"]);
}

#[tokio::test]
async fn without_the_permission_nothing_is_told_and_what_is_not_kept_says_so() {
    let app = staffed().await;
    deny(&app, ("r0", "ada", "192.0.2.1")).await;
    let (ada, root) = (app.log_in("ada").await, app.in_session_of("root").await);
    for path in [format!("{PATH}/r0"), PATH.to_owned()] {
        let (answer, events) = app.events_of(ada.get(&path)).await;
        answer.refused(403, "FORBIDDEN");
        assert_eq!(events, ["access.denied denied permission_missing"]);
    }
    let (answer, events) = app.events_of(root.get(&format!("{PATH}/other"))).await;
    let error = answer.refused(404, "NOT_FOUND");
    assert!(text_at(&error, "/message").starts_with("Nothing is kept of this request"), "{error}");
    assert_eq!(events, ["diagnosis.request success request"]);
    // What was refused here is explained as well.
    assert_eq!(found(&root, "user=ada").await.len(), 3);
}

/// A client chooses the id of its request, and may choose one that was used.
#[tokio::test]
async fn requests_of_one_id_are_all_told_newest_first_and_none_hides_another() {
    let app = staffed().await;
    deny(&app, ("same", "ada", "192.0.2.1")).await;
    for _ in 0..30 {
        app.advance(Duration::from_secs(1));
        app.anonymous()
            .header("x-request-id", "same")
            .get("/api/v1/users")
            .await
            .refused(401, "UNAUTHORIZED");
    }
    let root = app.in_session_of("root").await;
    let told = root.get(&format!("{PATH}/same")).await.data(200);
    assert_eq!(told["requests"].as_array().unwrap().len(), 20);
    assert_eq!(
        told["requests"][0]["steps"].as_array().unwrap().last().unwrap()["name"],
        "credential_missing"
    );
    assert_eq!(
        found(&root, "request_id=same&user=ada").await,
        ["same"],
        "the other one is found by its account"
    );
}

/// R85, and what the audit log holds of people.
#[tokio::test]
async fn a_trace_holds_no_secret_and_what_tells_of_a_person_is_sealed_under_their_key() {
    let app = staffed().await;
    app.anonymous().at("192.0.2.77").log_in("ada@example.com", "planted password one").await;
    app.anonymous().log_in("planted-name@example.com", "planted password two").await;
    app.anonymous().header("authorization", "Bearer planted.token.three").get("/api/v1/users").await;
    app.anonymous().header("x-api-key", "lk_planted_key_four").get("/api/v1/users").await;
    app.second_step("planted-handle-five", "864209").await;
    app.verify("planted-link-six").await;
    app.anonymous().refresh("planted.refresh.seven").await;
    keeping::write(&app.services).await.unwrap();
    assert_eq!(kept(&app), 7);
    for needle in ["planted", "864209", "192.0.2.77", "ada@example.com"] {
        let is_there = app.services.read(|read| {
            let wanted = Wanted { tags: &[], since: Timestamp::EPOCH, before: None, limit: 100 };
            let all = trace::list(read, &wanted)?;
            Ok(all.iter().any(|kept| format!("{kept:?}").contains(needle)))
        });
        assert!(!is_there.unwrap(), "{needle}");
    }
    let root = app.in_session_of("root").await;
    let told = root.get(&format!("{PATH}?user=ada")).await.data(200);
    assert_eq!(told["requests"][0]["ip_address"], "192.0.2.77");
    let id = text_at(&told, "/requests/0/id");
    let account = app.account("ada").unwrap().id;
    root.delete(&format!("/api/v1/users/{account}")).await.data(200);
    let told = root.get(PATH).await.data(200);
    let of = told["requests"].as_array().unwrap().iter().find(|request| request["id"] == id.as_str());
    assert_eq!(of.unwrap().get("ip_address"), None, "{told:#}");
}

async fn supposed(caller: &Anonymous<'_>, user: &str, request: &str, from: &str) -> (String, String) {
    let (method, path) = request.split_once(' ').unwrap();
    let body = json!({ "user": user, "method": method, "path": path, "ip_address": from });
    let told = caller.post(&format!("{PATH}/simulate"), body).await.data(200);
    let last = told["steps"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["verdict"], told["verdict"], "{told:#}");
    (text_at(&told, "/verdict"), text_at(&last, "/name"))
}

const LOGIN: &str = "POST /api/v1/auth/login";

#[tokio::test]
async fn a_simulation_says_what_would_happen_and_why() {
    let app = staffed().await;
    app.anonymous().register("zoe@example.com").await.data(201);
    fail(&app, "203.0.113.1", "ada", 5).await;
    let phone = app.enrol(&app.log_in("boss").await).await;
    let root = app.in_session_of("root").await;
    let id = app.account("ada").unwrap().id;
    for (user, request, from, expected) in [
        ("boss", LOGIN, "192.0.2.1", ("passed", "allowed")),
        ("ada", LOGIN, "192.0.2.1", ("passed", "allowed")),
        ("ada", LOGIN, "203.0.113.1", ("limited", "locked_network")),
        (&id.to_string(), LOGIN, "192.0.2.1", ("passed", "allowed")),
        ("nobody", LOGIN, "192.0.2.1", ("denied", "user_unknown")),
        ("zoe@example.com", LOGIN, "192.0.2.1", ("denied", "email_not_verified")),
        ("ada", "GET /api/v1/users", "192.0.2.1", ("denied", "permission_missing")),
        ("boss", "GET /api/v1/users", "192.0.2.1", ("passed", "allowed")),
        ("ada", &format!("GET /api/v1/users/{id}"), "192.0.2.1", ("passed", "allowed")),
        ("boss", "DELETE /api/v1/users/me", "192.0.2.1", ("passed", "allowed")),
        ("ada", "GET /health", "192.0.2.1", ("passed", "allowed")),
        ("ada", "POST /oauth/introspect", "192.0.2.1", ("denied", "services_only")),
        ("ada", "GET /nowhere", "192.0.2.1", ("denied", "no_operation")),
        ("nobody", "GET /api/v1/users", "192.0.2.1", ("denied", "user_unknown")),
    ] {
        let (verdict, last) = supposed(&root, user, request, from).await;
        assert_eq!((verdict.as_str(), last.as_str()), expected, "{user} {request} {from}");
    }
    let body =
        json!({ "user": "a".repeat(321), "method": "GET", "path": "/health", "ip_address": "192.0.2.1" });
    let refused = root.post(&format!("{PATH}/simulate"), body).await;
    assert_eq!(refused.refused(400, "VALIDATION_ERROR")["details"]["field"], "user");
    app.set_status("ada", Status::Suspended).await;
    assert_eq!(supposed(&root, "ada", LOGIN, "192.0.2.1").await.1, "account_off");
    assert_eq!(supposed(&root, "ada", "GET /api/v1/auth/me", "192.0.2.1").await.1, "account_off");
    assert!(!phone.backup_codes.is_empty());
}

/// Not one byte, not one count.
#[tokio::test]
async fn a_simulation_changes_nothing() {
    let app = staffed().await;
    fail(&app, "203.0.113.1", "ada", 4).await;
    let root = app.in_session_of("root").await;
    supposed(&root, "ada", LOGIN, "203.0.113.1").await;
    let seen = |app: &TestApp| {
        let limits = &app.services.limits;
        let classes = latchkey::domain::limit::Class::ALL;
        let spent = classes.map(|class| (limits.entries(class), limits.refused(class)));
        let lockouts = (app.services.lockouts.entries(), app.services.lockouts.refused());
        (app.rows(), app.records().len(), app.hashes(), (spent, lockouts), app.services.traces.left_out())
    };
    let before = seen(&app);
    for (user, request) in [
        ("ada", LOGIN),
        ("nobody", LOGIN),
        ("ada", "GET /api/v1/users"),
        ("boss", "DELETE /api/v1/users/me"),
        ("ada", "POST /api/v1/auth/register"),
    ] {
        for _ in 0..30 {
            supposed(&root, user, request, "203.0.113.1").await;
        }
    }
    assert!(before == seen(&app));
    // The fifth wrong one locks, as if nobody had asked.
    assert_eq!(supposed(&root, "ada", LOGIN, "203.0.113.1").await.1, "allowed");
    fail(&app, "203.0.113.1", "ada", 1).await;
    assert_eq!(supposed(&root, "ada", LOGIN, "203.0.113.1").await.1, "locked_network");
}

#[test]
fn the_table_of_operations_is_that_of_the_description() {
    let spec: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut described = Vec::new();
    for (path, operations) in spec["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let method = method.to_ascii_uppercase();
            let found = Operation::find(&method, path);
            let found = found.unwrap_or_else(|| panic!("{method} {path} is not in the table"));
            let schemes: Vec<_> = operation["security"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|scheme| scheme.as_object().unwrap().keys().cloned())
                .collect();
            let has = |name: &str| schemes.iter().any(|scheme| scheme == name);
            let expected = match found.who {
                Who::Everybody | Who::Counted(_) => schemes.is_empty(),
                Who::Services => has("Service"),
                Who::People => has("Bearer") && !has("ApiKey"),
                Who::Callers => has("Bearer") && has("ApiKey"),
            };
            assert!(expected, "{method} {path}: {:?} {schemes:?}", found.who);
            described.push((method, path.clone()));
        }
    }
    assert_eq!(described.len(), OPERATIONS.len());
    for (at, one) in OPERATIONS.iter().enumerate() {
        assert!(
            OPERATIONS.iter().skip(at + 1).all(|other| (other.method, other.path) != (one.method, one.path))
        );
    }
}

/// Every operation and every role: the refusal for want of a permission, for real and as it is foretold.
#[tokio::test]
async fn what_is_foretold_of_permissions_is_what_the_server_does() {
    let app = TestApp::new();
    for role in Role::ALL {
        app.add(role.name(), role).await;
    }
    app.add("oracle", Role::SuperAdmin).await;
    let oracle = app.in_session_of("oracle").await;
    let target = app.account("viewer").unwrap().id.to_string();
    for (method, path, id) in operations() {
        let operation = Operation::find(method.as_str(), &path).unwrap();
        let body = GUARDED.iter().find(|row| row.0 == id).map(|row| row.1);
        let Some(body) = body.filter(|_| operation.needs.or(operation.of_others).is_some()) else { continue };
        let path = path
            .replace("dead-letters/{id}", "dead-letters/1-0")
            .replace("{id}", &target)
            .replace("{role_id}", &target);
        let path = path.replace("{kind}", "totp").replace("{permission}", "audit:delete");
        let path = path.replace("{request_id}", "none");
        let query = if operation.of_others.is_some() { format!("?user_id={target}") } else { String::new() };
        for role in [Role::Developer, Role::Manager, Role::Admin] {
            let caller = app.in_session_of(role.name()).await;
            let answer =
                call(&caller, &method, &format!("{path}{query}"), &body.replace("{id}", &target)).await;
            let (_, last) = supposed(&oracle, role.name(), &format!("{method} {path}"), "192.0.2.1").await;
            let is_missing = answer.text.contains("required_permission");
            assert_eq!(last == "permission_missing", is_missing, "{role} {id}: {}", answer.text);
        }
    }
}
