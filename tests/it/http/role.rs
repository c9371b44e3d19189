//! Custom roles: making, changing and deleting them, and who may not.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::store::check::check;
use serde_json::{Value, json};

use crate::harness::{LoggedIn, TestApp, text_at};

const ROLES: &str = "/api/v1/roles";
const ME: &str = "/api/v1/auth/me";

async fn staffed() -> TestApp {
    let app = TestApp::new();
    for (name, role) in [("root", Role::SuperAdmin), ("boss", Role::Admin), ("ada", Role::Developer)] {
        app.add(name, role).await;
    }
    app
}

async fn make(caller: &LoggedIn<'_>, name: &str, permissions: &[&str], parent: &str) -> Value {
    let body = json!({ "name": name, "permissions": permissions, "parent_role_id": parent });
    caller.post(ROLES, body).await.data(201)
}

fn place(role: &Value) -> String {
    format!("{ROLES}/{}", text_at(role, "/id"))
}

/// What somebody may do, as they are told.
async fn permissions(caller: &LoggedIn<'_>) -> Vec<String> {
    let me = caller.get(ME).await.data(200);
    me["permissions"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// G69.
#[tokio::test]
async fn built_in_roles_are_listed_with_their_parents_and_stay_as_they_are() {
    let app = staffed().await;
    let (ada, root) = (app.log_in("ada").await, app.log_in("root").await);
    let list = ada.get(ROLES).await.data(200);
    let roles = list["roles"].as_array().unwrap();
    let slugs: Vec<_> = roles.iter().map(|role| text_at(role, "/slug")).collect();
    assert_eq!(slugs, ["super_admin", "admin", "manager", "developer", "viewer"]);
    for (role, parent) in roles.iter().zip(&roles[1..]) {
        assert_eq!((&role["parent_role_id"], &role["is_system"]), (&parent["id"], &json!(true)));
        let [more, less] = [role, parent].map(|role| role["permissions"].as_array().unwrap());
        assert!(more.len() > less.len() && less.iter().all(|name| more.contains(name)), "{role:#}");
    }
    assert!(roles[4].get("parent_role_id").is_none());
    assert_eq!(roles[0]["permissions"].as_array().unwrap().len(), 24);
    assert_eq!(roles[0]["name"], "Super Admin");
    let by_slug = ada.get(&format!("{ROLES}/viewer")).await.data(200);
    assert_eq!((&by_slug, &ada.get(&place(&roles[4])).await.data(200)), (&roles[4], &roles[4]));
    for role in [&roles[0], &roles[4]] {
        let change = json!({ "permissions": ["metrics:read"] });
        let (answer, events) = app.events_of(root.put(&place(role), change)).await;
        answer.refused(409, "CONFLICT");
        root.delete(&place(role)).await.refused(409, "CONFLICT");
        assert_eq!(events, [""; 0]);
    }
    assert_eq!(ada.get(ROLES).await.data(200)["roles"], list["roles"]);
}

/// G73, X14, R57.
#[tokio::test]
async fn a_custom_role_is_stored_as_given_and_listed() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let body = json!({
        "name": " Data Analyst (EU) ",
        "permissions": ["metrics:write", "costs:read", "metrics:write"],
        "description": "Counts.",
        "parent_role_id": "viewer",
    });
    let (answer, events) = app.events_of(boss.post(ROLES, body)).await;
    assert_eq!(events, ["role.created success"]);
    let role = answer.data(201);
    assert_eq!((&role["name"], &role["slug"]), (&json!("Data Analyst (EU)"), &json!("data_analyst_eu")));
    assert_eq!(role["permissions"], json!(["metrics:write", "costs:read"]));
    assert_eq!((&role["description"], &role["is_system"]), (&json!("Counts."), &json!(false)));
    assert_eq!(role["parent_role_id"], Role::Viewer.id().to_string());
    let effective = [
        "policies:read",
        "metrics:create",
        "metrics:read",
        "metrics:update",
        "costs:read",
        "integrations:read",
    ];
    assert_eq!(role["effective_permissions"], json!(effective));
    let record = app.records().pop().unwrap();
    let detail = [("role", "data_analyst_eu"), ("permissions", "metrics:write costs:read")];
    assert_eq!(record.detail, detail.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(record.actor, Some(*app.account("boss").unwrap().id.as_bytes()));
    let list = boss.get(ROLES).await.data(200);
    assert_eq!(list["roles"].as_array().unwrap().last(), Some(&role));
    assert_eq!(boss.get(&format!("{ROLES}/data_analyst_eu")).await.data(200), role);
    boss.get(&format!("{ROLES}/data-analyst")).await.refused(404, "NOT_FOUND");
    let audited = boss.get("/api/v1/audit/logs?action=role.created").await.data(200);
    assert_eq!(audited["logs"].as_array().unwrap().len(), 1);
}

/// G76, R57: each field is blamed by its name.
#[tokio::test]
async fn bad_fields_are_named() {
    let app = staffed().await;
    let root = app.log_in("root").await;
    make(&root, "Taken", &[], "").await;
    for (change, field) in [
        (json!({ "permissions": ["metrics:admin"] }), "permissions"),
        (json!({ "permissions": ["*:read"] }), "permissions"),
        (json!({ "permissions": ["metrics:read "] }), "permissions"),
        (json!({ "permissions": vec!["metrics:read"; 61] }), "permissions"),
        (json!({ "name": "x" }), "name"),
        (json!({ "name": "a\u{202e}b" }), "name"),
        (json!({ "name": "\u{7ba1}\u{7406}\u{5458}" }), "name"),
        (json!({ "name": "Super Admin" }), "name"),
        (json!({ "name": "\u{430}dm1n" }), "name"),
        (json!({ "description": "x".repeat(501) }), "description"),
        (json!({ "parent_role_id": "nobody" }), "parent_role_id"),
        (json!({ "parent_role_id": "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11" }), "parent_role_id"),
        (json!({ "slug": "x" }), "slug"),
        (json!({ "is_system": true }), "is_system"),
    ] {
        let mut body = json!({ "name": "Fine", "permissions": ["metrics:read"] });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (answer, events) = app.events_of(root.post(ROLES, body)).await;
        let error = answer.refused(400, "VALIDATION_ERROR");
        assert_eq!((&error["details"]["field"], events.len()), (&json!(field), 0), "{change}");
    }
    for name in ["Taken", "TAKEN!", "t\u{e1}ken"] {
        root.post(ROLES, json!({ "name": name, "permissions": [] })).await.refused(409, "ALREADY_EXISTS");
    }
}

/// G74, R35: a change of a role is a change of everybody who holds it, in the middle of their sessions.
#[tokio::test]
async fn a_changed_role_changes_its_holders_at_once() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let base = make(&boss, "Base", &["users:read"], "").await;
    let role = make(&boss, "Auditors", &[], "base").await;
    app.give_role("ada", &text_at(&role, "/id")).await;
    ada.get("/api/v1/users").await.data(200);
    ada.get("/api/v1/audit/logs").await.refused(403, "FORBIDDEN");
    let change = json!({ "permissions": ["audit:read"], "name": "Watch", "description": "x" });
    let (answer, events) = app.events_of(boss.put(&place(&role), change.clone())).await;
    let changed = answer.data(200);
    assert_eq!((&changed["slug"], &changed["name"]), (&json!("auditors"), &json!("Watch")));
    assert_eq!(events, ["role.updated success"]);
    let detail =
        [("role", "auditors"), ("fields", "name description permissions"), ("permissions", "audit:read")];
    let detail = detail.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(app.records().pop().unwrap().detail, detail);
    ada.get("/api/v1/audit/logs").await.data(200);
    let (answer, events) = app.events_of(boss.put(&place(&role), change)).await;
    assert_eq!((answer.status.as_u16(), events.len()), (200, 0), "what is so already is no event");
    // The role above is changed, and the holder of the role below loses what came from there.
    boss.put(&place(&base), json!({ "permissions": [] })).await.data(200);
    ada.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    let freed = boss.put(&place(&role), json!({ "parent_role_id": "", "description": "" })).await.data(200);
    assert!(freed.get("parent_role_id").is_none() && freed.get("description").is_none(), "{freed:#}");
}

/// R57.
#[tokio::test]
async fn no_role_inherits_from_itself_and_lines_are_short() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let mut line = vec![make(&boss, "Role 1", &[], "viewer").await];
    for at in 2..=5 {
        let parent = text_at(line.last().unwrap(), "/id");
        line.push(make(&boss, &format!("Role {at}"), &[], &parent).await);
    }
    let body = json!({ "name": "Role 6", "permissions": [], "parent_role_id": "role_5" });
    let too_deep = boss.post(ROLES, body).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(too_deep["details"], json!({ "field": "parent_role_id", "reason": "too_deep" }));
    for parent in ["role_1", "role_3", "role_5"] {
        let answer = boss.put(&place(&line[0]), json!({ "parent_role_id": parent })).await;
        let details = &answer.refused(400, "VALIDATION_ERROR")["details"];
        assert_eq!(details, &json!({ "field": "parent_role_id", "reason": "circle" }));
    }
    let other = make(&boss, "Other", &[], "").await;
    let answer = boss.put(&place(&line[0]), json!({ "parent_role_id": text_at(&other, "/id") })).await;
    assert_eq!(answer.refused(400, "VALIDATION_ERROR")["details"]["reason"], "too_deep");
}

