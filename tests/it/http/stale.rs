//! What a caller was allowed a moment ago, and what an address waited for a moment ago: the transaction decides.

use std::sync::mpsc::channel;
use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::services::caller::{Caller, Person};
use latchkey::services::oversight::sessions;
use latchkey::services::password::Owner;
use latchkey::services::role_act::RoleFault;
use latchkey::services::role_grant::{Right, give};
use latchkey::services::session::authenticate;
use latchkey::services::user::creation::{self, NewUser};
use latchkey::services::user::{UserChange, update};
use latchkey::services::{api_key, service};
use latchkey::store::Abort;
use serde_json::json;

use crate::harness::{START, TestApp};

const RESEND: &str = "/api/v1/auth/resend-verification";

/// A request is authenticated at its head and acts at the end of its body, which may be half a minute later.
#[tokio::test]
async fn an_administrator_who_was_suspended_meanwhile_cannot_undo_it() {
    let app = TestApp::new();
    app.add("root", Role::SuperAdmin).await;
    app.add("boss", Role::Admin).await;
    let (root, boss) = (app.log_in("root").await, app.log_in("boss").await);
    let caller = |access: &str| Caller::from(authenticate(&app.services, access, START).unwrap());
    let (root, boss) = (caller(&root.access), caller(&boss.access));
    let ctx = app.services.own_context("test");
    let to = |status| UserChange { status: Some(status), ..UserChange::default() };

    let suspended = update(&app.services, &ctx, &root, boss.user.id, to(Status::Suspended)).await.unwrap();
    assert_eq!(suspended.status, Status::Suspended);
    let (undone, events) =
        app.events_of(update(&app.services, &ctx, &boss, boss.user.id, to(Status::Active))).await;
    assert!(undone.is_err());
    assert_eq!(events, Vec::<String>::new());
}

/// The same, R56: who lost the right to change accounts meanwhile changes none, and it is recorded.
#[tokio::test]
async fn an_administrator_who_was_demoted_meanwhile_gives_nothing() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let boss: Person = authenticate(&app.services, &app.log_in("boss").await.access, START).unwrap().into();
    let (ctx, ada) = (app.services.own_context("test"), app.account("ada").unwrap().id);
    app.set_roles("boss", &[Role::Developer]).await;
    let right = Right::Permission("metrics:read".parse().unwrap());
    let (given, events) = app.events_of(give(&app.services, &ctx, &boss, (ada, right))).await;
    assert!(matches!(given, Err(RoleFault::Refused(_))), "{given:?}");
    assert_eq!(events, ["access.denied denied permission_not_held"]);
    assert!(app.account("ada").unwrap().permissions.is_empty());
}

/// The same at every door behind a permission: the transaction asks for it again.
#[tokio::test]
async fn an_administrator_who_was_demoted_meanwhile_does_nothing_to_anybody() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let ada = app.log_in("ada").await;
    let (ada_key, ada_session) = (ada.make_key(&["metrics:write"]).await, ada.session_id().parse().unwrap());
    let boss: Person = authenticate(&app.services, &app.log_in("boss").await.access, START).unwrap().into();
    let (ctx, id) = (app.services.own_context("test"), app.account("ada").unwrap().id);
    let service = service::create(&app.services, &ctx, &boss, "Billing", None).await.unwrap().service.id;
    app.set_roles("boss", &[Role::Developer]).await;
    let (app, caller) = (&app, boss.caller.clone());
    let services = &app.services;
    let to = UserChange { status: Some(Status::Suspended), ..UserChange::default() };
    let form = || NewUser {
        owner: Owner { email: "bob@example.com", username: None, name: Some("Bob") },
        password: None,
        roles: None,
        is_proved: false,
    };
    let (refused, events) = app
        .events_of(async {
            [
                format!("{:?}", update(services, &ctx, &caller, id, to).await.unwrap_err()),
                format!("{:?}", creation::create(services, &ctx, &boss, form()).await.unwrap_err()),
                format!(
                    "{:?}",
                    api_key::revoke_any(services, &ctx, &caller, ada_key.id.parse().unwrap())
                        .await
                        .unwrap_err()
                ),
                format!("{:?}", sessions::end(services, &ctx, &caller, ada_session).await.unwrap_err()),
                format!("{:?}", service::create(services, &ctx, &boss, "Other", None).await.err().unwrap()),
                format!("{:?}", service::rotate(services, &ctx, &boss, service, None).await.err().unwrap()),
                format!("{:?}", service::delete(services, &ctx, &boss, service).await.unwrap_err()),
            ]
        })
        .await;
    assert!(refused.iter().all(|fault| fault.contains("Missing")), "{refused:#?}");
    assert_eq!(events, Vec::<String>::new(), "nothing was done");
    assert_eq!(app.account("ada").unwrap().status, Status::Active);
    assert!(app.account("bob").is_none());
}

/// At most one mail a minute, also when many ask at the same moment.
#[tokio::test]
async fn requests_at_the_same_moment_send_one_new_link() {
    let app = TestApp::new();
    app.anonymous().register("ada@example.com").await.data(201);
    app.advance(Duration::from_secs(60));
    let (go, wait) = channel::<()>();
    let stamp = app.services.stamp(&app.services.own_context("test"));
    // The writer rests until both requests have looked.
    let hold = app.services.store.transact("hold", stamp, move |_| {
        let _ = wait.recv();
        Ok::<_, Abort<()>>(())
    });
    let caller = app.anonymous();
    let ask = || caller.post(RESEND, json!({ "email": "ada@example.com" }));
    let (_, first, second, ()) = tokio::join!(hold, ask(), ask(), async { drop(go) });
    assert_eq!(first.data(200), second.data(200));
    assert_eq!(app.mails().await.len(), 2, "the one of the registration, and one");
}

/// R10: whoever is named, the request costs one commit and gets one answer.
#[tokio::test]
async fn asking_for_a_link_costs_the_same_whoever_is_named() {
    let app = TestApp::new().with_user("eve").await;
    app.anonymous().register("ada@example.com").await.data(201);
    app.advance(Duration::from_secs(60));
    for email in ["ada@example.com", "ada@example.com", "eve@example.com", "nobody@example.com"] {
        let before = app.services.store.counters().commits;
        app.anonymous().post(RESEND, json!({ "email": email })).await.data(200);
        assert_eq!(app.services.store.counters().commits - before, 1, "{email}");
    }
    assert_eq!(app.mails().await.len(), 2);
}
