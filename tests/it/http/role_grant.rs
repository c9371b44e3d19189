//! Who has which role and which direct permission.

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, LoggedIn, TestApp, decoded, text_at};

const ME: &str = "/api/v1/auth/me";

async fn staffed() -> TestApp {
    let app = TestApp::new();
    for (name, role) in [
        ("root", Role::SuperAdmin),
        ("boss", Role::Admin),
        ("chief", Role::Admin),
        ("lead", Role::Manager),
        ("ada", Role::Developer),
    ] {
        app.add(name, role).await;
    }
    app
}

fn role_of(app: &TestApp, name: &str, role: &str) -> String {
    format!("/api/v1/users/{}/roles/{role}", app.account(name).unwrap().id)
}

fn permissions_of(app: &TestApp, name: &str) -> String {
    format!("/api/v1/users/{}/permissions", app.account(name).unwrap().id)
}

async fn give_permission(by: &LoggedIn<'_>, to: &str, permission: &str) -> Answer {
    by.post(&permissions_of(by.app(), to), json!({ "permission": permission })).await
}

fn last_detail(app: &TestApp) -> Vec<(String, String)> {
    app.records().pop().unwrap().detail
}

fn detail(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), value.to_owned())]
}

/// G74, R35: both ways, by id or slug, without a new login.
#[tokio::test]
async fn a_role_works_from_the_next_request_on_and_no_longer_than_it_is_had() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let custom = app.make_role("Auditors", &["audit:read"], Some(Role::Manager)).await;
    for role in ["auditors", &custom, "admin", &Role::Admin.id().to_string()] {
        let slug = if role == "auditors" || role == custom { "auditors" } else { "admin" };
        ada.get("/api/v1/audit/logs").await.refused(403, "FORBIDDEN");
        let place = role_of(&app, "ada", role);
        let (answer, events) = app.events_of(boss.post(&place, json!({}))).await;
        answer.data(200);
        assert_eq!(
            (events, last_detail(&app)),
            (vec!["role.granted success".to_owned()], detail("role", slug))
        );
        let record = app.records().pop().unwrap();
        let id = |name: &str| Some(*app.account(name).unwrap().id.as_bytes());
        assert_eq!((record.actor, record.subject), (id("boss"), id("ada")));
        let (again, events) = app.events_of(boss.post(&place, json!({}))).await;
        assert_eq!((again.status.as_u16(), events.len()), (200, 0), "what is had already is no event");
        ada.get("/api/v1/audit/logs").await.data(200);
        let me = ada.get(ME).await.data(200);
        assert_eq!(me["roles"], json!(["developer", slug]));
        assert!(me["permissions"].as_array().unwrap().contains(&json!("audit:read")));
        let tokens = app.anonymous().refresh(&app.log_in("ada").await.refresh).await.data(200);
        assert_eq!(decoded(&text_at(&tokens, "/access_token")).1["roles"], json!(["developer", slug]));
        let (answer, events) = app.events_of(boss.delete(&place)).await;
        answer.data(200);
        assert_eq!(
            (events, last_detail(&app)),
            (vec!["role.revoked success".to_owned()], detail("role", slug))
        );
        boss.delete(&place).await.refused(404, "NOT_FOUND");
    }
    assert_eq!(ada.get(ME).await.data(200)["roles"], json!(["developer"]));
}