/// R57, R56, G75: neither a new role nor a changed one gives more than its maker holds, and what was tried is
/// suspicious.
#[tokio::test]
async fn nobody_makes_a_role_that_allows_more_than_they_hold() {
    let app = staffed().await;
    let (root, boss) = (app.log_in("root").await, app.log_in("boss").await);
    let mine = make(&boss, "Mine", &["users:read"], "").await;
    let free = make(&boss, "Free", &["users:read"], "").await;
    let above = make(&root, "Above", &["audit:delete"], "").await;
    let below = make(&root, "Below", &["audit:write"], "mine").await;
    for (what, answer) in [
        ("its own", boss.post(ROLES, json!({ "name": "A1", "permissions": ["audit:write"] })).await),
        (
            "inherited",
            boss.post(ROLES, json!({ "name": "A2", "permissions": [], "parent_role_id": "super_admin" }))
                .await,
        ),
        (
            "inherited from a custom role",
            boss.post(ROLES, json!({ "name": "A3", "permissions": [], "parent_role_id": "above" })).await,
        ),
        ("changed", boss.put(&place(&free), json!({ "permissions": ["audit:delete"] })).await),
        ("changed parent", boss.put(&place(&free), json!({ "parent_role_id": "super_admin" })).await),
        ("a role above", boss.put(&place(&above), json!({ "permissions": [] })).await),
        ("a role above, deleted", boss.delete(&place(&below)).await),
        // "Below" inherits from it, and allows more.
        ("a role that one above inherits from", boss.put(&place(&mine), json!({ "name": "Yours" })).await),
    ] {
        let error = answer.refused(403, "FORBIDDEN");
        let record = app.records();
        assert!(error["message"].is_string() && !record.is_empty(), "{what}");
    }
    let denied = app.events().into_iter().filter(|event| event.starts_with("access.denied"));
    let denied: Vec<_> = denied.map(|event| event.replace("access.denied denied ", "")).collect();
    assert_eq!(denied, [["permission_not_held"; 5].as_slice(), &["outranked"; 3]].concat());
    let seen = root.get("/api/v1/audit/suspicious").await.data(200);
    let kinds = seen["events"].as_array().unwrap().iter().map(|event| text_at(event, "/type"));
    assert_eq!(kinds.collect::<Vec<_>>(), ["privilege_escalation"; 8]);
    assert_eq!(boss.get(ROLES).await.data(200)["roles"].as_array().unwrap().len(), 9);
}

