//! What the hottest operations cost the store: the table of the README is what is counted here.

use std::fs;
use std::path::Path;

use latchkey::domain::role::Role;
use serde_json::json;

use crate::harness::{Answer, INTROSPECT, PASSWORD, REVOKE, TestApp};

/// Counts what `act` reads and commits, and adds it to the table as a line.
async fn count(app: &TestApp, table: &mut Vec<String>, name: &str, act: impl Future<Output = Answer>) {
    let (reads, commits) = (app.engine.reads(), app.store().counters().transactions);
    let answer = act.await;
    assert!(answer.status.is_success(), "{name}: {answer:?}");
    let after = app.engine.reads();
    table.push(format!(
        "| {name} | {} | {} | {} | {} |",
        after.snapshots - reads.snapshots,
        after.rows - reads.rows,
        after.scanned - reads.scanned,
        app.store().counters().transactions - commits,
    ));
}

/// Issue 8: reads and commits of the ten hottest operations. They are the same on every engine, and a change that makes
/// one dearer shows here.
#[tokio::test]
async fn the_ten_hottest_operations_read_and_commit_what_the_readme_says() {
    let app = TestApp::measured();
    app.add("ada", Role::Developer).await;
    app.add("root", Role::SuperAdmin).await;
    let ada = app.log_in("ada").await;
    let other = app.log_in("ada").await;
    let root = app.log_in("root").await;
    let key = root.make_key(&["users:read"]).await;
    let service = root.register_service("Billing").await;
    let stranger = app.anonymous();
    let form = format!("token={}", ada.access);
    let me = "/api/v1/auth/me";

    let mut table = Vec::new();
    let t = &mut table;
    count(&app, t, "health", stranger.get("/health")).await;
    count(&app, t, "authenticated GET", ada.get(me)).await;
    count(&app, t, "GET with an API key", key.get(me)).await;
    count(&app, t, "list of two sessions", ada.get("/api/v1/auth/sessions")).await;
    count(&app, t, "introspection", service.post_form(INTROSPECT, &form)).await;
    count(&app, t, "login", stranger.log_in("ada", PASSWORD)).await;
    count(&app, t, "refresh", stranger.refresh(&ada.refresh)).await;
    let form = format!("token={}&token_type_hint=refresh_token", other.refresh);
    count(&app, t, "token revocation", service.post_form(REVOKE, &form)).await;
    count(&app, t, "logout", ada.post("/api/v1/auth/logout", json!({}))).await;
    count(&app, t, "registration", stranger.register("eve@example.com")).await;

    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let missing: Vec<_> = table.iter().filter(|line| !readme.contains(line.trim_end_matches('|'))).collect();
    assert!(missing.is_empty(), "the README says something else:\n{}", table.join("\n"));
}
