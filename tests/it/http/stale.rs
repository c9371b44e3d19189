//! What a caller was allowed a moment ago: the transaction decides.

use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::services::session::authenticate;
use latchkey::services::user::{UserChange, update};

use crate::harness::{START, TestApp};

/// A request is authenticated at its head and acts at the end of its body, which may be half a minute later.
#[tokio::test]
async fn an_administrator_who_was_suspended_meanwhile_cannot_undo_it() {
    let app = TestApp::new();
    app.add("root", Role::SuperAdmin).await;
    app.add("boss", Role::Admin).await;
    let (root, boss) = (app.log_in("root").await, app.log_in("boss").await);
    let caller = |access: &str| authenticate(&app.services, access, START).unwrap();
    let (root, boss) = (caller(&root.access), caller(&boss.access));
    let ctx = app.services.own_context("test");
    let to = |status| UserChange { name: None, status: Some(status) };

    let suspended = update(&app.services, &ctx, &root, boss.user.id, to(Status::Suspended)).await.unwrap();
    assert_eq!(suspended.status, Status::Suspended);
    let (undone, events) =
        app.events_of(update(&app.services, &ctx, &boss, boss.user.id, to(Status::Active))).await;
    assert!(undone.is_err());
    assert_eq!(events, Vec::<String>::new());
}
