//! What custom roles and direct permissions open: a small table beside that of the built-in roles.

use latchkey::domain::role::Role;
use serde_json::json;

use crate::harness::TestApp;

/// What an account without any built-in role holds, and what it is answered: list users, audit log, sample metrics,
/// make a role, list roles.
const TABLE: [(&[&str], Option<Role>, [u16; 5]); 7] = [
    (&[], None, [403, 403, 403, 403, 200]),
    (&["users:read"], None, [200, 403, 403, 403, 200]),
    (&["audit:read", "metrics:write"], None, [403, 200, 201, 403, 200]),
    (&["metrics:read", "users:write"], None, [403, 403, 403, 201, 200]),
    (&[], Some(Role::Viewer), [403, 403, 403, 403, 200]),
    (&["audit:read"], Some(Role::Manager), [200, 200, 201, 403, 200]),
    (&[], Some(Role::Admin), [200, 200, 201, 201, 200]),
];

/// G70, G73, G76: once by a custom role, once, where nothing is inherited, by direct permissions.
#[tokio::test]
async fn custom_roles_and_direct_permissions_open_what_the_table_says() {
    let app = TestApp::new();
    for (at, (permissions, parent, expected)) in TABLE.into_iter().enumerate() {
        let (by_role, direct) = (format!("role{at}"), format!("direct{at}"));
        let role = app.make_role(&format!("Role {at}"), permissions, parent).await;
        app.add(&by_role, Role::Viewer).await;
        app.set_roles(&by_role, &[]).await;
        app.give_role(&by_role, &role).await;
        assert_eq!(statuses(&app, &by_role).await, expected, "{permissions:?} {parent:?}");
        if parent.is_none() {
            app.add(&direct, Role::Viewer).await;
            app.set_roles(&direct, &[]).await;
            for permission in permissions {
                app.give_permission(&direct, permission).await;
            }
            assert_eq!(statuses(&app, &direct).await, expected, "{permissions:?} directly");
        }
    }
}

async fn statuses(app: &TestApp, name: &str) -> [u16; 5] {
    let caller = app.log_in(name).await;
    let metrics = json!({ "provider": "x", "model": "x", "tokens_input": 1, "tokens_output": 1 });
    let role = json!({ "name": format!("By {name}"), "permissions": [] });
    [
        caller.get("/api/v1/users").await,
        caller.get("/api/v1/audit/logs").await,
        caller.post("/api/v1/metrics/ingest", metrics).await,
        caller.post("/api/v1/roles", role).await,
        caller.get("/api/v1/roles").await,
    ]
    .map(|answer| answer.status.as_u16())
}
