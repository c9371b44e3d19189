//! The sample resources of `--samples`: G71, G72.

use latchkey::domain::role::Role;
use poem::http::Method;
use serde_json::json;

use crate::harness::TestApp;

const POLICIES: &str = "/api/v1/policies";

/// G72: a manager makes policies, a viewer and a developer do not, and G71 says what they lack and what they have.
#[tokio::test]
async fn a_manager_makes_policies_and_a_developer_does_not() {
    let app = TestApp::new();
    for role in Role::ALL {
        app.add(role.name(), role).await;
    }
    let policy = json!({ "name": "Retention", "rules": [{ "days": 30, "of": null }] });
    for role in Role::ALL {
        let caller = app.log_in(role.name()).await;
        assert_eq!(caller.get(POLICIES).await.data(200), json!({ "policies": [] }), "{role}");
        let (answer, events) = app.events_of(caller.post(POLICIES, policy.clone())).await;
        if role >= Role::Manager {
            assert_eq!((answer.data(201), events.len()), (policy.clone(), 0), "{role}");
            continue;
        }
        let held: Vec<_> = role.permissions().iter().map(|permission| permission.name()).collect();
        let details = json!({ "required_permission": "policies:create", "user_permissions": held });
        assert_eq!(answer.refused(403, "FORBIDDEN")["details"], details, "{role}");
        assert_eq!(events, ["access.denied denied permission_missing"], "{role}");
    }
}

#[tokio::test]
async fn a_policy_is_any_object_and_nothing_else() {
    let app = TestApp::new();
    app.add("mia", Role::Manager).await;
    let mia = app.log_in("mia").await;
    for good in ["{}", r#"{"a":{"b":[1,2.5,true,null,"c"]}}"#] {
        let made = mia.post_raw(POLICIES, good).await.data(201);
        assert_eq!(made, serde_json::from_str::<serde_json::Value>(good).unwrap());
    }
    for bad in ["", "[]", "1", "null", "{", r#"{"a":{"b":1,"b":2}}"#, &"{\"a\":".repeat(70)] {
        mia.post_raw(POLICIES, bad).await.refused(400, "VALIDATION_ERROR");
    }
    let put = mia.raw(Method::PUT, POLICIES, None, "").await;
    put.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(put.header("allow"), Some("GET, POST, HEAD"));
    app.anonymous().get(POLICIES).await.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn the_samples_open_to_keys_with_their_scope() {
    let app = TestApp::new();
    app.add("mia", Role::Manager).await;
    let mia = app.log_in("mia").await;
    let (reader, maker) = (mia.make_key(&["policies:read"]).await, mia.make_key(&["policies:write"]).await);
    reader.get(POLICIES).await.data(200);
    reader.post(POLICIES, json!({})).await.refused(403, "FORBIDDEN");
    maker.post(POLICIES, json!({})).await.data(201);
    maker.get(POLICIES).await.refused(403, "FORBIDDEN");
}