/// G75: not even roles that allow nothing.
#[tokio::test]
async fn whoever_may_not_change_accounts_changes_no_role() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let role = make(&boss, "Mine", &["metrics:read"], "").await;
    for answer in [
        ada.post(ROLES, json!({ "name": "Nothing", "permissions": [] })).await,
        ada.put(&place(&role), json!({ "name": "Yours" })).await,
        ada.delete(&place(&role)).await,
    ] {
        assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "users:update");
    }
    let key = boss.make_key(&["users:write"]).await;
    let answer = key.post(ROLES, json!({ "name": "Nothing", "permissions": [] })).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["reason"], "session_required");
    app.advance(Duration::from_secs(3_601));
    let boss = LoggedIn::with(&app, &app.anonymous().refresh(&boss.refresh).await.data(200));
    for answer in [
        boss.post(ROLES, json!({ "name": "Nothing", "permissions": [] })).await,
        boss.put(&place(&role), json!({ "name": "Yours" })).await,
        boss.delete(&place(&role)).await,
    ] {
        answer.refused(401, "STEP_UP_REQUIRED");
    }
}

#[tokio::test]
async fn a_role_in_use_is_not_deleted_and_says_how_often_it_is_used() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let role = make(&boss, "Base", &["metrics:read"], "").await;
    let heir = make(&boss, "Heir", &[], "base").await;
    for name in ["ada", "boss"] {
        app.give_role(name, &text_at(&role, "/id")).await;
    }
    let error = boss.delete(&place(&role)).await.refused(409, "CONFLICT");
    assert_eq!(error["details"], json!({ "users": 2, "roles": 1 }));
    let (answer, events) = app.events_of(boss.delete(&place(&heir))).await;
    answer.data(200);
    assert_eq!(events, ["role.deleted success"]);
    assert_eq!(app.records().pop().unwrap().detail, [("role".to_owned(), "heir".to_owned())]);
    for name in ["ada", "boss"] {
        let id = app.account(name).unwrap().id;
        boss.delete(&format!("/api/v1/users/{id}/roles/base")).await.data(200);
    }
    boss.delete(&place(&role)).await.data(200);
    boss.get(&place(&role)).await.refused(404, "NOT_FOUND");
    make(&boss, "Base", &[], "").await;
    assert!(check(app.store()).unwrap().is_clean());
}