/// G76, X14: a direct permission is kept as it was given, and stands beside the roles.
#[tokio::test]
async fn a_direct_permission_works_at_once_and_is_taken_as_it_was_given() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let place = permissions_of(&app, "ada");
    let (answer, events) = app.events_of(give_permission(&boss, "ada", "users:write")).await;
    answer.data(200);
    assert_eq!(events, ["permission.granted success"]);
    assert_eq!(last_detail(&app), detail("permission", "users:write"));
    let (_, events) = app.events_of(give_permission(&boss, "ada", "users:write")).await;
    assert_eq!(events, [""; 0]);
    ada.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    ada.get("/api/v1/api-keys").await.data(200);
    boss.delete(&format!("{place}/users:update")).await.refused(404, "NOT_FOUND");
    let (answer, events) = app.events_of(boss.delete(&format!("{place}/users:write"))).await;
    answer.data(200);
    assert_eq!(events, ["permission.revoked success"]);
    assert_eq!(last_detail(&app), detail("permission", "users:write"));
    ada.get("/api/v1/api-keys").await.refused(403, "FORBIDDEN");
    for bad in ["users", "*", "users:admin", "", "roles:read"] {
        let error = give_permission(&boss, "ada", bad).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], "permission", "{bad}");
    }
    boss.delete(&format!("{place}/nonsense")).await.refused(400, "VALIDATION_ERROR");
}

/// R56, G75: each try is refused, recorded and suspicious.
#[tokio::test]
async fn nobody_gives_what_they_lack_or_touches_whoever_stands_above() {
    let app = staffed().await;
    let (root, boss) = (app.log_in("root").await, app.log_in("boss").await);
    app.make_role("Sealers", &["audit:update"], None).await;
    app.make_role("Chiefs", &[], Some(Role::SuperAdmin)).await;
    app.give_permission("chief", "audit:delete").await;
    let post = async |place: String| boss.post(&place, json!({})).await;
    let user = |name: &str| format!("/api/v1/users/{}", app.account(name).unwrap().id);
    let suspended = json!({ "status": "suspended" });
    let beyond = [
        post(role_of(&app, "ada", "super_admin")).await,
        post(role_of(&app, "boss", "super_admin")).await,
        post(role_of(&app, "ada", "sealers")).await,
        post(role_of(&app, "boss", "chiefs")).await,
        give_permission(&boss, "boss", "audit:write").await,
    ];
    let above = [
        post(role_of(&app, "root", "viewer")).await,
        boss.delete(&role_of(&app, "root", "super_admin")).await,
        give_permission(&boss, "root", "metrics:read").await,
        // Of the same rank, but with a permission that the other lacks.
        boss.delete(&role_of(&app, "chief", "admin")).await,
        boss.delete(&format!("{}/audit:delete", permissions_of(&app, "chief"))).await,
        boss.put(&user("chief"), suspended).await,
    ];
    beyond.iter().chain(&above).for_each(|answer| drop(answer.refused(403, "FORBIDDEN")));
    let denied = app.records().into_iter().filter(|record| record.action == "access.denied");
    let reasons: Vec<_> = denied.map(|record| record.reason.unwrap()).collect();
    assert_eq!(reasons, [["permission_not_held"; 5].as_slice(), &["outranked"; 6]].concat());
    let error = post(role_of(&app, "ada", "sealers")).await.refused(403, "FORBIDDEN");
    assert_eq!(error["details"]["required_permission"], "audit:update");
    let seen = root.get("/api/v1/audit/suspicious?limit=100").await.data(200);
    assert_eq!(seen["events"].as_array().unwrap().len(), 12);
    assert!(seen["events"].as_array().unwrap().iter().all(|event| event["type"] == "privilege_escalation"));
    assert_eq!(app.account("boss").unwrap().roles, [Role::Admin]);
    assert_eq!(app.account("ada").unwrap().roles, [Role::Developer]);
    // What is within their own rights, admins give and take among each other.
    boss.post(&role_of(&app, "lead", "admin"), json!({})).await.data(200);
    boss.delete(&role_of(&app, "lead", "admin")).await.data(200);
    root.delete(&role_of(&app, "chief", "admin")).await.data(200);
}

/// R56: all permissions are not yet the rank that would come with a role.
#[tokio::test]
async fn a_rank_is_given_by_nobody_below_it() {
    let app = staffed().await;
    for permission in ["audit:write", "audit:delete"] {
        app.give_permission("boss", permission).await;
    }
    let boss = app.log_in("boss").await;
    let (answer, events) = app.events_of(boss.post(&role_of(&app, "boss", "super_admin"), json!({}))).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied outranked"]);
}

