//! The trading profile, rule by rule: roles, permissions and the owners of resources.

use poem::http::Method;
use serde_json::{Value, json};

use super::trading_actor::{at, is, says, send, with_everybody, with_token};
use crate::harness::{Anonymous, Answer, TestApp, text_at};

/// The table of the guide.
const USER: [&str; 3] = ["read:signals", "create:signals", "read:users"];
const ADMIN: [&str; 7] = [
    "read:signals",
    "create:signals",
    "update:signals",
    "delete:signals",
    "read:users",
    "read:admin",
    "execute:trades",
];
const ALL: [&str; 12] = [
    "read:signals",
    "create:signals",
    "update:signals",
    "delete:signals",
    "read:users",
    "create:users",
    "update:users",
    "delete:users",
    "read:admin",
    "system:admin",
    "execute:trades",
    "manage:accounts",
];

async fn allowed(caller: &Anonymous<'_>, question: &str) -> Value {
    let answer = caller.get(&at(&format!("/permissions/check?permission={question}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["allowed"].clone()
}

/// A signal of `caller`.
async fn signal(caller: &Anonymous<'_>) -> String {
    let answer = caller.post(&at("/signals"), json!({ "symbol": "ACME" })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    text_at(&answer.json(), "/id")
}

async fn change(caller: &Anonymous<'_>, id: &str) -> Answer {
    send(caller, Method::PUT, &format!("/signals/{id}"), json!({ "price": 7 })).await
}

fn number(app: &TestApp, name: &str) -> u32 {
    app.account(name).unwrap().number
}

/// T10, T11, T9.
#[tokio::test]
async fn signals_are_read_with_the_permission_and_refused_without() {
    let app = with_everybody().await;
    let ada = with_token(&app, "ada").await;
    is(&ada.get(&at("/signals")).await, 200, json!({ "signals": "signal data" }));
    says(&app.anonymous().get(&at("/signals")).await, 401, "Authentication required");
    let role = json!({ "role": "admin" });
    let path = format!("/users/{}/role", number(&app, "ada"));
    let (answer, events) = app.events_of(send(&ada, Method::PUT, &path, role)).await;
    says(&answer, 403, "Permission 'system:admin' required");
    assert_eq!(events, ["access.denied denied permission_missing"]);
}

/// T40, T41.
#[tokio::test]
async fn each_role_may_exactly_what_the_table_says() {
    let app = with_everybody().await;
    let table: [(&str, &str, &[&str]); 3] =
        [("ada", "user", &USER), ("boss", "admin", &ADMIN), ("root", "super_admin", &ALL)];
    for (name, role, permissions) in table {
        let caller = with_token(&app, name).await;
        let mine = caller.get(&at("/permissions")).await.json();
        assert_eq!(mine, json!({ "role": role, "permissions": permissions }));
        for permission in ALL {
            assert_eq!(
                allowed(&caller, permission).await,
                permissions.contains(&permission),
                "{name} {permission}"
            );
        }
    }
    let ada = with_token(&app, "ada").await;
    for unknown in ["signals:read", "read:everything"] {
        let answer = ada.get(&at(&format!("/permissions/check?permission={unknown}"))).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
    }
}

/// T40: a role is set, counts at once, and the last super administrator stays.
#[tokio::test]
async fn a_super_administrator_sets_roles() {
    let app = with_everybody().await;
    let (ada, root) = (with_token(&app, "ada").await, with_token(&app, "root").await);
    let set = |name: &'static str, role: &'static str| {
        let (app, root) = (&app, &root);
        async move {
            let path = format!("/users/{}/role", app.account(name).unwrap().id);
            send(root, Method::PUT, &path, json!({ "role": role })).await
        }
    };
    let (answer, events) = app.events_of(set("ada", "admin")).await;
    is(&answer, 200, json!({ "success": true }));
    assert_eq!(events, ["role.revoked success", "role.granted success"]);
    assert_eq!(ada.get(&at("/permissions")).await.json()["role"], "admin");
    let (_, events) = app.events_of(set("ada", "admin")).await;
    assert_eq!(events, [""; 0], "what is so already is no change");
    assert_eq!(set("ada", "trader").await.json()["detail"][0]["loc"], json!(["body", "role"]));
    says(&set("root", "user").await, 400, "The last active super administrator keeps this role.");
    let nobody = send(&root, Method::PUT, "/users/77/role", json!({ "role": "user" })).await;
    assert_eq!(nobody.status, 404);
    assert_eq!(set("ada", "user").await.status, 200);
    assert_eq!(ada.get(&at("/permissions")).await.json()["permissions"], json!(USER));
}

/// T42.
#[tokio::test]
async fn permissions_beside_the_role_add_to_it_without_duplicates() {
    let app = with_everybody().await;
    let (ada, root) = (with_token(&app, "ada").await, with_token(&app, "root").await);
    let path = format!("/users/{}/permissions", number(&app, "ada"));
    let by = |method: Method, permission: &'static str| {
        let (root, path) = (&root, &path);
        async move { send(root, method, path, json!({ "permission": permission })).await }
    };
    for permission in ["execute:trades", "read:signals", "execute:trades"] {
        is(&by(Method::POST, permission).await, 200, json!({ "success": true }));
    }
    let mine = ada.get(&at("/permissions")).await.json();
    assert_eq!(
        mine["permissions"],
        json!(["read:signals", "create:signals", "read:users", "execute:trades"])
    );
    is(&by(Method::DELETE, "execute:trades").await, 200, json!({ "success": true }));
    assert_eq!(allowed(&ada, "execute:trades").await, false);
    assert_eq!(by(Method::DELETE, "execute:trades").await.status, 404);
    assert_eq!(by(Method::DELETE, "read:signals").await.status, 200);
    assert_eq!(allowed(&ada, "read:signals").await, true, "its role allows it");
    let boss = with_token(&app, "boss").await;
    let refused = send(&boss, Method::POST, &path, json!({ "permission": "read:signals" })).await;
    says(&refused, 403, "Permission 'system:admin' required");
    assert_eq!(by(Method::POST, "read:users").await.status, 200);
    assert_eq!(ada.get(&at(&format!("/users/{}", number(&app, "bob")))).await.status, 200, "T43");
}

/// T44.
#[tokio::test]
async fn the_owner_of_a_signal_may_do_anything_with_it() {
    let app = with_everybody().await;
    let ada = with_token(&app, "ada").await;
    let answer = ada.post(&at("/signals"), json!({ "symbol": "ACME" })).await;
    assert_eq!(answer.json()["owner"], app.account("ada").unwrap().id.to_string());
    let id = text_at(&answer.json(), "/id");
    for permission in ALL {
        assert_eq!(allowed(&ada, &format!("{permission}&resource_id={id}")).await, true, "{permission}");
    }
    is(&change(&ada, &id).await, 200, json!({ "price": 7 }));
    let path = at(&format!("/signals/{id}"));
    let (answer, events) = app.events_of(ada.delete(&path)).await;
    is(&answer, 200, json!({ "success": true }));
    assert_eq!(events, ["resource.deleted success"]);
    says(&ada.delete(&path).await, 403, "Permission 'delete:signals' required");
}

/// T45.
#[tokio::test]
async fn a_grant_is_for_one_account_one_signal_and_one_permission() {
    let app = with_everybody().await;
    let (ada, bob) = (with_token(&app, "ada").await, with_token(&app, "bob").await);
    let (id, other) = (signal(&ada).await, signal(&ada).await);
    let path = format!("/resources/{id}/permissions");
    let grant =
        json!({ "user_id": app.account("bob").unwrap().id.to_string(), "permission": "update:signals" });
    says(&send(&bob, Method::POST, &path, grant.clone()).await, 404, "There is no such resource.");
    is(&send(&ada, Method::POST, &path, grant.clone()).await, 200, json!({ "success": true }));
    assert_eq!(change(&bob, &id).await.status, 200);
    assert_eq!(allowed(&bob, &format!("update:signals&resource_id={id}")).await, true);
    assert_eq!(allowed(&bob, &format!("delete:signals&resource_id={id}")).await, false);
    says(&change(&bob, &other).await, 403, "Permission 'update:signals' required");
    says(&bob.delete(&at(&format!("/signals/{id}"))).await, 403, "Permission 'delete:signals' required");
    is(&send(&ada, Method::DELETE, &path, grant).await, 200, json!({ "success": true }));
    says(&change(&bob, &id).await, 403, "Permission 'update:signals' required");
    let by_number = json!({ "user_id": number(&app, "bob").to_string(), "permission": "delete:signals" });
    assert_eq!(send(&ada, Method::POST, &path, by_number).await.status, 200);
    assert_eq!(bob.delete(&at(&format!("/signals/{id}"))).await.status, 200);
}

/// T46: the owner, who was granted it, who may update all; nobody else, and nobody learns which signals there are.
#[tokio::test]
async fn a_signal_is_changed_by_its_owner_a_grant_or_an_administrator() {
    let app = with_everybody().await;
    app.add("manager", latchkey::domain::role::Role::Manager).await;
    let id = signal(&with_token(&app, "ada").await).await;
    for (name, status, unknown) in
        [("ada", 200, 403), ("boss", 200, 404), ("bob", 403, 403), ("manager", 403, 403)]
    {
        let caller = with_token(&app, name).await;
        assert_eq!(change(&caller, &id).await.status, status, "{name}");
        for gone in ["unknown", "un%20known"] {
            assert_eq!(change(&caller, gone).await.status, unknown, "{name}");
        }
    }
    let boss = with_token(&app, "boss").await;
    assert_eq!(boss.delete(&at(&format!("/signals/{id}"))).await.status, 200);
}