/// A deleted account holds no role any more, and a broken index is found.
#[tokio::test]
async fn a_deleted_account_leaves_its_roles() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let role = make(&boss, "Base", &["users:read"], "").await;
    app.give_role("ada", &text_at(&role, "/id")).await;
    app.give_permission("ada", "audit:read").await;
    assert!(check(app.store()).unwrap().is_clean());
    assert!(permissions(&ada).await.contains(&"audit:read".to_owned()));
    ada.delete("/api/v1/users/me").await.data(200);
    boss.delete(&place(&role)).await.data(200);
    let left = app.row_counts();
    assert!([0x16, 0x17, 0x1a].iter().all(|table| !left.contains_key(table)), "{left:?}");
    assert!(check(app.store()).unwrap().is_clean());
    make(&boss, "Base", &["users:read"], "").await;
    app.engine.tamper(|rows| rows.retain(|key, _| key.first() != Some(&0x17)));
    assert!(!check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn there_are_at_most_a_hundred_custom_roles() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    for at in 0..100 {
        app.make_role(&format!("Role {at}"), &["metrics:read"], None).await;
    }
    assert_eq!(boss.get(ROLES).await.data(200)["roles"].as_array().unwrap().len(), 105);
    boss.post(ROLES, json!({ "name": "More", "permissions": [] })).await.refused(409, "CONFLICT");
    boss.put(&format!("{ROLES}/role_99"), json!({ "name": "Ninety" })).await.data(200);
}