/// G75.
#[tokio::test]
async fn whoever_may_not_change_accounts_gives_and_takes_nothing() {
    let app = staffed().await;
    let lead = app.log_in("lead").await;
    for answer in [
        lead.post(&role_of(&app, "ada", "viewer"), json!({})).await,
        lead.delete(&role_of(&app, "lead", "manager")).await,
        give_permission(&lead, "ada", "metrics:read").await,
        lead.delete(&format!("{}/metrics:read", permissions_of(&app, "ada"))).await,
    ] {
        assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "users:update");
    }
    app.give_permission("lead", "users:update").await;
    lead.post(&role_of(&app, "ada", "viewer"), json!({})).await.data(200);
    give_permission(&lead, "ada", "costs:write").await.refused(403, "FORBIDDEN");
    lead.post(&role_of(&app, "ada", "nobody"), json!({})).await.refused(404, "NOT_FOUND");
    let nobody = "/api/v1/users/019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11/roles/viewer";
    let unknown = lead.post(nobody, json!({})).await.refused(404, "NOT_FOUND");
    let malformed = lead.post("/api/v1/users/1/roles/viewer", json!({})).await.refused(404, "NOT_FOUND");
    assert_eq!(unknown["message"], malformed["message"]);
}

/// R58.
#[tokio::test]
async fn own_rights_may_go_but_for_the_last_super_administrator() {
    let app = staffed().await;
    let (root, boss) = (app.log_in("root").await, app.log_in("boss").await);
    let (answer, events) = app.events_of(root.delete(&role_of(&app, "root", "super_admin"))).await;
    answer.refused(409, "CONFLICT");
    assert_eq!(events, ["access.denied denied last_super_admin"]);
    assert_eq!(root.get("/api/v1/audit/suspicious").await.data(200)["events"], json!([]));
    // Whoever inherits the rank does not count: the role could be changed.
    app.make_role("Chiefs", &[], Some(Role::SuperAdmin)).await;
    root.post(&role_of(&app, "ada", "chiefs"), json!({})).await.data(200);
    root.delete(&role_of(&app, "root", "super_admin")).await.refused(409, "CONFLICT");
    root.post(&role_of(&app, "chief", "super_admin"), json!({})).await.data(200);
    root.delete(&role_of(&app, "root", "super_admin")).await.data(200);
    root.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    boss.delete(&role_of(&app, "boss", "admin")).await.data(200);
    boss.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    assert_eq!(boss.get(ME).await.data(200)["permissions"], json!([]));
}

/// R53, R35: a key does no more than its owner, who has just lost the role or permission that it lived on.
#[tokio::test]
async fn a_key_loses_what_custom_roles_and_permissions_gave_its_owner() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    app.make_role("Readers", &["users:read"], None).await;
    boss.post(&role_of(&app, "ada", "readers"), json!({})).await.data(200);
    give_permission(&boss, "ada", "audit:read").await.data(200);
    let key = ada.make_key(&["users:read", "audit:read"]).await;
    assert_eq!(key.get(ME).await.data(200)["permissions"], json!(["users:read", "audit:read"]));
    key.get("/api/v1/users").await.data(200);
    key.get("/api/v1/audit/logs").await.data(200);
    boss.delete(&role_of(&app, "ada", "readers")).await.data(200);
    key.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    boss.delete(&format!("{}/audit:read", permissions_of(&app, "ada"))).await.data(200);
    key.get("/api/v1/audit/logs").await.refused(403, "FORBIDDEN");
}

/// G71: what allows each permission, and through which inherited role.
#[tokio::test]
async fn permissions_are_explained() {
    let app = staffed().await;
    let (ada, lead) = (app.log_in("ada").await, app.log_in("lead").await);
    let role = app.make_role("Counters", &["costs:write"], Some(Role::Manager)).await;
    app.give_role("ada", &role).await;
    app.give_permission("ada", "metrics:write").await;
    let (answer, events) = app.events_of(ada.get(&permissions_of(&app, "ada"))).await;
    let answer = answer.data(200);
    assert_eq!(events, [""; 0]);
    let find = |answer: &Value, name: &str| {
        let all = answer["permissions"].as_array().unwrap();
        all.iter().find(|held| held["permission"] == name).cloned()
    };
    assert_eq!(
        find(&answer, "costs:create").unwrap(),
        json!({
            "permission": "costs:create",
            "resource": "costs",
            "action": "create",
            "description": "May create costs.",
            "allowed_by": [{ "role": "counters" }],
        })
    );
    let by = |name: &str| find(&answer, name).unwrap()["allowed_by"].clone();
    assert_eq!(by("users:read"), json!([{ "role": "counters", "inherited_from": "manager" }]));
    assert_eq!(
        by("metrics:create"),
        json!([
            { "role": "developer" },
            { "role": "counters", "inherited_from": "developer" },
            { "permission": "metrics:write" },
        ])
    );
    assert!(find(&answer, "audit:read").is_none());
    let me = ada.get(ME).await.data(200);
    let held = answer["permissions"].as_array().unwrap().iter().map(|held| held["permission"].clone());
    assert_eq!(me["permissions"], json!(held.collect::<Vec<_>>()));
    let seen = lead.get(&permissions_of(&app, "ada")).await.data(200);
    assert_eq!(seen["permissions"], answer["permissions"]);
    let shown = lead.get(&format!("/api/v1/users/{}", app.account("ada").unwrap().id)).await.data(200);
    assert_eq!(
        (&shown["roles"], &shown["permissions"]),
        (&json!(["developer", "counters"]), &me["permissions"])
    );
    let list = lead.get("/api/v1/users?search=ada").await.data(200);
    assert_eq!(list["users"][0]["roles"], json!(["developer", "counters"]));
    assert!(list["users"][0].get("permissions").is_none());
}

/// T43, R59: one's own account always, others with `users:read` only.
#[tokio::test]
async fn everybody_sees_their_own_account_and_few_see_others() {
    let app = staffed().await;
    let (ada, lead) = (app.log_in("ada").await, app.log_in("lead").await);
    let place = |name: &str| format!("/api/v1/users/{}", app.account(name).unwrap().id);
    assert_eq!(ada.get(&place("ada")).await.data(200), ada.get(ME).await.data(200));
    for other in [place("lead"), permissions_of(&app, "lead")] {
        let (answer, events) = app.events_of(ada.get(&other)).await;
        assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "users:read");
        assert_eq!(events, ["access.denied denied permission_missing"]);
        lead.get(&other).await.data(200);
    }
    for id in ["019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11", "1", "%00"] {
        let error = lead.get(&format!("/api/v1/users/{id}")).await.refused(404, "NOT_FOUND");
        assert_eq!(error["message"], "There is no such user.");
        lead.get(&format!("/api/v1/users/{id}/permissions")).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn an_account_has_at_most_ten_custom_roles() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    for at in 0..=10 {
        app.make_role(&format!("Role {at}"), &["metrics:read"], None).await;
        let answer = boss.post(&role_of(&app, "ada", &format!("role_{at}")), json!({})).await;
        if at < 10 { drop(answer.data(200)) } else { drop(answer.refused(409, "CONFLICT")) }
    }
}

/// G41: a role that inherits from one that must have a second factor is no way around it.
#[tokio::test]
async fn a_factor_that_a_role_must_have_is_asked_of_whoever_inherits_it() {
    let app = TestApp::with_policy(|policy| policy.factor.required_for = vec![Role::Admin]);
    app.add("ada", Role::Developer).await;
    let role = app.make_role("Helpers", &[], Some(Role::Admin)).await;
    app.give_role("ada", &role).await;
    let ada = app.log_in("ada").await;
    let error = ada.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    assert_eq!(error["details"], json!({ "mfa_required": true }));
}
